package mp3

import "math"

const (
	subbands = 32
	slots    = 18 // lines of each subband, and PCM blocks of a granule
)

// aliasing holds cs and ca of the eight butterflies between two subbands:
// 11172-3, 2.4.3.4.10.1 and table B.9.
var aliasing = func() (t [8][2]float32) {
	for i, c := range [8]float64{-0.6, -0.535, -0.33, -0.185, -0.095, -0.041, -0.0142, -0.0037} {
		root := math.Sqrt(1 + c*c)
		t[i] = [2]float32{float32(1 / root), float32(c / root)}
	}
	return t
}()

// reduceAliases undoes the overlap of the encoder's filters at the first n
// boundaries between subbands.
func reduceAliases(xr *[lines]float32, n int) {
	for sb := 1; sb <= min(n, subbands-1); sb++ {
		x := (*[16]float32)(xr[slots*sb-8:])
		for i := range aliasing {
			a, b, cs, ca := x[7-i], x[8+i], aliasing[i][0], aliasing[i][1]
			x[7-i], x[8+i] = a*cs-b*ca, b*cs+a*ca
		}
	}
}

// hybridWindows are the four windows of 11172-3, 2.4.3.4.10.3, for even and odd
// subbands. Those of long transforms hold what imdct36 leaves out too: signs and
// the last rotation. In those of odd subbands every other sample is inverted,
// the overlap's as well, which is the frequency inversion of 2.4.3.4.10.4.
type hybridWindows [2][4][36]float32

func newHybridWindows() (w hybridWindows) {
	for kind := range 4 {
		for i := range 36 {
			v := blockWindow(kind, i)
			if kind != blockShort {
				v *= rotation36(i)
			}
			w[0][kind][i] = float32(v)
			if i&1 == 1 {
				v = -v
			}
			w[1][kind][i] = float32(v)
		}
	}
	return w
}

// blockWindow is sample i of the window of a block type; the short one has 12.
func blockWindow(kind, i int) float64 {
	long := math.Sin(math.Pi / 36 * (float64(i) + 0.5))
	short := func(i int) float64 { return math.Sin(math.Pi / 12 * (float64(i) + 0.5)) }
	switch {
	case kind == 0, kind == blockStart && i < 18, kind == blockStop && i >= 18:
		return long
	case kind == blockShort && i < 12:
		return short(i)
	case kind == blockStart && i < 24, kind == blockStop && i >= 12:
		return 1
	case kind == blockStart && i < 30:
		return short(i - 18)
	case kind == blockStop && i >= 6:
		return short(i - 6)
	}
	return 0
}

// rotation36 is by what sample i of the inverse transform differs from the
// element of the DCT that imdct36 computes: half a secant and a sign.
func rotation36(i int) float64 {
	j, sign := fold(i, 18)
	return sign / (2 * math.Cos(math.Pi/72*float64(2*j+1)))
}

// fold tells which output j of a DCT-IV of n, and with which sign, is sample i
// of the inverse MDCT of n lines.
func fold(i, n int) (j int, sign float64) {
	switch {
	case i < n/2:
		return n/2 + i, 1
	case i < n/2+n:
		return n/2 + n - 1 - i, -1
	}
	return i - n/2 - n, -1
}

// hybrid is the memory of one channel between its granules.
type hybrid struct {
	overlap [subbands][slots]float32
	active  int // subbands of overlap that may be not zero
}

// synthesize turns xr, of which the first n lines may be not zero, into the
// samples of 32 subbands: 11172-3, 2.4.3.4.10. It destroys xr.
func (y *hybrid) synthesize(t *tables, xr *[lines]float32, n int, s shape, out *[slots][subbands]float32) {
	active := (n + slots - 1) / slots
	if boundaries := min(active, s.long/slots-1); boundaries > 0 {
		reduceAliases(xr, boundaries)
		active = max(active, boundaries+1)
	}
	for sb := range active {
		x, o := (*[slots]float32)(xr[slots*sb:]), &y.overlap[sb]
		switch kind := s.at(sb); kind {
		case blockShort:
			imdct12x3(x, sb&1, (*[12]float32)(t.windows[0][blockShort][:]), o, out, sb)
		default:
			imdct36(x, &t.windows[sb&1][kind&3], o, out, sb)
		}
	}
	for sb := active; sb < subbands; sb++ {
		for i := range out {
			out[i][sb] = y.overlap[sb][i]
		}
		if sb < y.active {
			clear(y.overlap[sb][:])
		}
	}
	y.active = active
}
