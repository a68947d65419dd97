package speaker

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"
)

const (
	// The wait between two tries to open an output doubles from the first to
	// the last; after a run of steadyRun it begins anew.
	firstRetry = 250 * time.Millisecond
	lastRetry  = 5 * time.Second
	steadyRun  = 10 * time.Second
	// shutdownPatience is how long Run waits for a source whose Read hangs.
	shutdownPatience = time.Second
)

// Run opens out, and opens it again each time it is lost, until ctx ends. It is
// called once. When it returns, all tracks have ended and their goroutines with
// them, but for one whose source does not return from Read for a second: that
// is the only error.
func (s *Speaker) Run(ctx context.Context, out Output) error {
	wait := firstRetry
	for ctx.Err() == nil {
		began := time.Now()
		err := out.Run(ctx, s)
		if ctx.Err() != nil {
			break
		}
		if err == nil {
			err = errors.New("output ended by itself")
		}
		if time.Since(began) >= steadyRun {
			wait = firstRetry
		}
		s.lost(out, err)
		s.pause(ctx, wait)
		wait = min(2*wait, lastRetry)
	}
	return s.shutdown()
}

// pause waits between two tries. Commands that come meanwhile are answered: no
// Fill will.
func (s *Speaker) pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			return
		case <-s.kick:
			s.obey()
			s.mix.wake()
			s.tell()
		}
	}
}

// lost ends what played on the output.
func (s *Speaker) lost(out Output, err error) {
	s.format.Store(nil)
	s.mu.Lock()
	again := s.err != nil && s.err.Error() == err.Error()
	s.err = err
	s.mu.Unlock()
	if !again { // the same reason each few seconds would wear the flash
		s.log.Warn("sound output lost", "output", out.String(), "error", err)
	}
	s.obey()
	s.mix.lose(causeLost)
	s.tell()
}

// shutdown ends every track and waits for the decoding goroutines.
func (s *Speaker) shutdown() error {
	s.format.Store(nil)
	s.obey()
	s.mix.lose(causeClosed)
	s.mu.Lock()
	s.closed, s.err = true, ErrClosed
	s.obey()
	for _, t := range s.loaded {
		s.mix.obey(command{op: opStop, track: t, cause: causeClosed})
		t.closed.Store(true)
		t.wake()
		if s.sync {
			t.reader.close()
		}
	}
	s.mix.wake()
	idle := make(chan struct{})
	if s.running == 0 {
		close(idle)
	} else {
		s.idle = idle
	}
	news := s.mix.news // from here on the mixer is whoever's who holds the lock
	s.mu.Unlock()
	if news {
		s.notify()
	}
	select {
	case <-idle:
		return nil
	case <-time.After(shutdownPatience):
		return errors.New("a sound source does not return from Read")
	}
}

// obey carries out the commands that have come.
func (s *Speaker) obey() {
	for c, ok := s.cmds.pop(); ok; c, ok = s.cmds.pop() {
		s.mix.obey(c)
	}
}

// tell calls Notify when there is news.
func (s *Speaker) tell() {
	if s.mix.news {
		s.mix.news = false
		s.notify()
	}
}

// Open implements Stream.
func (s *Speaker) Open(f Format) (Frame, error) {
	switch {
	case f.Rate < minRate || f.Rate > maxRate:
		return 0, fmt.Errorf("%w: rate %d Hz; allowed: %d to %d", errFormat, f.Rate, minRate, maxRate)
	case f.Channels < 1 || f.Channels > maxChannels:
		return 0, fmt.Errorf("%w: %d channels; allowed: 1 to %d", errFormat, f.Channels, maxChannels)
	case f.Period < 1 || f.Period > f.Rate:
		return 0, fmt.Errorf("%w: period of %d frames; allowed: 1 to %d, one second", errFormat, f.Period, f.Rate)
	}
	s.mix.lose(causeLost)
	s.mix.configure(f, s.ramp)
	s.opens.Add(1)
	s.mu.Lock()
	s.err = nil
	s.mu.Unlock()
	s.anchor.Store(&anchor{at: s.mix.next, when: s.now(), rate: f.Rate})
	s.format.Store(&f)
	s.log.Info("sound output open", "rate", f.Rate, "channels", f.Channels, "period", f.Period)
	s.tell()
	return s.mix.next, nil
}

// Fill implements Stream.
func (s *Speaker) Fill(dst []float32, at Frame) {
	if !s.mix.open {
		clear(dst)
		return
	}
	s.obey()
	f := s.mix.format
	for step := f.Period * f.Channels; len(dst) > step; dst = dst[step:] {
		s.mix.fill(dst[:step], at)
		at += Frame(f.Period)
	}
	s.mix.fill(dst, at)
}

// Left implements Stream.
func (s *Speaker) Left(at Frame, when time.Time) {
	s.anchor.Store(&anchor{at: at, when: when, rate: s.mix.format.Rate})
	s.mix.leave(at)
	s.tell()
}

// Xrun implements Stream.
func (s *Speaker) Xrun() { s.xruns.Add(1) }

// Format is how the output that is open takes sound; false when none is.
func (s *Speaker) Format() (Format, bool) {
	f := s.format.Load()
	if f == nil {
		return Format{}, false
	}
	return *f, true
}

// OutputError says why no output is open: ErrNoOutput before the first try, then
// what the output returned. It is nil while one is.
func (s *Speaker) OutputError() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Stats counts since New.
type Stats struct {
	Filled     Frame // media clock: frames given to outputs
	Left       Frame // and how far they have come out, by the last report
	Opens      int64 // outputs opened
	Xruns      int64 // holes that outputs reported
	Underruns  int64 // frames of silence because sources gave nothing in time
	LateStarts int64 // tracks that began after the frame asked for
	// Limited is the most the limiter has turned down, in dB, 0 or more.
	Limited float64
}

// Stats returns the counters. It takes no lock.
func (s *Speaker) Stats() Stats {
	m := &s.mix
	return Stats{
		Filled: Frame(m.filled.Load()), Left: Frame(m.left.Load()),
		Opens: s.opens.Load(), Xruns: s.xruns.Load(),
		Underruns: m.starved.Load(), LateStarts: m.late.Load(),
		Limited: max(0, -20*math.Log10(float64(m.lowest.Load())/unity)),
	}
}
