// Package pace pulls sound in real time for outputs that have no card to set
// the pace: a file, and nothing at all.
//
// A period is pulled when its first frame is due, so frame n leaves n/Rate
// after the start. The count of frames follows the monotonic clock; rounding
// never adds up.
package pace

import (
	"context"
	"time"

	"loa/speaker"
)

const (
	// queue is what the queue of a sound card would have bridged (at most 4
	// periods of 10 ms). Waking up later than that is an under-run.
	queue = 40 * time.Millisecond
	// catchUp is the most sound that is pulled at once after the process was
	// stopped. It stays below the 2 s which the speaker holds decoded.
	catchUp = time.Second
)

// Sink takes what was pulled.
type Sink interface {
	// Take takes one period of interleaved sound. frames is valid until Take
	// returns.
	Take(frames []float32) error
	// Gap says that n frames of time passed for which nothing was pulled,
	// because the process was stopped for too long.
	Gap(n int64) error
}

// Run opens s with f and pulls one period after the other into sink until ctx
// ends (it returns nil) or s or sink fail (it returns why). The first frame
// leaves at epoch: about now, or up to a few periods ahead of it.
func Run(ctx context.Context, s speaker.Stream, f speaker.Format, epoch time.Time, sink Sink) error {
	at, err := s.Open(f)
	if err != nil {
		return err
	}
	l := loop{stream: s, sink: sink, clock: Clock{Rate: f.Rate, Epoch: epoch}, at: at, buf: make([]float32, f.Period*f.Channels), period: int64(f.Period)}
	timer := time.NewTimer(time.Until(epoch))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		if err := l.turn(time.Now()); err != nil {
			return err
		}
		timer.Reset(time.Until(l.clock.When(l.pulled)))
	}
}

// loop is the state of one Run. Frame pulled of the clock is frame at of the
// stream.
type loop struct {
	stream speaker.Stream
	sink   Sink
	clock  Clock
	at     speaker.Frame
	pulled int64
	period int64
	buf    []float32
}

// turn pulls every period whose first frame is due at now.
func (l *loop) turn(now time.Time) error {
	due := l.clock.Frame(now)
	if late := due - l.pulled; late > l.clock.frames(queue) {
		l.stream.Xrun()
		if gap := late - l.clock.frames(catchUp); gap > 0 {
			if err := l.sink.Gap(gap); err != nil {
				return err
			}
			l.clock = l.clock.later(gap)
			due -= gap
		}
	}
	for l.pulled <= due {
		l.stream.Fill(l.buf, l.at)
		if err := l.sink.Take(l.buf); err != nil {
			return err
		}
		l.pulled += l.period
		l.at += speaker.Frame(l.period)
	}
	l.stream.Left(l.at-speaker.Frame(l.pulled-due), now)
	return nil
}
