package scheduler

import (
	"slices"
	"time"

	"loa"
)

// Lengths of time that are the scheduler's own choice.
const (
	maxLead      = 30 * time.Second
	maxWake      = time.Hour              // a clock that steps silently is noticed within this
	clockStep    = 500 * time.Millisecond // a larger change between two steps is a step of the clock
	quickFade    = 50 * time.Millisecond  // what stops at once
	slowFade     = time.Second            // what stops at a moment known before
	stopLead     = 250 * time.Millisecond // how long before its ramp a Stop is given out
	toneFor      = 6 * time.Second        // loa-air: emergency cadence
	leastLate    = time.Second            // an occurrence is due for this long at least
	holdRest     = 30 * time.Second       // ISO 7240-16: at most 30 s between messages
	outputWait   = time.Minute            // a play cut by a lost card is kept this long at least
	outputRetry  = time.Second            // between two tries on a card that drops at once
	sessionPause = 5 * time.Minute        // loa-plan: a longer pause begins a new session
	maxUnseen    = 48 * time.Hour         // older occurrences that nobody saw pass are not reported
	mostUnseen   = 200                    // nor more than these at a time
)

// Scheduler decides what sounds. It is a value of one goroutine: no method may
// run beside another. The zero value is not usable; New makes one.
type Scheduler struct {
	opt Options
	now Now
	// base is the wall clock at Mono 0; a jump of it is a step of the clock.
	base    time.Time
	started bool // now and base are set

	plans  []*plan // ordered by origin
	airs   []*air  // ordered by origin
	sounds map[string]Sound
	up     bool // there is a device to play on

	retryAt time.Duration // Mono before which nothing starts, a card having been lost

	plays  []*play // all that wait, sound or rest
	holder *play   // the one that has the air; nil: none
	lastID PlayID

	book     book
	sessions []Session
	run      run
	boot     Memory       // as New got it
	orphans  []Occurrence // open when the daemon stopped, until their document is back

	out   []Action
	dirty bool // memory changed since the last Persist
}

// New makes a scheduler that goes on where m left off (the zero Memory: a
// device that never played). It plays nothing before it was told that there
// is an Output. Documents from disk are best applied before that event, all
// at the same time.
func New(o Options, m Memory) *Scheduler {
	s := &Scheduler{opt: o.bounded(), sounds: map[string]Sound{}, book: newBook(m.Occurred), boot: m}
	s.sessions = slices.Clone(m.Sessions[max(0, len(m.Sessions)-MaxSessions):])
	for _, o := range s.book.list {
		if o.Open {
			s.orphans = append(s.orphans, o)
		}
	}
	return s
}

func (o Options) bounded() Options {
	o.Lead = min(max(o.Lead, 0), maxLead)
	return o
}

// Configure changes the options. What sounds changes its level at once.
func (s *Scheduler) Configure(now Now, o Options) {
	s.observe(now)
	s.opt = o.bounded()
	s.decide()
}

// Step tells what happened and what time it is. A step that is due and late
// does what it would have done in time, as far as that still makes sense.
func (s *Scheduler) Step(now Now, ev Event) {
	s.observe(now)
	switch e := ev.(type) {
	case Began:
		s.began(e)
	case Ended:
		s.ended(e)
	case Sound:
		s.sounds[e.SHA256] = e
	case Output:
		s.output(e.Up)
	case Tick, nil:
	}
	s.decide()
}

// Next returns the actions decided since the last call, in order, and the
// Mono at which to Step at the latest (at most an hour ahead; also when the
// caller is told of a step of the clock). ok is false when nothing is planned
// and only an event or a document can change that.
func (s *Scheduler) Next() (actions []Action, wake time.Duration, ok bool) {
	s.persist()
	actions, s.out = s.out, nil
	wake, ok = s.wake()
	return actions, wake, ok
}

// Playing returns the pass that sounds now.
func (s *Scheduler) Playing() (Start, bool) {
	for _, p := range s.plays {
		if p.owes && p.audible {
			return p.start, true
		}
	}
	return Start{}, false
}

// Held reports whether items of a plan wait for a clock that can be believed.
func (s *Scheduler) Held() bool {
	for _, p := range s.plans {
		if len(p.items) > 0 {
			return !s.clockGood()
		}
	}
	return false
}

// decide brings everything up to now.
func (s *Scheduler) decide() {
	s.collectPlans()
	s.collectAir()
	s.forgetOrphans()
	s.expire()
	s.enforce()
	s.passOver()
	for s.arbitrate() {
	}
	s.level()
}

func (s *Scheduler) emit(a Action) { s.out = append(s.out, a) }

// persist asks for Memory to be written if it changed.
func (s *Scheduler) persist() {
	if s.dirty {
		s.dirty = false
		s.emit(Persist{})
	}
}

// sound returns what is known of a medium.
func (s *Scheduler) sound(m loa.Media) Sound { return s.sounds[MediaKey(m)] }

// MediaKey is the name under which Sound events speak of m: its digest, or in
// a plan file that names files, the file.
func MediaKey(m loa.Media) string {
	if m.SHA256 != "" {
		return m.SHA256
	}
	return m.File
}
