package loudness

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The cases of EBU Tech 3341 (meters in EBU mode, table 1) and Tech 3342
// (loudness range) that are synthetic, made here at each rate. Cases 7 and 8 of
// the one, 5 and 6 of the other are recordings.

var rates = []int{8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000, 96000, 192000}

// some rates for the long cases.
var fewRates = []int{24000, 48000}

func init() {
	if racing {
		rates, fewRates = []int{8000, 22050, 48000}, []int{24000}
	}
}

func TestTech3341IntegratedLoudness(t *testing.T) {
	for _, tc := range []struct {
		name string
		s    []stretch
		want float64
	}{
		{"case 1", []stretch{{-23, 20}}, -23},
		{"case 2", []stretch{{-33, 20}}, -33},
		{"case 3", []stretch{{-36, 10}, {-23, 60}, {-36, 10}}, -23},
		{"case 4", []stretch{{-72, 10}, {-36, 10}, {-23, 60}, {-36, 10}, {-72, 10}}, -23},
		{"case 5", []stretch{{-26, 20}, {-20, 20.1}, {-26, 20}}, -23},
	} {
		for _, rate := range fewRates {
			t.Run(fmt.Sprint(tc.name, "/", rate), func(t *testing.T) {
				m := loudnessOf(t, rate, 2, tones(rate, 2, tc.s...))
				assert.InDelta(t, tc.want, m.Integrated(), 0.1)
			})
		}
	}
}

func TestTech3341SteadyToneReadsTheSameOnAllScales(t *testing.T) {
	for _, rate := range rates {
		for _, level := range []float64{-23, -33} { // cases 1 and 2, shorter
			m := loudnessOf(t, rate, 2, tones(rate, 2, stretch{level, 5}))
			assert.InDelta(t, level, m.Momentary(), 0.1, "%d Hz", rate)
			assert.InDelta(t, level, m.ShortTerm(), 0.1, "%d Hz", rate)
			assert.InDelta(t, level, m.Integrated(), 0.1, "%d Hz", rate)
			assert.InDelta(t, level, m.MaxMomentary(), 0.1, "%d Hz", rate)
			assert.InDelta(t, level, m.MaxShortTerm(), 0.1, "%d Hz", rate)
		}
	}
}

func TestTech3341Case6FiveChannels(t *testing.T) {
	for channels, order := range map[int][]float64{
		5: {-28, -28, -24, -30, -30},
		6: {-28, -28, -24, 0, -30, -30}, // whatever the low-frequency channel does
	} {
		seconds := 20.0
		if racing {
			seconds = 2
		}
		mono := tones(48000, 1, stretch{0, seconds})
		x := make([]float32, len(mono)*channels)
		for i, v := range mono {
			for c, db := range order {
				x[i*channels+c] = v * float32(math.Pow(10, db/20))
			}
		}
		assert.InDelta(t, -23, loudnessOf(t, 48000, channels, x).Integrated(), 0.1, "%d channels", channels)
	}
}

func TestTech3341Case9ShortTermStaysWhileTheWindowSlides(t *testing.T) {
	var s []stretch
	for range 5 {
		s = append(s, stretch{-20, 1.34}, stretch{-30, 1.66})
	}
	for _, rate := range fewRates {
		watched(t, rate, 2, tones(rate, 2, s...), func(m *Meter, seconds float64) {
			if seconds >= 3 {
				require.InDelta(t, -23, m.ShortTerm(), 0.1, "%d Hz, %.2f s", rate, seconds)
			}
		})
	}
}

func TestTech3341Case10EachBurstOf3sIsFoundWhole(t *testing.T) {
	for i := range 20 {
		x := tones(48000, 2, stretch{silence, 0.15 * float64(i)}, stretch{-23, 3}, stretch{silence, 1})
		assert.InDelta(t, -23, loudnessOf(t, 48000, 2, x).MaxShortTerm(), 0.1, "burst %d", i)
	}
}

func TestTech3341Case11BurstsOf3sRisingLive(t *testing.T) {
	var s []stretch
	for i := range 20 {
		gap := 0.15 * float64(i)
		s = append(s, stretch{silence, gap}, stretch{-38 + float64(i), 3}, stretch{silence, 3 - gap})
	}
	watched(t, 48000, 2, tones(48000, 2, s...), func(m *Meter, seconds float64) {
		if n := int(math.Round(seconds * 100)); n%600 == 0 {
			assert.InDelta(t, -39+float64(n/600), m.MaxShortTerm(), 0.1, "after %.1f s", seconds)
		}
	})
}

func TestTech3341Case12MomentaryStaysWhileTheWindowSlides(t *testing.T) {
	var s []stretch
	for range 25 {
		s = append(s, stretch{-20, 0.18}, stretch{-30, 0.22})
	}
	for _, rate := range fewRates {
		watched(t, rate, 2, tones(rate, 2, s...), func(m *Meter, seconds float64) {
			if seconds >= 1 {
				require.InDelta(t, -23, m.Momentary(), 0.1, "%d Hz, %.2f s", rate, seconds)
			}
		})
	}
}

func TestTech3341Case13EachBurstOf400msIsFoundWhole(t *testing.T) {
	for i := range 20 {
		x := tones(48000, 2, stretch{silence, 0.02 * float64(i)}, stretch{-23, 0.4}, stretch{silence, 1})
		assert.InDelta(t, -23, loudnessOf(t, 48000, 2, x).MaxMomentary(), 0.1, "burst %d", i)
	}
}

func TestTech3341Case14BurstsOf400msRisingLive(t *testing.T) {
	var s []stretch
	for i := range 20 {
		gap := 0.02 * float64(i)
		s = append(s, stretch{silence, gap}, stretch{-38 + float64(i), 0.4}, stretch{silence, 0.4 - gap})
	}
	watched(t, 48000, 2, tones(48000, 2, s...), func(m *Meter, seconds float64) {
		if n := int(math.Round(seconds * 100)); n%80 == 0 {
			assert.InDelta(t, -39+float64(n/80), m.MaxMomentary(), 0.1, "after %.1f s", seconds)
		}
	})
}

// faded is a tone whose rate is part of the sampling rate, with soft ends.
func faded(n int, part, phase, amplitude float64) []float32 {
	x := make([]float32, n)
	for i := range x {
		edge := math.Min(1, float64(min(i, n-1-i))/float64(n/8))
		x[i] = float32(amplitude * edge * math.Sin(2*math.Pi*(part*float64(i)+phase/360)))
	}
	return x
}

func TestTech3341Cases15To19TruePeakOfTones(t *testing.T) {
	for _, tc := range []struct {
		name                  string
		part, phase, loudness float64
		want                  float64
	}{
		{"case 15", 1.0 / 4, 0, 0.50, -6},
		{"case 16", 1.0 / 4, 45, 0.50, -6},
		{"case 17", 1.0 / 6, 60, 0.50, -6},
		{"case 18", 1.0 / 8, 67.5, 0.50, -6},
		{"case 19", 1.0 / 4, 45, 1.41, 3},
	} {
		for _, rate := range rates {
			m := measured(t, rate, 1, faded(rate/2, tc.part, tc.phase, tc.loudness))
			assert.GreaterOrEqual(t, m.TruePeak(), tc.want-0.4, "%s, %d Hz", tc.name, rate)
			assert.LessOrEqual(t, m.TruePeak(), tc.want+0.2, "%s, %d Hz", tc.name, rate)
		}
	}
}

// One period of a tone that is twice as loud as before and after, made at four
// times the rate and taken down with each of the four offsets.
func TestTech3341Cases20To23TruePeakOfABurst(t *testing.T) {
	const rate, part = 48000, 1.0 / 6
	fine := faded(4*rate/2, part/4, 0, 0.5)
	// The burst is one cycle of fs/6, which is 24 samples of the fine signal.
	middle := len(fine) / 2 / 24 * 24
	for i := middle; i < middle+24; i++ {
		fine[i] *= 2
	}
	fine = lowPass(fine, 4)
	for offset := range 4 {
		var x []float32
		for i := offset; i < len(fine); i += 4 {
			x = append(x, fine[i])
		}
		peak := measured(t, rate, 1, x).TruePeak()
		assert.GreaterOrEqual(t, peak, -0.4, "case %d", 20+offset)
		assert.LessOrEqual(t, peak, 0.2, "case %d", 20+offset)
	}
}

// lowPass keeps what lies below half the rate that is n times lower: a long
// windowed sinc of the test's own.
func lowPass(x []float32, n int) []float32 {
	const half = 200
	h := make([]float64, 2*half+1)
	for k := range h {
		t := float64(k-half) / float64(n)
		s := 1.0
		if t != 0 {
			s = math.Sin(math.Pi*t) / (math.Pi * t)
		}
		h[k] = s * (0.5 + 0.5*math.Cos(math.Pi*float64(k-half)/half)) / float64(n)
	}
	y := make([]float32, len(x))
	for i := half; i < len(x)-half; i++ {
		sum := 0.0
		for k, c := range h {
			sum += c * float64(x[i+k-half])
		}
		y[i] = float32(sum)
	}
	return y
}

func TestTech3342LoudnessRange(t *testing.T) {
	for _, tc := range []struct {
		name string
		s    []stretch
		want float64
	}{
		{"case 1", []stretch{{-20, 20}, {-30, 20}}, 10},
		{"case 2", []stretch{{-20, 20}, {-15, 20}}, 5},
		{"case 3", []stretch{{-40, 20}, {-20, 20}}, 20},
		{"case 4", []stretch{{-50, 20}, {-35, 20}, {-20, 20}, {-35, 20}, {-50, 20}}, 15},
	} {
		for _, rate := range fewRates {
			m := loudnessOf(t, rate, 2, tones(rate, 2, tc.s...))
			assert.InDelta(t, tc.want, m.Range(), 1, "%s, %d Hz", tc.name, rate)
		}
	}
}

func TestCoefficientsAreThePublishedOnes(t *testing.T) {
	// BS.1770-4, annex 1, tables 1 and 2: 48 kHz.
	s, p := shelf(48000), highPass(48000)
	assert.InDeltaSlice(t, []float64{1.53512485958697, -2.69169618940638, 1.19839281085285}, s.b[:], 1e-13)
	assert.InDeltaSlice(t, []float64{-1.69065929318241, 0.73248077421585}, s.a[:], 1e-13)
	assert.InDeltaSlice(t, []float64{1, -2, 1}, p.b[:], 1e-13)
	assert.InDeltaSlice(t, []float64{-1.99004745483398, 0.99007225036621}, p.a[:], 1e-13)
}

// response is the gain in dB of both stages at hz.
func response(rate, hz float64) float64 {
	db := 0.0
	for _, f := range []biquad{shelf(rate), highPass(rate)} {
		w := 2 * math.Pi * hz / rate
		z1, z2 := complex(math.Cos(w), -math.Sin(w)), complex(math.Cos(2*w), -math.Sin(2*w))
		h := (complex(f.b[0], 0) + complex(f.b[1], 0)*z1 + complex(f.b[2], 0)*z2) /
			(1 + complex(f.a[0], 0)*z1 + complex(f.a[1], 0)*z2)
		db += 20 * math.Log10(math.Hypot(real(h), imag(h)))
	}
	return db
}

func TestWeightingDoesNotDependOnTheRate(t *testing.T) {
	for _, rate := range rates {
		worst := 0.0
		for hz := 20.0; hz < 0.3*float64(min(rate, 48000)); hz *= 1.05 {
			worst = math.Max(worst, math.Abs(response(float64(rate), hz)-response(48000, hz)))
		}
		t.Logf("%d Hz: within %.2f dB of 48 kHz", rate, worst)
		// The bilinear transform bends the shelf where half the rate is near.
		limit := 0.1
		if rate < 20000 {
			limit = 0.45
		}
		assert.Less(t, worst, limit, "%d Hz", rate)
	}
}

func TestLoudnessDoesNotDependOnTheRate(t *testing.T) {
	// 997 Hz at full scale in one channel is -3.01 LUFS by definition.
	for _, rate := range rates {
		x := make([]float32, 5*rate)
		for i := range x {
			x[i] = float32(math.Sin(2 * math.Pi * 997 * float64(i) / float64(rate)))
		}
		assert.InDelta(t, -3.01, loudnessOf(t, rate, 1, x).Integrated(), 0.03, "%d Hz", rate)
	}
}

func TestRatesAndChannelsOutOfRangeAreRefused(t *testing.T) {
	for _, rate := range []int{0, -1, 7999, 192001} {
		_, err := NewMeter(rate, 1)
		assert.ErrorContains(t, err, "8000 to 192000 are allowed")
	}
	for _, channels := range []int{0, -1, 9} {
		_, err := NewMeter(48000, channels)
		assert.ErrorContains(t, err, "1 to 8 are allowed")
	}
	assert.True(t, slices.IsSorted(rates))
}
