package mp3

import (
	"bytes"
	"fmt"
	"io"
)

const (
	// windowBytes holds four frames of the longest kind there is (Layer II,
	// 8 kHz, 160 kbit/s: 2881 bytes): all that is ever looked at together.
	windowBytes = 12 << 10
	// bufferBytes is larger, so that few bytes are moved for each one read.
	bufferBytes = 32 << 10
	// searchBytes is how far into a file the first frame may lie, tags not
	// counted, before the file is taken for something else.
	searchBytes = 128 << 10
	// firstChain and laterChain are how many consistent headers in a row make
	// a frame credible: at the start nothing is known about the stream, and a
	// false start plays a picture as noise.
	firstChain = 3
	laterChain = 2
	// emptyReads bounds a reader that returns nothing and no error.
	emptyReads = 100
)

// walker finds the frames of a stream one after the other. It reads ahead by
// bufferBytes at most.
type walker struct {
	r      io.Reader
	buf    []byte
	lo, hi int   // buf[lo:hi] is read and not yet consumed
	err    error // of r, once it failed or ended

	used   int // length of the frame returned last, consumed by the next call
	kind   header
	locked bool // kind is known
	synced bool // a frame must begin at lo

	// Of the frame returned last: gap says that bytes were lost before it, so
	// it cannot build on the main data of earlier frames; suspect, that its own
	// bytes are probably not all its own.
	gap, suspect bool

	damaged int64 // bytes that belong to no frame and no tag
	tags    int64 // bytes of ID3v1, ID3v2 and APE tags
}

func newWalker(r io.Reader) *walker {
	return &walker{r: r, buf: make([]byte, bufferBytes)}
}

// next returns the next whole frame; frame is valid until the next call. It
// ends with io.EOF, the reader's own error, ErrUnsupported or ErrNotAudio (both
// before the first frame only) or ErrChanged. A last frame cut short is dropped
// and counted as damage.
func (w *walker) next() (h header, frame []byte, err error) {
	w.lo += w.used
	w.used = 0
	before := w.damaged
	for {
		w.skipTags()
		b := w.peek(headerBytes)
		if len(b) < headerBytes {
			w.damage(len(b))
			return header{}, nil, w.end()
		}
		if !w.locked {
			if err := w.lock(b); err != nil {
				return header{}, nil, err
			}
			continue
		}
		h, ok := parseHeader(b)
		switch {
		case ok && h.same(w.kind) && (w.synced || w.chain(0, laterChain)):
			if frame, ok = w.take(h); ok {
				w.gap = w.damaged > before
				return h, frame, nil
			}
		case ok && !h.same(w.kind) && w.chain(0, firstChain):
			return header{}, nil, fmt.Errorf("%w: from %v to %v", ErrChanged, w.kind, h)
		default:
			w.garbage()
		}
	}
}

// lock looks for the first frame at b and remembers its kind, or skips a few
// bytes. It fails when what it finds cannot be played.
func (w *walker) lock(b []byte) error {
	h, ok := parseHeader(b)
	if ok && h.bitRate == 0 {
		ok = freeChain(w.peek(windowBytes), h)
	} else if ok {
		ok = w.chain(0, firstChain)
	}
	switch {
	case ok && !h.playable():
		return unsupported(h)
	case ok:
		w.kind, w.locked, w.synced = h, true, true
		return nil
	case w.damaged > searchBytes:
		return fmt.Errorf("%w: no frame in the first %d bytes", ErrNotAudio, w.damaged)
	}
	w.garbage()
	return nil
}

// take returns the frame that begins here unless it is cut short: by the end of
// the file, or because the next frame begins before it should. It asks for no
// more bytes than the next header as long as all is well: a slow source must not
// be waited for.
func (w *walker) take(h header) ([]byte, bool) {
	size := h.bytes()
	if b := w.peek(size); len(b) < size {
		w.damage(len(b))
		return nil, false
	}
	w.synced, w.suspect = w.follows(size), false
	if !w.synced {
		if n := w.search(headerBytes, size); n > 0 {
			w.damage(n)
			return nil, false
		}
		w.suspect = w.mangled(size)
	}
	w.used = size
	return w.peek(size)[:size:size], true
}

// follows is true when what begins at offset at can stand after a whole frame.
func (w *walker) follows(at int) bool {
	b := w.ahead(at, headerBytes)
	if len(b) < headerBytes {
		return len(b) == 0 && w.err != nil
	}
	h, ok := parseHeader(b)
	return ok && (h.same(w.kind) || w.chain(at, laterChain)) || w.tagAt(at)
}

// search looks for a true frame that begins at an offset in [from, to). It
// returns 0 when there is none.
func (w *walker) search(from, to int) int {
	// More than any chain from here reaches, so that b is not moved meanwhile.
	b := w.peek(bufferBytes / 2)
	for n := from; n < min(to, len(b)-headerBytes+1); n++ {
		if b[n] != 0xff {
			continue
		}
		if h, ok := parseHeader(b[n:]); ok && h.same(w.kind) && w.chain(n, laterChain) {
			return n
		}
	}
	return 0
}

// mangled judges a frame of size bytes that no frame follows. When the next one
// begins a frame's length later, only the header between them is destroyed;
// when none follows, the file ends in something else. Otherwise bytes were lost
// or put in, and the frame's end may be another's.
func (w *walker) mangled(size int) bool {
	n := w.search(size, windowBytes)
	return n > 0 && (n < 2*size-1 || n > 2*size+1)
}

// chain is true when n frames of one stream follow each other from offset at
// on. The end of the file, or a tag, right after a whole frame stands for the
// rest, and so does a last frame cut short after a whole one.
func (w *walker) chain(at, n int) bool {
	first, _ := parseHeader(w.ahead(at, headerBytes))
	for i := range n {
		h, ok := parseHeader(w.ahead(at, headerBytes))
		if !ok || !h.same(first) || h.bitRate == 0 {
			return false
		}
		if i == n-1 {
			break
		}
		at += h.bytes()
		b := w.ahead(at, headerBytes)
		switch {
		case w.hi-w.lo < at:
			return i > 0 && w.err != nil
		case len(b) == 0 || w.tagAt(at):
			return true
		}
	}
	return true
}

// freeChain is true when three free-format headers of the kind h stand at equal
// distances, give or take the padding slot, from b on. 11172-3 leaves the
// length of such frames to be found this way.
func freeChain(b []byte, h header) bool {
	const shortest, longest, slot = 32, 2900, 4
	at := func(n int) bool {
		if n+headerBytes > len(b) {
			return false
		}
		o, ok := parseHeader(b[n:])
		return ok && o.same(h)
	}
	for n := shortest; n < longest; n++ {
		if !at(n) {
			continue
		}
		for d := -slot; d <= slot; d++ {
			if at(2*n + d) {
				return true
			}
		}
	}
	return false
}

// garbage drops bytes up to the next one that can begin a frame.
func (w *walker) garbage() {
	b := w.buf[w.lo:w.hi]
	n := bytes.IndexByte(b[1:], 0xff) + 1
	if n == 0 {
		n = len(b)
	}
	w.synced = false
	w.damage(n)
}

func (w *walker) damage(n int) {
	w.lo += n
	w.damaged += int64(n)
}

// end is what next returns when the bytes are used up.
func (w *walker) end() error {
	if w.err == io.EOF && !w.locked {
		return fmt.Errorf("%w: no frame in %d bytes (%d of them tags)", ErrNotAudio, w.damaged+w.tags, w.tags)
	}
	return w.err
}

// peek returns up to n unconsumed bytes, fewer only at the end. It stays valid
// until more than n are asked for.
func (w *walker) peek(n int) []byte {
	for empty := 0; w.hi-w.lo < n && w.err == nil; {
		if w.lo > 0 && w.lo+n > len(w.buf) {
			w.hi = copy(w.buf, w.buf[w.lo:w.hi])
			w.lo = 0
		}
		m, err := w.r.Read(w.buf[w.hi:])
		w.hi += m
		w.err = err
		if m > 0 {
			empty = 0
		} else if empty++; empty == emptyReads && err == nil {
			w.err = io.ErrNoProgress
		}
	}
	return w.buf[w.lo:min(w.lo+n, w.hi)]
}

// ahead returns up to n bytes from offset at on, fewer only at the end. Offsets
// and n together stay within windowBytes.
func (w *walker) ahead(at, n int) []byte {
	b := w.peek(at + n)
	return b[min(at, len(b)):]
}

// discard drops n bytes, which may be more than the window holds.
func (w *walker) discard(n int64) {
	for n > 0 {
		b := w.peek(1)
		if len(b) == 0 {
			return
		}
		m := min(n, int64(w.hi-w.lo))
		w.lo += int(m)
		n -= m
	}
}
