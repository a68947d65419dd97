package speaker

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTrackBeginsExactlyAtItsFrame(t *testing.T) {
	for _, at := range []Frame{144, 480, 1000, 1001, 1439, 1440, 4799} {
		r := newRig(t, rigFormat)
		track := r.load(Program{Sources: []Source{sine(1000, 100*time.Millisecond)}})
		r.s.Start(track, at)
		r.playOut(track)
		from, to := r.span()
		// The first and the last frame of a faded sine are zero.
		assert.Equal(t, at+1, from, "start at %d", at)
		assert.InDelta(t, float64(at+4800-1), float64(to), 2, "start at %d", at)
		p := track.Progress()
		assert.Equal(t, at, p.First)
		assert.Equal(t, at+4800, p.End)
		assert.Equal(t, int64(4800), p.Played)
		assert.Zero(t, p.Late)
	}
}

func TestMiddleOfATrackIsTheDecodersOwnSound(t *testing.T) {
	want := decoded(t, "mono48-cbr64.mp3")
	r := newRig(t, rigFormat)
	track := r.load(Program{Sources: []Source{file(t, "mono48-cbr64.mp3")}})
	r.s.Start(track, 480)
	r.playOut(track)
	p := track.Progress()
	require.Equal(t, int64(len(want)), p.Played)
	got := r.heard(p.First, p.End)
	ramp := 384 // 8 ms
	assert.Equal(t, want[ramp:len(want)-ramp], got[ramp:len(got)-ramp])
}

func TestWithNoOutputNothingCanBeLoaded(t *testing.T) {
	s := New(Config{})
	_, err := s.Load(Program{Sources: []Source{sine(440, time.Second)}})
	assert.ErrorIs(t, err, ErrNoOutput)
	assert.ErrorIs(t, s.OutputError(), ErrNoOutput)
	_, ok := s.Format()
	assert.False(t, ok)
}

func TestFillAllocatesNothing(t *testing.T) {
	r := newRig(t, Format{Rate: 48000, Channels: 2, Period: 480})
	track := r.load(Program{Sources: []Source{file(t, "stereo44-vbr.mp3")}})
	r.s.Start(track, 480)
	r.s.Pump()
	buf := make([]float32, 960)
	assert.Zero(t, testing.AllocsPerRun(50, func() {
		r.s.Fill(buf, r.at)
		r.at += 480
	}))
}
