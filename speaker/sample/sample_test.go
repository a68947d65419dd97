package sample_test

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"loa/speaker/sample"
)

func s16(t *testing.T, d *sample.Dither, src ...float32) []int {
	t.Helper()
	b := make([]byte, 2*len(src))
	require.Equal(t, len(b), d.S16(b, src))
	out := make([]int, len(src))
	for i := range out {
		out[i] = int(int16(binary.LittleEndian.Uint16(b[2*i:])))
	}
	return out
}

func s32(t *testing.T, convert func([]byte, []float32) int, src ...float32) []int {
	t.Helper()
	b := make([]byte, 4*len(src))
	require.Equal(t, len(b), convert(b, src))
	out := make([]int, len(src))
	for i := range out {
		out[i] = int(int32(binary.LittleEndian.Uint32(b[4*i:])))
	}
	return out
}

var (
	nan = float32(math.NaN())
	inf = float32(math.Inf(1))
)

func TestSilenceStaysDigitalSilence(t *testing.T) {
	d := sample.NewDither(7)
	s16(t, d, 0.3, -0.2, 1e-9) // the generator is running
	for _, q := range s16(t, d, make([]float32, 10_000)...) {
		require.Zero(t, q)
	}
}

func TestNegativeZeroIsSilenceToo(t *testing.T) {
	assert.Equal(t, []int{0}, s16(t, &sample.Dither{}, float32(math.Copysign(0, -1))))
}

func TestSixteenBitsClipAtFullScale(t *testing.T) {
	got := s16(t, &sample.Dither{}, 1.5, inf, -1.5, -inf, 2, -2)
	assert.Equal(t, []int{32767, 32767, -32768, -32768, 32767, -32768}, got)
}

func TestNaNIsSilenceNotAClick(t *testing.T) {
	assert.Equal(t, []int{0}, s16(t, &sample.Dither{}, nan))
	assert.Equal(t, []int{0}, s32(t, sample.S32, nan))
	assert.Equal(t, []int{0}, s32(t, sample.S24, nan))
}

func TestDitherStaysWithinOneAndAHalfSteps(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		v := rapid.Float32Range(-1, 1).Draw(r, "sample")
		d := sample.NewDither(rapid.Uint32().Draw(r, "seed"))
		b := make([]byte, 2)
		for range 50 {
			d.S16(b, []float32{v})
			q := float64(int16(binary.LittleEndian.Uint16(b)))
			want := min(float64(v)*32768, 32767)
			if math.Abs(q-want) > 1.51 {
				r.Fatalf("%v became %v, want about %v", v, q, want)
			}
		}
	})
}

// A level between two steps must survive as the mean of many samples, which
// is what dither is for; without it every sample below would be 0 or 1.
func TestDitherKeepsALevelBelowOneStep(t *testing.T) {
	const n = 200_000
	for _, level := range []float64{0.1, 0.25, 0.5, 0.9, -0.3, 100.4, -20000.7} {
		src := make([]float32, n)
		for i := range src {
			src[i] = float32(level / 32768)
		}
		var sum, square float64
		for _, q := range s16(t, &sample.Dither{}, src...) {
			sum += float64(q)
			square += (float64(q) - level) * (float64(q) - level)
		}
		assert.InDelta(t, level, sum/n, 0.01, "mean of %v", level)
		// Uniform error (1/12) plus triangular noise (1/6) is 1/4 LSB^2,
		// whatever the level: the noise does not breathe with the signal.
		assert.InDelta(t, 0.25, square/n, 0.01, "noise power at %v", level)
	}
}

func TestSameInputGivesTheSameBytes(t *testing.T) {
	src := []float32{0.1, -0.5, 0, 0.7, 0.00001, -1}
	assert.Equal(t, s16(t, &sample.Dither{}, src...), s16(t, sample.NewDither(0), src...))
}

func TestCuttingASliceDoesNotChangeTheNoise(t *testing.T) {
	src := []float32{0.1, -0.5, 0, 0.7, 0.00001, -1}
	whole, parts := sample.NewDither(5), sample.NewDither(5)
	assert.Equal(t, s16(t, whole, src...), append(s16(t, parts, src[:2]...), s16(t, parts, src[2:]...)...))
}

func TestThirtyTwoBitsAreExact(t *testing.T) {
	got := s32(t, sample.S32, 0, 0.5, -0.5, 1, -1, 2, -2, inf, -inf, 1.0/(1<<31))
	assert.Equal(t, []int{0, 1 << 30, -1 << 30, 1<<31 - 1, -1 << 31, 1<<31 - 1, -1 << 31, 1<<31 - 1, -1 << 31, 1}, got)
}

func TestTwentyFourBitsInFourBytesAreSignExtended(t *testing.T) {
	got := s32(t, sample.S24, 0, 0.5, -0.5, 1, -1, 3)
	assert.Equal(t, []int{0, 1 << 22, -1 << 22, 1<<23 - 1, -1 << 23, 1<<23 - 1}, got)
}

func TestTwentyFourBitsInThreeBytes(t *testing.T) {
	b := make([]byte, 9)
	require.Equal(t, 9, sample.S24Packed(b, []float32{0.5, -1, 1}))
	assert.Equal(t, []byte{0, 0, 0x40, 0, 0, 0x80, 0xFF, 0xFF, 0x7F}, b)
}

func TestSixteenBitsComeBackExactly(t *testing.T) {
	b := binary.LittleEndian.AppendUint16(nil, 0x8000)
	b = binary.LittleEndian.AppendUint16(b, 0x4000)
	b = binary.LittleEndian.AppendUint16(b, 0)
	dst := make([]float32, 5)
	require.Equal(t, 3, sample.Float16(dst, b))
	assert.Equal(t, []float32{-1, 0.5, 0, 0, 0}, dst)
	assert.Equal(t, 1, sample.Float16(dst[:1], b), "no more than there is room for")
}

func TestNothingIsConvertedToNothing(t *testing.T) {
	assert.Zero(t, (&sample.Dither{}).S16(nil, nil))
	assert.Zero(t, sample.S32(nil, nil))
	assert.Zero(t, sample.S24(nil, nil))
	assert.Zero(t, sample.S24Packed(nil, nil))
	assert.Zero(t, sample.Float16(nil, nil))
}

func TestConvertersAllocateNothing(t *testing.T) {
	src := tone(960)
	dst := make([]byte, 4*len(src))
	d := &sample.Dither{}
	for name, convert := range map[string]func([]byte, []float32) int{
		"S16": d.S16, "S32": sample.S32, "S24": sample.S24, "S24Packed": sample.S24Packed,
	} {
		assert.Zero(t, testing.AllocsPerRun(100, func() { convert(dst, src) }), name)
	}
}

func tone(n int) []float32 {
	src := make([]float32, n)
	for i := range src {
		src[i] = float32(0.5 * math.Sin(2*math.Pi*440*float64(i/2)/48000+0.1))
	}
	return src
}

// The benchmarks convert one period of 10 ms, 480 stereo frames, and report
// what one frame costs.
func benchmark(b *testing.B, convert func([]byte, []float32) int) {
	const frames = 480
	src := tone(2 * frames)
	dst := make([]byte, 4*len(src))
	b.ReportAllocs()
	for b.Loop() {
		convert(dst, src)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/frames, "ns/frame")
}

func BenchmarkS16Dithered(b *testing.B) { benchmark(b, (&sample.Dither{}).S16) }
func BenchmarkS32(b *testing.B)         { benchmark(b, sample.S32) }
func BenchmarkS24Packed(b *testing.B)   { benchmark(b, sample.S24Packed) }
