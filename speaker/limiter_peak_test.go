package speaker

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"loa/speaker/loudness"
)

// sixteen is the highest magnitude of x at 16 points for each sample, by a
// filter that shares nothing with the product's: 96 taps, Blackman window.
func sixteen(x []float32) (peak float64) {
	for _, v := range x {
		peak = max(peak, math.Abs(float64(v)))
	}
	pad := make([]float32, 2*sixteenHalf)
	all := append(append(append([]float32(nil), pad...), x...), pad...)
	for i := range sixteenRows {
		h := &sixteenRows[i]
		for at := 0; at+len(h) <= len(all); at++ {
			var a, b float32
			x := (*[2 * sixteenHalf]float32)(all[at:])
			for k := 0; k < len(h); k += 2 {
				a += h[k] * x[k]
				b += h[k+1] * x[k+1]
			}
			peak = max(peak, math.Abs(float64(a+b)))
		}
	}
	return peak
}

const sixteenHalf = 48

var sixteenRows = func() (rows [15][2 * sixteenHalf]float32) {
	for p := range rows {
		var h [2 * sixteenHalf]float64
		sum := 0.0
		for k := range h {
			t := float64(k-sixteenHalf+1) - float64(p+1)/16
			w := 0.42 + 0.5*math.Cos(math.Pi*t/sixteenHalf) + 0.08*math.Cos(2*math.Pi*t/sixteenHalf)
			h[k] = math.Sin(math.Pi*t) / (math.Pi * t) * w
			sum += h[k]
		}
		for k, v := range h {
			rows[p][k] = float32(v / sum)
		}
	}
	return rows
}()

// metered is the true peak of mono x as the loudness package has it.
func metered(t require.TestingT, rate int, x []float32) float64 {
	m, err := loudness.NewMeter(rate, 1)
	require.NoError(t, err)
	m.Write(x)
	return m.TruePeak()
}

// worst is the pattern of full-scale samples that some interpolator turns into
// the highest peak there is: the signs of a sinc, in the middle of silence.
func worst(n int, part float64) []float32 {
	x := make([]float32, n)
	for i := -200; i < 200; i++ {
		x[n/2+i] = 1
		if math.Sin(math.Pi*(float64(i)-part))*(float64(i)-part) < 0 {
			x[n/2+i] = -1
		}
	}
	return x
}

func TestTruePeaksStayBelowTheCeiling(t *testing.T) {
	n, amplitudes := 4800, []float32{0.8, 1, 5}
	if racing {
		n, amplitudes = 2400, []float32{5}
	}
	make1 := func(f func(i int) float64) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(f(i))
		}
		return x
	}
	sine := func(part, phase float64) []float32 {
		return make1(func(i int) float64 { return math.Sin(2*math.Pi*part*float64(i) + phase) })
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	white := make1(func(int) float64 { return rnd.Float64()*2 - 1 })
	signs := make1(func(int) float64 { return float64(rnd.IntN(2)*2 - 1) })
	smooth := func(x []float32) []float32 { return convert(newTestResampler(t, 44100, 48000, 1), x, 1000) }

	// In 16 points and 96 taps. Above 0.45 of the rate, where neither a codec nor
	// a resampler leaves anything, such a filter sees more than the limiter's: of
	// noise 0.05 dB above the ceiling, of patterns made for it 0.5.
	const keeps, fullBand, made = -1, -0.95, -0.5
	for _, tc := range []struct {
		name  string
		x     []float32
		limit float64
	}{
		{"a quarter of the rate at 45 degrees", sine(0.25, math.Pi/4), keeps},
		{"a sixth at 60 degrees", sine(1.0/6, math.Pi/3), keeps},
		{"1 kHz", sine(1.0/48, 0), keeps},
		{"0.3 of the rate", sine(0.3, 1), keeps},
		{"0.4 of the rate", sine(0.4, 1), keeps},
		{"0.43 of the rate", sine(0.43, 1), keeps},
		{"0.45 of the rate", sine(0.45, 1), keeps},
		{"a square wave", make1(func(i int) float64 { return math.Copysign(1, math.Sin(0.17*float64(i)+0.01)) }), keeps},
		{"a clipped tone", make1(func(i int) float64 { return min(max(3*math.Sin(0.7*float64(i)), -1), 1) }), keeps},
		{"bursts", make1(func(i int) float64 { return math.Sin(1.3*float64(i)) * float64(i/400%2) }), keeps},
		{"clicks", make1(func(i int) float64 { return float64(min(i%997, 1)) - 1 }), keeps},
		{"noise from 44.1 kHz", smooth(white), keeps},
		{"random signs from 44.1 kHz", smooth(signs), keeps},
		{"noise", white, fullBand},
		{"random signs", signs, fullBand},
		{"alternating, turning round", make1(func(i int) float64 { return float64(1-i%2*2) * float64(1-i/100%2*2) }), made},
		{"the worst halfway", worst(n, 0.5), made},
		{"the worst at a quarter", worst(n, 0.25), made},
		{"the worst at an eighth", worst(n, 0.125), made},
	} {
		full := decibels(sixteen(tc.x))
		for _, amplitude := range amplitudes {
			x := make([]float32, len(tc.x))
			for i, v := range tc.x {
				x[i] = v * amplitude
			}
			l := newLimiter(48000, 1)
			y := limit(l, x)
			name := fmt.Sprintf("%s, times %v", tc.name, amplitude)
			in := full + decibels(float64(amplitude))
			got, meter := decibels(sixteen(y)), metered(t, 48000, y)
			t.Logf("%-45s in %6.2f out %6.3f meter %6.3f dBTP", name, in, got, meter)
			assert.LessOrEqual(t, got, tc.limit, name)
			assert.LessOrEqual(t, meter, -1.0, name)
			if in > 0 {
				assert.Greater(t, meter, -2.5, "%s: not more than needed", name)
			}
		}
	}
}

func TestTruePeakOfAnySoundStaysBelowTheCeiling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rates := rapid.SampledFrom([][2]int{{22050, 24000}, {44100, 48000}, {32000, 44100}, {48000, 48000}}).Draw(t, "rates")
		rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		loud := rapid.Float64Range(0.5, 30).Draw(t, "loudness")
		burst := rapid.IntRange(1, 1000).Draw(t, "burst")
		hold := rapid.IntRange(1, 30).Draw(t, "hold")
		x := make([]float32, 3000)
		for i := range x {
			switch {
			case i%hold != 0:
				x[i] = x[i-1]
			case i/burst%2 == 0 || rnd.IntN(500) == 0:
				x[i] = float32((rnd.Float64()*2 - 1) * loud)
			}
		}
		limit := ceilingDB + 0.2 // noise up to half the rate: see ceilingDB
		if rates[0] < rates[1] {
			limit = ceilingDB + 0.02
			bank, err := newFilterBank(rates[0], rates[1])
			require.NoError(t, err)
			r, err := newResampler(bank, 1)
			require.NoError(t, err)
			x = convert(r, x, 1000)
		}
		// The limiter must run empty: sound cut off has a peak of its own.
		l := newLimiter(rates[1], 1)
		x = append(x, make([]float32, l.delay)...)
		inPieces(t, l, x)
		if peak := metered(t, rates[1], x); peak > limit {
			t.Fatalf("%v dBTP", peak)
		}
	})
}

// The bound below which nothing is looked at: no samples within it can make the
// detector see the ceiling, not even those chosen for it.
func TestWhatIsQuietCannotReachTheCeiling(t *testing.T) {
	const ceiling = 0.8
	d := newDetector(ceiling, 1)
	quiet := math.Float32frombits(d.quiet)
	t.Logf("%.1f dB below the ceiling", decibels(float64(quiet/ceiling)))
	high := float32(0)
	try := func(signs []float64) {
		for _, invert := range []float32{1, -1} {
			var x [2 * detectTaps]float32
			for k, s := range signs {
				x[detectHalf+k] = quiet * invert * float32(math.Copysign(1, s))
			}
			for at := range detectTaps {
				high = max(high, d.peak((*[detectTaps]float32)(x[at:]), 0))
			}
		}
	}
	for part := 0.05; part < 1; part += 0.05 {
		try(pointFilter(part)[:])
	}
	rapid.Check(t, func(t *rapid.T) {
		try(rapid.SliceOfN(rapid.Float64Range(-1, 1), detectTaps, detectTaps).Draw(t, "signs"))
	})
	assert.Less(t, high, float32(ceiling))
	assert.Greater(t, high, float32(ceiling/1.3), "the bound is not far too careful")
}

func TestLeavingQuietSoundAloneChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		channels := rapid.IntRange(1, 3).Draw(t, "channels")
		lazy, eager := newLimiter(48000, channels), newLimiter(48000, channels)
		eager.detector.quiet = 0
		eager.detector.far = 0
		rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		frames := 12000
		if racing {
			frames = 1500
		}
		x := make([]float32, frames*channels)
		level := 0.1
		for i := range x {
			if rnd.IntN(1000) == 0 {
				level = math.Pow(10, -2+2.3*rnd.Float64())
			}
			x[i] = float32((rnd.Float64()*2 - 1) * level)
		}
		want := limit(eager, x)
		buf := append(append([]float32(nil), x...), make([]float32, lazy.delay*channels)...)
		inPieces(t, lazy, buf)
		for i, v := range buf[lazy.delay*channels:] {
			if v != want[i] {
				t.Fatalf("sample %d: %v, want %v", i, v, want[i])
			}
		}
	})
}

func TestSoundTooLoudForNumbersIsSilencedAndForgotten(t *testing.T) {
	l := newLimiter(48000, 1)
	x := tone(96000, 500, 48000)
	for i := range x {
		x[i] *= 0.2
	}
	x[500], x[501], x[520] = math.MaxFloat32, -math.MaxFloat32, math.MaxFloat32
	y := limit(l, x)
	for i, v := range y {
		require.LessOrEqual(t, abs(v), ceiling, "sample %d", i)
	}
	assert.Equal(t, x[90000:], y[90000:len(x)])
}
