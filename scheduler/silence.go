package scheduler

import (
	"time"

	"loa"
)

// silence is an order that holds lower items back.
type silence struct {
	order   loa.Silence
	taken   time.Duration // Mono
	trusted bool          // the wall clock could be believed when it was taken
}

func (s *Scheduler) newSilence(o loa.Silence, old *air) *silence {
	if old != nil {
		for _, q := range old.silence {
			if q.order.ID == o.ID && q.order.From.Equal(o.From) && q.order.Until.Equal(o.Until) {
				return &silence{order: o, taken: q.taken, trusted: q.trusted}
			}
		}
	}
	return &silence{order: o, taken: s.now.Mono, trusted: s.now.Trusted}
}

// span is when q holds, on the monotonic clock. Without a clock to go by it
// holds from its coming, for as long as it was meant to.
func (q *silence) span(s *Scheduler) (from, until time.Duration) {
	if s.now.Trusted || q.trusted {
		return s.mono(q.order.From), s.mono(q.order.Until)
	}
	return q.taken, q.taken + min(q.order.Until.Sub(q.order.From), maxAir)
}

// silenced returns the silence order that keeps p from sounding at t.
func (s *Scheduler) silenced(p *play, t time.Duration) *silence {
	for _, a := range s.airs {
		for _, q := range a.silence {
			if from, until := q.span(s); t >= from && t < until && q.binds(a.origin, p) {
				return q
			}
		}
	}
	return nil
}

// binds reports whether q is an order that p has to obey: of a class that it
// reaches, from the same or a higher office; an emergency bows to its own
// signer and to a higher office only.
func (q *silence) binds(from Origin, p *play) bool {
	switch {
	case p.item.Class > q.order.MaxClass:
		return false
	case p.item.Class == loa.Emergency:
		return from.KID == p.key.Origin.KID || q.order.Level < p.item.Level
	}
	return q.order.Level <= p.item.Level
}

func (q *silence) why() string { return "silence " + q.order.ID + " is in force" }
