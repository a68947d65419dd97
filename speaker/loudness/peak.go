package loudness

import "math"

const (
	// oversampling is how many points are looked at for each sample. BS.1770-4
	// (annex 2) asks for 4 at 48 kHz; between 8 a sine at 0.4 of the rate hides
	// 0.1 dB at most, where 4 leave 0.44.
	oversampling = 8
	// peakTaps is the length of the interpolating filter in samples. Sound up
	// to 0.45 of the rate passes it within 0.03 dB.
	peakTaps = 32
	// peakBeta shapes its Kaiser window (55 dB).
	peakBeta = 5.2
)

// interpolator holds the filters of the points between two samples.
type interpolator struct {
	rows [oversampling - 1][peakTaps]float32
	// most is the largest factor by which a point between samples may exceed
	// the samples around it: the sum of the absolute coefficients.
	most float32
}

// between is computed once: it depends on nothing.
var between = newInterpolator()

func newInterpolator() *interpolator {
	in := &interpolator{}
	for p := range in.rows {
		at := float64(p+1) / oversampling
		var row [peakTaps]float64
		sum := 0.0
		for k := range row {
			t := float64(k-peakTaps/2+1) - at
			row[k] = math.Sin(math.Pi*t) / (math.Pi * t) * kaiser(2*t/peakTaps)
			sum += row[k]
		}
		size := 0.0
		for k, v := range row {
			in.rows[p][k] = float32(v / sum)
			size += math.Abs(v / sum)
		}
		in.most = max(in.most, float32(size*1.0001))
	}
	return in
}

// kaiser is the Kaiser window at t in [-1, 1].
func kaiser(t float64) float64 {
	if t < -1 || t > 1 {
		return 0
	}
	return bessel(peakBeta*math.Sqrt(1-t*t)) / bessel(peakBeta)
}

// bessel is the modified Bessel function of the first kind, order 0.
func bessel(x float64) float64 {
	sum, term, q := 1.0, 1.0, x*x/4
	for k := 1.0; term > sum*1e-17; k++ {
		term *= q / (k * k)
		sum += term
	}
	return sum
}

// peak is the highest magnitude of the points between the two samples in the
// middle of x, which holds peakTaps of them.
func (in *interpolator) peak(x []float32) (peak float32) {
	x = x[:peakTaps]
	for p := range in.rows {
		h := &in.rows[p]
		var a, b, c, d float32
		for k := 0; k < peakTaps; k += 4 {
			a += h[k] * x[k]
			b += h[k+1] * x[k+1]
			c += h[k+2] * x[k+2]
			d += h[k+3] * x[k+3]
		}
		y := (a + b) + (c + d)
		peak = max(peak, y, -y)
	}
	return peak
}

// peaks are the highest values so far.
type peaks struct {
	sample, between float32
}

// look takes in x, whose first peakTaps-1 samples were there before. hot is for
// how many more samples the filter sees one that may lift the peak; that of the
// call before goes in, that for the next comes out. Where all samples in its
// reach are lower than the highest peak by interpolator.most, oversampling
// cannot find a higher one and is left out, so most sound costs a comparison.
func (p *peaks) look(x []float32, hot int) int {
	high := max(p.sample, p.between)
	bound := high / between.most
	for i := peakTaps - 1; i < len(x); i++ {
		v := x[i]
		if v < 0 {
			v = -v
		}
		if v > bound {
			hot = peakTaps
			p.sample = max(p.sample, v)
		}
		if hot == 0 {
			continue
		}
		hot--
		p.between = max(p.between, between.peak(x[i-peakTaps+1:i+1]))
		high = max(p.sample, p.between)
		bound = high / between.most
	}
	return hot
}
