package scheduler

import "time"

// alarm collects the moments at which something changes by itself. Only those
// after now count: everything up to now is decided.
type alarm struct {
	now, at time.Duration
	set     bool
}

func (a *alarm) on(t time.Duration) {
	if t > a.now && (!a.set || t < a.at) {
		a.at, a.set = t, true
	}
}

// wake is the Mono of the next step at the latest; ok is false if nothing is
// planned.
func (s *Scheduler) wake() (time.Duration, bool) {
	if !s.started {
		return 0, false
	}
	a := alarm{now: s.now.Mono}
	if s.something() {
		a.on(s.now.Mono + maxWake)
	}
	for _, p := range s.plans {
		if s.clockGood() {
			if p.act.IsZero() {
				p.act = s.nextLook(p)
			}
			if p.act.Before(s.now.Wall.Add(farAway)) {
				a.on(s.mono(p.act))
			}
		}
	}
	if len(s.plays) > 0 {
		a.on(s.retryAt)
	}
	for _, d := range s.airs {
		s.wakeAir(&a, d)
	}
	for _, p := range s.plays {
		s.wakePlay(&a, p)
	}
	return a.at, a.set
}

// something reports whether any document could make something sound, or keep
// it from sounding.
func (s *Scheduler) something() bool {
	if len(s.plays) > 0 || len(s.orphans) > 0 {
		return true
	}
	for _, p := range s.plans {
		for _, e := range p.items {
			if !e.head.IsZero() {
				return true
			}
		}
	}
	for _, d := range s.airs {
		for _, e := range d.entries {
			if !e.over {
				return true
			}
		}
	}
	return false
}

func (s *Scheduler) wakeAir(a *alarm, d *air) {
	for _, e := range d.entries {
		if !e.over && e.play == nil {
			a.on(e.begin - s.opt.Lead)
		}
	}
	for _, q := range d.silence {
		from, until := q.span(s)
		a.on(from)
		a.on(until)
		a.on(from - s.opt.Lead)
		a.on(until - s.opt.Lead)
	}
}

func (s *Scheduler) wakePlay(a *alarm, p *play) {
	if give, _, _, ok := s.ending(p); ok {
		a.on(give)
		a.on(p.endAt)
	}
	if p.loses {
		a.on(p.giveUp)
	}
	a.on(p.notBefore - s.opt.Lead)
	a.on(p.notBefore)
	if p.entry != nil && !p.sounded && s.clockGood() {
		planned := s.mono(p.planned)
		a.on(planned - s.opt.Lead)
		a.on(planned)
		a.on(planned + p.late + time.Nanosecond)
	}
	if !p.owes {
		return
	}
	if give, at, _, why := s.limit(p); why != "" {
		a.on(give)
		a.on(at)
	}
	if t, ok := s.volumeEdge(); ok && p.policed() {
		a.on(s.mono(t))
	}
}
