package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// A damaged page can make bbolt crash in ways that no recover stops: its own
// check and its scan for free pages run in goroutines of their own, a page that
// is its own child overflows the stack, a file that was cut short raises
// SIGBUS. So a file is checked here, with plain reads, before bbolt may map
// it. What passes holds every invariant that bbolt's Check asks for.

// maxDepth bounds the recursion. A tree of depth 8 with the smallest fan-out
// already holds more than fits into any file of ours.
const maxDepth = 16

// layout is what the checker must know of a file beyond bbolt's format.
type layout struct {
	// maxSpan bounds the pages of one node, and so the memory of the check.
	maxSpan int
	// value is called for every value; it must not keep its arguments.
	value func(bucket string, key, value []byte) error
	// leafBucket names the bucket that may hold buckets beside values: of one
	// leaf each, which are not read here, only accounted for.
	leafBucket string
	// leafPages says how many pages such a bucket has.
	leafPages func(key []byte, sequence uint64) (pages uint64, err error)
	// done is called last and says whether something was missing.
	done func(meta) error
}

// health is what the checker found.
type health struct {
	meta
	lost bool // one meta page was not valid
}

// checker walks one file. Every page below the high-water mark must be met
// exactly once, in a tree or in the list of free pages.
type checker struct {
	layout
	r     io.ReaderAt
	pages uint64
	seen  []uint64           // one bit a page
	bufs  [maxDepth + 1]page // one a level: a parent's keys bound its children's
}

// check reads a whole database of size bytes through r. Errors wrap
// ErrDamaged and name the page.
func check(r io.ReaderAt, size int64, l layout) (health, error) {
	m, lost, err := readMeta(r)
	if err != nil {
		return health{}, err
	}
	h := health{meta: m, lost: lost}
	if m.pages < 4 || m.pages > uint64(size)/pageSize {
		return h, fmt.Errorf("%w: %d pages in a file of %d bytes", ErrDamaged, m.pages, size)
	}
	c := &checker{layout: l, r: r, pages: m.pages, seen: make([]uint64, (m.pages+63)/64)}
	c.seen[0] = 3 // the meta pages
	if err := c.freelist(m.freelist); err != nil {
		return h, err
	}
	if err := c.root(m.root); err != nil {
		return h, err
	}
	for id := uint64(0); id < c.pages; id++ {
		if c.seen[id/64]&(1<<(id%64)) == 0 {
			return h, fmt.Errorf("page %d: %w: neither used nor free", id, ErrDamaged)
		}
	}
	return h, l.done(m)
}

// claim marks n pages from id as used, and fails if one of them already is.
func (c *checker) claim(id, n uint64) error {
	if id < 2 || n == 0 || id >= c.pages || n > c.pages-id {
		return fmt.Errorf("page %d: %w: %d pages from there are outside the %d of the file", id, ErrDamaged, n, c.pages)
	}
	for ; n > 0; id, n = id+1, n-1 {
		if c.seen[id/64]&(1<<(id%64)) != 0 {
			return fmt.Errorf("page %d: %w: used twice", id, ErrDamaged)
		}
		c.seen[id/64] |= 1 << (id % 64)
	}
	return nil
}

// freelist claims the pages of the list and all pages on it.
func (c *checker) freelist(id uint64) error {
	if id == noFreelist {
		return fmt.Errorf("%w: the file has no list of free pages", ErrDamaged)
	}
	span, err := eachFree(c.read, id, func(free uint64) error { return c.claim(free, 1) })
	if err != nil {
		return err
	}
	return c.claim(id, span)
}

// eachFree calls fn for each page on the list of free pages that begins at page
// id, and returns how many pages the list itself has. It reads page by page,
// because the list of a large empty file is long.
func eachFree(read func(b []byte, id uint64) error, id uint64, fn func(free uint64) error) (span uint64, err error) {
	var b [pageSize]byte
	if err := read(b[:], id); err != nil {
		return 0, err
	}
	head := page(b[:])
	if head.id() != id || head.flags() != flagFreelist {
		return 0, fmt.Errorf("page %d: %w: not a list of free pages", id, ErrDamaged)
	}
	span = uint64(head.overflow()) + 1
	at, left := pageHeader, uint64(head.count())
	if left == 0xFFFF {
		at, left = at+8, binary.LittleEndian.Uint64(b[pageHeader:])
	}
	if left > (span*pageSize-uint64(at))/8 {
		return 0, fmt.Errorf("page %d: %w: %d free pages do not fit into the list", id, ErrDamaged, left)
	}
	for ; left > 0; left-- {
		if at == pageSize {
			at, id = 0, id+1
			if err := read(b[:], id); err != nil {
				return 0, err
			}
		}
		if err := fn(binary.LittleEndian.Uint64(b[at:])); err != nil {
			return 0, err
		}
		at += 8
	}
	return span, nil
}

func (c *checker) read(b []byte, id uint64) error {
	if id >= c.pages {
		return fmt.Errorf("page %d: %w: outside the %d of the file", id, ErrDamaged, c.pages)
	}
	if _, err := c.r.ReadAt(b, int64(id)*pageSize); err != nil {
		return fmt.Errorf("page %d: %w: %w", id, ErrDamaged, err)
	}
	return nil
}

// node reads and claims a branch or leaf page of a tree.
func (c *checker) node(id uint64, depth int) (page, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("page %d: %w: the tree is over %d deep", id, ErrDamaged, maxDepth)
	}
	if c.bufs[depth] == nil {
		c.bufs[depth] = make(page, pageSize)
	}
	p := c.bufs[depth][:pageSize]
	if err := c.read(p, id); err != nil {
		return nil, err
	}
	if p.id() != id || p.flags() != flagBranch && p.flags() != flagLeaf {
		return nil, fmt.Errorf("page %d: %w: says that it is page %d with flags %#x", id, ErrDamaged, p.id(), p.flags())
	}
	span := uint64(p.overflow()) + 1
	if span > uint64(c.maxSpan) {
		return nil, fmt.Errorf("page %d: %w: %d pages long, at most %d allowed", id, ErrDamaged, span, c.maxSpan)
	}
	if err := c.claim(id, span); err != nil {
		return nil, err
	}
	if need := int(span) * pageSize; need > len(p) {
		if need > cap(p) {
			c.bufs[depth] = make(page, need)
		}
		p = c.bufs[depth][:need]
		if err := c.read(p, id); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// tree walks the subtree at id, whose keys must rise and lie in [lo, hi); hi
// nil is no limit.
func (c *checker) tree(id uint64, lo, hi []byte, depth int, leaf func(element, int) error) error {
	p, err := c.node(id, depth)
	if err != nil {
		return err
	}
	if p.flags() == flagLeaf {
		return c.leaf(p, id, lo, hi, func(e element) error { return leaf(e, depth) })
	}
	if p.count() == 0 {
		return fmt.Errorf("page %d: %w: a branch with no child", id, ErrDamaged)
	}
	for i := range p.count() {
		e, err := c.ordered(p, id, i, lo, hi)
		if err != nil {
			return err
		}
		end := hi
		if i+1 < p.count() {
			next, err := p.element(i + 1)
			if err != nil {
				return fmt.Errorf("page %d: %w: %w", id, ErrDamaged, err)
			}
			end = next.key
		}
		if err := c.tree(e.child, e.key, end, depth+1, leaf); err != nil {
			return err
		}
		lo = e.key
	}
	return nil
}

// leaf walks the elements of a leaf page.
func (c *checker) leaf(p page, id uint64, lo, hi []byte, fn func(element) error) error {
	for i := range p.count() {
		e, err := c.ordered(p, id, i, lo, hi)
		if err != nil {
			return err
		}
		if err := fn(e); err != nil {
			return fmt.Errorf("page %d: %w", id, err)
		}
		lo = e.key
	}
	return nil
}

// ordered reads element i and compares its key with the one before it, or for
// the first with what the parent promises.
func (c *checker) ordered(p page, id uint64, i int, lo, hi []byte) (element, error) {
	e, err := p.element(i)
	if err != nil {
		return e, fmt.Errorf("page %d: %w: %w", id, ErrDamaged, err)
	}
	order := bytes.Compare(lo, e.key)
	if order > 0 || order == 0 && i > 0 || hi != nil && bytes.Compare(e.key, hi) >= 0 {
		return e, fmt.Errorf("page %d: %w: key %d is out of order", id, ErrDamaged, i)
	}
	return e, nil
}

// root walks the tree of buckets.
func (c *checker) root(id uint64) error {
	return c.tree(id, nil, nil, 0, func(e element, depth int) error {
		if !e.bucket {
			return fmt.Errorf("%w: a value among the buckets", ErrDamaged)
		}
		name := string(e.key)
		h, err := parseBucket(e.value)
		if err != nil {
			return fmt.Errorf("bucket %q: %w: %w", name, ErrDamaged, err)
		}
		visit := func(e element) error { return c.visit(name, e) }
		if h.root == 0 {
			return c.leaf(h.inline, id, nil, nil, visit)
		}
		return c.tree(h.root, nil, nil, depth+1, func(e element, _ int) error { return visit(e) })
	})
}

// visit takes one element of a bucket.
func (c *checker) visit(bucket string, e element) error {
	if !e.bucket {
		return c.value(bucket, e.key, e.value)
	}
	if bucket != c.leafBucket {
		return fmt.Errorf("bucket %q: %w: a bucket among the values", bucket, ErrDamaged)
	}
	h, err := parseBucket(e.value)
	if err != nil {
		return fmt.Errorf("bucket %q: %w: %w", bucket, ErrDamaged, err)
	}
	if h.root == 0 {
		return fmt.Errorf("bucket %q: %w: an entry with no page", bucket, ErrDamaged)
	}
	n, err := c.leafPages(e.key, h.sequence)
	if err != nil {
		return err
	}
	return c.claim(h.root, n)
}
