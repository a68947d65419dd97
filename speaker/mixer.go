package speaker

import (
	"math"
	"sync/atomic"
	"time"
)

const (
	// maxVoices is how many tracks may be started at a time: one sounds, one
	// follows, one leaves, and as many again.
	maxVoices = 8
)

type opcode uint8

const (
	opStart opcode = iota
	opStop
	opGain
)

// command is what the control goroutine tells the output's.
type command struct {
	op    opcode
	cause cause
	track *Track
	at    Frame
	fade  Frame
	gain  float32
}

// mixer is the output's side of the speaker: everything but the atomics belongs
// to the goroutine that the output runs in. Between two outputs, Run's has it.
type mixer struct {
	format  Format
	open    bool
	ramp    int   // frames
	fadeFor int   // frames a change of gain takes
	next    Frame // first frame of the next Fill
	cursor  Frame // next frame to render: next and the limiter's delay
	voices  [maxVoices]*Track
	limit   *limiter
	scratch []float32
	news    bool
	over    []*Track // ended inside Fill, where nobody may be woken

	filled  atomic.Int64
	left    atomic.Int64
	starved atomic.Int64
	late    atomic.Int64
	lowest  atomic.Int64 // gain of the limiter, in 1/unity
}

// configure takes a format over. Frames that were rendered for the last output
// and never asked for are forgotten.
func (m *mixer) configure(f Format, ramp time.Duration) {
	m.format, m.open = f, true
	m.ramp = max(int(framesOf(ramp, f.Rate)), 1)
	m.fadeFor = int(framesOf(gainRamp, f.Rate))
	m.limit = newLimiter(f.Rate, f.Channels)
	m.scratch = make([]float32, m.limit.delay*f.Channels)
	m.over = make([]*Track, 0, commandSlots)
	m.cursor = m.next
	m.news = true
}

// fill makes the sound of at most one period.
func (m *mixer) fill(dst []float32, at Frame) {
	if at > m.next { // the output lost count: begin anew there
		m.next, m.cursor = at, at
		m.limit.reset()
	}
	n := Frame(len(dst) / m.format.Channels)
	if ahead := m.next + Frame(m.limit.delay) - m.cursor; ahead > 0 {
		m.render(m.scratch[:int(ahead)*m.format.Channels])
	}
	m.render(dst)
	m.next += n
	m.filled.Store(int64(m.next))
}

// render mixes the next frames into buf and passes them through the limiter.
func (m *mixer) render(buf []float32) {
	clear(buf)
	heard := false
	for _, t := range m.voices {
		if t != nil {
			heard = m.voice(t, buf) || heard
		}
	}
	m.cursor += Frame(len(buf) / m.format.Channels)
	if heard || !m.limit.idle() {
		m.limit.process(buf)
		m.lowest.Store(min(m.lowest.Load(), m.limit.lowest))
	}
}

// voice renders one track; it is false when that made no sound.
func (m *mixer) voice(t *Track, buf []float32) bool {
	v := &t.voice
	if t.closed.Load() && !v.stopping {
		v.stop(m.cursor, m.cursor, 0, causeClosed)
	}
	before, starved := v.pos, v.underruns
	v.render(buf, m.cursor)
	if n := v.underruns - starved; n > 0 {
		m.starved.Add(n)
	}
	if v.first >= 0 && before == 0 && v.pos > 0 && v.late {
		v.late = false
		m.late.Add(1)
	}
	return v.pos != before
}

// obey carries out one command. Sound that is rendered already cannot be
// changed any more, so the earliest frame is the cursor.
func (m *mixer) obey(c command) {
	v := &c.track.voice
	switch c.op {
	case opGain:
		v.setGain(c.gain, m.fadeFor)
	case opStop:
		v.stop(m.cursor, c.at, c.fade, c.cause)
	case opStart:
		if v.state == voiceIdle {
			m.start(c.track, c.at)
		}
	}
	if v.state == voiceGone && !v.finished {
		m.publish(c.track, m.next)
		if len(m.over) < cap(m.over) {
			m.over = append(m.over, c.track)
		}
	}
}

// wake tells the goroutines of tracks that ended to end too. Not inside Fill.
func (m *mixer) wake() {
	for i, t := range m.over {
		t.wake()
		m.over[i] = nil
	}
	m.over = m.over[:0]
}

func (m *mixer) start(t *Track, at Frame) {
	v := &t.voice
	v.start(at)
	if !m.open || t.format.Rate != m.format.Rate || t.format.Channels != m.format.Channels {
		v.state, v.cause = voiceGone, causeLost
		return
	}
	for i, o := range m.voices {
		if o == nil {
			m.voices[i] = t
			return
		}
	}
	v.state, v.cause = voiceGone, causeBusy
}

// leave takes note that every frame before at has left the device.
func (m *mixer) leave(at Frame) {
	m.left.Store(int64(at))
	for i, t := range m.voices {
		if t == nil {
			continue
		}
		m.publish(t, at)
		if t.voice.finished {
			m.voices[i] = nil
			t.wake()
		}
	}
	m.wake()
}

// lose ends what was started: the output is gone.
func (m *mixer) lose(why cause) {
	m.open, m.news = false, true
	for i, t := range m.voices {
		if t == nil {
			continue
		}
		v := &t.voice
		if v.state != voiceDone || v.end > Frame(m.left.Load()) {
			v.cause = why
		}
		v.state = voiceGone
		m.publish(t, Frame(m.left.Load()))
		m.voices[i] = nil
		t.wake()
	}
	m.wake()
}

// publish tells the outside how far t has come when all before at has left.
func (m *mixer) publish(t *Track, at Frame) {
	v := &t.voice
	played := v.segs.leave(at)
	state, first, end := Loading, v.first, v.end
	switch {
	case v.state == voiceGone:
		if state, end = Ended, at; at <= first {
			first = -1 // rendered, and never heard
		}
	case v.state == voiceDone && at >= v.end:
		state = Ended
	case v.first >= 0 && at > v.first:
		state = Playing
	}
	if end < 0 {
		end = m.forecast(v)
	}
	if first < 0 {
		end = -1
	}
	t.cell.store([cellMembers]int64{
		cellState: int64(state), cellFirst: int64(first), cellEnd: int64(end),
		cellPlayed: played, cellUnderruns: v.underruns, cellLate: lateness(v),
		cellSum:   int64(math.Float64bits(v.segs.sum)),
		cellPeak:  int64(math.Float64bits(float64(v.segs.peak))),
		cellCause: int64(v.cause),
	})
	if state >= Playing && !v.begun {
		v.begun, m.news = true, true
	}
	if state == Ended {
		v.finished, m.news = true, true
		t.closed.Store(true)
	}
}

// forecast is where the track ends if nothing happens, -1 if that is not known.
func (m *mixer) forecast(v *voice) Frame {
	end := Frame(-1)
	if total := v.t.total.Load(); total >= 0 {
		end = m.cursor + Frame(total-v.pos)
	}
	if v.stopping && (end < 0 || v.stopAt < end) {
		end = v.stopAt
	}
	return end
}

// lateness is how many frames after the one asked for v began.
func lateness(v *voice) int64 {
	if v.first < 0 {
		return 0
	}
	return int64(max(v.first-v.startAt, 0))
}
