package listen

import (
	"math"
	"time"
)

// Mono mixes interleaved 16-bit samples into one channel of full scale +-1.
func Mono(samples []int16, channels int) []float64 {
	mono := make([]float64, len(samples)/channels)
	for i := range mono {
		sum := 0
		for _, v := range samples[i*channels : (i+1)*channels] {
			sum += int(v)
		}
		mono[i] = float64(sum) / float64(channels) / 32768
	}
	return mono
}

// Resample converts x from one sample rate to another, delayed by shift samples
// of the new rate (negative: earlier). It is a windowed sinc, exact enough for
// comparing and too slow for playing.
func Resample(x []float64, from, to int, shift float64) []float64 {
	const lobes = 24 // zero crossings to each side
	step := float64(from) / float64(to)
	cut := math.Min(1, 1/step) * 0.95 // of the old Nyquist frequency
	reach := lobes / cut
	kernel := newKernel(cut, reach)
	out := make([]float64, int(float64(len(x))/step))
	for i := range out {
		at := (float64(i) - shift) * step
		first, last := int(math.Ceil(at-reach)), int(math.Floor(at+reach))
		sum := 0.0
		for k := max(first, 0); k <= min(last, len(x)-1); k++ {
			sum += x[k] * kernel.at(math.Abs(at-float64(k)))
		}
		out[i] = sum
	}
	return out
}

// kernel is a low-pass's answer to an impulse, by the distance from its middle.
type kernel []float64

// kernelSteps is how many values a kernel has for each sample of distance.
const kernelSteps = 512

func newKernel(cut, reach float64) kernel {
	k := make(kernel, int(reach*kernelSteps)+2)
	for i := range k {
		d := min(float64(i)/kernelSteps, reach)
		k[i] = cut * sinc(cut*d) * (0.5 + 0.5*math.Cos(math.Pi*d/reach))
	}
	return k
}

func (k kernel) at(d float64) float64 {
	i := int(d * kernelSteps)
	if i+1 >= len(k) {
		return 0
	}
	part := d*kernelSteps - float64(i)
	return k[i] + part*(k[i+1]-k[i])
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// RMS is the effective value of x; a full-scale square wave has 1.
func RMS(x []float64) float64 {
	if len(x) == 0 {
		return 0
	}
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	return math.Sqrt(sum / float64(len(x)))
}

// DB is a ratio of amplitudes in decibels.
func DB(ratio float64) float64 { return 20 * math.Log10(ratio) }

// Stretch is a run of sound: samples From to To, To not included.
type Stretch struct{ From, To int }

// Stretches finds where x sounds: runs of samples louder than level, in which
// no pause is as long as gap.
func Stretches(x []float64, level float64, gap int) []Stretch {
	var found []Stretch
	for i, v := range x {
		if math.Abs(v) <= level {
			continue
		}
		if n := len(found); n > 0 && i-found[n-1].To < gap {
			found[n-1].To = i + 1
			continue
		}
		found = append(found, Stretch{i, i + 1})
	}
	return found
}

// Span is d in samples at rate.
func Span(d time.Duration, rate int) int { return int(d * time.Duration(rate) / time.Second) }
