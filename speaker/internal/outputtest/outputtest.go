// Package outputtest holds every output to the contract of speaker.Output and
// speaker.Stream. The same body runs against a file, nothing, an emulated card
// and a real one.
package outputtest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"loa/speaker"
)

// Stream is a speaker.Stream that plays a known sound and writes down every
// breach of the contract. Its fields are set before Run. It has no lock: its
// methods belong to the output's one goroutine, and the race detector shows
// when they are called by another.
type Stream struct {
	// Sound is what plays, by frame and channel; nil is Tone.
	Sound func(at speaker.Frame, channel int) float32
	// OnFill, OnLeft and OnXrun are called in the method of that name.
	OnFill func(at speaker.Frame, frames int)
	OnLeft func(at speaker.Frame, when time.Time)
	OnXrun func()
	// OpenErr is what Open returns.
	OpenErr error

	Format   speaker.Format // of the last Open
	Opens    int            // calls of Open
	Frames   int64          // frames filled in all
	Xruns    int            // calls of Xrun
	LeftAt   speaker.Frame  // of the last Left
	LeftWhen time.Time
	Breaches []string // of the contract; the first twenty

	next speaker.Frame
}

var _ speaker.Stream = (*Stream)(nil)

// Open takes any format of the contract.
func (s *Stream) Open(f speaker.Format) (speaker.Frame, error) {
	s.Opens++
	s.Format = f
	s.check(f.Rate >= 8000 && f.Rate <= 192000, "rate %d", f.Rate)
	s.check(f.Channels >= 1 && f.Channels <= 8, "channels %d", f.Channels)
	s.check(f.Period > 0 && f.Period <= f.Rate/20, "period of %d frames at %d Hz", f.Period, f.Rate)
	// The queue of the old device is gone, so the clock jumps a little: an
	// output must go on from the frame it is given.
	s.next += 17
	s.LeftAt = s.next
	s.LeftWhen = time.Time{}
	return s.next, s.OpenErr
}

// Fill plays Sound.
func (s *Stream) Fill(dst []float32, at speaker.Frame) {
	channels := max(s.Format.Channels, 1)
	s.check(s.Opens > 0 && s.OpenErr == nil, "fill without open")
	s.check(len(dst) > 0 && len(dst)%channels == 0, "fill of %d samples in %d channels", len(dst), channels)
	s.check(len(dst) <= s.Format.Period*channels, "fill of %d samples, the period has %d", len(dst), s.Format.Period*channels)
	s.check(at == s.next, "fill at %d, want %d", at, s.next)
	sound := s.Sound
	if sound == nil {
		sound = Tone(s.Format.Rate)
	}
	for i := range dst {
		dst[i] = sound(at+speaker.Frame(i/channels), i%channels)
	}
	n := len(dst) / channels
	s.next = at + speaker.Frame(n)
	s.Frames += int64(n)
	if s.OnFill != nil {
		s.OnFill(at, n)
	}
}

// Left checks that frames and time go forward and that nothing leaves before
// it was filled.
func (s *Stream) Left(at speaker.Frame, when time.Time) {
	s.check(at >= s.LeftAt, "left %d after %d", at, s.LeftAt)
	s.check(at <= s.next, "left %d, only %d filled", at, s.next)
	s.check(!when.Before(s.LeftWhen), "left at %v after %v", when, s.LeftWhen)
	s.LeftAt, s.LeftWhen = at, when
	if s.OnLeft != nil {
		s.OnLeft(at, when)
	}
}

// Xrun counts.
func (s *Stream) Xrun() {
	s.Xruns++
	if s.OnXrun != nil {
		s.OnXrun()
	}
}

func (s *Stream) check(ok bool, format string, args ...any) {
	if !ok && len(s.Breaches) < 20 {
		s.Breaches = append(s.Breaches, fmt.Sprintf(format, args...))
	}
}

// Tone is 1 kHz at half of full scale in every channel. A hole or a jump in it
// is easily seen, see Discontinuities.
func Tone(rate int) func(speaker.Frame, int) float32 {
	return func(at speaker.Frame, _ int) float32 {
		return float32(0.5 * math.Sin(2*math.Pi*1000*float64(int64(at)%int64(rate))/float64(rate)))
	}
}

// Bubble is how a test body is run: synctest.Test where time may be virtual,
// Real where a device sets the pace.
type Bubble func(t *testing.T, body func(t *testing.T))

// Real runs body in real time.
func Real(t *testing.T, body func(t *testing.T)) { body(t) }

// Conform runs the contract's tests. open makes one output of its own for each
// test; Run must be able to open its device each time.
func Conform(t *testing.T, bubble Bubble, open func(t *testing.T) speaker.Output) {
	for _, test := range []struct {
		name string
		body func(t *testing.T, out speaker.Output)
	}{
		{"pulls consecutive frames in real time", pulls},
		{"can be run again", runsAgain},
		{"ends at once when the context has ended", endsAtOnce},
		{"ends when the stream refuses the format", refused},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) { test.body(t, open(t)) })
		})
	}
}

// Play runs out until d of sound has left it or limit is over, then ends its
// context. It returns what Run returned, and how long Run took to end.
func Play(ctx context.Context, out speaker.Output, s *Stream, d, limit time.Duration) (took time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var ended time.Time
	var first speaker.Frame = -1
	then := s.OnLeft
	s.OnLeft = func(at speaker.Frame, when time.Time) {
		if first < 0 {
			first = at
		}
		if ended.IsZero() && time.Duration(at-first)*time.Second >= d*time.Duration(s.Format.Rate) {
			ended = time.Now()
			cancel()
		}
		if then != nil {
			then(at, when)
		}
	}
	defer func() { s.OnLeft = then }()
	err = out.Run(ctx, s)
	if ended.IsZero() {
		return 0, errors.Join(err, fmt.Errorf("only %d frames left within %v", s.LeftAt-max(first, 0), limit))
	}
	return time.Since(ended), err
}

func pulls(t *testing.T, out speaker.Output) {
	s := &Stream{}
	begin := time.Now()
	took, err := Play(t.Context(), out, s, 500*time.Millisecond, 10*time.Second)
	kept(t, s, err)
	lasted := s.LeftWhen.Sub(begin)
	if s.Opens != 1 || s.Xruns != 0 {
		t.Errorf("%d opens, %d xruns, want 1 and 0", s.Opens, s.Xruns)
	}
	if took > 500*time.Millisecond {
		t.Errorf("Run ended %v after its context", took)
	}
	if lasted < 450*time.Millisecond {
		t.Errorf("half a second of sound left within %v", lasted)
	}
	if most := int64(lasted+time.Second) * int64(s.Format.Rate) / int64(time.Second); s.Frames > most {
		t.Errorf("%d frames were pulled within %v", s.Frames, lasted)
	}
	if out.String() == "" {
		t.Error("the output has no name")
	}
}

func runsAgain(t *testing.T, out speaker.Output) {
	s := &Stream{}
	for range 3 {
		_, err := Play(t.Context(), out, s, 100*time.Millisecond, 10*time.Second)
		kept(t, s, err)
	}
	if s.Opens != 3 {
		t.Errorf("%d opens in 3 runs", s.Opens)
	}
}

func endsAtOnce(t *testing.T, out speaker.Output) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := &Stream{}
	kept(t, s, out.Run(ctx, s))
	if s.Frames > int64(4*max(s.Format.Period, 1)) {
		t.Errorf("%d frames were pulled", s.Frames)
	}
}

func refused(t *testing.T, out speaker.Output) {
	s := &Stream{OpenErr: errors.New("no such rate")}
	if err := out.Run(t.Context(), s); !errors.Is(err, s.OpenErr) {
		t.Errorf("Run returned %v, want the stream's error", err)
	}
	if s.Frames != 0 {
		t.Errorf("%d frames were pulled", s.Frames)
	}
	s.OpenErr = nil
	_, err := Play(t.Context(), out, s, 50*time.Millisecond, 10*time.Second)
	kept(t, s, err)
}

// kept fails the test when Run failed or the contract was broken.
func kept(t *testing.T, s *Stream, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for _, breach := range s.Breaches {
		t.Error(breach)
	}
}
