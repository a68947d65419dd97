package outputtest

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"loa/speaker"
)

// faulty is an output that breaks the contract in the way its field says.
type faulty struct {
	format                        speaker.Format
	skip, big, back, ahead, early bool
}

func (f *faulty) String() string { return "faulty" }

func (f *faulty) Run(ctx context.Context, s speaker.Stream) error {
	at, err := s.Open(f.format)
	if err != nil {
		return err
	}
	start := at
	buf := make([]float32, f.format.Period*f.format.Channels*2)
	for n := 0; ctx.Err() == nil && n < 200; n++ {
		size := f.format.Period * f.format.Channels
		if f.big && n == 5 {
			size++
		}
		if f.skip && n == 5 {
			at++
		}
		s.Fill(buf[:size], at)
		at += speaker.Frame(size / f.format.Channels)
		time.Sleep(10 * time.Millisecond)
		switch {
		case f.back && n == 5:
			s.Left(start, time.Now())
		case f.ahead && n == 5:
			s.Left(at+1, time.Now())
		case f.early && n == 5:
			s.Left(at, time.Now().Add(-time.Minute))
		default:
			s.Left(at, time.Now())
		}
	}
	return nil
}

func TestBreachesAreSeen(t *testing.T) {
	good := speaker.Format{Rate: 48000, Channels: 2, Period: 480}
	for name, test := range map[string]struct {
		out      faulty
		breaches int
	}{
		"none":              {faulty{}, 0},
		"a frame skipped":   {faulty{skip: true}, 1},
		"more than asked":   {faulty{big: true}, 2},
		"left goes back":    {faulty{back: true}, 1},
		"left before fill":  {faulty{ahead: true}, 1},
		"time goes back":    {faulty{early: true}, 1},
		"rate out of range": {faulty{format: speaker.Format{Rate: 7999, Channels: 2, Period: 100}}, 1},
		"too many channels": {faulty{format: speaker.Format{Rate: 48000, Channels: 9, Period: 480}}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if test.out.format.Rate == 0 {
					test.out.format = good
				}
				s := &Stream{}
				_, _ = Play(t.Context(), &test.out, s, 200*time.Millisecond, time.Second)
				assert.Len(t, s.Breaches, test.breaches, "%q", s.Breaches)
			})
		})
	}
}

func TestAHoleOfOneFrameInAToneIsSeen(t *testing.T) {
	tone := Tone(48000)
	var samples []float32
	for n := range 4800 {
		samples = append(samples, tone(speaker.Frame(n+5), 0))
	}
	assert.Empty(t, Discontinuities(samples, 48000))
	assert.Empty(t, Discontinuities(append(make([]float32, 100), samples...), 48000), "silence before it")
	assert.NotEmpty(t, Discontinuities(append(samples[:2400:2400], samples[2401:]...), 48000))
	samples[1234] = 0
	assert.NotEmpty(t, Discontinuities(samples, 48000))
}

func TestSilenceHasNoDiscontinuity(t *testing.T) {
	assert.Empty(t, Discontinuities(make([]float32, 100), 48000))
	assert.Empty(t, Discontinuities(nil, 48000))
}
