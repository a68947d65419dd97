package scheduler

import (
	"cmp"
	"slices"
	"time"

	"loa"
)

// Upcoming is an occurrence to come, or an item on air that has not begun.
type Upcoming struct {
	Item    loa.Item
	Origin  Origin
	Planned time.Time
	Blocked string // why it will not play as things stand; empty: it will
}

// Upcoming returns the next n occurrences after now, the earliest first.
func (s *Scheduler) Upcoming(n int) []Upcoming {
	var next []*lookahead
	for _, p := range s.plans {
		for _, e := range p.items {
			if l := s.lookahead(e); l != nil {
				next = append(next, l)
			}
		}
	}
	out := s.upcomingAir()
	for i := 0; i < n && len(next) > 0; i++ {
		first := slices.MinFunc(next, func(a, b *lookahead) int { return a.at.Compare(b.at) })
		out = append(out, s.upcoming(first.e, first.at))
		if !first.step() {
			next = slices.DeleteFunc(next, func(l *lookahead) bool { return l == first })
		}
	}
	slices.SortStableFunc(out, func(a, b Upcoming) int { return a.Planned.Compare(b.Planned) })
	return out[:min(n, len(out))]
}

// lookahead walks the occurrences of an item without moving the item.
type lookahead struct {
	e      *entry
	at     time.Time
	cursor *cursor
}

func (s *Scheduler) lookahead(e *entry) *lookahead {
	l := &lookahead{e: e, at: e.head}
	if w := e.waiting; w != nil && w.planned.After(s.now.Wall) {
		l.at = w.planned
	}
	if l.at.IsZero() {
		return nil
	}
	for !l.at.After(s.now.Wall) || s.book.settled(keyOf(e.plan.origin, e.item.ID, l.at, false)) {
		if !l.step() {
			return nil
		}
	}
	return l
}

func (l *lookahead) step() (ok bool) {
	if l.cursor == nil {
		l.cursor = l.e.series.from(l.at.Add(time.Nanosecond))
	}
	l.at, ok = l.cursor.take()
	return ok
}

func (s *Scheduler) upcoming(e *entry, at time.Time) Upcoming {
	p := &play{item: e.item.Item, entry: e, planned: at, key: keyOf(e.plan.origin, e.item.ID, at, false)}
	return Upcoming{Item: p.item, Origin: e.plan.origin, Planned: at, Blocked: s.blocked(p, s.mono(at))}
}

func (s *Scheduler) upcomingAir() (out []Upcoming) {
	for _, a := range s.airs {
		for _, e := range a.entries {
			if e.over || e.begin <= s.now.Mono {
				continue
			}
			p := &play{item: e.item.Item, air: e, planned: e.planned, key: keyOf(a.origin, e.item.ID, e.item.End, true)}
			out = append(out, Upcoming{Item: p.item, Origin: a.origin, Planned: e.planned, Blocked: s.blocked(p, e.begin)})
		}
	}
	return out
}

// blocked says what already is known to keep p from sounding at the moment at.
func (s *Scheduler) blocked(p *play, at time.Duration) string {
	if p.entry != nil {
		if !s.clockGood() {
			return "the clock cannot be believed"
		}
		if p.entry.plan.expired(p.planned) {
			return "plan expired at " + p.entry.plan.clock(p.entry.plan.doc.Exp)
		}
	}
	if q := s.silenced(p, at); q != nil {
		return q.why()
	}
	if _, ready, bad := s.media(p); bad != "" {
		return bad
	} else if !ready {
		return s.missing(p)
	}
	if p.policed() {
		return s.refused(p, at)
	}
	return ""
}

// Need is a medium that will be wanted.
type Need struct {
	Media  loa.Media
	At     time.Time // when it is wanted first; now, if it already is
	Class  loa.Class // of the item for whose sake it stands where it stands
	ItemID string
	Ready  bool // it is here and verified
}

// Needs returns the media that what is on air and what the plans hold within
// the horizon will want, each once, in the order in which to get them:
// emergencies, then what is on air, then by the moment of need.
func (s *Scheduler) Needs(horizon time.Duration) []Need {
	var all []need
	until := s.now.Wall.Add(horizon)
	for _, p := range s.plays {
		all = s.addNeeds(all, p.item.Media, p.planned, p.item, p.air != nil)
	}
	for _, a := range s.airs {
		for _, e := range a.entries {
			if !e.over && !e.planned.After(until) {
				all = s.addNeeds(all, e.item.Media, e.planned, e.item.Item, true)
			}
		}
	}
	for _, p := range s.plans {
		for _, e := range p.items {
			if e.waiting == nil && (e.head.IsZero() || e.head.After(until)) {
				continue
			}
			at := e.head
			if e.waiting != nil {
				at = e.waiting.planned
			}
			all = s.addNeeds(all, e.item.Media, at, e.item.Item, false)
			if e.fallback != nil {
				all = s.addNeeds(all, e.fallback.Media, at, e.item.Item, false)
			}
		}
	}
	return inOrder(all)
}

type need struct {
	Need
	onAir bool
}

func (s *Scheduler) addNeeds(all []need, media []loa.Media, at time.Time, it loa.Item, onAir bool) []need {
	if at.Before(s.now.Wall) {
		at = s.now.Wall
	}
	for _, m := range media {
		all = append(all, need{Need{Media: m, At: at, Class: it.Class, ItemID: it.ID, Ready: s.sound(m).Ready}, onAir})
	}
	return all
}

func inOrder(all []need) []Need {
	slices.SortStableFunc(all, func(a, b need) int {
		return cmp.Or(
			compareBool(b.Class == loa.Emergency, a.Class == loa.Emergency),
			compareBool(b.onAir, a.onAir),
			a.At.Compare(b.At),
			-cmp.Compare(a.Class, b.Class),
		)
	})
	var out []Need
	seen := map[string]int{}
	for _, n := range all {
		k := MediaKey(n.Media)
		i, found := seen[k]
		switch {
		case !found:
			seen[k] = len(out)
			out = append(out, n.Need)
		case n.At.Before(out[i].At):
			out[i].At = n.At
		}
	}
	return out
}
