package speaker

import (
	"slices"
	"sync/atomic"
)

// concealer is a Decoder that puts something in the place of what it cannot
// decode, and counts it: bytes that belonged to nothing, frames of the codec
// that were concealed.
type concealer interface {
	Damage() (bytes, frames int64)
}

// concealedBy is how many frames of its codec d has concealed so far.
func concealedBy(d Decoder) (frames int64) {
	if c, ok := d.(concealer); ok {
		_, frames = c.Damage()
	}
	return frames
}

// concealment tells what was concealed of the part of a program that has been
// played: decoding is seconds ahead, and what a stop cuts off nobody has missed.
// The decoding goroutine writes it, anybody reads it, without a lock.
type concealment struct {
	marks atomic.Pointer[[]mark]
}

// mark says that total codec frames are concealed in the program up to the piece
// of sound that begins at its frame at.
type mark struct{ at, total int64 }

// note takes in that total codec frames were concealed when the piece from at on
// was decoded. What is no longer told apart, played having passed it, is
// forgotten: no more marks stay than pieces fit into the ring.
func (c *concealment) note(at, total, played int64) {
	var list []mark
	if old := c.marks.Load(); old != nil {
		list = *old
	}
	if total == lastTotal(list) {
		return
	}
	from := max(0, passed(list, played)-1)
	list = append(slices.Clone(list[from:]), mark{at, total})
	c.marks.Store(&list)
}

// in is how many codec frames were concealed in the first played frames of the
// program.
func (c *concealment) in(played int64) int64 {
	list := c.marks.Load()
	if list == nil {
		return 0
	}
	return lastTotal((*list)[:passed(*list, played)])
}

// passed is how many of the marks lie before the frame played.
func passed(list []mark, played int64) (n int) {
	for n < len(list) && list[n].at < played {
		n++
	}
	return n
}

func lastTotal(list []mark) int64 {
	if len(list) == 0 {
		return 0
	}
	return list[len(list)-1].total
}
