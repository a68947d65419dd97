package mp3

import "math"

// newIntensity is the weight of the left and the right channel by intensity
// position in MPEG-1: 11172-3, 2.4.3.4.9.3.
func newIntensity() (t [7][2]float32) {
	for p := range 6 {
		ratio := math.Tan(float64(p) * math.Pi / 12)
		t[p] = [2]float32{float32(ratio / (1 + ratio)), float32(1 / (1 + ratio))}
	}
	t[6] = [2]float32{1, 0} // the ratio is infinite
	return t
}

// intensity2 is the same in MPEG-2: 13818-3, 2.4.3.2. fine is intensity_scale 0,
// steps of 1.5 dB, not of 3.
func intensity2(position int, fine bool) (left, right float32) {
	quarters := -2
	if fine {
		quarters = -1
	}
	if position&1 == 1 {
		return gain(quarters * (position + 1) / 2), 1
	}
	return 1, gain(quarters * position / 2)
}

// midSide turns middle and side into left and right: 11172-3, 2.4.3.4.9.2.
func midSide(l, r []float32) {
	const half = math.Sqrt2 / 2
	r = r[:len(l)]
	for i, m := range l {
		s := r[i]
		l[i], r[i] = (m+s)*half, (m-s)*half
	}
}

// joint carries out what the mode extension of h says on both channels of a
// granule, n[c] lines of which may be not zero, and changes n.
func (t *tables) joint(h header, x *[2][lines]float32, n *[2]int, right *granuleInfo, s *scalefactors, l layout) {
	if h.mode != modeJoint || h.joint == 0 {
		return
	}
	top := max(n[0], n[1])
	if h.joint&jointIntensity == 0 {
		midSide(x[0][:top], x[1][:top])
		*n = [2]int{top, top}
		return
	}
	t.bands(h, x, top, right, s, l)
	*n = [2]int{top, top}
}

// bands applies intensity stereo to the bands that have it and, when it is on,
// middle/side to the others.
func (t *tables) bands(h header, x *[2][lines]float32, top int, right *granuleInfo, s *scalefactors, l layout) {
	above := intensityBands(&x[1], l)
	from := 0
	for b := 0; from < top; b++ {
		to := from + l.width(b)
		lx, rx := x[0][from:to], x[1][from:to]
		position := positionOf(h, s, l, b, &above)
		switch {
		case above[b] && position != illegal:
			kl, kr := t.weights(h, int(position), right)
			for i, v := range lx {
				lx[i], rx[i] = v*kl, v*kr
			}
		case h.joint&jointMidSide != 0:
			midSide(lx, rx)
		}
		from = to
	}
}

// intensityBands are the bands above the last line of the right channel that is
// not zero, of short blocks for each window alone: 11172-3, 2.4.3.4.9.1. Where
// one of the windows sounds, the long bands of a mixed block have none.
func intensityBands(right *[lines]float32, l layout) (above [maxBands]bool) {
	var sounds [3]bool // in this window, this band or above
	to := lines
	for b := l.count() - 1; b >= 0; b-- {
		w := l.window(b)
		if b == l.nLong-1 {
			sounds[0] = sounds[0] || sounds[1] || sounds[2]
		}
		from := to - l.width(b)
		sounds[w] = sounds[w] || !silent(right[from:to])
		above[b] = !sounds[w]
		to = from
	}
	return above
}

// positionOf band b. The highest ones, which have no scalefactor, take the
// position of the band below. When that has none, as the right channel sounds
// there, they are in the middle: so the reference decodes what the conformance
// streams of MPEG-2 hold.
func positionOf(h header, s *scalefactors, l layout, b int, above *[maxBands]bool) uint8 {
	below := 3
	if l.nLong == longBands {
		below = 1
	}
	if b < l.count()-below {
		return s.position[b]
	}
	switch {
	case above[b-below]:
		return s.position[b-below]
	case h.version == version1:
		return 3
	}
	return 0
}

func (t *tables) weights(h header, position int, right *granuleInfo) (l, r float32) {
	if h.version == version1 {
		w := &t.intensity[min(position, 6)] // above 6 nothing is defined
		return w[0], w[1]
	}
	return intensity2(position, right.scalefac&1 == 0)
}

func silent(x []float32) bool {
	for _, v := range x {
		if v != 0 {
			return false
		}
	}
	return true
}
