package speaker

import "math"

// tone is n frames of a sine of amplitude 1.
func tone(n int, hz, rate float64) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(math.Sin(2 * math.Pi * hz * float64(i) / rate))
	}
	return x
}

// fit finds the sine of hz in y by least squares and returns its amplitude and
// the RMS of what is left of y without it.
func fit(y []float32, hz, rate float64) (amplitude, rest float64) {
	var ss, cc, sc, ys, yc float64
	w := 2 * math.Pi * hz / rate
	for i, v := range y {
		s, c := math.Sincos(w * float64(i))
		ss, cc, sc = ss+s*s, cc+c*c, sc+s*c
		ys, yc = ys+float64(v)*s, yc+float64(v)*c
	}
	det := ss*cc - sc*sc
	a, b := (ys*cc-yc*sc)/det, (yc*ss-ys*sc)/det
	sum := 0.0
	for i, v := range y {
		s, c := math.Sincos(w * float64(i))
		d := float64(v) - a*s - b*c
		sum += d * d
	}
	return math.Hypot(a, b), math.Sqrt(sum / float64(len(y)))
}

// decibels of an amplitude.
func decibels(a float64) float64 { return 20 * math.Log10(max(a, 1e-12)) }

func rmsOf(x []float32) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum / float64(max(len(x), 1)))
}

// steepest is the largest step from one sample to the next.
func steepest(x []float32) (step float64) {
	for i := 1; i < len(x); i++ {
		step = max(step, math.Abs(float64(x[i]-x[i-1])))
	}
	return step
}
