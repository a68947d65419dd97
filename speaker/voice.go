package speaker

import (
	"math"
	"time"
)

const (
	// startBuffer is how much must be decoded before a track begins to sound,
	// unless it is shorter.
	startBuffer = 50 * time.Millisecond
	// starveLimit ends a track that has got no data for so long while playing.
	starveLimit = 10 * time.Second
	// gainRamp is how long a change of gain takes.
	gainRamp = 50 * time.Millisecond
	// silentDB and loudestDB bound a gain: below the one is silence.
	silentDB, loudestDB = -120, 24
)

type voiceState uint8

const (
	voiceIdle    voiceState = iota // not started
	voiceWaiting                   // started, its frame has not come
	voicePlaying
	voiceDone // rendered to its end, which has not left the device yet
	voiceGone // over
)

// voice is the output side of a track: all of it belongs to the output's
// goroutine, but ring, total and closed.
type voice struct {
	t       *Track
	ramp    int // frames
	minimum int // frames of startBuffer
	starve  int64
	slope   float32 // gain change a frame, for the ramp under way

	state   voiceState
	startAt Frame
	first   Frame // -1 until it began
	end     Frame // -1 until rendered to it
	late    bool
	pos     int64 // frames of the program rendered

	gain, target float32
	risen        int   // frames since sound began or began again, up to ramp
	dry          int64 // position at which an empty ring ends the sound; -1: none
	dryLen       int64 // frames of fade before it
	starved      bool
	gap          int64 // frames of silence since then
	underruns    int64

	stopping        bool
	stopFrom        Frame // the ramp down begins
	stopAt          Frame // and ends: silence from here on
	stopLevel       float32
	cause           cause
	segs            segments
	begun, finished bool // told to the outside
}

func newVoice(t *Track, rate, ramp int) voice {
	return voice{
		t: t, ramp: ramp, dry: -1, first: -1, end: -1,
		minimum: int(framesOf(startBuffer, rate)),
		starve:  framesOf(starveLimit, rate),
		gain:    linear(t.prog.GainDB), target: linear(t.prog.GainDB),
	}
}

// linear turns decibels into a factor; what is no number is silence.
func linear(db float64) float32 {
	if !(db > silentDB) {
		return 0
	}
	return float32(math.Pow(10, min(db, loudestDB)/20))
}

// start lets the track begin at frame at, or at the next frame to be rendered.
func (v *voice) start(at Frame) { v.state, v.startAt = voiceWaiting, at }

// setGain ramps to g once the track sounds.
func (v *voice) setGain(g float32, rampFrames int) {
	v.target = g
	if v.state != voicePlaying {
		v.gain = g
		return
	}
	v.slope = (g - v.gain) / float32(max(rampFrames, 1))
}

// stop makes the track silent from frame at on, with a ramp of fade frames
// before. now is the next frame to be rendered: a stop that comes too late for
// its ramp takes as much of it as there is, at least the ramp between items.
func (v *voice) stop(now, at, fade Frame, why cause) {
	switch v.state {
	case voiceIdle:
		v.state, v.cause = voiceGone, why
		return
	case voiceWaiting:
		if at <= max(v.startAt, now) {
			v.state, v.cause = voiceGone, why
			return
		}
	case voiceDone, voiceGone:
		return
	}
	if fade <= 0 {
		fade = Frame(v.ramp)
	}
	at = max(at, now+min(fade, Frame(v.ramp)))
	from, level := max(now, at-fade), float32(1)
	if v.stopping && now > v.stopFrom {
		if at >= v.stopAt {
			return
		}
		from, level = now, v.stopGain(now)
	}
	v.stopping, v.stopFrom, v.stopAt, v.stopLevel, v.cause = true, from, at, level, why
}

// stopGain is the ramp down at frame at.
func (v *voice) stopGain(at Frame) float32 {
	if at <= v.stopFrom {
		return v.stopLevel
	}
	return v.stopLevel * float32(v.stopAt-at) / float32(v.stopAt-v.stopFrom)
}

// render adds the frames of the track that fall into mix, whose first frame is
// at.
func (v *voice) render(mix []float32, at Frame) {
	channels := v.t.ring.channels
	n := Frame(len(mix) / channels)
	var i Frame
	if v.state == voiceWaiting {
		if v.startAt >= at+n {
			return
		}
		i = max(0, v.startAt-at)
		if !v.await(int64(n-i), at+i) {
			return
		}
		v.late = v.late || at > v.startAt
		v.state, v.first = voicePlaying, at+i
	}
	for v.state == voicePlaying && i < n {
		i += Frame(v.run(mix[int(i)*channels:], at+i))
	}
}

// await is true when the track, due at frame at, can begin. When it cannot, the
// n frames that it is late now count towards starvation.
func (v *voice) await(n int64, at Frame) bool {
	switch {
	case v.stopping && at >= v.stopAt:
		v.state = voiceGone
	case v.t.startable():
		v.gap = 0
		return true
	default:
		v.late = true
		if v.gap += n; v.gap >= v.starve {
			v.state, v.cause = voiceGone, causeStarved
		}
	}
	return false
}

// run renders a stretch that begins at frame at and returns its length; 0 when
// the voice has come to its end.
func (v *voice) run(mix []float32, at Frame) int {
	m := len(mix) / v.t.ring.channels
	if v.stopping {
		if at >= v.stopAt {
			v.finish(at)
			return 0
		}
		m = int(min(Frame(m), v.stopAt-at))
	}
	total := v.t.total.Load() // before the ring's position: see Track.decode
	if v.pos == total {
		v.cause = causeEnd
		v.finish(at)
		return 0
	}
	n := v.ready(m, total)
	if n == 0 {
		return v.silent(m, at)
	}
	x := v.t.ring.span(v.pos, n)
	n = len(x) / v.t.ring.channels
	v.add(mix[:len(x)], x, at, total)
	v.pos += int64(n)
	v.t.ring.read.Store(v.pos)
	return n
}

// silent counts m frames without data.
func (v *voice) silent(m int, at Frame) int {
	v.gap += int64(m)
	v.underruns += int64(m)
	if v.gap >= v.starve {
		v.cause = causeStarved
		v.finish(at + Frame(m))
	}
	return m
}

func (v *voice) finish(at Frame) {
	v.state, v.end = voiceDone, at
}

// ready is how many frames, at most m, can be rendered now. While the end is not
// known it keeps back a ramp's worth: these may be the last frames. When the
// decoder cannot keep up, that rest is faded out and the sound comes back with a
// ramp once there is enough again; nothing is dropped.
func (v *voice) ready(m int, total int64) int {
	have := v.t.ring.write.Load() - v.pos
	if v.starved || v.dry == v.pos {
		v.dry = -1
		v.starved = total < 0 && have < int64(v.minimum)
		if v.starved {
			return 0
		}
		v.risen, v.gap = 0, 0
	}
	limit := have - int64(v.ramp)
	switch {
	case v.dry >= 0:
		limit = v.dry - v.pos
	case total >= 0:
		limit = total - v.pos
	case limit <= 0:
		v.dry, v.dryLen = v.pos+have, have
		limit = have
	}
	return int(min(int64(m), limit))
}

// add mixes the frames x, which begin at frame at, into mix.
func (v *voice) add(mix, x []float32, at Frame, total int64) {
	channels := v.t.ring.channels
	n := len(x) / channels
	sum, peak := 0.0, float32(0)
	if !v.t.prog.Muted {
		if g := v.gain; v.steady(n, at, total) {
			sum, peak = mixSteady(mix, x, g)
		} else {
			sum, peak = v.mixRamped(mix, x, at, total)
		}
	}
	v.risen = min(v.risen+n, v.ramp)
	v.segs.push(segment{from: at, n: Frame(n), sum: sum, peak: peak})
}

// steady is true when no ramp touches the next n frames.
func (v *voice) steady(n int, at Frame, total int64) bool {
	end, length := v.tail(total)
	return v.risen >= v.ramp && v.gain == v.target &&
		(end < 0 || end-v.pos-int64(n) >= length) &&
		(!v.stopping || at+Frame(n) <= v.stopFrom)
}

// tail is where the sound ends as far as is known, -1 when it is not, and how
// many frames before that are faded.
func (v *voice) tail(total int64) (end, length int64) {
	if v.dry >= 0 {
		return v.dry, v.dryLen
	}
	return total, int64(v.ramp)
}

// mixSteady adds x*g to mix and returns the sum of squares and the peak.
func mixSteady(mix, x []float32, g float32) (sum float64, peak float32) {
	part := float32(0)
	for i, y := range x {
		y *= g
		mix[i] += y
		part += y * y
		if y < 0 {
			y = -y
		}
		peak = max(peak, y)
	}
	return float64(part), peak
}

// mixRamped is mixSteady with a gain for each frame.
func (v *voice) mixRamped(mix, x []float32, at Frame, total int64) (sum float64, peak float32) {
	channels := v.t.ring.channels
	end, length := v.tail(total)
	for i := 0; i < len(x); i += channels {
		f := i / channels
		g := v.nextGain()
		if r := v.risen + f; r < v.ramp {
			g *= float32(r) / float32(v.ramp)
		}
		if left := end - 1 - v.pos - int64(f); end >= 0 && left < length {
			g *= float32(left) / float32(length)
		}
		if v.stopping {
			g *= v.stopGain(at + Frame(f))
		}
		s, p := mixSteady(mix[i:i+channels], x[i:i+channels], g)
		sum += s
		peak = max(peak, p)
	}
	return sum, peak
}

// nextGain moves the gain by one frame of its ramp.
func (v *voice) nextGain() float32 {
	if v.gain != v.target {
		v.gain += v.slope
		if (v.slope >= 0) == (v.gain >= v.target) {
			v.gain = v.target
		}
	}
	return v.gain
}
