package loudness

import "math"

const (
	// absoluteGate is the loudness up to which a block never counts (BS.1770-4,
	// annex 1, equation 6).
	absoluteGate = -70 // LUFS
	// integratedGate and rangeGate are the second gates, below the mean of what
	// passed the first (BS.1770-4 equation 7; Tech 3342, clause 3).
	integratedGate = -10 // LU
	rangeGate      = -20 // LU
	// The loudness range reaches from lowPart to highPart of the short-term
	// values above the gates (Tech 3342).
	lowPart, highPart = 0.10, 0.95

	binWidth = 0.02 // LU
	// bins reach from the absolute gate to +10 LUFS; what is louder, which only
	// sound beyond full scale is, counts in the last with its own energy.
	bins = 4000
)

// gate collects blocks of sound by their loudness: for each bin how many and
// the sum of their mean squares.
type gate struct {
	count [bins]uint32
	sum   [bins]float64
}

// add puts in a block of this mean square.
func (g *gate) add(energy float64) {
	l := lufs(energy)
	if !(l > absoluteGate) {
		return
	}
	i := min(int((l-absoluteGate)/binWidth), bins-1)
	g.count[i]++
	g.sum[i] += energy
}

// above is the number and the mean energy of the blocks louder than level LUFS,
// up to the rounding of a bin: a bin counts when its mean does.
func (g *gate) above(level float64) (n uint64, mean float64) {
	sum := 0.0
	for i, c := range g.count {
		if c > 0 && lufs(g.sum[i]/float64(c)) > level {
			n += uint64(c)
			sum += g.sum[i]
		}
	}
	if n == 0 {
		return 0, 0
	}
	return n, sum / float64(n)
}

// integrated is the loudness of what passes both gates, -Inf if nothing does.
func (g *gate) integrated() float64 {
	_, mean := g.above(absoluteGate)
	_, mean = g.above(lufs(mean) + integratedGate)
	return lufs(mean)
}

// spread is the loudness range in LU.
func (g *gate) spread() float64 {
	_, mean := g.above(absoluteGate)
	level := lufs(mean) + rangeGate
	n, _ := g.above(level)
	if n == 0 {
		return 0
	}
	low := g.percentile(level, lowPart, n)
	return g.percentile(level, highPart, n) - low
}

// percentile is the loudness that part of the n blocks above level stay below.
func (g *gate) percentile(level, part float64, n uint64) float64 {
	want := uint64(math.Round(part*float64(n-1))) + 1
	l, seen := level, uint64(0)
	for i, c := range g.count {
		if c == 0 {
			continue
		}
		if v := lufs(g.sum[i] / float64(c)); v > level {
			l = v
			if seen += uint64(c); seen >= want {
				return l
			}
		}
	}
	return l
}

// lufs is the loudness of a weighted mean square (BS.1770-4 equation 2); the
// constant takes out the gain of the K-weighting at 997 Hz.
func lufs(energy float64) float64 {
	return -0.691 + 10*math.Log10(energy)
}
