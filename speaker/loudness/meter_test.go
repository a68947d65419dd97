package loudness

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

// figures are all that a meter says.
func figures(m *Meter) []float64 {
	return []float64{
		m.Integrated(), m.Momentary(), m.ShortTerm(), m.MaxMomentary(), m.MaxShortTerm(),
		m.Range(), m.TruePeak(), m.SamplePeak(),
	}
}

// anySound is a few seconds of something.
func anySound(t *rapid.T, rate, channels int) []float32 {
	x := make([]float32, 0, 8*rate*channels)
	for range rapid.IntRange(1, 4).Draw(t, "stretches") {
		most := 2 * rate
		if racing {
			most = rate / 2
		}
		n := rapid.IntRange(1, most).Draw(t, "frames") * channels
		a := float32(math.Pow(10, rapid.Float64Range(-60, 0).Draw(t, "level")/20))
		x = append(x, noise(rapid.Uint64().Draw(t, "seed"), n, a)...)
	}
	return x
}

func TestGainMovesEveryFigureByItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.SampledFrom([]int{8000, 11025, 16000}).Draw(t, "rate")
		channels := rapid.IntRange(1, 2).Draw(t, "channels")
		x := anySound(t, rate, channels)
		g := rapid.Float64Range(0, 12).Draw(t, "gain")
		y := make([]float32, len(x))
		for i, v := range x {
			y[i] = v * float32(math.Pow(10, g/20))
		}
		before, after := figures(measured(t, rate, channels, x)), figures(measured(t, rate, channels, y))
		for i := range before {
			want := g
			if i == 5 { // a range is a difference
				want = 0
			}
			// Blocks that rise above the absolute gate change what is averaged:
			// only what lies above it is sure to move evenly.
			if (i == 0 || i == 5) && quietest(t, x, rate, channels) < absoluteGate {
				continue
			}
			if math.IsInf(before[i], -1) || math.Abs(after[i]-before[i]-want) < 0.05 {
				continue
			}
			t.Fatalf("figure %d: %v, after %.2f dB %v", i, before[i], g, after[i])
		}
	})
}

// quietest is the lowest momentary loudness after the first 400 ms.
func quietest(t *rapid.T, x []float32, rate, channels int) float64 {
	m, low := newMeter(t, rate, channels), math.Inf(1)
	piece := rate / 10 * channels
	for at := 0; at+piece <= len(x); at += piece {
		m.Write(x[at : at+piece])
		if at >= 4*piece {
			low = math.Min(low, m.Momentary())
		}
	}
	return low
}

func TestHowSoundIsCutIntoCallsMakesNoDifference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.SampledFrom([]int{8000, 11025, 22050}).Draw(t, "rate")
		channels := rapid.IntRange(1, 3).Draw(t, "channels")
		x := anySound(t, rate, channels)
		want := figures(measured(t, rate, channels, x))
		m := newMeter(t, rate, channels)
		for rest := x; len(rest) > 0; {
			n := min(rapid.IntRange(0, 3000).Draw(t, "piece")*channels, len(rest))
			m.Write(rest[:n])
			rest = rest[n:]
			if n%5 == 0 {
				figures(m) // reading changes nothing
			}
		}
		if got := figures(m); !assert.ObjectsAreEqual(want, got) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}

func TestSilenceHasNoLoudnessAndNoPeak(t *testing.T) {
	for _, m := range []*Meter{newMeter(t, 48000, 2), measured(t, 48000, 2, make([]float32, 10*96000))} {
		for i, v := range figures(m) {
			if i == 5 {
				assert.Zero(t, v, "range")
			} else {
				assert.True(t, math.IsInf(v, -1), "figure %d: %v", i, v)
			}
		}
		assert.Zero(t, m.Gain(Target), "nothing to level")
	}
}

func TestLessThanOneBlockHasNoIntegratedLoudness(t *testing.T) {
	m := measured(t, 48000, 1, tones(48000, 1, stretch{-20, 0.39}))
	assert.True(t, math.IsInf(m.Integrated(), -1))
	assert.InDelta(t, -20, m.TruePeak(), 0.1, "its peak is known")
	m.Write(tones(48000, 1, stretch{-20, 0.01}))
	assert.InDelta(t, -23.01, m.Integrated(), 0.1)
}

func TestPausesDoNotMakeABulletinQuieter(t *testing.T) {
	x := speech(1, 24000, 20, 0.5)
	with := append(append(append([]float32(nil), x...), make([]float32, 24000*120)...), x...)
	assert.InDelta(t, measured(t, 24000, 1, x).Integrated(), measured(t, 24000, 1, with).Integrated(), 0.1)
}

func TestWhatIsNoNumberCountsAsZeroAndIsForgotten(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	x := tones(48000, 2, stretch{-23, 5})
	spoilt := append([]float32(nil), x...)
	for i, v := range []float32{nan, inf, -inf, nan, nan, inf} {
		x[1000+i], spoilt[1000+i] = 0, v
	}
	assert.Equal(t, figures(measured(t, 48000, 2, x)), figures(measured(t, 48000, 2, spoilt)))
	huge := measured(t, 48000, 1, []float32{math.MaxFloat32, -math.MaxFloat32})
	huge.Write(tones(48000, 1, stretch{-20, 5}))
	assert.InDelta(t, -23.01, huge.ShortTerm(), 0.1, "after the window has passed")
	for _, v := range figures(huge) {
		assert.False(t, math.IsNaN(v))
	}
}

func TestTruePeakIsNeverBelowTheSamplePeak(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := measured(t, 8000, 1, anySound(t, 8000, 1))
		if m.TruePeak() < m.SamplePeak() {
			t.Fatalf("true %v, sample %v", m.TruePeak(), m.SamplePeak())
		}
	})
}

func TestTruePeakOversamplesWhereverItCanMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := anySound(t, 8000, 1)
		pad := make([]float32, peakTaps-1)
		all := append(append(append([]float32(nil), pad...), x...), pad...)
		want := float32(0)
		for i := 0; i+peakTaps <= len(all); i++ {
			want = max(want, between.peak(all[i:]), all[i], -all[i])
		}
		if got := measured(t, 8000, 1, x).TruePeak(); got != decibels(want) {
			t.Fatalf("%v, want %v", got, decibels(want))
		}
	})
}

func TestThePeakOfTheLastSampleIsNotMissed(t *testing.T) {
	x := make([]float32, 4800)
	x[len(x)-1], x[len(x)-2] = 0.5, 0.5 // 0.64 between them
	m := measured(t, 48000, 1, x)
	assert.InDelta(t, 20*math.Log10(2/math.Pi), m.TruePeak(), 0.2)
	assert.InDelta(t, -6.02, m.SamplePeak(), 0.01)
}

func TestOneChannelIsThreeBelowTheSameInTwo(t *testing.T) {
	mono := speech(3, 24000, 10, 0.5)
	double := make([]float32, 0, 2*len(mono))
	for _, v := range mono {
		double = append(double, v, v)
	}
	dual := newMeter(t, 24000, 1)
	dual.DualMono()
	dual.Write(mono)
	one, two := measured(t, 24000, 1, mono), measured(t, 24000, 2, double)
	assert.InDelta(t, two.Integrated()-3.01, one.Integrated(), 0.01)
	assert.InDelta(t, two.Integrated(), dual.Integrated(), 0.001)
	assert.InDelta(t, two.Gain(Target), one.Gain(Target), 0.01, "a horn plays them alike")
	assert.InDelta(t, two.Gain(Target), dual.Gain(Target), 0.01)

	stereo := newMeter(t, 24000, 2)
	stereo.DualMono()
	stereo.Write(double)
	assert.Equal(t, two.Integrated(), stereo.Integrated(), "it is of one channel only")
}

func TestGainReachesTheTarget(t *testing.T) {
	for _, tc := range []struct {
		name                           string
		integrated, peak, target, want float64
	}{
		{"quiet speech", -27, -11, -18, 9},
		{"hot music", -9, 0.5, -18, -9},
		{"as it should be", -18, -3, -18, 0},
		{"hardly anything", -45, -30, -18, MostGain},
		{"a deafening target", -1, 0, -80, LeastGain},
		{"a crackle over quiet speech", -35, 0, -18, 11},
		{"a crackle beyond all", -30, 14, -18, 0},
		{"never turned down for a peak", -10, 20, -18, -8},
		{"silence", math.Inf(-1), math.Inf(-1), -18, 0},
		{"nothing known", math.NaN(), math.NaN(), -18, 0},
		{"beyond", math.Inf(1), math.Inf(1), -18, 0},
	} {
		assert.InDelta(t, tc.want, Gain(tc.integrated, tc.peak, tc.target), 1e-9, tc.name)
	}
}

func TestGainIsAlwaysOneThatAPlanMayHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, p, target := rapid.Float64().Draw(t, "loudness"), rapid.Float64().Draw(t, "peak"), rapid.Float64().Draw(t, "target")
		if g := Gain(l, p, target); !(g >= LeastGain && g <= MostGain) {
			t.Fatalf("%v dB", g)
		}
	})
}

func TestWriteAllocatesNothing(t *testing.T) {
	m := newMeter(t, 44100, 2)
	x := noise(1, 2*10000, 1)
	if racing {
		x = x[:2*1000]
	}
	assert.Zero(t, testing.AllocsPerRun(50, func() { m.Write(x) }))
	assert.Zero(t, testing.AllocsPerRun(10, func() { figuresOf = m.Integrated() + m.Range() + m.TruePeak() }))
}

var figuresOf float64

func TestHalfAFrameIsLeftOut(t *testing.T) {
	m := measured(t, 48000, 2, []float32{0.1, 0.2, 0.9})
	assert.InDelta(t, 20*math.Log10(0.2), m.SamplePeak(), 1e-6)
}
