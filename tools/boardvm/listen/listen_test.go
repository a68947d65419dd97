package listen

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const rate = 48000

// speech is something like it: noise of low pitch whose loudness comes and
// goes, from the first sample on. It never repeats.
func speech(length time.Duration, seed uint64) []float64 {
	r := rand.New(rand.NewPCG(seed, 1))
	x := make([]float64, Span(length, rate))
	low, lower := 0.0, 0.0
	for i := range x {
		low += 0.2 * (r.NormFloat64() - low)
		lower += 0.2 * (low - lower)
		syllable := 0.6 + 0.4*math.Cos(2*math.Pi*4*float64(i)/rate)
		x[i] = 0.5 * lower * syllable
	}
	return x
}

// played is how a device would play x: after some silence, quieter, with a
// ramp of 5 ms at the edges.
func played(x []float64, silence int, gain float64) []float64 {
	out := make([]float64, silence, 2*silence+len(x))
	ramp := Span(5*time.Millisecond, rate)
	for i, v := range x {
		edge := min(1, float64(i)/float64(ramp), float64(len(x)-1-i)/float64(ramp))
		out = append(out, v*gain*edge)
	}
	return append(out, make([]float64, silence)...)
}

func TestUndamagedSoundIsWhole(t *testing.T) {
	want := speech(2*time.Second, 1)
	r, err := Match(played(want, 12345, 0.7), want, rate)
	require.NoError(t, err)
	assert.True(t, r.Whole(), "%v", r)
	assert.Equal(t, 12345, r.At)
	assert.InDelta(t, DB(0.7), r.Gain[1], 0.1)
}

func TestSoundThatWasResampledByHalfASampleIsWhole(t *testing.T) {
	want := speech(2*time.Second, 2)
	r, err := Match(Resample(played(want, 5000, 1), rate, rate, 0.5), want, rate)
	require.NoError(t, err)
	assert.True(t, r.Whole(), "%v", r)
}

func TestSoundOfAnotherRateIsWhole(t *testing.T) {
	slow := Resample(speech(2*time.Second, 3), rate, 32000, 0)
	want := Resample(slow, 32000, rate, 0)
	r, err := Match(played(want, 3000, 0.9), want, rate)
	require.NoError(t, err)
	assert.True(t, r.Whole(), "%v", r)
}

func TestDamageIsNoticed(t *testing.T) {
	want := speech(2*time.Second, 4)
	sound := func() []float64 { return played(want, 10000, 0.7) }
	period := Span(10*time.Millisecond, rate)
	for _, c := range []struct {
		name   string
		damage func() []float64
	}{
		{"the first 100 ms are missing", func() []float64 {
			x := sound()
			clear(x[:10000+10*period])
			return x
		}},
		{"the last 100 ms are missing", func() []float64 {
			x := sound()
			clear(x[len(x)-10000-10*period:])
			return x
		}},
		{"a period was dropped", func() []float64 {
			x := sound()
			return append(x[:60000:60000], x[60000+period:]...)
		}},
		{"a period was played twice", func() []float64 {
			x := sound()
			return append(x[:60000:60000], x[60000-period:]...)
		}},
		{"5 ms were silent", func() []float64 {
			x := sound()
			clear(x[60000 : 60000+period/2])
			return x
		}},
		{"four samples were dropped", func() []float64 {
			x := sound()
			return append(x[:60000:60000], x[60004:]...)
		}},
		{"noise of the same level lies over it for a while", func() []float64 {
			x := sound()
			for i, v := range speech(time.Second, 99) {
				x[40000+i] += v
			}
			return x
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := Match(c.damage(), want, rate)
			require.NoError(t, err)
			assert.False(t, r.Whole(), "%v", r)
		})
	}
}

func TestOtherSoundIsNotHeard(t *testing.T) {
	_, err := Match(speech(3*time.Second, 5), speech(2*time.Second, 6), rate)
	require.ErrorIs(t, err, ErrNotHeard)
	_, err = Match(make([]float64, rate), speech(time.Second, 6), rate)
	require.ErrorIs(t, err, ErrNotHeard, "silence")
}

func TestSoundCutOffBeforeItsEndIsFoundButNotWhole(t *testing.T) {
	want := speech(2*time.Second, 7)
	r, err := Match(played(want, 1000, 1)[:3*rate/2], want, rate)
	require.NoError(t, err)
	assert.Equal(t, 1000, r.At)
	assert.False(t, r.Whole())
}

func TestResampledToneKeepsPitchAndLevel(t *testing.T) {
	tone := func(rate int) []float64 {
		x := make([]float64, rate)
		for i := range x {
			x[i] = 0.5 * math.Sin(2*math.Pi*1000*float64(i)/float64(rate))
		}
		return x
	}
	got, want := Resample(tone(32000), 32000, 48000, 0), tone(48000)
	require.Len(t, got, len(want))
	for i := 1000; i < len(want)-1000; i++ {
		require.InDelta(t, want[i], got[i], 0.001, "sample %d", i)
	}
}

func TestStretchesOfSoundAreParted(t *testing.T) {
	x := make([]float64, 1000)
	x[100], x[150], x[400], x[999] = 0.5, -0.5, 0.001, 0.2
	assert.Equal(t, []Stretch{{100, 151}, {999, 1000}}, Stretches(x, 0.01, 100))
	assert.Equal(t, []Stretch{{100, 101}, {150, 151}, {999, 1000}}, Stretches(x, 0.01, 20))
	assert.Empty(t, Stretches(nil, 0.01, 20))
}

func TestChannelsAreMixed(t *testing.T) {
	assert.Equal(t, []float64{0.25, -1}, Mono([]int16{16384, 0, -32768, -32768}, 2))
	assert.Equal(t, []float64{0.5}, Mono([]int16{16384}, 1))
}

func TestLevels(t *testing.T) {
	assert.InDelta(t, 0.5, RMS([]float64{0.5, -0.5, 0.5}), 1e-12)
	assert.Zero(t, RMS(nil))
	assert.InDelta(t, -6.02, DB(0.5), 0.01)
}

func TestJumpsSayHowMuchWasLostOrRepeated(t *testing.T) {
	want := speech(2*time.Second, 8)
	x := played(want, 10000, 0.7)
	r, err := Match(append(x[:60000:60000], x[60480:]...), want, rate)
	require.NoError(t, err)
	require.Len(t, r.Jumps, 1, "%v", r)
	assert.Equal(t, -480, r.Jumps[0].By, "a period was dropped")
	assert.InDelta(t, 50000, r.Jumps[0].From, 2000)

	r, err = Match(append(x[:60000:60000], x[60000-480:]...), want, rate)
	require.NoError(t, err)
	require.Len(t, r.Jumps, 1, "%v", r)
	assert.Equal(t, 480, r.Jumps[0].By, "a period was played twice")
	assert.Equal(t, 10000, r.At)
}
