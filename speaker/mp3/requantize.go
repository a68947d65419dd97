package mp3

import "math"

// pretab is added to the scalefactors of long blocks with preflag: 11172-3,
// table B.6.
var pretab = [longBands]uint8{11: 1, 1, 1, 1, 2, 2, 3, 3, 3, 2, 0}

// quarterPowers are 2^(i/4).
var quarterPowers = [4]float32{1, 1.189207115002721, math.Sqrt2, 1.681792830507429}

// gain is 2^(quarters/4), for quarters above -500 and below 500.
func gain(quarters int) float32 {
	const bias, mantissa = 127, 23 // of a float32
	return quarterPowers[quarters&3] * math.Float32frombits(uint32(bias+quarters>>2)<<mantissa)
}

// requantize multiplies the n lines of xr, which are powers of 4/3 already, by
// the gain of their band: 11172-3, 2.4.3.4.7.1.
func requantize(xr *[lines]float32, n int, g *granuleInfo, s *scalefactors, l layout) {
	const unity = 210 // global_gain that stands for 1
	step := 2         // a scalefactor lowers by 2^(1/2)
	if g.coarse {
		step = 4 // or by 2
	}
	from := 0
	for b := 0; from < n; b++ {
		factor := int(s.value[b])
		quarters := g.gain - unity
		if b >= l.nLong {
			quarters -= 8 * int(g.subblockGain[l.window(b)])
		} else if s.preflag {
			factor += int(pretab[b])
		}
		to := from + l.width(b)
		scale(xr[from:min(to, n)], gain(quarters-step*factor))
		from = to
	}
}

func scale(x []float32, by float32) {
	for i := range x {
		x[i] *= by
	}
}

// reorder brings the lines of short blocks, which come window by window in each
// band, into the order of their frequencies: 11172-3, 2.4.3.4.8. It returns up to
// where lines may now be not zero.
func reorder(xr *[lines]float32, n int, l layout) int {
	var old [3 * 192]float32
	from := l.longLines()
	for sfb := l.firstShort; sfb < shortBands && from < n; sfb++ {
		w := int(l.widths.short[sfb])
		band := xr[from : from+3*w]
		copy(old[:], band)
		a, b, c := old[:w], old[w:2*w], old[2*w:3*w]
		for i := range a {
			band[3*i], band[3*i+1], band[3*i+2] = a[i], b[i], c[i]
		}
		from += 3 * w
	}
	return max(from, n)
}
