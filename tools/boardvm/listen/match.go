package listen

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// ErrNotHeard says that the wanted sound is nowhere in what was heard.
var ErrNotHeard = errors.New("the sound was not heard")

// Report says how the wanted sound was heard, block by block of 20 ms. Blocks
// in which the wanted sound is all but silent are not judged.
type Report struct {
	At      int     // sample of the heard sound at which the wanted one begins; may be negative
	Judged  int     // blocks
	Worst   float64 // the smallest correlation of a block, 1: the very same shape
	WorstAt int     // sample of the wanted sound where that block begins
	Jump    int     // largest change of the delay from one block to the next, in samples
	JumpAt  int
	Lost    []int      // the blocks with too small a correlation, by their first sample
	Gain    [2]float64 // smallest and largest gain of a block, in dB
}

// Correlations that undamaged sound reaches: a hole of 5 ms leaves 0.87 of a
// block, a ramp of 10 ms, which is allowed at the edges alone, 0.92.
const (
	MinCorrelation     = 0.97
	MinEdgeCorrelation = 0.85 // of the first and of the last block
)

// Whole reports whether every block was heard, and in one piece.
func (r Report) Whole() bool { return r.Judged > 0 && len(r.Lost) == 0 && r.Jump <= 2 }

func (r Report) String() string {
	return fmt.Sprintf("begins at %d; %d blocks, %d lost %v; worst correlation %.3f at %d; largest jump %d at %d; gain %.2f to %.2f dB",
		r.At, r.Judged, len(r.Lost), r.Lost[:min(len(r.Lost), 8)], r.Worst, r.WorstAt, r.Jump, r.JumpAt, r.Gain[0], r.Gain[1])
}

const (
	blockTime = 20 * time.Millisecond
	// silent is the level under which a block is not judged, -50 dBFS.
	silent = 0.00316
	// wander is how many samples the delay may change from block to block and
	// still be found; a larger change loses the blocks that follow.
	wander = 6
)

// Match looks for want in heard, both at rate. It fails with ErrNotHeard when
// no trace is found; how well it was heard stands in the Report.
func Match(heard, want []float64, rate int) (Report, error) {
	clip := loudest(want, Span(300*time.Millisecond, rate))
	at, corr := find(heard, want[clip.From:clip.To])
	if corr < 0.5 {
		return Report{}, fmt.Errorf("%w: best correlation %.2f of the 300 ms from sample %d", ErrNotHeard, corr, clip.From)
	}
	shift := fraction(heard, want, clip, at)
	want = Resample(want, rate, rate, shift)
	return judge(heard, want, at-clip.From, Span(blockTime, rate)), nil
}

// judge compares block by block; want begins at sample at of heard.
func judge(heard, want []float64, at, block int) Report {
	r := Report{At: at, Worst: 1, Gain: [2]float64{math.Inf(1), math.Inf(-1)}}
	lag := 0
	for from := 0; from+block <= len(want); from += block {
		w := want[from : from+block]
		if RMS(w) < silent {
			continue
		}
		r.Judged++
		best, here, gain := -1.0, lag, 0.0
		for d := lag - wander; d <= lag+wander; d++ {
			if c, g := correlate(heard, w, at+from+d); c > best {
				best, here, gain = c, d, g
			}
		}
		if best < r.Worst {
			r.Worst, r.WorstAt = best, from
		}
		least := MinCorrelation
		if from == 0 || from+2*block > len(want) {
			least = MinEdgeCorrelation
		}
		if best < least {
			r.Lost = append(r.Lost, from)
			continue
		}
		if jump := max(here-lag, lag-here); r.Judged > 1 && jump > r.Jump {
			r.Jump, r.JumpAt = jump, from
		}
		lag = here
		r.Gain[0], r.Gain[1] = min(r.Gain[0], DB(gain)), max(r.Gain[1], DB(gain))
	}
	return r
}

// correlate compares want with heard from the sample at on: the normalised
// correlation, and the gain that fits best. What lies outside heard is silence.
func correlate(heard, want []float64, at int) (corr, gain float64) {
	var hw, hh, ww float64
	for i, w := range want {
		ww += w * w
		if k := at + i; k >= 0 && k < len(heard) {
			hw += heard[k] * w
			hh += heard[k] * heard[k]
		}
	}
	if hh == 0 || ww == 0 {
		return 0, 0
	}
	return hw / math.Sqrt(hh*ww), hw / ww
}

// loudest is the stretch of the length n with the most energy, to the tenth of
// n.
func loudest(x []float64, n int) Stretch {
	n = min(n, len(x))
	best, most := 0, -1.0
	for from := 0; from+n <= len(x); from += max(n/10, 1) {
		if e := RMS(x[from : from+n]); e > most {
			best, most = from, e
		}
	}
	return Stretch{best, best + n}
}

// find returns where clip fits best in heard. It looks on every 16th sample
// of the low-passed sounds first, then closely around the best places.
func find(heard, clip []float64) (at int, corr float64) {
	const thin = 16
	h, c := thinned(heard, thin), thinned(clip, thin)
	coarse, best := 0, -1.0
	for k := -len(c) / 2; k < len(h)-len(c)/2; k++ {
		if v, _ := correlate(h, c, k); v > best {
			coarse, best = k, v
		}
	}
	corr = -1
	for k := (coarse - 2) * thin; k <= (coarse+2)*thin; k++ {
		if v, _ := correlate(heard, clip, k); v > corr {
			at, corr = k, v
		}
	}
	return at, corr
}

// thinned takes the mean of every n samples.
func thinned(x []float64, n int) []float64 {
	out := make([]float64, len(x)/n)
	for i := range out {
		for _, v := range x[i*n : (i+1)*n] {
			out[i] += v / float64(n)
		}
	}
	return out
}

// fraction is the part of a sample by which want must be delayed to fit heard,
// -0.5 to 0.5 in tenths: two resamplers need not agree on where a sample lies.
func fraction(heard, want []float64, clip Stretch, at int) float64 {
	clip.To = clip.From + (clip.To-clip.From)/8
	shift, best := 0.0, -1.0
	for tenth := -5; tenth <= 5; tenth++ {
		moved := Resample(want[clip.From:clip.To], 1, 1, float64(tenth)/10)
		if c, _ := correlate(heard, moved, at); c > best {
			shift, best = float64(tenth)/10, c
		}
	}
	return shift
}
