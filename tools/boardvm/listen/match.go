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
	At      int        // sample of the heard sound at which the wanted one begins; may be negative
	Judged  int        // blocks
	Worst   float64    // the smallest correlation of a block, 1: the very same shape
	WorstAt int        // sample of the wanted sound where that block begins
	Lost    []int      // blocks with too small a correlation, by their first sample
	Jumps   []Jump     // where the delay changed by more than maxJump
	Gain    [2]float64 // smallest and largest gain of a block, in dB
}

// Jump is a change of the delay: By samples of the heard sound too many
// (a hole, a repetition) or, negative, too few before the sample From of the
// wanted one.
type Jump struct{ From, By int }

// Correlations that undamaged sound reaches: a hole of 5 ms leaves 0.87 of a
// block, a ramp of 10 ms, which is allowed at the edges alone, 0.92.
const (
	MinCorrelation     = 0.97
	MinEdgeCorrelation = 0.85 // of the first and of the last block
)

// Whole reports whether every block was heard, and in one piece.
func (r Report) Whole() bool { return r.Judged > 0 && len(r.Lost) == 0 && len(r.Jumps) == 0 }

func (r Report) String() string {
	return fmt.Sprintf("begins at %d; %d blocks, %d lost %v; %d jumps %v; worst correlation %.3f at %d; gain %.2f to %.2f dB",
		r.At, r.Judged, len(r.Lost), r.Lost[:min(len(r.Lost), 8)], len(r.Jumps), r.Jumps[:min(len(r.Jumps), 8)],
		r.Worst, r.WorstAt, r.Gain[0], r.Gain[1])
}

const (
	blockTime = 20 * time.Millisecond
	// silent is the level under which a block is not judged, -50 dBFS.
	silent = 0.00316
	// maxJump is how many samples the delay may change from one block to the
	// next: resampling moves it by a fraction.
	maxJump = 2
	// far is how far away a block is looked for that is not in its place.
	far = time.Second
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
	return judge(heard, want, at-clip.From, rate), nil
}

// judge compares block by block, from the front; want begins at sample at of
// heard, or did before sound was lost.
func judge(heard, want []float64, at, rate int) Report {
	r := Report{At: at, Worst: 1, Gain: [2]float64{math.Inf(1), math.Inf(-1)}}
	block := Span(blockTime, rate)
	for from := 0; from+block <= len(want); from += block {
		w := want[from : from+block]
		if RMS(w) < silent {
			continue
		}
		least := MinCorrelation
		if from == 0 || from+2*block > len(want) {
			least = MinEdgeCorrelation
		}
		r.Judged++
		here, corr := nearby(heard, w, at+from, maxJump)
		if corr < least {
			here, corr = search(heard, want[from:min(from+5*block, len(want))], at+from, rate, here, corr)
		}
		if corr < r.Worst {
			r.Worst, r.WorstAt = corr, from
		}
		if corr < least {
			r.Lost = append(r.Lost, from)
			continue
		}
		if by := here - at - from; r.Judged > 1 && max(by, -by) > maxJump {
			r.Jumps = append(r.Jumps, Jump{from, by})
		} else if r.Judged == 1 {
			r.At = here - from
		}
		at = here - from
		_, gain := correlate(heard, w, here)
		r.Gain[0], r.Gain[1] = min(r.Gain[0], DB(gain)), max(r.Gain[1], DB(gain))
	}
	return r
}

// search looks far and wide for a few blocks that are not in their place at,
// where the first correlates with corr. They are believed to be elsewhere only
// if they fit there as undamaged sound does.
func search(heard, want []float64, at, rate, here int, corr float64) (int, float64) {
	low, high := max(0, at-Span(far, rate)), min(len(heard), at+len(want)+Span(far, rate))
	if low >= high {
		return here, corr
	}
	if there, c := find(heard[low:high], want); c >= MinCorrelation {
		return low + there, c
	}
	return here, corr
}

// nearby returns where around at want fits best.
func nearby(heard, want []float64, at, around int) (here int, corr float64) {
	here, corr = at, -1
	for k := at - around; k <= at+around; k++ {
		if c, _ := correlate(heard, want, k); c > corr {
			here, corr = k, c
		}
	}
	return here, corr
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
	return nearby(heard, clip, coarse*thin, 2*thin)
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
