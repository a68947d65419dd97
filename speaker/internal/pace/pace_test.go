package pace

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"loa/speaker"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var format = speaker.Format{Rate: 44100, Channels: 2, Period: 441}

// recorder is stream and sink in one. stall, when set, is called in every
// Fill with the number of the call: it stands for a process that was stopped.
type recorder struct {
	frames, gap int64
	xruns       int
	leftAt      speaker.Frame
	leftWhen    time.Time
	fills       int
	stall       func(fill int)
	takeErr     error
	openErr     error
}

func (r *recorder) Open(speaker.Format) (speaker.Frame, error) { return 1000, r.openErr }
func (r *recorder) Fill(dst []float32, at speaker.Frame) {
	r.fills++
	if r.stall != nil {
		r.stall(r.fills)
	}
}
func (r *recorder) Left(at speaker.Frame, when time.Time) { r.leftAt, r.leftWhen = at, when }
func (r *recorder) Xrun()                                 { r.xruns++ }
func (r *recorder) Gap(n int64) error                     { r.gap += n; return nil }
func (r *recorder) Take(frames []float32) error {
	r.frames += int64(len(frames) / format.Channels)
	return r.takeErr
}

// run lets Run run for d of virtual time.
func run(t *testing.T, r *recorder, d time.Duration) time.Time {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	epoch := time.Now()
	require.NoError(t, Run(ctx, r, format, epoch, r))
	return epoch
}

func TestAnHourOfPullingDoesNotDrift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		const hour = time.Hour
		run(t, r, hour+time.Millisecond)
		assert.Equal(t, int64(hour/time.Second*44100+441), r.frames, "the period that begins now is the last one")
		assert.Zero(t, r.xruns)
	})
}

func TestFramesLeaveOneAfterTheOtherFromTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		epoch := run(t, r, 1005*time.Millisecond)
		assert.Equal(t, epoch.Add(time.Second), r.leftWhen)
		assert.Equal(t, speaker.Frame(1000+44100), r.leftAt)
	})
}

func TestNothingIsPulledBeforeTheEpoch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		ctx, cancel := context.WithTimeout(t.Context(), 9*time.Millisecond)
		defer cancel()
		require.NoError(t, Run(ctx, r, format, time.Now().Add(10*time.Millisecond), r))
		assert.Zero(t, r.fills)
	})
}

func TestAShortStallIsCaughtUpInSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{stall: func(fill int) {
			if fill == 50 {
				time.Sleep(30 * time.Millisecond)
			}
		}}
		run(t, r, 1005*time.Millisecond)
		assert.Equal(t, int64(44100+441), r.frames)
		assert.Zero(t, r.xruns, "a card's queue would have bridged it")
		assert.Zero(t, r.gap)
	})
}

func TestAStallBelowTheBoundIsPulledAndCountedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{stall: func(fill int) {
			if fill == 50 {
				time.Sleep(700 * time.Millisecond)
			}
		}}
		run(t, r, 2005*time.Millisecond)
		assert.Equal(t, int64(2*44100+441), r.frames)
		assert.Equal(t, 1, r.xruns)
		assert.Zero(t, r.gap)
	})
}

func TestALongStallLeavesAGapAndKeepsRealTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{stall: func(fill int) {
			if fill == 100 {
				time.Sleep(time.Hour)
			}
		}}
		epoch := run(t, r, time.Hour+2005*time.Millisecond)
		// 99 periods had gone, the 100th was pulled just before the stop.
		assert.Equal(t, int64(3600*44100+99*441-100*441-44100), r.gap)
		assert.Equal(t, int64(3602*44100+441), r.frames+r.gap)
		assert.Equal(t, 1, r.xruns)
		assert.Equal(t, epoch.Add(time.Hour+2*time.Second), r.leftWhen)
		assert.Equal(t, speaker.Frame(1000+3602*44100-r.gap), r.leftAt, "the gap is no part of the media clock")
	})
}

func TestAFailingSinkEndsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("no space left")
		r := &recorder{takeErr: full}
		assert.ErrorIs(t, Run(t.Context(), r, format, time.Now(), r), full)
		assert.Equal(t, 1, r.fills)
	})
}

func TestAFormatThatTheStreamRefusesEndsRun(t *testing.T) {
	refused := errors.New("rate")
	r := &recorder{openErr: refused}
	assert.ErrorIs(t, Run(t.Context(), r, format, time.Now(), r), refused)
	assert.Zero(t, r.fills)
}

func TestClockAndFramesAreInverse(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c := Clock{Rate: rapid.IntRange(8000, 192000).Draw(r, "rate"), Epoch: time.Unix(1e9, 0)}
		n := rapid.Int64Range(0, 1<<46).Draw(r, "frame")
		when := c.When(n)
		if got := c.Frame(when); got != n {
			r.Fatalf("frame(when(%d)) = %d", n, got)
		}
		if n > 0 && c.Frame(when.Add(-1)) != n-1 {
			r.Fatalf("when(%d) is not the earliest time", n)
		}
	})
}

func TestATurnAllocatesNothing(t *testing.T) {
	r := &recorder{}
	now := time.Now()
	l := loop{stream: r, sink: r, clock: Clock{Rate: 44100, Epoch: now}, buf: make([]float32, 882), period: 441}
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		now = now.Add(10 * time.Millisecond)
		_ = l.turn(now)
	}))
}
