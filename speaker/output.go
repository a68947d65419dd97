package speaker

import (
	"context"
	"time"
)

// Frame counts frames on the media clock: one frame is one sample of every
// channel. The media clock begins at 0 when the speaker is made, advances by
// one for each frame handed to an output and never goes back, whatever card
// is opened next. It is no wall clock; Stream.Left ties the two.
type Frame int64

// Format is how an output takes sound: interleaved float32, full scale +-1.
type Format struct {
	Rate     int // frames per second, 8000 to 192000
	Channels int // interleaved channels, 1 to 8
	Period   int // frames in one call of Fill, at most; about 10 ms
}

// Stream is what an output pulls from and reports to. The speaker implements
// it; all four methods are called by the output's one goroutine.
type Stream interface {
	// Open says that the device runs with f from now on and returns the frame
	// number that the first Fill must carry. It fails when f is out of range.
	Open(f Format) (Frame, error)
	// Fill writes len(dst)/Channels frames of interleaved full-scale +-1 sound
	// into dst, which stays the output's; len(dst) is at most
	// Period*Channels. at is the frame at which dst[0] leaves the device; it
	// must be the last at plus the frames then asked for. Fill never blocks,
	// allocates nothing and takes no lock; what it has not got is silence.
	Fill(dst []float32, at Frame)
	// Left says that at the time when every frame before at had left the
	// device (for a card: frames written less its delay). It may block for as
	// long as a channel send that is never waited for, no longer.
	Left(at Frame, when time.Time)
	// Xrun counts one under-run of the device: sound had a hole.
	Xrun()
}

// Output is one way for sound to leave: a card, a file, a workstation's mixer
// or nothing at all.
type Output interface {
	// Run opens the device, calls s.Open once, then pulls one period after the
	// other until ctx ends (it returns nil) or the device is lost (it returns
	// why, naming the device). It may be called again after it returned. The
	// caller does the waiting between tries.
	Run(ctx context.Context, s Stream) error
	// String names the output as the configuration does: "alsa:0,0".
	String() string
}
