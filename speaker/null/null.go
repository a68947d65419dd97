// Package null is the output that makes no sound: it pulls in real time, as a
// card would, and throws away what it got. For devices under test and for
// clusters whose sound card is not there yet.
package null

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"loa/speaker"
	"loa/speaker/internal/pace"
)

// Config says how to pull. The zero value is 48 kHz stereo.
type Config struct {
	Rate     int // frames per second, 8000 to 192000; 0 is 48000
	Channels int // 1 to 8; 0 is 2
}

// Output is a speaker.Output.
type Output struct {
	format speaker.Format
}

var _ speaker.Output = (*Output)(nil)

// New returns an output that is not running yet.
func New(c Config) *Output {
	rate := cmp.Or(c.Rate, 48000)
	return &Output{format: speaker.Format{Rate: rate, Channels: cmp.Or(c.Channels, 2), Period: rate / 100}}
}

// String is "null".
func (o *Output) String() string { return "null" }

// Run pulls until ctx ends. The only error is the stream's own.
func (o *Output) Run(ctx context.Context, s speaker.Stream) error {
	if err := pace.Run(ctx, s, o.format, time.Now(), nowhere{}); err != nil {
		return fmt.Errorf("null output: %w", err)
	}
	return nil
}

// nowhere is a pace.Sink.
type nowhere struct{}

func (nowhere) Take([]float32) error { return nil }
func (nowhere) Gap(int64) error      { return nil }
