package scheduler

import (
	"cmp"
	"slices"
	"time"

	"loa"
)

// state is where a play stands.
type state uint8

const (
	waiting  state = iota // wants the air: not begun, put back, or waiting for its next turn
	given                 // its Start is out
	resting               // between two passes; it keeps the air
	stopping              // its Stop is out
)

// stopCause is why a Stop was given out, and so what becomes of the play.
type stopCause uint8

const (
	notStopped  stopCause = iota
	stopCut               // a higher item wants the air
	stopClock             // the clock stepped before it sounded
	stopPolicy            // the limit is reached
	stopSilence           // a silence order
	stopRemoved           // taken out of its document
	stopEnd               // its own end
)

// play is an occurrence that is due, or an air item that has begun.
type play struct {
	id      PlayID // 0 until its first Start
	key     key
	item    loa.Item
	entry   *entry    // its item in a plan; nil if on air
	air     *airEntry // its item on air; nil if planned
	order   int       // in its document
	planned time.Time
	late    time.Duration

	state   state
	owes    bool // a Start is not answered by an Ended
	audible bool // the pass that it owes has begun
	sounded bool // some of it was heard
	reopens bool // a restart of the daemon cut it

	pass     int
	position time.Duration // in the pass, at which it goes on
	start    Start         // as given out last
	at       time.Duration // Mono at which that Start is to sound
	gain     float64       // as the caller knows it

	cause    stopCause
	stopAt   time.Duration
	cutter   *play  // what interrupted it
	cutBy    string // its id
	limited  string // the policy that stopped it, in words
	bounded  string // why policy lets it sound up to boundAt only
	boundAt  time.Duration
	putBack  bool   // cut by a higher one: goes before those that wait
	fallback bool   // its stream failed, the fallback's media sound
	toneOnly bool   // its media failed, the tone goes on
	failure  string // the last error in words

	turned    bool          // had a pass that came to its end
	lastTurn  time.Duration // when that was
	notBefore time.Duration // Mono before which it does not go on
	noLead    bool          // cannot be given out early; judged at its moment
	ends      bool          // it is over at endAt, whatever sounds
	endAt     time.Duration
	loses     bool // put back for want of a card, and given up at giveUp
	giveUp    time.Duration
}

// rank orders plays of one class that want the air at the same moment.
func rank(a, b *play) int {
	return cmp.Or(
		compareBool(b.putBack, a.putBack),
		cmp.Compare(a.lastTurn, b.lastTurn), // 0: had none, so it waits longest
		cmp.Compare(a.item.Level, b.item.Level),
		a.planned.Compare(b.planned),
		compareOrigin(a.key.Origin, b.key.Origin),
		compareBool(a.air == nil, b.air == nil),
		cmp.Compare(a.order, b.order),
	)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

func compareOrigin(a, b Origin) int {
	return cmp.Or(cmp.Compare(a.KID, b.KID), cmp.Compare(a.Aud, b.Aud))
}

// stream is the URL that p relays now, empty if it plays media.
func (p *play) stream() string {
	if p.entry == nil || p.fallback {
		return ""
	}
	return p.entry.item.Stream
}

func (p *play) live() *loa.Live {
	if p.air == nil {
		return nil
	}
	return p.air.item.Live
}

func (p *play) tone() loa.Tone {
	if p.air == nil {
		return loa.NoTone
	}
	return p.air.item.Tone
}

func (p *play) silent() bool { return p.air != nil && p.air.item.Test }

// policed reports whether policies bind p.
func (p *play) policed() bool { return p.item.Class != loa.Emergency }

// media returns what the next pass of p plays besides its tone. ready is false
// when some of it is not here; bad says why it never can be played.
func (s *Scheduler) media(p *play) (media []loa.Media, ready bool, bad string) {
	if p.toneOnly {
		return nil, true, ""
	}
	media, ready = p.item.Media, true
	if p.fallback {
		media = p.entry.fallback.Media
	}
	for _, m := range media {
		snd := s.sound(m)
		if snd.Bad != "" && bad == "" {
			bad = "sound " + short(m) + " cannot be played: " + snd.Bad
		}
		ready = ready && snd.Ready
	}
	if p.tone() != loa.NoTone && (!ready || bad != "") {
		return nil, true, "" // an alert sounds with no media at all
	}
	return media, ready && bad == "", bad
}

// missing says which of p's media is not here.
func (s *Scheduler) missing(p *play) string {
	for _, m := range p.item.Media {
		if snd := s.sound(m); !snd.Ready {
			return "sound " + short(m) + " " + cmp.Or(snd.Absent, "is not here")
		}
	}
	return ""
}

// short names a medium for a person: as the plan does, or by its digest.
func short(m loa.Media) string {
	if m.File != "" {
		return m.File
	}
	k := MediaKey(m)
	return k[:min(len(k), 12)]
}

// passLength is how long one pass of p sounds; ok is false if that is not
// known.
func (s *Scheduler) passLength(p *play) (sum time.Duration, ok bool) {
	if p.stream() != "" || p.live() != nil || p.fallback {
		return 0, false
	}
	if p.tone() != loa.NoTone {
		sum = toneFor
	}
	media, _, _ := s.media(p)
	for _, m := range media {
		d := s.sound(m).Duration
		if d == 0 {
			d = m.Duration.Std()
		}
		if d == 0 {
			return 0, false
		}
		sum += d
	}
	return sum, true
}

// left is how long p would still sound from its next Start, gaps included. An
// air item that repeats until its end is judged pass by pass.
func (s *Scheduler) left(p *play) (time.Duration, bool) {
	one, ok := s.passLength(p)
	if !ok {
		return 0, false
	}
	passes := 1
	if p.item.Repeat > 0 {
		passes = max(1, p.item.Repeat-p.pass)
	}
	all := one*time.Duration(passes) + p.item.Gap.Std()*time.Duration(passes-1)
	return max(0, all-p.position), true
}

// drop takes p out of the list of plays.
func (s *Scheduler) drop(p *play) {
	s.plays = slices.DeleteFunc(s.plays, func(q *play) bool { return q == p })
	if s.holder == p {
		s.holder = nil
	}
	if p.entry != nil && p.entry.waiting == p {
		p.entry.waiting = nil
		p.entry.plan.act = time.Time{}
	}
	if p.air != nil && p.air.play == p {
		p.air.play, p.air.over = nil, true
	}
}

// finish closes p.
func (s *Scheduler) finish(p *play, result loa.Result, reason string) {
	reported := s.book.reported(p.key)
	s.drop(p)
	switch {
	case result == loa.ResultRemoved && (p.air != nil || !p.sounded && !p.reopens):
		s.book.forget(p.key) // put back, it is a new order
	case p.sounded || p.reopens || p.air != nil:
		s.book.close(p.key)
	default:
		s.book.miss(p.key)
	}
	s.dirty = true
	if p.id != 0 || !reported {
		s.emit(p.done(result, reason))
	}
	if p.entry != nil && p.cause != stopRemoved {
		s.report(s.advance(p.entry))
	}
}

func (p *play) done(result loa.Result, reason string) Done {
	d := Done{Play: p.id, Item: p.item, Origin: p.key.Origin, Planned: p.planned, Result: result, Reason: reason}
	if result == loa.ResultCut {
		d.CutBy = p.cutBy
	}
	return d
}
