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

// synth is a Decoder that computes a tone. Patterns are counted in frames, and
// what changes from frame to frame is stepped, not computed anew: a small board
// has no time for an exponential each frame.
type synth struct {
	rate   int
	at, n  int64 // frames given, frames in all
	edge   int64 // frames of fade
	sample func(s *synth, at int64) float64
	phase  float64
	hz     float64
	up     float64 // siren: factor of hz for each frame of the rise
	down   float64 // and of the fall
	notes  [len(chimeHz)]bell
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
		rise, fall := sirenFrames(rate)
		s.up = math.Pow(sirenHigh/sirenLow, 1/float64(rise))
		s.down = math.Pow(sirenLow/sirenHigh, 1/float64(fall))
		s.sample = (*synth).siren
	case Attention:
		s.sample = (*synth).attention
	case Chime:
		s.sample = (*synth).chime
	default:
		s.sample = func(s *synth, _ int64) float64 { return s.turn(s.hz) }
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
		y := s.sample(s, s.at)
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

const sirenLow, sirenHigh = 400.0, 1000.0 // Hz

// sirenFrames are the frames of the rise, two thirds of the period, and of the
// fall.
func sirenFrames(rate int) (rise, fall int64) {
	n := framesOf(sirenPeriod, rate)
	return n * 2 / 3, n - n*2/3
}

// siren sweeps by equal musical intervals in equal times: the ear hears that as
// even.
func (s *synth) siren(at int64) float64 {
	rise, fall := sirenFrames(s.rate)
	switch at %= rise + fall; {
	case at == 0:
		s.hz = sirenLow
	case at <= rise:
		s.hz *= s.up
	default:
		s.hz *= s.down
	}
	return s.turn(s.hz)
}

// attention is one tone for half a period, then the other.
func (s *synth) attention(at int64) float64 {
	period := framesOf(attentionPeriod, s.rate)
	if at%period < period/2 {
		return s.turn(660)
	}
	return s.turn(880)
}

// chimeHz are C5, E5, G5 and C6 in equal temperament.
var chimeHz = [...]float64{523.25, 659.26, 783.99, 1046.50}

const (
	chimeEvery = 600 * time.Millisecond // between two strokes
	chimeFade  = 50 * time.Millisecond  // silences a pattern before the next
)

// chime strikes a note after the other and lets the last one ring.
func (s *synth) chime(at int64) float64 {
	period, every := framesOf(chimePeriod, s.rate), framesOf(chimeEvery, s.rate)
	at %= period
	y := 0.0
	for i := range s.notes {
		switch since := at - int64(i)*every; {
		case since < 0:
			continue
		case since == 0:
			s.notes[i].strike(chimeHz[i], s.rate)
			fallthrough
		default:
			y += s.notes[i].next(since)
		}
	}
	fade := framesOf(chimeFade, s.rate)
	return 0.78 * y * min(float64(period-1-at)/float64(fade), 1)
}

// bell is a struck note: a fundamental and two partials that die away faster.
// Each is a damped sine, computed from its last two values.
type bell struct {
	soft     float64 // frames of the soft beginning
	partials [3]struct{ a, b, last, before float64 }
}

func (n *bell) strike(hz float64, rate int) {
	n.soft = 0.004 * float64(rate)
	for i, p := range [...]struct{ times, level, decay float64 }{
		{1, 1, 1.6}, {2, 0.30, 3.2}, {3.01, 0.12, 5},
	} {
		w := 2 * math.Pi * p.times * hz / float64(rate)
		r := math.Exp(-p.decay / float64(rate))
		q := &n.partials[i]
		// sin(w k) r^k is 2 r cos(w) times its last value less r^2 times the one
		// before.
		q.a, q.b = 2*r*math.Cos(w), r*r
		q.last, q.before = 0, -p.level/1.42*math.Sin(w)/r
	}
}

// next is the note's next sample; since counts from the stroke.
func (n *bell) next(since int64) (y float64) {
	for i := range n.partials {
		q := &n.partials[i]
		y += q.last
		q.last, q.before = q.a*q.last-q.b*q.before, q.last
	}
	return y * min(float64(since)/n.soft, 1)
}

// framesOf is the number of frames nearest to d.
func framesOf(d time.Duration, rate int) int64 {
	return int64(math.Round(d.Seconds() * float64(rate)))
}
