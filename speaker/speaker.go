package speaker

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Config is what New needs. The zero value works.
type Config struct {
	// Log gets what an installer must know; nil discards it.
	Log *slog.Logger
	// Ahead is how much of a track is decoded before it is needed: 500 ms to
	// 30 s, 2 s when 0. A stereo track at 48 kHz takes 1 MB for 2 s.
	Ahead time.Duration
	// Ramp fades the beginning and the end of each track: 5 to 10 ms, 8 ms when
	// 0. Values outside are brought inside.
	Ramp time.Duration
	// Notify is called when there is news: a track began or ended, the output
	// was opened or lost. It runs in the output's goroutine, never inside Fill,
	// and must not block. May be nil.
	Notify func()
	// Synchronous starts no goroutine: the caller calls Pump before Fill. For
	// virtual time.
	Synchronous bool
	// Now is the clock that the times of Stream.Left come from; nil: time.Now.
	Now func() time.Time
}

const (
	defaultAhead, leastAhead, mostAhead = 2 * time.Second, 500 * time.Millisecond, 30 * time.Second
	defaultRamp, leastRamp, mostRamp    = 8 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond
)

// Speaker plays programs through one output. It implements Stream for that
// output. Load, Start, Stop and SetGain belong to one control goroutine; all
// else may be called by any.
type Speaker struct {
	log    *slog.Logger
	ahead  time.Duration
	ramp   time.Duration
	notify func()
	sync   bool
	now    func() time.Time
	banks  filterBanks

	format atomic.Pointer[Format] // nil: no output is open
	anchor atomic.Pointer[anchor]
	cmds   commandRing
	kick   chan struct{} // tells Run, between outputs, of commands; holds one
	mix    mixer

	xruns, opens atomic.Int64

	mu      sync.Mutex
	loaded  []*Track      // that are neither closed nor, when last looked at, over
	running int           // decoding goroutines
	idle    chan struct{} // closed when running came to 0 after closing
	closed  bool          // Run is over
	err     error         // why no output is open
}

var _ Stream = (*Speaker)(nil)

// New returns a speaker that is silent until Run opens an output. It starts
// nothing.
func New(c Config) *Speaker {
	s := &Speaker{
		log: c.Log, notify: c.Notify, sync: c.Synchronous, now: c.Now,
		ahead: within(c.Ahead, leastAhead, defaultAhead, mostAhead),
		ramp:  within(c.Ramp, leastRamp, defaultRamp, mostRamp),
		kick:  make(chan struct{}, 1),
		err:   ErrNoOutput,
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.notify == nil {
		s.notify = func() {}
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.mix.lowest.Store(unity)
	return s
}

// within is d between least and most, or normal when it is 0.
func within(d, least, normal, most time.Duration) time.Duration {
	if d == 0 {
		return normal
	}
	return min(max(d, least), most)
}

// Load prepares a program for the output that is open and begins to decode it.
// The track holds about Ahead of sound until it is closed or has ended. It fails
// with ErrNoOutput, with ErrClosed after Run, and when p has no sources. What is
// wrong with a source shows in Progress.Failures when its turn comes.
func (s *Speaker) Load(p Program) (*Track, error) {
	if len(p.Sources) == 0 {
		return nil, errors.New("load program: it has no sources")
	}
	f, ok := s.Format()
	if !ok {
		return nil, fmt.Errorf("load program: %w", ErrNoOutput)
	}
	t := &Track{s: s, prog: p, format: f, kick: make(chan struct{}, 1)}
	t.total.Store(-1)
	t.ring = newRing(int(framesOf(s.ahead, f.Rate)), f.Channels)
	t.reader = newProgramReader(p, f, &s.banks, t.fail)
	t.voice = newVoice(t, f.Rate, max(int(framesOf(s.ramp, f.Rate)), 1))
	t.cell.store([cellMembers]int64{cellFirst: -1, cellEnd: -1})
	if err := s.remember(t); err != nil {
		return nil, fmt.Errorf("load program: %w", err)
	}
	if !s.sync {
		go t.run()
	}
	return t, nil
}

// remember adds t to the tracks that Pump fills and Run ends.
func (s *Speaker) remember(t *Track) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.loaded = slices.DeleteFunc(s.loaded, (*Track).over)
	s.loaded = append(s.loaded, t)
	if !s.sync {
		s.running++
	}
	return nil
}

// Start lets the first frame of t leave the device at media-clock frame at. A
// frame that is past, or so near that it is rendered already (3 ms), means the
// next one that is not. A track that is not Ready begins as soon as it is; both
// count as late, and neither as an underrun. Only the first Start of a track
// counts. A track that was loaded for another format than the output now has
// ends at once with ErrOutputLost.
func (s *Speaker) Start(t *Track, at Frame) {
	t.started.Store(true)
	t.wake()
	s.send(command{op: opStart, track: t, at: at})
}

// Stop makes t silent from frame at on, with a ramp of fade before it; a fade of
// 0 is the speaker's ramp. When at is too near for that, the ramp begins at once
// and takes as long as there is, at least the shorter of fade and the speaker's
// ramp. A track that has not begun by then is taken back and never sounds.
func (s *Speaker) Stop(t *Track, at Frame, fade time.Duration) {
	s.send(command{op: opStop, track: t, at: at, fade: Frame(framesOf(fade, t.format.Rate)), cause: causeStop})
}

// SetGain moves the level of t to db decibels within 50 ms; before t sounds, at
// once. -120 and below, and what is no number, is silence; +24 is the most.
func (s *Speaker) SetGain(t *Track, db float64) {
	s.send(command{op: opGain, track: t, gain: linear(db)})
}

// send hands a command to the output's goroutine. When an output has stalled so
// long that the queue is full, the track is closed: it must not be heard
// differently from what was asked.
func (s *Speaker) send(c command) {
	s.mu.Lock()
	if s.closed { // no other goroutine has the mixer any more
		s.mix.obey(c)
		s.mix.wake()
	} else if !s.cmds.push(c) {
		c.track.closed.Store(true)
	}
	s.mu.Unlock()
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// Pump decodes, in the caller's goroutine, until the ring of each loaded track
// is full. For Config.Synchronous only; it does nothing otherwise.
func (s *Speaker) Pump() {
	if !s.sync {
		return
	}
	s.mu.Lock()
	tracks := slices.Clone(s.loaded)
	s.mu.Unlock()
	for _, t := range tracks {
		if t.decode() {
			t.reader.close()
		}
	}
}

// forget takes t off the list of tracks.
func (s *Speaker) forget(t *Track) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loaded = slices.DeleteFunc(s.loaded, func(o *Track) bool { return o == t })
}

// done notes that a decoding goroutine has ended.
func (s *Speaker) done() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running--
	if s.running == 0 && s.idle != nil {
		close(s.idle)
		s.idle = nil
	}
}
