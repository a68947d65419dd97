package mp3

import "math"

// Cosines of multiples of 10 degrees.
const (
	cos10 = 0.98480775301220805936
	cos20 = 0.93969262078590838405
	cos30 = 0.86602540378443864676
	cos40 = 0.76604444311897803520
	cos50 = 0.64278760968653932632
	cos70 = 0.34202014332566873304
	cos80 = 0.17364817766693034885
)

// secants are 1/(2 cos(pi/36 (2j+1))) and, of the short transform,
// 1/(2 cos(pi/12 (2j+1))).
var secants36, secants12 = func() (a [9]float32, b [3]float32) {
	for j := range a {
		a[j] = float32(1 / (2 * math.Cos(math.Pi/36*float64(2*j+1))))
	}
	for j := range b {
		b[j] = float32(1 / (2 * math.Cos(math.Pi/12*float64(2*j+1))))
	}
	return a, b
}()

// imdct36 is the inverse transform of 18 lines, windowed by w, its first half
// added to the overlap and given out as subband sb, its second half kept:
// 11172-3, 2.4.3.4.10.2 and .3. x is destroyed.
//
// The samples are those of a DCT-IV of 18, folded (see fold). It becomes a DCT-III
// through 2 cos(a) cos((2k+1)a) = cos(2ka) + cos((2k+2)a): sums of neighbouring
// lines go in, a secant for each output is left, and is in w. The even lines of
// that DCT-III are one of 9; the odd ones are a DCT-IV of 9, which becomes a
// DCT-III of 9 in the same way.
func imdct36(x *[18]float32, w *[36]float32, o *[slots]float32, out *[slots][subbands]float32, sb int) {
	for k := 17; k > 0; k-- {
		x[k] += x[k-1]
	}
	for k := 17; k > 1; k -= 2 {
		x[k] += x[k-2]
	}
	var a, b [9]float32
	a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8] = dct9(x[0], x[2], x[4], x[6], x[8], x[10], x[12], x[14], x[16])
	b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8] = dct9(x[1], x[3], x[5], x[7], x[9], x[11], x[13], x[15], x[17])
	sb &= subbands - 1
	for j := range 9 {
		odd := b[j] * secants36[j]
		low, high := a[j]+odd, a[j]-odd // elements j and 17-j
		out[8-j][sb] = o[8-j] + high*w[8-j]
		out[9+j][sb] = o[9+j] + high*w[9+j]
		o[8-j] = low * w[26-j]
		o[9+j] = low * w[27+j]
	}
}

// dct9 is the DCT-III of 9: c[j] = sum of y[m] cos(pi/18 m (2j+1)).
func dct9(y0, y1, y2, y3, y4, y5, y6, y7, y8 float32) (c0, c1, c2, c3, c4, c5, c6, c7, c8 float32) {
	// Of even m. e0, e2 and e3 sum to nothing, as cos20 = cos40 + cos80.
	e0 := y2*cos20 + y4*cos40 + y8*cos80
	e2 := y2*cos80 + y4*cos20 - y8*cos40
	e3 := e0 - e2
	half := y0 + y6*0.5
	third := y2 - y4 - y8
	// Of odd m. o0 = o2 + o3, as cos10 = cos50 + cos70.
	middle := y3 * cos30
	o2 := y1*cos50 - y5*cos70 + y7*cos10
	o3 := y1*cos70 + y5*cos10 - y7*cos50
	o0 := o2 + o3
	o1 := (y1 - y5 - y7) * cos30

	s0, s1, s2, s3 := half+e0, y0-y6+third*0.5, half-e2, half-e3
	o0 += middle
	o2 -= middle
	o3 -= middle
	return s0 + o0, s1 + o1, s2 + o2, s3 + o3, y0 - y6 - third, s3 - o3, s2 - o2, s1 - o1, s0 - o0
}

// imdct12x3 is imdct36 of three short blocks, whose lines alternate: each of 6
// lines, 12 samples, windowed by w, 6 samples apart.
func imdct12x3(x *[18]float32, odd int, w *[12]float32, o *[slots]float32, out *[slots][subbands]float32, sb int) {
	var y [36]float32
	for win := range 3 {
		d := dct6(x[win], x[win+3], x[win+6], x[win+9], x[win+12], x[win+15])
		at := (*[12]float32)(y[6+6*win:])
		for i := range 3 {
			at[i] += d[3+i] * w[i]
			at[3+i] -= d[5-i] * w[3+i]
			at[6+i] -= d[2-i] * w[6+i]
			at[9+i] -= d[i] * w[9+i]
		}
	}
	if odd == 1 { // frequency inversion
		for i := 1; i < 36; i += 2 {
			y[i] = -y[i]
		}
	}
	sb &= subbands - 1
	for i := range slots {
		out[i][sb] = o[i] + y[i]
		o[i] = y[18+i]
	}
}

// rotation12 is 1/(2 cos(pi/24 (2j+1))).
var rotation12 = func() (t [6]float32) {
	for j := range t {
		t[j] = float32(1 / (2 * math.Cos(math.Pi/24*float64(2*j+1))))
	}
	return t
}()

// dct6 is the DCT-IV of 6, by the way that imdct36 goes.
func dct6(x0, x1, x2, x3, x4, x5 float32) (d [6]float32) {
	x5, x4, x3, x2, x1 = x5+x4, x4+x3, x3+x2, x2+x1, x1+x0
	x5, x3 = x5+x3, x3+x1
	a0, a1, a2 := dct3(x0, x2, x4)
	b0, b1, b2 := dct3(x1, x3, x5)
	b0, b1, b2 = b0*secants12[0], b1*secants12[1], b2*secants12[2]
	d[0], d[5] = (a0+b0)*rotation12[0], (a0-b0)*rotation12[5]
	d[1], d[4] = (a1+b1)*rotation12[1], (a1-b1)*rotation12[4]
	d[2], d[3] = (a2+b2)*rotation12[2], (a2-b2)*rotation12[3]
	return d
}

// dct3 is the DCT-III of 3.
func dct3(y0, y1, y2 float32) (c0, c1, c2 float32) {
	half, side := y0+y2*0.5, y1*cos30
	return half + side, y0 - y2, half - side
}
