package speaker

import (
	"io"
	"math"
	"time"
)

// Tone is a sound built into the firmware, so that an alert can be given with
// no file at all. All tones are mono, peak at -6 dBFS or below and begin and end
// with silence.
type Tone uint8

// The tones. Siren and Attention are this project's own: they are none of the
// warning signals that other countries protect or that receivers react to.
const (
	NoTone    Tone = iota // Source.Open is used
	Siren                 // sweeps from 400 to 1000 Hz and back in 3 s, again and again
	Attention             // two tones, 660 and 880 Hz, half a second each, in turn
	Chime                 // four struck notes, C5 E5 G5 C6, over 4 s, again and again
	Sine                  // Source.Hz: the self-test
)

// String is the name that documents use.
func (t Tone) String() string {
	return [...]string{"none", "siren", "attention", "chime", "sine"}[min(t, Sine)]
}

// Lengths when Source.Length is 0, and the period of each pattern.
const (
	sirenPeriod     = 3 * time.Second
	attentionPeriod = time.Second
	chimePeriod     = 4 * time.Second
)

// defaultLength is how long a tone lasts when nothing is said: two cycles of
// the siren fill the 6 s that an alert begins with.
func (t Tone) defaultLength() time.Duration {
	switch t {
	case Siren:
		return 2 * sirenPeriod
	case Sine:
		return time.Second
	}
	return 4 * time.Second
}

const (
	// toneLevel is the peak, -6.02 dBFS.
	toneLevel = 0.5
	// toneEdge fades a tone in and out.
	toneEdge = 10 * time.Millisecond
	// defaultHz is the sine when Source.Hz is 0.
	defaultHz = 1000
	lowHz     = 20
)

// synth is a Decoder that computes a tone.
type synth struct {
	rate   int
	at, n  int64 // frames given, frames in all
	edge   int64 // frames of fade
	phase  float64
	sample func(s *synth, at float64) float64 // at: seconds since the start
	hz     float64
}

// newSynth yields exactly round(length * rate) frames.
func newSynth(tone Tone, length time.Duration, hz float64, rate int) *synth {
	if length <= 0 {
		length = tone.defaultLength()
	}
	if hz <= 0 || math.IsNaN(hz) {
		hz = defaultHz
	}
	s := &synth{
		rate: rate,
		n:    framesOf(length, rate),
		edge: framesOf(toneEdge, rate),
		hz:   min(max(hz, lowHz), 0.45*float64(rate)),
	}
	switch tone {
	case Siren:
		s.sample = (*synth).siren
	case Attention:
		s.sample = (*synth).attention
	case Chime:
		s.sample = (*synth).chime
	default:
		s.sample = func(s *synth, _ float64) float64 { return s.turn(s.hz) }
	}
	return s
}

// Format is the output's own rate, mono: a tone is never resampled.
func (s *synth) Format() (rate, channels int) { return s.rate, 1 }

// Read computes the next frames.
func (s *synth) Read(dst []float32) (frames int, err error) {
	n := int(min(int64(len(dst)), s.n-s.at))
	if n == 0 {
		return 0, io.EOF
	}
	for i := range n {
		y := s.sample(s, float64(s.at)/float64(s.rate))
		near := min(s.at, s.n-1-s.at)
		if near < s.edge {
			y *= float64(near) / float64(s.edge)
		}
		dst[i] = float32(toneLevel * y)
		s.at++
	}
	return n, nil
}

// turn is a sine whose frequency may change at any time: the phase goes on.
func (s *synth) turn(hz float64) float64 {
	y := math.Sin(2 * math.Pi * s.phase)
	s.phase += hz / float64(s.rate)
	s.phase -= math.Floor(s.phase)
	return y
}

// siren sweeps by equal musical intervals in equal times, up two thirds of the
// period and down the rest: the ear hears that as even.
func (s *synth) siren(at float64) float64 {
	const low, high, rise = 400.0, 1000.0, 2.0 / 3
	part := math.Mod(at/sirenPeriod.Seconds(), 1)
	x := part / rise
	if part > rise {
		x = (1 - part) / (1 - rise)
	}
	return s.turn(low * math.Pow(high/low, x))
}

func (s *synth) attention(at float64) float64 {
	if math.Mod(at/attentionPeriod.Seconds(), 1) < 0.5 {
		return s.turn(660)
	}
	return s.turn(880)
}

// chime strikes a note every 0.6 s and lets the last one ring.
func (s *synth) chime(at float64) float64 {
	notes := [...]float64{523.25, 659.26, 783.99, 1046.50}
	const every = 0.6
	at = math.Mod(at, chimePeriod.Seconds())
	y := 0.0
	for i, hz := range notes {
		if t := at - float64(i)*every; t >= 0 {
			y += strike(hz, t) * fadeTo(chimePeriod.Seconds()-at)
		}
	}
	return y * 0.78
}

// strike is a bell-like note t seconds after the blow: a fundamental and two
// partials that die away faster, with a soft beginning.
func strike(hz, t float64) float64 {
	const soft = 0.004
	y := math.Sin(2*math.Pi*hz*t)*math.Exp(-1.6*t) +
		0.30*math.Sin(2*math.Pi*2.0*hz*t)*math.Exp(-3.2*t) +
		0.12*math.Sin(2*math.Pi*3.01*hz*t)*math.Exp(-5*t)
	return y * min(t/soft, 1) / 1.42
}

// fadeTo brings a pattern to silence in its last 50 ms.
func fadeTo(left float64) float64 { return min(max(left/0.05, 0), 1) }

// framesOf is the number of frames nearest to d.
func framesOf(d time.Duration, rate int) int64 {
	return int64(math.Round(d.Seconds() * float64(rate)))
}
