package scheduler

import (
	"fmt"
	"slices"
	"time"

	"loa"
)

// expire closes what cannot have its turn any more.
func (s *Scheduler) expire() {
	for _, p := range slices.Clone(s.plays) {
		switch {
		case p.owes:
		case p.loses && s.now.Mono >= p.giveUp:
			s.finish(p, loa.ResultFailed, "the sound output was lost: "+p.failure)
		case p.ends && s.now.Mono >= p.endAt:
			s.outOfTime(p)
		case p.entry != nil && !p.sounded && !p.loses && s.clockGood() && s.now.Wall.After(p.planned.Add(p.late)):
			s.tooLate(p)
		}
	}
}

// outOfTime closes what is over by its own end.
func (s *Scheduler) outOfTime(p *play) {
	switch {
	case !p.sounded:
		s.tooLate(p)
	case p.entry != nil && p.putBack:
		s.finish(p, loa.ResultCut, "its time was over before it could go on")
	default:
		s.complete(p)
	}
}

// tooLate closes what did not sound in its time, with the reason that held it
// back at last.
func (s *Scheduler) tooLate(p *play) {
	q := s.silenced(p, s.now.Mono)
	missing := s.missing(p)
	switch {
	case p.reopens:
		p.cutBy = "restart"
		s.finish(p, loa.ResultCut, "the daemon was restarted")
	case q != nil:
		s.finish(p, loa.ResultSilence, q.why())
	case missing != "":
		s.finish(p, loa.ResultMissing, missing)
	case !s.up:
		s.finish(p, loa.ResultFailed, "no sound output")
	case s.blind(p):
		s.finish(p, loa.ResultPolicy, "without a clock to go by, the policy cannot be kept")
	default:
		s.finish(p, loa.ResultMissed, s.whoElse(p))
	}
}

func (s *Scheduler) whoElse(p *play) string {
	why := "its turn did not come in its time"
	if p.entry != nil {
		why = fmt.Sprintf("its turn did not come within %s", p.late)
	}
	if s.holder != nil && s.holder != p {
		why += fmt.Sprintf(", %s had the air", s.holder.item.ID)
	}
	return why
}

// enforce stops what may not go on: silenced, at its own end, or at the limit
// of a policy.
func (s *Scheduler) enforce() {
	for _, p := range slices.Clone(s.plays) {
		if !p.owes && !p.sounded || p.over() {
			continue
		}
		if q := s.silenced(p, s.soundsFrom(p)); q != nil {
			p.limited = q.why()
			s.stop(p, stopSilence, s.now.Mono, quickFade, "silence")
			continue
		}
		if give, at, fade, ok := s.ending(p); ok && p.owes && s.now.Mono >= give {
			s.stop(p, stopEnd, at, fade, "end")
			continue
		}
		if give, at, fade, why := s.limit(p); why != "" && s.now.Mono >= give && p.owes {
			p.limited = why
			s.stop(p, stopPolicy, at, fade, "policy")
		}
	}
}

// soundsFrom is now, or when p will begin if that is later.
func (s *Scheduler) soundsFrom(p *play) time.Duration {
	if p.state == given && !p.audible {
		return max(s.now.Mono, p.at)
	}
	return s.now.Mono
}

// ending is when the Stop of p's own end has to be given out, and what it says.
func (s *Scheduler) ending(p *play) (give, at, fade time.Duration, ok bool) {
	if !p.ends {
		return 0, 0, 0, false
	}
	fade = quickFade
	if p.entry != nil {
		fade = slowFade
	}
	return p.endAt - fade - stopLead, max(p.endAt, s.now.Mono), fade, true
}

// limit is when policy stops p, and why; an empty reason: it does not. What
// fits by its length is given limitGrace to come to its end by itself.
func (s *Scheduler) limit(p *play) (give, at, fade time.Duration, why string) {
	if !p.policed() || !p.owes {
		return 0, 0, 0, ""
	}
	until, why, inside := s.allowed(p, s.soundsFrom(p))
	switch {
	case inside:
		p.boundAt, p.bounded = until, why
	case p.bounded != "" && p.boundAt <= s.now.Mono: // it began inside, and the limit is just over
		until, why, inside = p.boundAt, p.bounded, true
	}
	if why == "" {
		return 0, 0, 0, ""
	}
	if one, ok := s.passLength(p); ok && inside && p.at+one-p.start.From <= until+limitGrace {
		give = until + limitGrace
		return give, max(give, s.now.Mono), quickFade, why
	}
	return until - slowFade - stopLead, max(until, s.now.Mono+slowFade), slowFade, why
}

// until is the Until of a Start at the moment at.
func (s *Scheduler) until(p *play, at time.Duration) time.Duration {
	var until time.Duration
	if p.ends {
		until = p.endAt
	}
	if !p.policed() {
		return until
	}
	if t, why, _ := s.allowed(p, at); why != "" && (until == 0 || t < until) {
		until = t
	}
	return until
}
