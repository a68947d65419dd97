package outputtest

import "math"

// Discontinuities returns the frames at which a captured Tone jumps. samples
// is one channel of it at rate, full scale +-1, beginning and ending anywhere;
// digital silence before and after is not counted, a hole inside is.
//
// A sine obeys x[n+1] = 2 cos(w) x[n] - x[n-1] whatever its level and phase,
// so any jump, hole or repeated period breaks that at its edges. tolerance is
// how far off x may be: three steps of 16 bits cover dither and rounding.
func Discontinuities(samples []float32, rate int) []int {
	const tolerance = 8.0 / 32768
	k := 2 * math.Cos(2*math.Pi*1000/float64(rate))
	first, last := span(samples)
	var jumps []int
	for n := first + 2; n < last; n++ {
		want := k*float64(samples[n-1]) - float64(samples[n-2])
		if math.Abs(float64(samples[n])-want) > tolerance {
			jumps = append(jumps, n)
		}
	}
	return jumps
}

// span is the range of samples that is not digital silence at the ends.
func span(samples []float32) (first, last int) {
	for first < len(samples) && samples[first] == 0 {
		first++
	}
	last = len(samples)
	for last > first && samples[last-1] == 0 {
		last--
	}
	return first, last
}
