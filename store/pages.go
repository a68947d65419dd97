package store

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
)

// bbolt's file format, version 2, as far as it must be read without bbolt.
// All numbers are little-endian on every board we build for.
//
//	page     0 id u64 | 8 flags u16 | 10 count u16 | 12 overflow u32 | 16 elements
//	meta    16 magic u32 | version u32 | page size u32 | flags u32 | root u64 |
//	           sequence u64 | freelist u64 | pages u64 | txid u64 | FNV-1a u64
//	branch  16 count x { pos u32 | key size u32 | page u64 }, keys
//	leaf    16 count x { flags u32 | pos u32 | key size u32 | value size u32 }, keys and values
//	bucket   0 root u64 | 8 sequence u64 | 16 a leaf page, if root is 0
//	free    16 count x page u64; count 0xFFFF: the first number is the count
const (
	pageSize    = 4096 // fixed, so that a card can move to a board with larger pages
	pageHeader  = 16
	elementSize = 16
	bucketSize  = 16

	boltMagic   = 0xED0CDAED
	boltVersion = 2

	flagBranch   = 0x01
	flagLeaf     = 0x02
	flagFreelist = 0x10

	elementBucket = 0x01 // a leaf element that holds a bucket

	noFreelist = ^uint64(0)
	maxKey     = 32768 // bbolt.MaxKeySize
)

// meta is the head of a database: where everything begins.
type meta struct {
	root, freelist, pages, txid uint64
}

// parseMeta reads one meta page; ok is false unless its checksum holds.
func parseMeta(b []byte) (m meta, ok bool) {
	b = b[pageHeader:]
	u32 := func(at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
	u64 := func(at int) uint64 { return binary.LittleEndian.Uint64(b[at:]) }
	h := fnv.New64a()
	h.Write(b[:56])
	if u32(0) != boltMagic || u32(4) != boltVersion || u32(8) != pageSize || u64(56) != h.Sum64() {
		return meta{}, false
	}
	return meta{root: u64(16), freelist: u64(32), pages: u64(40), txid: u64(48)}, true
}

// readMeta returns the meta that bbolt will use, the newer valid one. lost
// says that the other one is not valid: the transaction that it belonged to
// may be missing.
func readMeta(r io.ReaderAt) (m meta, lost bool, err error) {
	var b [2 * pageSize]byte
	if n, err := r.ReadAt(b[:], 0); n < len(b) {
		return meta{}, false, fmt.Errorf("meta pages: %w: %w", ErrDamaged, err)
	}
	m0, ok0 := parseMeta(b[:pageSize])
	m1, ok1 := parseMeta(b[pageSize:])
	switch {
	case !ok0 && !ok1:
		return meta{}, false, fmt.Errorf("meta pages: %w: neither is valid", ErrDamaged)
	case !ok1 || ok0 && m0.txid > m1.txid:
		return m0, !ok1, nil
	default:
		return m1, !ok0, nil
	}
}

// page is the bytes of one branch or leaf page with all its overflow, or of
// the leaf page inside a small bucket's value. Every access is checked.
type page []byte

func (p page) id() uint64       { return binary.LittleEndian.Uint64(p) }
func (p page) flags() uint16    { return binary.LittleEndian.Uint16(p[8:]) }
func (p page) count() int       { return int(binary.LittleEndian.Uint16(p[10:])) }
func (p page) overflow() uint32 { return binary.LittleEndian.Uint32(p[12:]) }

// element is one entry of a page: a child of a branch, a value or a bucket of
// a leaf.
type element struct {
	key, value []byte
	child      uint64
	bucket     bool
}

// element reads entry i, or says why it cannot be one.
func (p page) element(i int) (element, error) {
	at := pageHeader + i*elementSize
	if at+elementSize > len(p) {
		return element{}, fmt.Errorf("%d elements do not fit into the page", p.count())
	}
	u32 := func(o int) uint64 { return uint64(binary.LittleEndian.Uint32(p[at+o:])) }
	var e element
	var pos, ksize, vsize uint64
	if p.flags() == flagBranch {
		pos, ksize, e.child = u32(0), u32(4), binary.LittleEndian.Uint64(p[at+8:])
	} else {
		pos, ksize, vsize = u32(4), u32(8), u32(12)
		if u32(0) > elementBucket {
			return element{}, fmt.Errorf("element %d has flags %#x", i, u32(0))
		}
		e.bucket = u32(0) == elementBucket
	}
	from := uint64(at) + pos
	if from < uint64(pageHeader+p.count()*elementSize) || from+ksize+vsize > uint64(len(p)) {
		return element{}, fmt.Errorf("element %d lies outside the page", i)
	}
	if ksize == 0 || ksize > maxKey {
		return element{}, fmt.Errorf("element %d has a key of %d bytes", i, ksize)
	}
	e.key = p[from : from+ksize : from+ksize]
	e.value = p[from+ksize : from+ksize+vsize : from+ksize+vsize]
	return e, nil
}

// bucketHead is what a parent stores of a bucket.
type bucketHead struct {
	root, sequence uint64
	inline         page // the whole bucket, if root is 0
}

func parseBucket(v []byte) (bucketHead, error) {
	if len(v) < bucketSize {
		return bucketHead{}, fmt.Errorf("a bucket of %d bytes", len(v))
	}
	h := bucketHead{root: binary.LittleEndian.Uint64(v), sequence: binary.LittleEndian.Uint64(v[8:])}
	if h.root != 0 {
		return h, nil
	}
	h.inline = page(v[bucketSize:])
	if len(h.inline) < pageHeader || h.inline.flags() != flagLeaf {
		return bucketHead{}, fmt.Errorf("a bucket with neither a root page nor one of its own")
	}
	return h, nil
}
