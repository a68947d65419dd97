package scheduler

import (
	"slices"
	"time"

	"loa"
)

// arbitrate gives the air to who is to have it, one decision at a time: it
// reports whether it decided something and is to be called again.
func (s *Scheduler) arbitrate() bool {
	for class := loa.Emergency; ; class-- {
		if s.holder != nil && s.holder.item.Class >= class {
			return s.goOn(s.holder) // inside a class nothing interrupts
		}
		if s.fading(class) {
			return false
		}
		if p, at := s.best(class); p != nil {
			return s.turn(p, at)
		}
		if class == loa.Normal || s.keepsQuiet(class) {
			return false
		}
	}
}

// fading reports whether something of this class or a higher one is being
// stopped and has to be waited for.
func (s *Scheduler) fading(class loa.Class) bool {
	for _, p := range s.plays {
		if p.state == stopping && p.item.Class >= class {
			return true
		}
	}
	return false
}

// goOn gives out the next pass of a play that keeps the air between passes.
func (s *Scheduler) goOn(p *play) bool {
	if p.state != resting || p.notBefore > s.now.Mono+s.opt.Lead {
		return false
	}
	at := max(s.now.Mono, p.notBefore)
	if !s.up {
		s.holder = nil
		s.lost(p)
		return true
	}
	if s.now.Mono < s.retryAt {
		return false
	}
	if p.policed() {
		if why := s.refused(p, at); why != "" {
			s.finish(p, loa.ResultPolicy, why)
			return true
		}
	}
	s.begin(p, at)
	return true
}

// keepsQuiet reports whether an item on air of this class rests between two
// passes so shortly that nothing lower may sound in between.
func (s *Scheduler) keepsQuiet(class loa.Class) bool {
	for _, p := range s.plays {
		if p.air == nil || p.item.Class != class || !p.turned || p.item.Gap.Std() > holdRest {
			continue
		}
		if from, ok := s.from(p); ok && from > s.now.Mono {
			return true
		}
	}
	return false
}

// best returns the play of a class that gets the air next, and when: now, or
// within Lead.
func (s *Scheduler) best(class loa.Class) (best *play, at time.Duration) {
	for _, p := range s.plays {
		if p.item.Class != class {
			continue
		}
		from, ok := s.from(p)
		if !ok || from > s.now.Mono+s.opt.Lead || (p.noLead && from > s.now.Mono) {
			continue
		}
		if best == nil || from < at || (from == at && rank(p, best) < 0) {
			best, at = p, from
		}
	}
	return best, at
}

// from returns the earliest moment at which p can sound, as far as p alone is
// concerned; ok is false if something has to happen first.
func (s *Scheduler) from(p *play) (at time.Duration, ok bool) {
	if p.state != waiting || p.owes || !s.up || s.now.Mono < s.retryAt {
		return 0, false
	}
	at = max(s.now.Mono, p.notBefore)
	if p.entry != nil && !p.sounded {
		if !s.clockGood() {
			return 0, false
		}
		at = max(at, s.mono(p.planned))
	}
	if p.ends && at >= p.endAt || s.silenced(p, at) != nil || s.blind(p) {
		return 0, false
	}
	_, ready, bad := s.media(p)
	return at, ready || bad != ""
}

// blind reports whether p would have to be judged by a clock that cannot be
// believed: quiet hours have to hold, and only emergencies pass them.
func (s *Scheduler) blind(p *play) bool {
	return p.policed() && !p.sounded && !s.clockGood() && s.policed()
}

// turn is p's: it gets the air, or it is told why not.
func (s *Scheduler) turn(p *play, at time.Duration) bool {
	_, _, bad := s.media(p)
	refused := ""
	if bad == "" && p.policed() {
		refused = s.refused(p, at)
	}
	switch {
	case bad == "" && refused == "":
		s.interrupt(p, at)
		s.begin(p, at)
	case at > s.now.Mono:
		p.noLead = true // nothing is settled before its moment
	case bad != "":
		s.finish(p, loa.ResultFailed, bad)
	case p.putBack:
		s.finish(p, loa.ResultCut, refused)
	default:
		s.finish(p, loa.ResultPolicy, refused)
	}
	return true
}

// passOver settles what was not given out early because it is refused, and
// whose moment came: whether others were given the air for that moment instead
// makes no difference.
func (s *Scheduler) passOver() {
	for _, p := range slices.Clone(s.plays) {
		at, ok := s.from(p)
		if !p.noLead || p.sounded || !ok || at > s.now.Mono {
			continue
		}
		p.noLead = false
		if h := s.holder; h == nil || h.item.Class > p.item.Class || h.start.At < max(s.mono(p.planned), p.notBefore) {
			continue // judged when the air is free
		}
		if _, _, bad := s.media(p); bad != "" {
			s.finish(p, loa.ResultFailed, bad)
		} else if why := s.refused(p, at); why != "" && p.policed() {
			s.finish(p, loa.ResultPolicy, why)
		}
	}
}

// output is told whether there is a card. What was given out for one that is
// gone is revoked.
func (s *Scheduler) output(up bool) {
	s.up = up
	if up {
		return
	}
	for _, p := range slices.Clone(s.plays) {
		if p.state == given && !p.audible {
			s.stop(p, stopClock, s.now.Mono, quickFade, "output")
		}
	}
}

// interrupt takes the air from what has it, and from what still fades out, so
// that p can have it at the moment at.
func (s *Scheduler) interrupt(p *play, at time.Duration) {
	for _, q := range s.plays {
		if q.state == stopping && q.stopAt > at {
			q.cutter, q.cutBy = p, p.item.ID
			s.cut(q, at)
		}
	}
	q := s.holder
	if q == nil {
		return
	}
	q.cutter, q.cutBy = p, p.item.ID
	if q.state == given && !q.audible {
		at = s.now.Mono // it has not begun and is not to begin any more
	}
	s.stop(q, stopCut, at, 0, p.item.ID)
}

// stop ends what sounds of p at the moment at, with a ramp before it (0: as
// fits). Between two passes nothing sounds, and p is settled at once.
func (s *Scheduler) stop(p *play, why stopCause, at, fade time.Duration, cause string) {
	if p.cause == notStopped || p.cause == stopCut || p.cause == stopClock || why == stopRemoved {
		p.cause = why
	}
	if s.holder == p {
		s.holder = nil
	}
	if !p.owes {
		s.settle(p)
		return
	}
	if p.state == stopping && p.stopAt <= at {
		return
	}
	at = max(at, s.now.Mono)
	if fade == 0 {
		fade = quickFade
		if at > s.now.Mono {
			fade = min(slowFade, at-s.now.Mono)
		}
	}
	p.state, p.stopAt = stopping, at
	s.emit(Stop{Play: p.id, At: at, Fade: fade, Cause: cause})
}

// cut makes a Stop that is on its way happen earlier.
func (s *Scheduler) cut(p *play, at time.Duration) {
	p.stopAt = at
	s.emit(Stop{Play: p.id, At: at, Fade: quickFade, Cause: p.cutBy})
}

// begin gives out the Start of p's pass.
func (s *Scheduler) begin(p *play, at time.Duration) {
	if p.id == 0 {
		s.lastID++
		p.id = s.lastID
	}
	if p.stream() != "" && !p.ends {
		p.ends, p.endAt = true, at+p.entry.item.Duration.Std()
	}
	media, _, _ := s.media(p)
	p.gain = s.gain(p, at)
	p.start = Start{
		Play: p.id, Pass: p.pass, Item: p.item, Origin: p.key.Origin, Planned: p.planned, At: at, From: p.position,
		Media: media, Tone: p.tone(), Stream: p.stream(), Live: p.live(), GainDB: p.gain, Until: s.until(p, at), Silent: p.silent(),
	}
	if p.start.Tone != loa.NoTone {
		p.start.ToneFor = toneFor
	}
	p.state, p.owes, p.audible, p.loses = given, true, false, false
	p.at, p.cause, p.limited, p.cutter = at, notStopped, "", nil
	s.holder = p
	s.dirty = s.dirty || p.counts() && (p.putBack || s.opensSession(p))
	s.takeUp(p)
	if p.item.Class != loa.Emergency {
		s.persist()
	}
	s.emit(p.start)
}

// takeUp writes down that p is played, once.
func (s *Scheduler) takeUp(p *play) {
	if o, _ := s.book.get(p.key); !o.Open {
		s.book.open(p.key)
		s.dirty = true
	}
	if e := p.entry; e != nil && e.waiting == p {
		e.waiting = nil
		s.report(s.advance(e))
		e.plan.act = time.Time{}
	}
}
