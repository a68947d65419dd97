package speaker

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func newTestResampler(t testing.TB, in, out, channels int) *resampler {
	t.Helper()
	bank, err := newFilterBank(in, out)
	require.NoError(t, err)
	r, err := newResampler(bank, channels)
	require.NoError(t, err)
	return r
}

// convert resamples all of x, in blocks, and flushes.
func convert(r *resampler, x []float32, block int) (y []float32) {
	buf := make([]float32, block*r.channels)
	for len(x) > 0 {
		took, gave := r.process(buf, x[:min(len(x), block*r.channels)])
		x = x[took*r.channels:]
		y = append(y, buf[:gave*r.channels]...)
	}
	for {
		gave := r.flush(buf)
		if gave == 0 {
			return y
		}
		y = append(y, buf[:gave*r.channels]...)
	}
}

// middle cuts off the filter's reach at both ends.
func middle(y []float32) []float32 { return y[len(y)/8 : len(y)-len(y)/8] }

var ratePairs = [][2]int{
	{44100, 48000}, {48000, 44100}, {32000, 48000}, {22050, 44100}, {24000, 48000},
	{44100, 16000}, {8000, 48000}, {48000, 8000}, {192000, 44100}, {44100, 47999},
}

func TestTonesInThePassBandKeepTheirLevel(t *testing.T) {
	for _, pair := range ratePairs {
		in, out := pair[0], pair[1]
		t.Run(fmt.Sprint(in, "-", out), func(t *testing.T) {
			low := float64(min(in, out))
			ripple, worst := 0.0, -300.0
			for _, part := range []float64{0.01, 0.1, 0.25, 0.4, 0.45} {
				y := convert(newTestResampler(t, in, out, 1), tone(in/4, part*low, float64(in)), 1000)
				a, rest := fit(middle(y), part*low, float64(out))
				ripple = max(ripple, math.Abs(decibels(a)))
				worst = max(worst, decibels(rest*math.Sqrt2))
			}
			t.Logf("ripple %.4f dB, all else %.1f dB", ripple, worst)
			assert.Less(t, ripple, 0.001, "dB, up to 0.45 of the lower rate")
			assert.Less(t, worst, -90.0, "dB, images and noise")
		})
	}
}

func TestTonesInTheStopBandDoNotFoldOver(t *testing.T) {
	for _, pair := range ratePairs {
		in, out := pair[0], pair[1]
		if in <= out {
			continue
		}
		loudest := -300.0
		for _, part := range []float64{0.55, 0.6, 0.8, 1.3} {
			hz := part * float64(out)
			if hz >= float64(in)/2 {
				continue
			}
			y := convert(newTestResampler(t, in, out, 1), tone(in/4, hz, float64(in)), 1000)
			loudest = max(loudest, decibels(rmsOf(middle(y))*math.Sqrt2))
		}
		t.Logf("%d to %d: loudest alias %.1f dB", in, out, loudest)
		assert.Less(t, loudest, -90.0, "%d to %d", in, out)
	}
}

// Every pair of the rates that files come in and cards take, up and down: what
// lies beyond the lower half rate is 90 dB down, whether it would fold over (the
// input's) or was never there (images of the input).
func TestStopBandOfAllStandardRates(t *testing.T) {
	files := []int{8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000}
	cards := []int{8000, 16000, 44100, 48000, 96000}
	loudest, where := -300.0, ""
	for _, in := range files {
		for _, out := range cards {
			low := float64(min(in, out))
			for _, part := range []float64{0.2, 0.45, 0.551, 0.7, 0.95} {
				hz := part * low
				if hz >= float64(in)/2 {
					continue
				}
				y := middle(convert(newTestResampler(t, in, out, 1), tone(in/5, hz, float64(in)), 1000))
				level := decibels(rmsOf(y) * math.Sqrt2)
				if part < 0.5 {
					a, rest := fit(y, hz, float64(out))
					assert.InDelta(t, 0, decibels(a), 0.001, "%d to %d Hz, %v Hz", in, out, hz)
					level = decibels(rest * math.Sqrt2)
				}
				if level > loudest {
					loudest, where = level, fmt.Sprintf("%d to %d Hz, a tone of %.0f Hz", in, out, hz)
				}
				assert.Less(t, level, -90.0, "%d to %d Hz, %v Hz", in, out, hz)
			}
		}
	}
	t.Logf("loudest %.1f dB: %s", loudest, where)
}

func TestDoublingTheRateKeepsEveryInputFrame(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 1))
	x := make([]float32, 2*3000)
	for i := range x {
		x[i] = rnd.Float32() - 0.5
	}
	for _, channels := range []int{1, 2} {
		y := convert(newTestResampler(t, 24000, 48000, channels), x, 700)
		require.Len(t, y, 2*len(x))
		for i := 0; i < len(x); i += channels {
			require.Equal(t, x[i:i+channels], y[2*i:2*i+channels], "frame %d", i/channels)
		}
	}
}

func TestAConstantStaysItself(t *testing.T) {
	x := make([]float32, 4000)
	for i := range x {
		x[i] = 0.5
	}
	for _, pair := range ratePairs {
		for i, y := range middle(convert(newTestResampler(t, pair[0], pair[1], 1), x, 500)) {
			require.InDelta(t, 0.5, y, 1e-6, "%v at %d", pair, i)
		}
	}
}

func TestDelayIsTakenOut(t *testing.T) {
	for _, pair := range ratePairs {
		in, out := pair[0], pair[1]
		hz := 0.1 * float64(min(in, out))
		y := convert(newTestResampler(t, in, out, 1), tone(in/10, hz, float64(in)), 300)
		want := tone(len(y), hz, float64(out))
		for i := len(y) / 4; i < len(y)/2; i++ {
			require.InDelta(t, want[i], y[i], 1e-4, "%v at %d", pair, i)
		}
	}
}

func TestFrameCountIsExact(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rate := rapid.OneOf(rapid.SampledFrom([]int{8000, 11025, 22050, 32000, 44100, 48000}), rapid.IntRange(8000, 60000))
		in, out := rate.Draw(rt, "in"), rate.Draw(rt, "out")
		n := rapid.IntRange(0, 5000).Draw(rt, "frames")
		block := rapid.IntRange(1, 2000).Draw(rt, "block")
		y := convert(newTestResampler(t, in, out, 1), make([]float32, n), block)
		want := int(math.Floor(float64(n)*float64(out)/float64(in) + 0.5))
		if len(y) != want {
			rt.Fatalf("%d frames from %d to %d Hz: %d, want %d", n, in, out, len(y), want)
		}
	})
}

func TestBlocksOfAnySizeGiveTheSameBits(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	x := make([]float32, 2*6000)
	for i := range x {
		x[i] = rnd.Float32() - 0.5
	}
	for _, pair := range ratePairs {
		want := convert(newTestResampler(t, pair[0], pair[1], 2), x, 6000)
		for _, block := range []int{1, 7, 480, 1152} {
			require.Equal(t, want, convert(newTestResampler(t, pair[0], pair[1], 2), x, block), "%v, blocks of %d", pair, block)
		}
	}
}

func TestChannelsDoNotMix(t *testing.T) {
	left := tone(4000, 500, 44100)
	x := make([]float32, 3*4000)
	for i, v := range left {
		x[3*i] = v
	}
	mono := convert(newTestResampler(t, 44100, 48000, 1), left, 400)
	y := convert(newTestResampler(t, 44100, 48000, 3), x, 400)
	require.Equal(t, 3*len(mono), len(y))
	for i, v := range mono {
		require.InDelta(t, v, y[3*i], 1e-6)
		require.Zero(t, y[3*i+1])
		require.Zero(t, y[3*i+2])
	}
}

func TestEqualRatesAreCopiedBitForBit(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	x := make([]float32, 5000)
	for i := range x {
		x[i] = rnd.Float32() - 0.5
	}
	assert.Equal(t, x, convert(newTestResampler(t, 48000, 48000, 1), x, 333))
	assert.Equal(t, x, convert(newTestResampler(t, 48000, 48000, 2), x, 333))
}

func TestSteeringBendsTheLengthByPartsPerMillion(t *testing.T) {
	for _, pair := range [][2]int{{48000, 48000}, {44100, 48000}, {48000, 44100}} {
		for _, ppm := range []float64{-1000, -137, 50, 1000} {
			r := newTestResampler(t, pair[0], pair[1], 1)
			r.steer(ppm)
			n := pair[0]
			hz := 1000.0
			y := convert(r, tone(n, hz, float64(pair[0])), 960)
			want := float64(pair[1]) / (1 + ppm*1e-6)
			assert.InDelta(t, want, float64(len(y)), 1, "%v %v ppm", pair, ppm)
			a, rest := fit(middle(y), hz*(1+ppm*1e-6), float64(pair[1]))
			assert.InDelta(t, 1, a, 1e-4, "%v %v ppm", pair, ppm)
			assert.Less(t, decibels(rest*math.Sqrt2), -90.0, "%v %v ppm", pair, ppm)
		}
	}
}

func TestSteeringWhileRunningDoesNotClick(t *testing.T) {
	for _, in := range []int{48000, 44100} {
		r := newTestResampler(t, in, 48000, 1)
		x := tone(48000, 400, float64(in))
		buf := make([]float32, 500)
		var y []float32
		for i := 0; len(x) > 0; i++ {
			if i%7 == 3 {
				r.steer(float64(i*331%2001 - 1000))
			}
			took, gave := r.process(buf, x[:min(480, len(x))])
			x = x[took:]
			y = append(y, buf[:gave]...)
		}
		assert.InDelta(t, 2*math.Pi*400/48000, steepest(y[200:]), 0.0002, "from %d Hz", in)
	}
}

// A receiver bends the ratio a little every 20 ms or so, either way, in stereo
// too, and from no bending at all: the tone must only change its pitch.
func TestSteeringAsAReceiverDoes(t *testing.T) {
	for _, pair := range [][2]int{{24000, 48000}, {48000, 48000}, {44100, 48000}, {48000, 44100}} {
		r := newTestResampler(t, pair[0], pair[1], 2)
		mono := tone(2*pair[0], 700, float64(pair[0]))
		x := make([]float32, 2*len(mono))
		for i, v := range mono {
			x[2*i], x[2*i+1] = v, -v
		}
		rnd, ppm := rand.New(rand.NewPCG(5, 5)), 0.0
		buf, piece := make([]float32, 2*2000), 2*pair[0]/50
		var y []float32
		for n := 0; len(x) > 0; n++ {
			if n > 10 {
				ppm = min(max(ppm+rnd.Float64()*40-20, -200), 200)
				r.steer(ppm)
			}
			took, gave := r.process(buf, x[:min(piece, len(x))])
			x = x[took*2:]
			for i := range gave {
				y = append(y, buf[2*i])
				require.InDelta(t, buf[2*i], -buf[2*i+1], 1e-6)
			}
		}
		// The curvature of a tone is known everywhere; a click has more.
		w, worst := 2*math.Pi*700/float64(pair[1]), 0.0
		for i := 300; i < len(y)-300; i++ {
			bend := float64(y[i-1]) - 2*float64(y[i]) + float64(y[i+1])
			worst = max(worst, math.Abs(bend+2*(1-math.Cos(w))*float64(y[i])))
		}
		assert.Less(t, decibels(worst), -90.0, "%v", pair)
	}
}

func TestSteeringIsBounded(t *testing.T) {
	a, b := newTestResampler(t, 44100, 48000, 1), newTestResampler(t, 44100, 48000, 1)
	a.steer(1e9)
	b.steer(maxPPM)
	assert.Equal(t, b.step, a.step)
}

func TestDroppingInputIsProcessingIt(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		pair := rapid.SampledFrom(append(ratePairs, [2]int{48000, 48000})).Draw(rt, "rates")
		n := rapid.IntRange(0, 9000).Draw(rt, "dropped")
		rnd := rand.New(rand.NewPCG(uint64(n), 1))
		x := make([]float32, n+6000)
		for i := range x {
			x[i] = rnd.Float32() - 0.5
		}
		whole := convert(newTestResampler(t, pair[0], pair[1], 1), x, 1000)
		r := newTestResampler(t, pair[0], pair[1], 1)
		passed := int(r.drop(int64(n)))
		rest := convert(r, x[n:], 1000)
		if passed+len(rest) != len(whole) {
			rt.Fatalf("%d passed and %d left of %d", passed, len(rest), len(whole))
		}
		lead := 2*r.bank.taps*pair[1]/pair[0] + 2
		for i := lead; i < len(rest); i++ {
			if rest[i] != whole[passed+i] {
				rt.Fatalf("frame %d: %v, want %v", i, rest[i], whole[passed+i])
			}
		}
	})
}

func TestResamplingAllocatesNothing(t *testing.T) {
	r := newTestResampler(t, 44100, 48000, 2)
	r.steer(100)
	x, y := make([]float32, 882), make([]float32, 2000)
	assert.Zero(t, testing.AllocsPerRun(100, func() { r.process(y, x) }))
}

func TestRatesOutOfRangeAreRefused(t *testing.T) {
	for _, pair := range [][2]int{{7999, 48000}, {48000, 192001}, {0, 48000}, {48000, -1}} {
		_, err := newFilterBank(pair[0], pair[1])
		assert.ErrorContains(t, err, "8000 to 192000 Hz are allowed", "%v", pair)
	}
	bank, err := newFilterBank(44100, 48000)
	require.NoError(t, err)
	_, err = newResampler(bank, 9)
	assert.ErrorContains(t, err, "1 to 8 are allowed")
}

func TestFilterBanksAreKeptAndBounded(t *testing.T) {
	var f filterBanks
	one, err := f.get(44100, 48000)
	require.NoError(t, err)
	again, err := f.get(44100, 48000)
	require.NoError(t, err)
	assert.Same(t, one, again)
	for rate := range 20 {
		_, err := f.get(8000+rate*100, 48000)
		require.NoError(t, err)
		assert.LessOrEqual(t, len(f.banks), maxBanks)
	}
}

func TestFilterBanksStaySmall(t *testing.T) {
	for _, in := range []int{8000, 11025, 22050, 44100, 96000, 192000, 44101} {
		for _, out := range []int{8000, 44100, 48000, 47999, 192000} {
			b, err := newFilterBank(in, out)
			require.NoError(t, err)
			assert.LessOrEqual(t, len(b.coef)*4, 300<<10, "bytes, %d to %d", in, out)
		}
	}
}
