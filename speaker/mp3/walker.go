package mp3

import (
	"bytes"
	"fmt"
	"io"
)

const (
	// windowBytes holds four frames of the longest kind there is (Layer II,
	// 8 kHz, 160 kbit/s: 2881 bytes): all that is ever looked at together.
	windowBytes = 12 << 10 // and of free format: freeLongest
	// searchAhead is the farthest that is looked at: firstChain frames from the
	// window's end on, to the header of the last or a tag in its place.
	searchAhead = windowBytes + 2*(maxFrame+1) + apeBytes
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

	damaged int64  // bytes that belong to no frame and no tag
	tags    int64  // bytes of ID3v1, ID3v2, APE and Lyrics3 tags
	cutTag  string // says that the last tag is longer than the file
}

func newWalker(r io.Reader) *walker {
	return &walker{r: r, buf: make([]byte, bufferBytes)}
}

// next returns the next whole frame; frame is valid until the next call. It
// ends with io.EOF, the reader's own error, ErrNotAudio (before the first frame
// only) or ErrUnsupported. A last frame cut short is dropped and counted as
// damage. Frames of another kind that can be played follow without a word.
func (w *walker) next() (h header, frame []byte, err error) {
	w.lo += w.used
	w.used = 0
	before, other := w.damaged, false
	for {
		w.skipTags()
		b := w.peek(headerBytes)
		if len(b) < headerBytes {
			w.damage(len(b))
			return header{}, nil, w.end()
		}
		h, ok := w.parse(b)
		switch {
		case ok && w.locked && h.same(w.kind) && h.fits() && (w.synced || w.chain(h, 0, laterChain)):
			if frame, ok = w.take(h); ok {
				w.gap = other || w.damaged > before
				return h, frame, nil
			}
			continue
		case ok && (!w.locked || !h.same(w.kind) || h.bitRate == 0): // free format may have another length now
			if ok, err = w.lock(h); err != nil {
				return header{}, nil, err
			}
		default:
			ok = false
		}
		if !ok {
			if !w.locked && w.damaged > searchBytes {
				return header{}, nil, fmt.Errorf("%w: no frame in the first %d bytes", ErrNotAudio, w.damaged)
			}
			w.garbage()
			continue
		}
		other = true
	}
}

// parse reads the header at b. Of free format the length is known when the
// stream is of such frames.
func (w *walker) parse(b []byte) (header, bool) {
	h, ok := parseHeader(b)
	if ok && h.bitRate == 0 && w.locked && h.same(w.kind) {
		h.free = w.kind.free
	}
	return h, ok
}

// lock takes the frames that begin here with h for the stream, when enough of
// them follow. It fails when they cannot be played.
func (w *walker) lock(h header) (bool, error) {
	if h.bitRate == 0 {
		h.free = freeLength(w.peek(windowBytes), h, w.err != nil)
	}
	if !w.chain(h, 0, firstChain) {
		return false, nil
	}
	if !h.playable() {
		return false, unsupported(h)
	}
	w.kind, w.locked, w.synced = h, true, true
	return true, nil
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
	h, ok := w.parse(b)
	return ok && (h.same(w.kind) && h.fits() || w.chain(h, at, laterChain)) || w.tagAt(at)
}

// search looks for a true frame that begins at an offset in [from, to). It
// returns 0 when there is none.
func (w *walker) search(from, to int) int {
	b := w.peek(searchAhead)
	for n := from; n < min(to, len(b)-headerBytes+1); n++ {
		if b[n] != 0xff {
			continue
		}
		if h, ok := w.parse(b[n:]); ok && w.begins(h, n) {
			return n
		}
	}
	return 0
}

// begins is true when a frame with the header h can be believed to begin at
// offset at: another frame follows it, or two when it is of another kind.
func (w *walker) begins(h header, at int) bool {
	if h.same(w.kind) {
		return w.chain(h, at, laterChain)
	}
	return h.playable() && w.chain(h, at, firstChain)
}

// mangled judges a frame of size bytes that no frame follows. When the next one
// begins a frame's length later, only the header between them is destroyed;
// when none follows, the file ends in something else. Otherwise bytes were lost
// or put in, and the frame's end may be another's.
func (w *walker) mangled(size int) bool {
	n := w.search(size, windowBytes)
	return n > 0 && (n < 2*size-1 || n > 2*size+1)
}

// chain is true when n frames of one stream, the first with the header first,
// follow each other from offset at on. The end of the file, or a tag, right after
// a whole frame stands for the rest, and so does a last frame cut short after a
// whole one. A frame that is too short for its own side information is none: no
// walker returns one.
func (w *walker) chain(first header, at, n int) bool {
	for i := range n {
		h, ok := parseHeader(w.ahead(at, headerBytes))
		h.free = first.free
		if !ok || !h.same(first) || !h.fits() {
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

const (
	freeShortest = 32 // bytes of a free-format frame that are looked for
	freeLongest  = maxFrame
)

// freeLength is how long the free-format frames are that begin at b with h,
// without the padding slot; 0: none do. 11172-3, 2.4.2.3, leaves it to be found
// from the distance of the next header: of the same kind, and with another one as
// far behind it, or the end of the file.
func freeLength(b []byte, h header, ended bool) int {
	for n := freeShortest; n+h.padding <= min(freeLongest, len(b)-headerBytes); n++ {
		at := n + h.padding
		o, ok := parseHeader(b[at:])
		if !ok || !o.same(h) {
			continue
		}
		at += n + o.padding
		if at+headerBytes > len(b) {
			if ended && at == len(b) {
				return n
			}
			continue
		}
		if o, ok = parseHeader(b[at:]); ok && o.same(h) {
			return n
		}
	}
	return 0
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
		return fmt.Errorf("%w: no frame in %d bytes (%d of them tags)%s", ErrNotAudio, w.damaged+w.tags, w.tags, w.cutTag)
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
// and n together stay within searchAhead.
func (w *walker) ahead(at, n int) []byte {
	b := w.peek(at + n)
	return b[min(at, len(b)):]
}

// discard drops n bytes of tags, which may be more than the window holds, and
// returns how many there were.
func (w *walker) discard(n int64) (dropped int64) {
	for dropped < n && len(w.peek(1)) > 0 {
		m := min(n-dropped, int64(w.hi-w.lo))
		w.lo += int(m)
		dropped += m
	}
	w.tags += dropped
	return dropped
}
