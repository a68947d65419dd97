package speaker

import "math"

const (
	// detectTaps is the length of the filter that finds peaks between samples.
	// Sound up to 0.44 of the rate passes it within 0.05 dB.
	detectTaps = 48
	detectHalf = detectTaps / 2
	detectBeta = 4.5
)

// detector finds the true peak between samples at four points for each of them
// (BS.1770-4, annex 2, asks for that many at 48 kHz), and where one of these is
// higher than both its neighbours, at the top of the parabola through the three:
// four points alone miss up to 0.5 dB of a tone near half the rate.
type detector struct {
	// Points at 1/4 and 3/4 are mirrors: they share the sums and differences of
	// the samples around the middle, as the point at 1/2 does with the sums.
	even, odd, half [detectHalf]float32
	// quiet is the magnitude, as bits, up to which no samples can make a point
	// in between, or the top of a parabola, exceed the ceiling.
	quiet uint32
	// near is how high a point must be for its parabola to be looked at, far up
	// to where three points of five are enough to see that no peak is near: a
	// peak lies within a quarter of a sample of one of them, which is then at
	// least cos(pi/4) of it.
	near, far float32
	before    []float32 // the point before the last sample, for each channel
}

// parabolaMost is the largest factor by which the top of a parabola exceeds the
// highest magnitude of its three points: with (-b, b, b) it is b + (2b)^2/(8*2b).
const parabolaMost = 1.25

func newDetector(ceiling float32, channels int) detector {
	d := detector{near: 0.9 * ceiling, far: 0.6 * ceiling, before: make([]float32, channels)}
	quarter, half := pointFilter(0.25), pointFilter(0.5)
	most := 1.0
	for _, h := range []*[detectTaps]float64{quarter, half} {
		size := 0.0
		for _, v := range h {
			size += math.Abs(v)
		}
		most = max(most, size)
	}
	for k := range detectHalf {
		// Sample detectHalf-1-k before the middle, detectHalf+k after it.
		a, b := quarter[detectHalf-1-k], quarter[detectHalf+k]
		d.even[k], d.odd[k] = float32((a+b)/2), float32((a-b)/2)
		d.half[k] = float32(half[detectHalf+k])
	}
	d.quiet = math.Float32bits(float32(float64(ceiling) / (most * parabolaMost)))
	return d
}

// pointFilter interpolates at part of the way from sample detectHalf-1 to the
// next.
func pointFilter(part float64) *[detectTaps]float64 {
	h, sum := new([detectTaps]float64), 0.0
	for k := range h {
		t := float64(k-detectHalf+1) - part
		x := t / detectHalf
		w := 0.0
		if x*x < 1 {
			w = bessel(detectBeta*math.Sqrt(1-x*x)) / bessel(detectBeta)
		}
		h[k] = sinc(t) * w
		sum += h[k]
	}
	for k := range h {
		h[k] /= sum
	}
	return h
}

// peak is the highest magnitude from sample detectHalf-1 of x on and before the
// next one. Calls for one channel go from sample to sample.
func (d *detector) peak(x *[detectTaps]float32, channel int) float32 {
	x0, x1, q2 := x[detectHalf-1], x[detectHalf], d.middle(x)
	high := max(abs(x0), abs(x1), abs(q2))
	if high < d.far {
		return high
	}
	q0 := d.before[channel]
	q1, q3 := d.quarters(x)
	d.before[channel] = q3
	high = max(high, abs(q1), abs(q3))
	if high < d.near {
		return high
	}
	return max(high, top(q0, x0, q1), top(x0, q1, q2), top(q1, q2, q3), top(q2, q3, x1))
}

// middle is the point halfway.
func (d *detector) middle(x *[detectTaps]float32) float32 {
	var a, b float32
	for k := 0; k < detectHalf-1; k += 2 {
		a += d.half[k] * (x[detectHalf-1-k] + x[detectHalf+k])
		b += d.half[k+1] * (x[detectHalf-2-k] + x[detectHalf+1+k])
	}
	return a + b
}

// quarters are the points at a quarter and at three.
func (d *detector) quarters(x *[detectTaps]float32) (q1, q3 float32) {
	var e, o float32
	for k := range detectHalf {
		a, b := x[detectHalf-1-k], x[detectHalf+k]
		e += d.even[k] * (a + b)
		o += d.odd[k] * (a - b)
	}
	return e + o, e - o
}

func abs(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }

// top is the magnitude at the vertex of the parabola through three points in
// equal distance, 0 when b is not the farthest from 0.
func top(a, b, c float32) float32 {
	if b < 0 {
		a, b, c = -a, -b, -c
	}
	if bend := 2*b - a - c; b >= a && b >= c && bend > 0 {
		return b + (c-a)*(c-a)/(8*bend)
	}
	return 0
}
