package scheduler

import (
	"fmt"
	"time"
)

// observe takes the time of a step and notices a clock that stepped: the wall
// clock moved against the monotonic one.
func (s *Scheduler) observe(now Now) {
	now.Wall = now.Wall.Round(0).UTC()
	base := now.Wall.Add(-now.Mono)
	moved, good := base.Sub(s.base), s.clockGood()
	first := !s.started
	s.now, s.base, s.started = now, base, true
	if !first && moved.Abs() > clockStep {
		s.stepped(moved)
	}
	if !first && !good && s.clockGood() {
		s.trusted()
	}
}

// clockGood reports whether the schedule may go by the wall clock.
func (s *Scheduler) clockGood() bool {
	return s.started && (s.now.Trusted || s.opt.UntrustedPlays)
}

// wall is the wall clock at a monotonic time, as far as is known now.
func (s *Scheduler) wall(m time.Duration) time.Time { return s.now.Wall.Add(m - s.now.Mono) }

// farAway bounds sums of times: documents may name the year 9999.
const farAway = 1 << 61 * time.Nanosecond // 73 years

// mono is the monotonic time at which the wall clock will show t.
func (s *Scheduler) mono(t time.Time) time.Duration {
	return s.now.Mono + min(max(t.Sub(s.now.Wall), -farAway), farAway)
}

// trusted is told that the clock can be believed from now on: occurrences that
// passed in the meantime were not seen.
func (s *Scheduler) trusted() {
	for _, p := range s.plans {
		p.unseen = unseenOff
	}
	for _, a := range s.airs {
		a.retime(s)
	}
}

// stepped judges anew after a step of the clock: what was given out and does
// not sound yet is revoked, what is not taken up is looked up again.
func (s *Scheduler) stepped(by time.Duration) {
	for _, p := range s.plans {
		if by > 0 {
			p.unseen = fmt.Sprintf("the clock went forward by %s", by.Round(time.Second))
			continue
		}
		s.rewind(p)
	}
	for _, a := range s.airs {
		a.retime(s)
	}
	for _, p := range s.plays {
		p.noLead, p.bounded = false, ""
		if p.state == given && p.at > s.now.Mono {
			s.stop(p, stopClock, s.now.Mono, 0, "clock")
		}
	}
}
