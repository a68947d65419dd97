package mp3

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The stages are held against the formulas of the standard, computed as they
// stand there in double precision.

func randomLines(rnd *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = 2*rnd.Float32() - 1
	}
	return x
}

// directIMDCT is 11172-3, 2.4.3.4.10.2: n lines make 2n samples.
func directIMDCT(x []float32) []float64 {
	n := 2 * len(x)
	y := make([]float64, n)
	for i := range y {
		for k, v := range x {
			y[i] += float64(v) * math.Cos(math.Pi/float64(2*n)*float64(2*i+1+n/2)*float64(2*k+1))
		}
	}
	return y
}

// directWindow is 11172-3, 2.4.3.4.10.3, the window of a block type.
func directWindow(kind, i int) float64 {
	switch {
	case kind == blockStart && i >= 18 && i < 24, kind == blockStop && i >= 12 && i < 18:
		return 1
	case kind == blockStart && i >= 24 && i < 30:
		return math.Sin(math.Pi / 12 * (float64(i-18) + 0.5))
	case kind == blockStart && i >= 30, kind == blockStop && i < 6:
		return 0
	case kind == blockStop && i < 12:
		return math.Sin(math.Pi / 12 * (float64(i-6) + 0.5))
	}
	return math.Sin(math.Pi / 36 * (float64(i) + 0.5))
}

// directBlock is the windowed samples of one subband: 36, of short blocks the sum
// of three times 12.
func directBlock(x []float32, kind uint8) []float64 {
	if kind != blockShort {
		y := directIMDCT(x)
		for i := range y {
			y[i] *= directWindow(int(kind), i)
		}
		return y
	}
	y := make([]float64, 36)
	for w := range 3 {
		lines := make([]float32, 6)
		for k := range lines {
			lines[k] = x[3*k+w]
		}
		for i, v := range directIMDCT(lines) {
			y[6+6*w+i] += v * math.Sin(math.Pi/12*(float64(i)+0.5))
		}
	}
	return y
}

func TestHybridIsTheFormulaOfTheStandard(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 1))
	tab := loadTables()
	var y hybrid
	var overlap [lines]float64
	shapes := []shape{
		{long: lines}, {blockType: blockStart, long: lines}, {blockType: blockShort}, {blockType: blockShort},
		{blockType: blockStop, long: lines}, {blockType: blockStart, long: lines, mixed: true},
		{blockType: blockShort, long: 36, mixed: true}, {blockType: blockShort, long: 72, mixed: true}, {long: lines},
	}
	for g, s := range shapes {
		for _, n := range []int{576, 100, 0, 31, 36, 575} {
			var xr [lines]float32
			copy(xr[:], randomLines(rnd, n))
			want := directHybrid(xr[:], s, &overlap)
			var out [slots][subbands]float32
			y.synthesize(tab, &xr, n, s, &out)
			for i := range slots {
				for sb := range subbands {
					require.InDelta(t, want[i][sb], out[i][sb], 2e-5, "shape %d, %d lines: slot %d, subband %d", g, n, i, sb)
				}
			}
		}
	}
}

// directHybrid is 11172-3, 2.4.3.4.10.1 to .4.
func directHybrid(xr []float32, s shape, overlap *[lines]float64) (out [slots][subbands]float64) {
	x := make([]float32, lines)
	copy(x, xr)
	boundaries := 31
	if s.blockType == blockShort {
		boundaries = max(s.long/18-1, 0)
	}
	for sb := 1; sb <= boundaries; sb++ {
		for i, c := range []float64{-0.6, -0.535, -0.33, -0.185, -0.095, -0.041, -0.0142, -0.0037} {
			cs, ca := 1/math.Sqrt(1+c*c), c/math.Sqrt(1+c*c)
			a, b := float64(x[18*sb-1-i]), float64(x[18*sb+i])
			x[18*sb-1-i], x[18*sb+i] = float32(a*cs-b*ca), float32(b*cs+a*ca)
		}
	}
	for sb := range subbands {
		kind := s.blockType
		if s.mixed && 18*sb < max(s.long*(int(kind)&2)/2, 36) {
			kind = 0
		}
		y := directBlock(x[18*sb:18*sb+18], kind)
		for i := range slots {
			v := y[i] + overlap[18*sb+i]
			overlap[18*sb+i] = y[18+i]
			if sb&1 == 1 && i&1 == 1 { // frequency inversion
				v = -v
			}
			out[i][sb] = v
		}
	}
	return out
}

// TestSynthesisIsTheFlowOfTheStandard: figure A.2 of 11172-3, as it is drawn.
func TestSynthesisIsTheFlowOfTheStandard(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 2))
	tab := loadTables()
	var s synthesis
	var v [1024]float64
	for range 3 {
		var in [slots][subbands]float32
		var want []float64
		for i := range in {
			copy(in[i][:], randomLines(rnd, subbands))
			want = append(want, directSynthesis(&v, in[i][:])...)
		}
		var pcm [lines]float32
		s.blocks(&tab.window, &in, &pcm)
		for i := range want {
			require.InDelta(t, want[i], pcm[i], 1e-5, "sample %d", i)
		}
	}
}

func directSynthesis(v *[1024]float64, s []float32) []float64 {
	copy(v[64:], v[:960])
	for i := range 64 {
		v[i] = 0
		for k := range subbands {
			v[i] += math.Cos(float64((16+i)*(2*k+1))*math.Pi/64) * float64(s[k])
		}
	}
	out := make([]float64, 32)
	for j := range out {
		for i := range 8 {
			out[j] += v[i*128+j]*float64(synthesisWindow(i*64+j)) + v[i*128+96+j]*float64(synthesisWindow(i*64+32+j))
		}
	}
	return out
}

// TestSynthesisWindow: without the signs that figure A.2 needs the window is
// symmetric, has its peak in the middle, and its polyphase parts add up as a
// filter bank's must that reconstructs.
func TestSynthesisWindow(t *testing.T) {
	h := func(i int) float64 {
		v := float64(synthesisWindow(i))
		if i/64&1 == 1 {
			v = -v
		}
		return v
	}
	for i := 1; i < 512; i++ {
		assert.Equal(t, h(i), h(512-i), "%d", i)
		assert.LessOrEqual(t, h(i), h(256))
	}
	assert.InDelta(t, 1.144989014, h(256), 1e-9)
	for p := range 32 { // power complementary, to the ripple the standard allows
		sum := 0.0
		for i := p; i < 512; i += 32 {
			sum += h(i) * h(i)
		}
		assert.InDelta(t, 2, sum, 0.01, "phase %d", p)
	}
}

func TestDCT9IsItsFormula(t *testing.T) {
	y := randomLines(rand.New(rand.NewPCG(3, 3)), 9)
	var c [9]float32
	c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8] = dct9(y[0], y[1], y[2], y[3], y[4], y[5], y[6], y[7], y[8])
	for j := range c {
		want := 0.0
		for m, v := range y {
			want += float64(v) * math.Cos(math.Pi/18*float64(m*(2*j+1)))
		}
		assert.InDelta(t, want, c[j], 2e-6, "%d", j)
	}
}

func TestRequantizeIsTheFormulaOfTheStandard(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for _, kind := range []granuleInfo{{}, {switched: true, blockType: 2}, {switched: true, blockType: 2, mixed: true}} {
		for range 20 {
			g := kind
			g.gain, g.coarse, g.subblockGain = 150+rnd.IntN(80), rnd.IntN(2) == 1, [3]uint8{1, 0, 7}
			l := newLayout(bandsOf(44100), header{version: version1}, &g)
			s := scalefactors{preflag: rnd.IntN(2) == 1}
			for b := range s.value {
				s.value[b] = uint8(rnd.IntN(16))
			}
			var xr [lines]float32
			copy(xr[:], randomLines(rnd, lines))
			before := xr
			requantize(&xr, lines, &g, &s, l)
			i := 0
			for b := range l.count() {
				multiplier := 0.5
				if g.coarse {
					multiplier = 1
				}
				exponent := float64(g.gain-210) / 4
				if b < l.nLong {
					pre := 0.0
					if s.preflag {
						pre = float64(pretab[b])
					}
					exponent -= multiplier * (float64(s.value[b]) + pre)
				} else {
					exponent -= 2*float64(g.subblockGain[l.window(b)]) + multiplier*float64(s.value[b])
				}
				for range l.width(b) {
					want := float64(before[i]) * math.Exp2(exponent)
					require.InEpsilon(t, want, xr[i], 3e-7, "band %d", b)
					i++
				}
			}
			require.Equal(t, lines, i)
		}
	}
}

func TestPowersOfFourThirds(t *testing.T) {
	tab := loadTables()
	for v := range 8207 { // 15 and linbits of 13
		got := power(v)
		if v < powTable {
			require.Equal(t, got, tab.power[v])
		}
		require.InDelta(t, math.Pow(float64(v), 4.0/3), got, 1e-7*(1+float64(got)), "%d", v)
	}
}

func TestBandsCoverAllLines(t *testing.T) {
	for _, rate := range []int{44100, 48000, 32000, 22050, 24000, 16000, 11025, 12000, 8000} {
		w := bandsOf(rate)
		version := byte(version1)
		if rate < 32000 {
			version = version2
		}
		for _, g := range []granuleInfo{{}, {blockType: 2}, {blockType: 2, mixed: true}} {
			l := newLayout(w, header{version: version}, &g)
			sum := 0
			for b := range l.count() {
				if b >= l.nLong {
					require.GreaterOrEqual(t, sum, l.longLines())
				}
				sum += l.width(b)
			}
			assert.Equal(t, lines, sum, "%d Hz, block type %d, mixed %v", rate, g.blockType, g.mixed)
			assert.Zero(t, l.longLines()%slots)
		}
	}
}

func TestReorderGoesByFrequency(t *testing.T) {
	l := newLayout(bandsOf(44100), header{version: version1}, &granuleInfo{blockType: blockShort})
	var xr [lines]float32
	for i := range xr {
		xr[i] = float32(i)
	}
	n := reorder(&xr, 13, l)
	assert.Equal(t, 24, n, "the second band has a line that is not zero")
	assert.Equal(t, []float32{0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11, 12, 16, 20, 13}, xr[:16])
	assert.Equal(t, float32(24), xr[24], "bands without sound are left alone")
}
