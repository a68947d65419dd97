package loudness

import "math"

// biquad is a second-order section; a[0] is 1 and left out.
type biquad struct {
	b [3]float64
	a [2]float64
}

// The analogue prototypes behind the two filters that BS.1770-4 (annex 1,
// tables 1 and 2) prints for 48 kHz: a high shelf for the head, a high pass
// after the B curve. Brought to 48 kHz by the bilinear transform they give the
// printed coefficients, which TestCoefficientsAreThePublishedOnes checks.
const (
	shelfHz   = 1681.974450955533
	shelfQ    = 0.7071752369554196
	shelfGain = 3.999843853973347  // dB far above shelfHz
	shelfMid  = 0.4996667741545416 // exponent of the gain in the middle
	passHz    = 38.13547087602444
	passQ     = 0.5003270373238773

	tableRate = 48000 // Hz, of the printed coefficients
	// exactHz is where the response at every rate is that at 48 kHz: the tone
	// that BS.1770-4 defines the unit by. The transform bends frequencies; were
	// it exact at shelfHz, 1 kHz at 8 kHz would read 0.2 LU low.
	exactHz = 997.0
)

// warp is the constant of the bilinear transform for a corner at hz: at 48 kHz
// tan(pi hz / rate), at other rates so that exactHz falls where it does there.
func warp(hz, rate float64) float64 {
	return math.Tan(math.Pi*hz/tableRate) * math.Tan(math.Pi*exactHz/rate) / math.Tan(math.Pi*exactHz/tableRate)
}

// shelf is the first stage of the K-weighting at rate Hz.
func shelf(rate float64) biquad {
	k := warp(shelfHz, rate)
	high := math.Pow(10, shelfGain/20)
	mid := math.Pow(high, shelfMid)
	a0 := 1 + k/shelfQ + k*k
	return biquad{
		b: [3]float64{(high + mid*k/shelfQ + k*k) / a0, 2 * (k*k - high) / a0, (high - mid*k/shelfQ + k*k) / a0},
		a: [2]float64{2 * (k*k - 1) / a0, (1 - k/shelfQ + k*k) / a0},
	}
}

// highPass is the second stage. The table's numerator is 1 -2 1, not divided by
// a0 as the transform would have it, so its pass band lies 0.04 dB above 0. The
// same 0.04 dB is given to every rate: the measure must not depend on it.
func highPass(rate float64) biquad {
	_, table := passA0(tableRate)
	k, a0 := passA0(rate)
	g := table / a0
	return biquad{
		b: [3]float64{g, -2 * g, g},
		a: [2]float64{2 * (k*k - 1) / a0, (1 - k/passQ + k*k) / a0},
	}
}

func passA0(rate float64) (k, a0 float64) {
	k = math.Tan(math.Pi * passHz / rate)
	return k, 1 + k/passQ + k*k
}

// weighting is the K-weighting of one channel, in transposed direct form II.
type weighting struct {
	shelf, pass biquad
	s, p        [2]float64
}

func newWeighting(rate int) weighting {
	return weighting{shelf: shelf(float64(rate)), pass: highPass(float64(rate))}
}

// energy filters x and returns the sum of the squares of what comes out.
func (w *weighting) energy(x []float32) (sum float64) {
	sb, sa, pb, pa := w.shelf.b, w.shelf.a, w.pass.b, w.pass.a
	s0, s1, p0, p1 := w.s[0], w.s[1], w.p[0], w.p[1]
	for _, v := range x {
		in := float64(v)
		mid := sb[0]*in + s0
		s0 = sb[1]*in - sa[0]*mid + s1
		s1 = sb[2]*in - sa[1]*mid
		out := pb[0]*mid + p0
		p0 = pb[1]*mid - pa[0]*out + p1
		p1 = pb[2]*mid - pa[1]*out
		sum += out * out
	}
	w.s, w.p = [2]float64{settled(s0), settled(s1)}, [2]float64{settled(p0), settled(p1)}
	return sum
}

// settled is a filter's state, 0 once it is too small to count: a decay into
// denormal numbers would make silence the slowest sound of all.
func settled(s float64) float64 {
	if math.Abs(s) < 1e-30 {
		return 0
	}
	return s
}
