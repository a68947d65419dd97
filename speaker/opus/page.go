package opus

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// A page, RFC 3533 section 6; all numbers are little-endian:
//
//	0 "OggS"  4 version=0  5 flags  6 granule8  14 serial4  18 sequence4  22 crc4  26 n  27 lacing*n  body
const (
	capture  = "OggS\x00"
	lacingAt = 27
	pageMax  = lacingAt + 255 + 255*255

	flagContinued = 1 // the first packet began on an earlier page
	flagFirst     = 2 // of its logical stream
	flagLast      = 4
)

const (
	// bufferBytes holds a page of the longest kind and some of the next.
	bufferBytes = 96 << 10
	// searchBytes is how far into a file a stream may begin before the file is
	// taken for something else.
	searchBytes = 128 << 10
	// summedPerByte and summedAtOnce bound what is summed up in vain: bytes that
	// claim to begin a page every few bytes would cost 64 KiB each.
	summedPerByte = 8
	summedAtOnce  = 1 << 20
	// emptyReads bounds a reader that returns nothing and no error.
	emptyReads = 100
)

// page is one page; lacing and body are valid until the next one is asked for.
type page struct {
	flags    byte
	granule  int64
	serial   uint32
	sequence uint32
	lacing   []byte
	body     []byte
}

func (p page) has(flag byte) bool { return p.flags&flag != 0 }

// pager finds the pages of a file one after the other. It reads ahead by
// bufferBytes at most and never seeks.
type pager struct {
	r      io.Reader
	buf    []byte
	lo, hi int   // buf[lo:hi] is read and not yet consumed
	err    error // of r, once it failed or ended
	used   int   // length of the page returned last, consumed by the next call
	passed int64 // bytes consumed
	locked bool  // a stream was found
	synced bool  // a page should begin at lo
	summed int64 // bytes of which a checksum was made

	damaged int64 // bytes that belong to no page
	mended  int64 // pages of which one byte was put right
}

func newPager(r io.Reader) *pager { return &pager{r: r, buf: make([]byte, bufferBytes)} }

// next returns the next page whose checksum is right, or can be put right. One
// that the file ends in is none: nothing says that what is there of it is sound.
// It ends with io.EOF or the
// reader's own error; with ErrNotAudio when nothing was locked by searchBytes.
func (p *pager) next() (page, error) {
	p.lo += p.used
	p.passed += int64(p.used)
	p.used = 0
	for p.locked || p.passed <= searchBytes {
		b := p.peek(lacingAt)
		if len(b) < lacingAt {
			p.damage(len(b))
			return page{}, p.end()
		}
		if p.beginsAt(b) {
			if pg, ok := p.take(); ok {
				p.synced = true
				return pg, nil
			}
		}
		p.search()
	}
	return page{}, fmt.Errorf("%w: no stream begins in the first %d bytes", ErrNotAudio, p.passed)
}

// beginsAt is true when b begins a page. Where one is due, one byte of the five
// may be wrong: the checksum will tell.
func (p *pager) beginsAt(b []byte) bool {
	wrong := 0
	for i := range len(capture) {
		if b[i] != capture[i] {
			wrong++
		}
	}
	return wrong == 0 || wrong == 1 && p.synced
}

// take returns the page that begins at lo, if it is one.
func (p *pager) take() (page, bool) {
	lacing := lacingAt + int(p.peek(lacingAt)[lacingAt-1])
	size := lacing
	for _, n := range p.peek(lacing)[lacingAt:] {
		size += int(n)
	}
	b := p.peek(size)
	switch {
	case len(b) < size:
		if bytes.Contains(b[1:], []byte(capture)) {
			return page{}, false // not the end: a size that is wrong
		}
		if lacing = mendSize(b); lacing == 0 {
			return page{}, false
		}
		p.mended++
	case !p.synced && p.summed > summedAtOnce+summedPerByte*p.passed:
		return page{}, false
	default:
		p.summed += int64(size)
		if s := syndrome(b); s != 0 {
			p.summed += int64(size)
			if !mend(b, s) {
				return page{}, false
			}
			p.mended++
		}
	}
	p.used = len(b)
	le := binary.LittleEndian
	return page{
		flags: b[5], granule: int64(le.Uint64(b[6:])), serial: le.Uint32(b[14:]), sequence: le.Uint32(b[18:]),
		lacing: b[lacingAt:lacing], body: b[lacing:],
	}, true
}

// ahead is true when one of the pages behind the one returned last, as far as
// they are read, has a sequence number in [from, to). The first page of a link
// ends the search.
func (p *pager) ahead(serial, from, to uint32) bool {
	b := p.buf[p.lo+p.used : p.hi]
	for {
		n := bytes.Index(b, []byte(capture))
		if n < 0 || len(b) < n+lacingAt {
			return false
		}
		h := b[n:]
		if h[5]&flagFirst != 0 {
			return false
		}
		le := binary.LittleEndian
		if le.Uint32(h[14:]) == serial && le.Uint32(h[18:])-from < to-from {
			return true
		}
		b = h[len(capture):]
	}
}

// search drops bytes up to the next one that can begin a page.
func (p *pager) search() {
	p.synced = false
	b := p.buf[p.lo:p.hi]
	n := bytes.Index(b[1:], []byte(capture)) + 1
	if n == 0 {
		n = max(len(b)-len(capture)+1, 1)
	}
	p.damage(n)
}

func (p *pager) damage(n int) {
	p.lo += n
	p.passed += int64(n)
	p.damaged += int64(n)
}

// drop counts the page returned last as damage.
func (p *pager) drop() { p.damaged += int64(p.used) }

// end is what next returns when the bytes are used up.
func (p *pager) end() error {
	if errors.Is(p.err, io.EOF) && !p.locked {
		return fmt.Errorf("%w: no stream begins in %d bytes", ErrNotAudio, p.passed)
	}
	return p.err
}

// peek returns up to n unconsumed bytes, fewer only at the end. It stays valid
// until more than n are asked for.
func (p *pager) peek(n int) []byte {
	for empty := 0; p.hi-p.lo < n && p.err == nil; {
		if p.lo+n > len(p.buf) {
			p.hi = copy(p.buf, p.buf[p.lo:p.hi])
			p.lo = 0
		}
		m, err := p.r.Read(p.buf[p.hi:])
		p.hi += m
		p.err = err
		if m > 0 {
			empty = 0
		} else if empty++; empty == emptyReads && err == nil {
			p.err = io.ErrNoProgress
		}
	}
	return p.buf[p.lo:min(p.lo+n, p.hi)]
}
