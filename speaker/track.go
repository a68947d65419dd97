package speaker

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// Track is one program on its way to the output. Speaker.Load makes it. Its
// methods may be called by any goroutine.
type Track struct {
	s      *Speaker
	prog   Program
	format Format

	ring     *ring
	total    atomic.Int64 // frames of the whole program; -1 until it is decoded
	reader   *programReader
	failures atomic.Pointer[[]SourceError]
	conceals concealment

	started atomic.Bool   // Start was called: keep the ring filled
	closed  atomic.Bool   // Close was called, or the track is over
	kick    chan struct{} // wakes the decoding goroutine, holds one

	voice voice
	cell  progressCell
	once  sync.Once
}

// State is how far a track has come.
type State uint8

// The states of a track, in this order. Ended is final.
const (
	Loading State = iota // too little is decoded to begin
	Ready                // may be started, or was and waits for its frame
	Playing              // its first frame has left the device
	Ended                // its last frame has left the device, or it will not play
)

// String is the state in lower case.
func (s State) String() string {
	return [...]string{"loading", "ready", "playing", "ended"}[min(s, Ended)]
}

// Progress is a consistent picture of a track.
type Progress struct {
	State State
	// First is the media-clock frame of the first frame of sound, -1 while it
	// is not known. End is the frame after the last, -1 while it is not known;
	// until the state is Ended it is a forecast.
	First, End Frame
	// Played counts the frames of the program that have left the device, by
	// what the output said (Stream.Left), not by what it was given.
	Played int64
	// Position is where in the whole program the sound is: Skip and Played.
	Position time.Duration
	// RMS and Peak are linear, full scale 1, over all channels of the Played
	// frames: this track's own part after its gain and its ramps, before the
	// limiter, which changes nothing below -1 dBTP (see Stats.Limited).
	RMS, Peak float64
	// Underruns counts frames of silence in the middle of the track because
	// its sources gave nothing in time. They are not in Played.
	Underruns int64
	// Late is how many frames after the one asked for the track began.
	Late int64
	// Concealed counts the frames of the codecs, over all sources, that were
	// missing or broken in what was played and had something put in their
	// place: an MP3 frame is 24 to 72 ms long, of Opus 20 ms are counted as one.
	// It is the count that Probe and decoding the file tell too. What was left
	// out without a trace in time, as bytes between MP3 frames, is not in it.
	Concealed int64
	// Failures lists the sources that were left before their end.
	Failures []SourceError
	// Stopped is true when Stop ended the track, or took it back before it
	// began.
	Stopped bool
	// Err says why the track ended other than by its end or by Stop:
	// ErrOutputLost, ErrStarved, ErrSilent, ErrBusy, ErrClosed.
	Err error
}

// Progress returns how far the track has come. It takes no lock.
func (t *Track) Progress() Progress {
	c := t.cell.load()
	p := Progress{
		State: State(c[cellState]), First: Frame(c[cellFirst]), End: Frame(c[cellEnd]),
		Played: c[cellPlayed], Underruns: c[cellUnderruns], Late: c[cellLate],
		Peak:    math.Float64frombits(uint64(c[cellPeak])),
		Stopped: cause(c[cellCause]) == causeStop && State(c[cellState]) == Ended,
	}
	if p.Played > 0 {
		sum := math.Float64frombits(uint64(c[cellSum]))
		p.RMS = math.Sqrt(sum / float64(p.Played*int64(t.format.Channels)))
	}
	p.Position = max(t.prog.Skip, 0) + durationOf(p.Played, t.format.Rate)
	p.Concealed = t.conceals.in(p.Played)
	if f := t.failures.Load(); f != nil {
		p.Failures = *f
	}
	switch {
	case p.State == Ended:
		p.Err = cause(c[cellCause]).err()
		if p.Err == nil && p.Played == 0 && !p.Stopped && len(p.Failures) > 0 {
			p.Err = ErrSilent
		}
	case p.State == Loading && t.startable():
		p.State = Ready
	}
	return p
}

// Close ends the track, with a ramp when it sounds, and frees what it holds. It
// does not wait: the decoding goroutine ends when the Read it is in returns. It
// is safe in any state and may be called again.
func (t *Track) Close() {
	t.once.Do(func() {
		t.closed.Store(true)
		t.wake()
		t.s.forget(t)
		if t.s.sync {
			t.reader.close()
		}
		t.s.send(command{op: opStop, track: t, at: 0, cause: causeClosed})
	})
}

// wake lets the decoding goroutine look around; it never waits.
func (t *Track) wake() {
	select {
	case t.kick <- struct{}{}:
	default:
	}
}

// over is true when the track has ended.
func (t *Track) over() bool { return State(t.cell.members[cellState].Load()) == Ended }

// startable is true when the track may begin to sound: enough is decoded, or
// all of it.
func (t *Track) startable() bool {
	return t.total.Load() >= 0 || t.ring.write.Load()-t.ring.read.Load() >= framesOf(startBuffer, t.format.Rate)
}

// fail notes a source that was left. Decoding goroutine only.
func (t *Track) fail(e SourceError) {
	var list []SourceError
	if old := t.failures.Load(); old != nil {
		list = append(list, *old...)
	}
	list = append(list, e)
	t.failures.Store(&list)
}

// decode fills the ring and returns true when the program has come to its end.
// It is called by one goroutine at a time.
func (t *Track) decode() (over bool) {
	for !t.closed.Load() {
		if t.total.Load() >= 0 {
			return true
		}
		to := t.ring.space()
		if len(to) == 0 {
			return false
		}
		n := t.reader.read(to)
		t.noteConcealed(n)
		if n == 0 {
			// After the last wrote: who sees the total sees all frames.
			t.total.Store(t.ring.write.Load())
			return true
		}
		t.ring.wrote(n)
	}
	return true
}

// noteConcealed takes in what was concealed in the n frames just decoded. What
// the end of a source revealed belongs to the frame before it.
func (t *Track) noteConcealed(n int) {
	at := t.ring.write.Load()
	if n == 0 {
		at = max(at-1, 0)
	}
	t.conceals.note(at, t.reader.concealed, t.cell.members[cellPlayed].Load())
}

const (
	// refillAt is how much of the ring must be free before more is decoded:
	// waking for each frame would cost more than decoding it.
	refillAt = 200 * time.Millisecond
	// refillPoll is how often that is looked at while the track plays. Fill may
	// not wake anybody.
	refillPoll = 100 * time.Millisecond
)

// run decodes until the end or until the track is closed.
func (t *Track) run() {
	defer t.s.done()
	defer t.reader.close()
	timer := time.NewTimer(refillPoll)
	defer timer.Stop()
	for !t.decode() {
		for !t.closed.Load() && t.ring.free() < int(framesOf(refillAt, t.format.Rate)) {
			t.wait(timer)
		}
	}
}

// wait sleeps until there may be room: a track that was not started has none.
func (t *Track) wait(timer *time.Timer) {
	if !t.started.Load() {
		<-t.kick
		return
	}
	timer.Reset(refillPoll)
	select {
	case <-timer.C:
	case <-t.kick:
	}
}

// cause says why a track ended.
type cause uint8

const (
	causeNone cause = iota
	causeEnd
	causeStop
	causeLost
	causeStarved
	causeBusy
	causeClosed
)

func (c cause) err() error {
	return [...]error{nil, nil, nil, ErrOutputLost, ErrStarved, ErrBusy, ErrClosed}[c]
}

// The members of a progressCell.
const (
	cellState = iota
	cellFirst
	cellEnd
	cellPlayed
	cellUnderruns
	cellLate
	cellSum  // bits of a float64
	cellPeak // bits of a float64
	cellCause
	cellMembers
)

// progressCell hands a picture from the output's goroutine to any reader
// without a lock: the sequence is odd while it is being written, and a reader
// that saw it change looks again.
type progressCell struct {
	seq     atomic.Uint32
	members [cellMembers]atomic.Int64
}

func (c *progressCell) load() (m [cellMembers]int64) {
	for {
		seq := c.seq.Load()
		for i := range m {
			m[i] = c.members[i].Load()
		}
		if seq&1 == 0 && c.seq.Load() == seq {
			return m
		}
	}
}

// store is for the side that owns the voice: one goroutine at a time.
func (c *progressCell) store(m [cellMembers]int64) {
	c.seq.Add(1)
	for i := range m {
		c.members[i].Store(m[i])
	}
	c.seq.Add(1)
}
