package speaker

import (
	"math/bits"
	"sync/atomic"
)

// cacheLine keeps the indices of the two sides apart, so that they do not take
// the line from each other with each step. 64 bytes on all boards.
const cacheLine = 64

// ring carries interleaved sound from one goroutine to one other without a
// lock. Positions count frames since the ring was made and never wrap.
type ring struct {
	buf      []float32
	channels int
	mask     int64 // frames - 1

	_     [cacheLine]byte
	write atomic.Int64 // frames put in; only the writer stores it
	_     [cacheLine]byte
	read  atomic.Int64 // frames taken out; only the reader stores it
	_     [cacheLine]byte
}

// newRing holds at least frames frames, rounded up to a power of two.
func newRing(frames, channels int) *ring {
	size := 1 << bits.Len(uint(max(frames, 1)-1))
	return &ring{buf: make([]float32, size*channels), channels: channels, mask: int64(size - 1)}
}

// free is the number of frames that can be put in. Writer only.
func (r *ring) free() int {
	return int(r.mask + 1 - (r.write.Load() - r.read.Load()))
}

// space returns the contiguous part of the ring into which the next frames go,
// empty when the ring is full. Writer only, followed by wrote.
func (r *ring) space() []float32 {
	return r.span(r.write.Load(), r.free())
}

// wrote makes the first n frames of space readable.
func (r *ring) wrote(n int) { r.write.Add(int64(n)) }

// span is the memory of up to n frames from position at on, up to the edge.
func (r *ring) span(at int64, n int) []float32 {
	i := int(at & r.mask)
	n = min(n, int(r.mask)+1-i)
	return r.buf[i*r.channels : (i+n)*r.channels]
}

// commandRing is a single-producer single-consumer queue of commands from the
// control goroutine to Fill.
type commandRing struct {
	_     [cacheLine]byte
	write atomic.Uint32
	_     [cacheLine]byte
	read  atomic.Uint32
	_     [cacheLine]byte
	buf   [commandSlots]command
}

// commandSlots is many times what one period brings; see Speaker.send for what
// happens when an output stalls and they run out. A power of two.
const commandSlots = 128

// push is false when the queue is full.
func (q *commandRing) push(c command) bool {
	w := q.write.Load()
	if w-q.read.Load() == commandSlots {
		return false
	}
	q.buf[w%commandSlots] = c
	q.write.Store(w + 1)
	return true
}

// pop is false when the queue is empty.
func (q *commandRing) pop() (command, bool) {
	r := q.read.Load()
	if r == q.write.Load() {
		return command{}, false
	}
	c := q.buf[r%commandSlots]
	q.buf[r%commandSlots] = command{} // a track must not be kept alive here
	q.read.Store(r + 1)
	return c, true
}
