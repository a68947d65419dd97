package speaker

import (
	"fmt"
	"math"
	"sync"
)

const (
	// halfTaps is half the filter's length in frames of the lower rate. With
	// kaiserBeta the pass band reaches 0.45 and the stop band begins at 0.55 of
	// the lower rate, 98 dB down by Kaiser's formula (Oppenheim and Schafer,
	// Discrete-Time Signal Processing, section 7.5.3). What folds over lands
	// above the pass band.
	halfTaps   = 32
	kaiserBeta = 9.9
	// densePhases is how many filters there are between two input frames at
	// least, when steering interpolates between them: the error of a straight
	// line between neighbours is then (0.9 pi / 256)^2 / 8, -96 dB.
	densePhases = 256
	// exactPhases is up to how many filters each phase of the ratio gets its
	// own; beyond (44100 to 47999 Hz) all are interpolated, twice as densely.
	exactPhases = 1024
)

// filterBank holds the filters of one ratio: a Kaiser-windowed sinc at each of
// phases+1 positions between two input frames. It is not changed once built and
// may be shared.
type filterBank struct {
	in, out    int // rates divided by their greatest common divisor
	taps, half int
	phases     int
	coef       []float32 // (phases+1) rows of taps
	spread     uint64    // rows for each exact phase; 0: no phase has its own
	passes     bool      // phase 0 passes an input frame as it is
	scale      float64   // rows for each unit of phase
}

// newFilterBank builds the filters from in to out Hz, each 8000 to 192000.
func newFilterBank(in, out int) (*filterBank, error) {
	if min(in, out) < minRate || max(in, out) > maxRate {
		return nil, fmt.Errorf("resample %d to %d Hz: rates of %d to %d Hz are allowed", in, out, minRate, maxRate)
	}
	g := gcd(in, out)
	b := &filterBank{in: in / g, out: out / g}
	ratio := min(1, float64(out)/float64(in))
	b.half = int(math.Ceil(halfTaps / ratio))
	b.taps = 2 * b.half
	b.passes = ratio == 1 // a sinc is 0 at all other frames
	dense := int(math.Ceil(densePhases * ratio))
	if b.out <= exactPhases {
		b.spread = uint64((dense + b.out - 1) / b.out)
		b.phases = b.out * int(b.spread)
	} else {
		b.phases = 2 * dense
	}
	b.scale = float64(b.phases) / float64(uint64(b.out)<<fineBits)
	b.design(ratio)
	return b, nil
}

// design computes every row and brings its sum to 1, so that the level of a
// constant does not depend on the phase.
func (b *filterBank) design(ratio float64) {
	b.coef = make([]float32, (b.phases+1)*b.taps)
	row := make([]float64, b.taps)
	for p := range b.phases + 1 {
		sum := 0.0
		for k := range row {
			t := float64(k-b.half+1) - float64(p)/float64(b.phases)
			row[k] = sinc(t*ratio) * kaiser(t/float64(b.half))
			sum += row[k]
		}
		for k, v := range row {
			b.coef[p*b.taps+k] = float32(v / sum)
		}
	}
}

// at returns the filter of a phase: h + mix*(next-h).
func (b *filterBank) at(phase uint64) (h, next []float32, mix float32) {
	var p int
	if b.spread > 0 {
		// phase counts 1/out of an input frame in units of 1<<fineBits.
		rows := phase * b.spread
		p = int(rows >> fineBits)
		mix = float32(rows&(1<<fineBits-1)) * (1.0 / (1 << fineBits))
	} else {
		rows := float64(phase) * b.scale
		p = min(int(rows), b.phases-1)
		mix = float32(rows - float64(p))
	}
	i := p * b.taps
	return b.coef[i : i+b.taps], b.coef[i+b.taps : min(i+2*b.taps, len(b.coef))], mix
}

// sinc is sin(pi t) / (pi t).
func sinc(t float64) float64 {
	if t == 0 {
		return 1
	}
	return math.Sin(math.Pi*t) / (math.Pi * t)
}

// kaiser is the Kaiser window at t in [-1, 1], 1 in the middle.
func kaiser(t float64) float64 {
	if t < -1 || t > 1 {
		return 0
	}
	return bessel(kaiserBeta*math.Sqrt(1-t*t)) / besselBeta
}

var besselBeta = bessel(kaiserBeta)

// bessel is the modified Bessel function of the first kind, order 0, by its
// power series; for x up to kaiserBeta 30 terms reach double precision.
func bessel(x float64) float64 {
	sum, term, q := 1.0, 1.0, x*x/4
	for k := 1.0; term > sum*1e-17; k++ {
		term *= q / (k * k)
		sum += term
	}
	return sum
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// filterBanks keeps the banks that were built: a broadcast changes between few
// rates, and building one costs a small board tens of milliseconds.
type filterBanks struct {
	mu    sync.Mutex
	banks map[[2]int]*filterBank
}

// maxBanks bounds what odd files can make us keep; each bank is 64 to 300 KB, of
// rates that have no small ratio up to 1 MB.
const maxBanks = 4

// get is newFilterBank, remembered. Safe for use by several goroutines.
func (f *filterBanks) get(in, out int) (*filterBank, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := [2]int{in, out}
	if b := f.banks[key]; b != nil {
		return b, nil
	}
	b, err := newFilterBank(in, out)
	if err != nil {
		return nil, err
	}
	if len(f.banks) >= maxBanks || f.banks == nil {
		f.banks = make(map[[2]int]*filterBank)
	}
	f.banks[key] = b
	return b, nil
}
