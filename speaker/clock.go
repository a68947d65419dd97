package speaker

import (
	"math"
	"time"
)

// anchor ties the media clock to the wall clock: every frame before at had left
// the device at when.
type anchor struct {
	at   Frame
	when time.Time
	rate int
}

// FrameAt returns the media-clock frame that leaves the device at t, by the
// last report of the output and its nominal rate. Before the first report of an
// output that is just open the time of its opening stands in, which is early by
// what the card queues; with no output the answer means nothing.
func (s *Speaker) FrameAt(t time.Time) Frame {
	a := s.anchor.Load()
	if a == nil {
		return 0
	}
	return a.at + Frame(math.Round(t.Sub(a.when).Seconds()*float64(a.rate)))
}

// TimeOf returns when the first sample of frame f leaves, or left, the device:
// the inverse of FrameAt. It is the zero time while no output was ever open.
func (s *Speaker) TimeOf(f Frame) time.Time {
	a := s.anchor.Load()
	if a == nil {
		return time.Time{}
	}
	return a.when.Add(time.Duration(math.Round(float64(f-a.at) / float64(a.rate) * float64(time.Second))))
}
