package scheduler

import (
	"fmt"
	"strings"
	"time"

	"loa"
)

// limitGrace is what an item that fits into window and session by its length
// may run over before it is faded out: cards and decoders are not exact.
const limitGrace = 500 * time.Millisecond

// policed reports whether a policy in force needs the wall clock.
func (s *Scheduler) policed() bool {
	for _, p := range s.plans {
		if pol := p.doc.Policy; pol != nil && (len(pol.Windows) > 0 || pol.MaxSessionsPerDay > 0) {
			return true
		}
	}
	return false
}

// refused says why the policies in force do not let p begin (or go on) at the
// moment at; empty: they do. Its length has to fit; what has no known length
// has only to begin inside.
func (s *Scheduler) refused(p *play, at time.Duration) string {
	long, known := s.left(p) // 0 if not known
	slack := time.Duration(0)
	if p.ends {
		long = min(long, p.endAt-at)
	}
	if p.sounded {
		slack = limitGrace
	}
	t := s.wall(at)
	from, fresh := s.sessionAt(at)
	for _, plan := range s.plans {
		pol := plan.doc.Policy
		if pol == nil {
			continue
		}
		closes, inside := closing(pol.Windows, t.In(plan.loc))
		switch end := t.Add(long); {
		case !inside:
			return fmt.Sprintf("%s is outside the windows %s", plan.hour(t), windows(pol.Windows))
		case known && end.After(closes.Add(slack)):
			return fmt.Sprintf("would end %s, window closes %s", plan.hour(end), plan.hour(closes))
		}
		if most := pol.MaxSession.Std(); most > 0 && (at+long-from > most+slack || at-from >= most) {
			return fmt.Sprintf("would make the session %s long, %s is allowed", (at + long - from).Round(time.Second), most)
		}
		if most := pol.MaxSessionsPerDay; most > 0 && fresh && s.sessionsOn(t, plan.loc) >= most {
			return fmt.Sprintf("%d sessions of %s were held, %d are allowed", s.sessionsOn(t, plan.loc), t.In(plan.loc).Format(time.DateOnly), most)
		}
	}
	return ""
}

// allowed is up to when the policies let p sound, if it sounds at the moment
// at. An empty reason: for ever. inside is false if it may not sound even now.
func (s *Scheduler) allowed(p *play, at time.Duration) (until time.Duration, why string, inside bool) {
	inside = true
	earlier := func(t time.Duration, reason string) {
		if why == "" || t < until {
			until, why = t, reason
		}
	}
	from, _ := s.sessionAt(at)
	t := s.wall(at)
	for _, plan := range s.plans {
		pol := plan.doc.Policy
		if pol == nil {
			continue
		}
		if closes, in := closing(pol.Windows, t.In(plan.loc)); !in {
			inside = false
			earlier(at, "stopped at "+plan.hour(t)+", outside the windows "+windows(pol.Windows))
		} else if closes.Sub(t) < 2*maxAir {
			earlier(s.mono(closes), "faded out at "+plan.hour(closes)+" when the window closed")
		}
		if most := pol.MaxSession.Std(); most > 0 && !p.silent() {
			earlier(from+most, "faded out at the end of a session of "+most.String())
		}
	}
	return until, why, inside
}

// closing returns when the windows around t close, those that overlap or abut
// being one. No windows: never.
func closing(ws []loa.Window, t time.Time) (end time.Time, inside bool) {
	end, inside = t, len(ws) == 0
	if inside {
		return t.Add(farAway), true
	}
	for end.Sub(t) < 2*maxAir {
		next := end
		for _, w := range ws {
			if e, ok := w.End(end); ok && e.After(next) {
				next = e
			}
		}
		if next.Equal(end) {
			return end, inside
		}
		end, inside = next, true
	}
	return t.Add(farAway), true
}

// hour writes the time of day that clocks in the plan's zone show.
func (p *plan) hour(t time.Time) string { return t.In(p.loc).Format(time.TimeOnly) }

func windows(ws []loa.Window) string {
	var b strings.Builder
	for i, w := range ws {
		if i > 0 {
			b.WriteString(", ")
		}
		for _, d := range w.Days {
			b.WriteString(d.String() + " ")
		}
		fmt.Fprintf(&b, "%s-%s", w.From, w.To)
	}
	return b.String()
}

// run is the session that goes on, on the monotonic clock.
type run struct {
	known    bool
	from, to time.Duration // to: end of the last play
}

// sessionAt returns when the session began to which a play at the moment at
// would belong; fresh: with that play.
func (s *Scheduler) sessionAt(at time.Duration) (from time.Duration, fresh bool) {
	s.recall()
	if s.run.known && (s.inSession() || at-s.run.to < sessionPause) {
		return s.run.from, false
	}
	return at, true
}

// inSession reports whether a play that counts goes on.
func (s *Scheduler) inSession() bool {
	for _, p := range s.plays {
		if p.counts() && (p.audible || p.state == resting) {
			return true
		}
	}
	return false
}

// recall finds the session again in which the daemon was restarted.
func (s *Scheduler) recall() {
	if s.run.known || len(s.sessions) == 0 || !s.started {
		return
	}
	last := s.sessions[len(s.sessions)-1]
	if last.From.After(s.now.Wall) || s.now.Wall.Sub(last.To) >= sessionPause {
		return
	}
	s.run = run{known: true, from: s.mono(last.From), to: min(s.mono(last.To), s.now.Mono)}
}

// counts reports whether p is part of a session.
func (p *play) counts() bool { return p.policed() && !p.silent() }

// opensSession reports whether p, given out, will begin a session.
func (s *Scheduler) opensSession(p *play) bool {
	_, fresh := s.sessionAt(p.at)
	return fresh
}

// withSession adds p, given out, to a list of sessions.
func (s *Scheduler) withSession(list []Session, p *play) []Session {
	end := s.wall(s.expectedEnd(p, p.at))
	if s.opensSession(p) {
		list = append(list, Session{From: s.wall(p.at), To: end})
		return list[max(0, len(list)-MaxSessions):]
	}
	if n := len(list); n > 0 && end.After(list[n-1].To) {
		list[n-1].To = end
	}
	return list
}

// expectedEnd is when p, which begins at the moment at, is over; at, if nobody
// knows.
func (s *Scheduler) expectedEnd(p *play, at time.Duration) time.Duration {
	if long, known := s.left(p); known {
		at += long
	} else if p.ends {
		return max(at, p.endAt)
	}
	return at
}

// openSession counts p, which begins to sound, into a session.
func (s *Scheduler) openSession(p *play) {
	p.audible = false // the session so far, without p
	from, fresh := s.sessionAt(s.now.Mono)
	p.audible = true
	if fresh {
		from = s.now.Mono
		s.sessions = append(s.sessions, Session{From: s.now.Wall})
		s.sessions = s.sessions[max(0, len(s.sessions)-MaxSessions):]
	}
	s.run = run{known: true, from: from, to: s.now.Mono}
	s.expectEnd(s.expectedEnd(p, s.now.Mono))
}

// closeSession notes that p, which counted, does not sound any more.
func (s *Scheduler) closeSession(p *play) {
	if !p.counts() || !p.sounded || !s.run.known {
		return
	}
	s.run.to = s.now.Mono
	s.expectEnd(s.now.Mono)
}

// expectEnd writes the end of the session that goes on. It is counted from its
// beginning, so that a step of the clock does not stretch it.
func (s *Scheduler) expectEnd(t time.Duration) {
	if n := len(s.sessions); n > 0 && s.run.known {
		last := &s.sessions[n-1]
		last.To = last.From.Add(t - s.run.from)
	}
}

// sessionsOn counts the sessions that began on the local day of t.
func (s *Scheduler) sessionsOn(t time.Time, loc *time.Location) (n int) {
	y, m, d := t.In(loc).Date()
	for _, q := range s.sessions {
		if qy, qm, qd := q.From.In(loc).Date(); qy == y && qm == m && qd == d {
			n++
		}
	}
	return n
}
