package loudness

import (
	"fmt"
	"math"
)

const (
	minRate, maxRate = 8000, 192000 // Hz
	maxChannels      = 8

	// step is how many times a second the windows move on. Ten would do for the
	// gates (75 % overlap of 400 ms); a burst of 400 ms must be found whole
	// wherever it lies (Tech 3341, case 13).
	step = 100
	// The windows in steps: Tech 3341, clause 2.2.
	momentarySteps, shortTermSteps, gateSteps = 40, 300, 10

	// surround is the weight of the channels at the sides (BS.1770-4 table 3).
	surround = 1.41
)

// Meter measures one piece of sound. It is for one goroutine.
type Meter struct {
	rate, channels int
	weights        [maxChannels]float64
	channel        []channel
	dual           bool

	steps int64 // ended
	left  int   // frames to the end of the step under way

	ring                         [shortTermSteps]float64 // weighted sums of squares of the last steps
	momentary, shortTerm         float64                 // mean squares
	maxMomentary, maxShort       float64
	momentaryGate, shortTermGate gate
}

// channel is what one channel needs of its own.
type channel struct {
	weighting
	peaks
	buf []float32 // peakTaps-1 samples of before, then those of now
	hot int
}

// NewMeter returns a meter for interleaved sound of rate Hz, 8000 to 192000, and
// 1 to 8 channels. Five are left, right, centre, left and right surround; six
// have a low-frequency channel, which does not count, after the centre
// (BS.1770-4, table 3). In all other cases each channel counts the same.
func NewMeter(rate, channels int) (*Meter, error) {
	if rate < minRate || rate > maxRate {
		return nil, fmt.Errorf("measure loudness at %d Hz: %d to %d are allowed", rate, minRate, maxRate)
	}
	if channels < 1 || channels > maxChannels {
		return nil, fmt.Errorf("measure loudness of %d channels: 1 to %d are allowed", channels, maxChannels)
	}
	m := &Meter{rate: rate, channels: channels, channel: make([]channel, channels)}
	for c := range m.channel {
		m.weights[c] = 1
		m.channel[c].weighting = newWeighting(rate)
		m.channel[c].buf = make([]float32, peakTaps-1+rate/step+1)
	}
	switch channels {
	case 5:
		m.weights = [maxChannels]float64{1, 1, 1, surround, surround}
	case 6:
		m.weights = [maxChannels]float64{1, 1, 1, 0, surround, surround}
	}
	m.left = m.frames(0)
	return m, nil
}

// DualMono counts a single channel as two of the same sound, which makes it
// 3.01 LU louder; with more channels it changes nothing. Call it before the
// first Write.
func (m *Meter) DualMono() {
	if m.channels == 1 {
		m.dual = true
		m.weights[0] = 2
	}
}

// frames is the length of a step. Rates that are not a multiple of 100 Hz have
// steps of two lengths.
func (m *Meter) frames(n int64) int {
	return int((n+1)*int64(m.rate)/step - n*int64(m.rate)/step)
}

// Write measures whole frames of interleaved sound, full scale +-1, which stays
// the caller's. How it is cut into calls makes no difference. A sample that is
// no number or infinite counts as 0. Write allocates nothing.
func (m *Meter) Write(interleaved []float32) {
	for len(interleaved) >= m.channels {
		n := min(len(interleaved)/m.channels, m.left)
		m.take(interleaved, n)
		interleaved = interleaved[n*m.channels:]
		if m.left -= n; m.left == 0 {
			m.endStep()
		}
	}
}

// take measures n frames, none of which lies beyond the step under way. Energy
// is only filled in once the step is whole, so that the order in which floats
// are added does not depend on the calls.
func (m *Meter) take(x []float32, n int) {
	length := m.frames(m.steps)
	done := length - m.left
	for c := range m.channel {
		ch := &m.channel[c]
		to := ch.buf[peakTaps-1+done : peakTaps-1+done+n]
		for i, at := 0, c; i < n; i, at = i+1, at+m.channels {
			v := x[at]
			if d := v - v; d != 0 { // NaN or infinite: counts as 0
				v = 0
			}
			to[i] = v
		}
	}
}

// endStep moves the windows on by one step.
func (m *Meter) endStep() {
	n := m.frames(m.steps)
	sum := 0.0
	for c := range m.channel {
		ch := &m.channel[c]
		x := ch.buf[:peakTaps-1+n]
		sum += m.weights[c] * ch.energy(x[peakTaps-1:])
		ch.hot = ch.look(x, ch.hot)
		copy(ch.buf, x[n:])
	}
	m.ring[m.steps%shortTermSteps] = sum
	m.steps++
	m.left = m.frames(m.steps)
	m.measure()
}

// measure brings all that follows from the ring up to date.
func (m *Meter) measure() {
	m.momentary = m.mean(momentarySteps)
	m.shortTerm = m.mean(shortTermSteps)
	m.maxMomentary = max(m.maxMomentary, m.momentary)
	m.maxShort = max(m.maxShort, m.shortTerm)
	if m.steps%gateSteps != 0 {
		return
	}
	if m.steps >= momentarySteps {
		m.momentaryGate.add(m.momentary)
	}
	if m.steps >= shortTermSteps {
		m.shortTermGate.add(m.shortTerm)
	}
}

// mean is the mean square of the last n steps. It is added up anew each time: a
// running sum would keep the rounding of the loudest sound for ever.
func (m *Meter) mean(n int64) float64 {
	sum := 0.0
	for i := m.steps - n; i < m.steps; i++ {
		sum += m.ring[(i+shortTermSteps)%shortTermSteps]
	}
	return sum / (float64(n) * float64(m.rate) / step)
}

// Integrated is the loudness of all that was written, in LUFS, through both
// gates; -Inf if nothing passed them, as with less than 400 ms of sound.
func (m *Meter) Integrated() float64 { return m.momentaryGate.integrated() }

// Momentary is the loudness of the last 400 ms, in LUFS. Before the first sample
// there was silence. It moves on every 10 ms.
func (m *Meter) Momentary() float64 { return lufs(m.momentary) }

// ShortTerm is the loudness of the last 3 s, in LUFS, as Momentary.
func (m *Meter) ShortTerm() float64 { return lufs(m.shortTerm) }

// MaxMomentary is the highest Momentary there was.
func (m *Meter) MaxMomentary() float64 { return lufs(m.maxMomentary) }

// MaxShortTerm is the highest ShortTerm there was.
func (m *Meter) MaxShortTerm() float64 { return lufs(m.maxShort) }

// Range is the loudness range in LU (EBU Tech 3342), 0 while there are less than
// 3 s of sound above the gates.
func (m *Meter) Range() float64 { return m.shortTermGate.spread() }

// TruePeak is the highest value that the sound reaches between samples or on
// one, in any channel, in dBTP; -Inf for silence.
func (m *Meter) TruePeak() float64 {
	_, peak := m.peaks()
	return decibels(peak)
}

// SamplePeak is the highest sample of any channel in dBFS; -Inf for silence.
func (m *Meter) SamplePeak() float64 {
	sample, _ := m.peaks()
	return decibels(sample)
}

// peaks includes what endStep has not seen yet, and the ringing of the filter
// after the last sample.
func (m *Meter) peaks() (sample, peak float32) {
	n := m.frames(m.steps) - m.left
	var tail [2*peakTaps - 2]float32
	for c := range m.channel {
		ch := &m.channel[c]
		p, x := ch.peaks, ch.buf[:peakTaps-1+n]
		hot := p.look(x, ch.hot)
		copy(tail[:], x[n:])
		p.look(tail[:], hot)
		sample = max(sample, p.sample)
		peak = max(peak, p.sample, p.between)
	}
	return sample, peak
}

func decibels(a float32) float64 { return 20 * math.Log10(float64(a)) }
