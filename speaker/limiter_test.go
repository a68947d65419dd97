package speaker

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// ceiling is -1 dB.
var ceiling = float32(math.Pow(10, -1/20.0))

// limit passes x through a limiter, with silence behind it until all is out, and
// takes the delay out.
func limit(l *limiter, x []float32) []float32 {
	buf := append(append([]float32(nil), x...), make([]float32, l.delay*l.channels)...)
	l.process(buf)
	return buf[l.delay*l.channels:]
}

func TestBelowTheCeilingEveryBitPasses(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	mono := make([]float32, 20000)
	for i := range mono {
		mono[i] = rnd.Float32()*2 - 1
	}
	// Right below: a true peak of -1.3 dBTP, by the test's own measure.
	for i, g := 0, math.Pow(10, -1.3/20)/sixteen(mono); i < len(mono); i++ {
		mono[i] *= float32(g)
	}
	for channels := 1; channels <= 3; channels++ {
		l := newLimiter(48000, channels)
		x := make([]float32, len(mono)*channels)
		for i := range x {
			x[i] = mono[i/channels]
		}
		assert.Equal(t, x, limit(l, x))
		assert.EqualValues(t, unity, l.lowest)
	}
}

func TestNoSamplePassesTheCeiling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.SampledFrom([]int{8000, 16000, 44100, 48000}).Draw(t, "rate")
		channels := rapid.IntRange(1, 3).Draw(t, "channels")
		l := newLimiter(rate, channels)
		rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		loud := rapid.Float64Range(0.5, 60).Draw(t, "loudness")
		burst := rapid.IntRange(1, 3000).Draw(t, "burst")
		x := make([]float32, channels*6000)
		for i := range x {
			if i/burst%2 == 0 || rnd.IntN(500) == 0 {
				x[i] = float32((rnd.Float64()*2 - 1) * loud)
			}
		}
		inPieces(t, l, x)
		for i, y := range x {
			if y > ceiling || y < -ceiling {
				t.Fatalf("sample %d is %v", i, y)
			}
		}
	})
}

// inPieces passes x through l in pieces of any size, as periods and heads of
// periods come.
func inPieces(t *rapid.T, l *limiter, x []float32) {
	for at := 0; at < len(x); {
		n := min(l.channels*rapid.IntRange(1, 700).Draw(t, "piece"), len(x)-at)
		l.process(x[at : at+n])
		at += n
	}
}

func TestGainMovesSmoothlyAroundAPeak(t *testing.T) {
	l := newLimiter(48000, 1)
	x := make([]float32, 48000)
	for i := range x {
		x[i] = 0.5
	}
	x[10000] = 2
	y := limit(l, x)
	steepest := 0.0
	for i := 1; i < len(y); i++ {
		if i != 10000 && i != 10001 {
			steepest = max(steepest, math.Abs(float64(y[i]-y[i-1])))
		}
	}
	// From 1 to 0.44 of 0.5 within 2.3 ms: 0.28 over 113 frames.
	assert.Less(t, steepest, 0.003)
	assert.Equal(t, float32(0.5), y[10000-l.delay-1], "nothing changes before the look-ahead")
	assert.InDelta(t, l.aim, y[10000], 0.002)
	assert.InDelta(t, 0.5*l.aim/2, y[10002], 0.002)
}

func TestGainMovesBySmallStepsWhateverComes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.SampledFrom([]int{8000, 22050, 48000, 96000}).Draw(t, "rate")
		rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		// What is limited stands in the left channel; the right, far below,
		// shows the gain.
		l := newLimiter(rate, 2)
		x := make([]float32, 2*4000)
		for i := 0; i < len(x); i += 2 {
			x[i+1] = 1e-3
			if rnd.IntN(300) == 0 {
				x[i] = float32(math.Pow(10, rnd.Float64()*2))
			}
		}
		y := limit(l, x)
		for i := 3; i < len(y); i += 2 {
			if d := math.Abs(float64(y[i]-y[i-2])) / 1e-3; d > 1.001/float64(l.smooth) {
				t.Fatalf("frame %d: the gain moves by %v", i/2, d)
			}
		}
	})
}

func TestALimitedToneStaysATone(t *testing.T) {
	for _, tc := range []struct{ hz, db float64 }{{3000, -100}, {1000, -100}, {300, -100}, {100, -60}} {
		x := tone(3*48000, tc.hz, 48000)
		for i := range x {
			x[i] *= 4
		}
		y := limit(newLimiter(48000, 1), x)[48000 : 2*48000]
		a, rest := fit(y, tc.hz, 48000)
		t.Logf("%4.0f Hz, 13 dB turned down: all else %.0f dB", tc.hz, decibels(rest*math.Sqrt2/a))
		assert.InDelta(t, aimDB, decibels(a), 0.15, "%v Hz", tc.hz)
		assert.Less(t, decibels(rest*math.Sqrt2/a), tc.db, "%v Hz", tc.hz)
	}
}

func TestAfterAPeakTheSoundIsBitForBitItselfAgain(t *testing.T) {
	for _, rate := range []int{8000, 48000, 192000} {
		l := newLimiter(rate, 1)
		x := make([]float32, 3*rate)
		for i := range x {
			x[i] = 0.3 * float32(math.Sin(float64(i)))
		}
		x[100] = 50
		y := limit(l, x)
		back := 5 * rate / 2
		assert.Equal(t, x[back:], y[back:len(x)], "%d Hz", rate)
		// By then half of it is long restored: the time constant is about 80 ms.
		i := 100 + rate/4
		assert.InDelta(t, x[i], y[i], 0.15*0.3, "%d Hz", rate)
	}
}

func TestAllChannelsAreTurnedDownTogether(t *testing.T) {
	l := newLimiter(48000, 2)
	x := make([]float32, 2000)
	for i := 0; i < len(x); i += 2 {
		x[i], x[i+1] = 0.2, 0.4
	}
	x[1000] = 4
	y := limit(l, x)
	for i := 0; i < len(x); i += 2 {
		if i != 1000 {
			require.InDelta(t, 2*y[i], y[i+1], 1e-6, "frame %d", i/2)
		}
	}
}

func TestWhatIsNoNumberIsSilence(t *testing.T) {
	l := newLimiter(48000, 2)
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	y := limit(l, []float32{0.1, 0.2, nan, 0.3, 0.3, -inf, inf, nan, 0.4, 0.5})
	assert.Equal(t, []float32{0.1, 0.2, 0, 0, 0, 0, 0, 0, 0.4, 0.5}, y)
}

func TestLimiterIsIdleOnceTheSoundIsOut(t *testing.T) {
	l := newLimiter(48000, 1)
	assert.True(t, l.idle())
	l.process([]float32{0.5})
	assert.False(t, l.idle())
	l.process(make([]float32, l.idleAfter()))
	assert.True(t, l.idle())
	l.process([]float32{3})
	l.process(make([]float32, 1000))
	assert.False(t, l.idle(), "the gain is not back yet")
}

func TestWindowIsTheMinimumOfTheLastValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 20).Draw(t, "size")
		values := rapid.SliceOfN(rapid.Int64Range(0, 50), 1, 200).Draw(t, "values")
		w := window{slots: make([]slot, size+1)}
		for i, v := range values {
			got := w.push(v, size)
			want := v
			for _, o := range values[max(0, i-size+1) : i+1] {
				want = min(want, o)
			}
			if got != want {
				t.Fatalf("after %d values: %d, want %d", i+1, got, want)
			}
		}
	})
}

func TestLimiterAllocatesNothing(t *testing.T) {
	l := newLimiter(48000, 2)
	x := make([]float32, 960)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		for i := range x {
			x[i] = float32(i%7) - 3
		}
		l.process(x)
	}))
}
