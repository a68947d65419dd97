package mp3

import "math"

// history is how many blocks before the present one a sample is made of.
const history = 15

// windowRows is the synthesis window as windowed needs it: row j holds the
// coefficients of the samples j and 32-j of a block, eight for each of the four
// sums; row 0 and row 16 use the first half.
type windowRows [17][32]float32

// newWindowRows: D[i] and the signs with which the matrixing of 11172-3,
// 2.4.3.4.11 (figure A.2), V[i] = sum of cos((16+i)(2k+1)pi/64) S[k], repeats the
// elements 0 to 31 of the DCT.
func newWindowRows() (w windowRows) {
	for j := range w {
		for i := range 8 {
			w[j][i] = synthesisWindow(j + 64*i)
			w[j][8+i] = -synthesisWindow(j + 64*i + 32)
			if j > 0 {
				w[j][16+i] = -synthesisWindow(32 - j + 64*i)
				w[j][24+i] = -synthesisWindow(64 - j + 64*i)
			}
		}
	}
	return w
}

// synthesis is the polyphase filter bank of one channel: 11172-3, 2.4.3.4.11.
type synthesis struct {
	// row holds element n of the DCT of each block, the oldest first.
	row [subbands][history + slots]float32
}

// blocks turns 18 samples of 32 subbands each into as many blocks of PCM.
func (s *synthesis) blocks(w *windowRows, in *[slots][subbands]float32, pcm *[lines]float32) {
	for t := range in {
		x := &in[t]
		dct32(x)
		for n := range x {
			s.row[n][history+t] = x[n]
		}
	}
	s.edges(w, pcm)
	for j := 1; j < 16; j++ {
		windowed(&s.row[16+j], &s.row[16-j], &w[j], pcm, j)
	}
	for n := range s.row {
		r := &s.row[n]
		copy(r[:history], r[slots:])
	}
}

// windowed makes the samples j and 32-j of each block. Both are made of the
// elements 16+j of the present and every other block before it, and 16-j of
// those between.
func windowed(even, odd *[history + slots]float32, w *[32]float32, pcm *[lines]float32, j int) {
	lo, hi := pcm[j&31:], pcm[(32-j)&31:]
	for t := range slots {
		e, o := (*[16]float32)(even[t:]), (*[16]float32)(odd[t:])
		a := e[15]*w[0] + e[13]*w[1] + e[11]*w[2] + e[9]*w[3] + e[7]*w[4] + e[5]*w[5] + e[3]*w[6] + e[1]*w[7]
		b := o[14]*w[8] + o[12]*w[9] + o[10]*w[10] + o[8]*w[11] + o[6]*w[12] + o[4]*w[13] + o[2]*w[14] + o[0]*w[15]
		c := e[15]*w[16] + e[13]*w[17] + e[11]*w[18] + e[9]*w[19] + e[7]*w[20] + e[5]*w[21] + e[3]*w[22] + e[1]*w[23]
		d := o[14]*w[24] + o[12]*w[25] + o[10]*w[26] + o[8]*w[27] + o[6]*w[28] + o[4]*w[29] + o[2]*w[30] + o[0]*w[31]
		lo[subbands*t] = a + b
		hi[subbands*t] = c + d
	}
}

// edges makes the samples 0 and 16 of each block: in the first the elements are
// the same in all blocks, of the second the even ones are 0.
func (s *synthesis) edges(w *windowRows, pcm *[lines]float32) {
	for t := range slots {
		x, y := (*[16]float32)(s.row[16][t:]), (*[16]float32)(s.row[0][t:])
		var a, b, c float32
		for i := range 8 {
			a += x[15-2*i] * w[0][i]
			b += x[14-2*i] * w[0][8+i]
			c += y[14-2*i] * w[16][8+i]
		}
		pcm[subbands*t] = a + b
		pcm[subbands*t+16] = c
	}
}

// dctFactors are 1/(2 cos(pi/2n (2i+1))) for n of 32, 16, 8 and 4.
var dctFactors = func() (t struct {
	of32 [16]float32
	of16 [8]float32
	of8  [4]float32
	of4  [2]float32
}) {
	half := func(x []float32) {
		n := float64(4 * len(x))
		for i := range x {
			x[i] = float32(1 / (2 * math.Cos(math.Pi/n*float64(2*i+1))))
		}
	}
	half(t.of32[:])
	half(t.of16[:])
	half(t.of8[:])
	half(t.of4[:])
	return t
}()

// dct32 is the DCT-II: x[n] becomes the sum of x[k] cos(pi/64 n (2k+1)). The even
// elements are a DCT of half the length of the sums of samples from both ends;
// the odd ones are sums of two neighbours of such a DCT of their differences,
// each multiplied by half a secant.
func dct32(x *[32]float32) {
	var e, o [16]float32
	for i := range 16 {
		a, b := x[i], x[31-i]
		e[i], o[i] = a+b, (a-b)*dctFactors.of32[i]
	}
	dct16(&e)
	dct16(&o)
	for i := range 15 {
		x[2*i], x[2*i+1] = e[i], o[i]+o[i+1]
	}
	x[30], x[31] = e[15], o[15]
}

func dct16(x *[16]float32) {
	var e, o [8]float32
	for i := range 8 {
		a, b := x[i], x[15-i]
		e[i], o[i] = a+b, (a-b)*dctFactors.of16[i]
	}
	dct8(&e)
	dct8(&o)
	for i := range 7 {
		x[2*i], x[2*i+1] = e[i], o[i]+o[i+1]
	}
	x[14], x[15] = e[7], o[7]
}

func dct8(x *[8]float32) {
	f := &dctFactors.of8
	e0, e1, e2, e3 := dct4(x[0]+x[7], x[1]+x[6], x[2]+x[5], x[3]+x[4])
	o0, o1, o2, o3 := dct4((x[0]-x[7])*f[0], (x[1]-x[6])*f[1], (x[2]-x[5])*f[2], (x[3]-x[4])*f[3])
	x[0], x[2], x[4], x[6] = e0, e1, e2, e3
	x[1], x[3], x[5], x[7] = o0+o1, o1+o2, o2+o3, o3
}

func dct4(a, b, c, d float32) (x0, x1, x2, x3 float32) {
	f := &dctFactors.of4
	s0, s1 := a+d, b+c
	d0, d1 := (a-d)*f[0], (b-c)*f[1]
	const half = math.Sqrt2 / 2
	last := (d0 - d1) * half
	return s0 + s1, d0 + d1 + last, (s0 - s1) * half, last
}
