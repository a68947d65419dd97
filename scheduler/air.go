package scheduler

import (
	"reflect"
	"slices"
	"time"

	"loa"
)

// air is a loa-air in force.
type air struct {
	origin  Origin
	iat     time.Time
	entries []*airEntry
	silence []*silence
}

// airEntry is an item on air and where it stands.
type airEntry struct {
	air     *air
	item    *loa.AirItem
	order   int
	begin   time.Duration // Mono at which it begins or began
	lasts   time.Duration // from begin
	planned time.Time
	play    *play // once it is near; nil before and after
	over    bool
}

// maxAir is the longest that an item may be on air (loa-air).
const maxAir = 24 * time.Hour

// ApplyAir puts what is on air in force in place of the document of the same
// origin; nil removes that. Items and silences that are in both, with equal
// content, go on untouched; items that are gone are stopped at once. The
// document belongs to the scheduler from then on. An item issued again with
// another end alone goes on to that end. There is no error yet; the result is
// for checks to come.
func (s *Scheduler) ApplyAir(now Now, from Origin, doc *loa.Air) error {
	s.observe(now)
	i, found := slices.BinarySearchFunc(s.airs, from, func(a *air, o Origin) int { return compareOrigin(a.origin, o) })
	var old *air
	if found {
		old = s.airs[i]
	}
	var next *air
	if doc != nil {
		next = s.newAir(from, doc, old)
	}
	s.removeAir(old, next)
	switch {
	case next == nil && found:
		s.airs = slices.Delete(s.airs, i, i+1)
	case next != nil && found:
		s.airs[i] = next
	case next != nil:
		s.airs = slices.Insert(s.airs, i, next)
	}
	if next != nil && !found {
		s.reopenAir(next)
	}
	s.decide()
	return nil
}

// newAir makes the entries of a document, keeping those of the old one that
// are in both.
func (s *Scheduler) newAir(from Origin, doc *loa.Air, old *air) *air {
	a := &air{origin: from, iat: doc.Iat}
	for i := range doc.Items {
		e := &airEntry{item: &doc.Items[i]}
		if same := old.find(e.item); same != nil {
			s.prolong(same, e.item)
			e = same
		} else {
			s.timeEntry(e, doc.Iat)
		}
		e.air, e.order = a, i
		if e.play != nil {
			e.play.order = i
		}
		a.entries = append(a.entries, e)
	}
	for i := range doc.Silence {
		a.silence = append(a.silence, s.newSilence(doc.Silence[i], old))
	}
	return a
}

// find returns the entry of an item that may go on as it: it differs in its
// end at most, and only as long as it is not over.
func (a *air) find(it *loa.AirItem) *airEntry {
	if a == nil {
		return nil
	}
	for _, e := range a.entries {
		same := *it
		if same.ID == e.item.ID && !e.over {
			same.End = e.item.End
		}
		if reflect.DeepEqual(e.item, &same) {
			return e
		}
	}
	return nil
}

// prolong moves the end of an item to that of the same item issued anew.
func (s *Scheduler) prolong(e *airEntry, it *loa.AirItem) {
	by := min(max(it.End.Sub(e.item.End), -farAway), farAway)
	e.item = it
	if by == 0 {
		return
	}
	e.lasts = min(max(e.lasts+by, 0), max(s.now.Mono-e.begin, 0)+maxAir)
	p := e.play
	if p == nil {
		return
	}
	open, _ := s.book.get(p.key)
	s.book.forget(p.key)
	p.key.At = keyOf(p.key.Origin, it.ID, it.End, true).At
	if open.Open {
		s.book.open(p.key)
		s.dirty = true
	}
	p.item, p.endAt = it.Item, e.begin+e.lasts
}

// removeAir ends the plays of what is in old and not in next.
func (s *Scheduler) removeAir(old, next *air) {
	if old == nil {
		return
	}
	for _, e := range old.entries {
		if e.air == old && e.play != nil { // newAir took the others over
			s.remove(e.play)
		}
	}
}

// timeEntry puts begin and end of an item on the monotonic clock, where they
// stay once it has begun.
func (s *Scheduler) timeEntry(e *airEntry, iat time.Time) {
	it, ref := e.item, s.now.Wall
	if !s.now.Trusted && !iat.IsZero() {
		ref = iat // the wall clock is only a lower bound: count from the signing
	}
	e.begin, e.planned, e.lasts = s.now.Mono, s.now.Wall, it.End.Sub(ref)
	if it.Begin.After(ref) && it.Begin.After(s.now.Wall) {
		e.begin += min(it.Begin.Sub(ref), farAway)
		e.planned, e.lasts = it.Begin, it.End.Sub(it.Begin)
	}
	if !it.Begin.IsZero() {
		e.planned = it.Begin
	}
	e.lasts = min(e.lasts, maxAir)
	e.over = e.lasts <= 0
}

// retime puts what has not begun in its place again after the clock changed.
// What was counted from its signing for want of a clock stays as it is.
func (a *air) retime(s *Scheduler) {
	if !s.now.Trusted {
		return
	}
	for _, e := range a.entries {
		if e.over || e.begin <= s.now.Mono {
			continue
		}
		s.timeEntry(e, a.iat)
		if e.play == nil {
			continue
		}
		if e.over {
			e.over = false
			s.remove(e.play)
			continue
		}
		e.play.planned, e.play.notBefore, e.play.endAt = e.planned, e.begin, e.begin+e.lasts
	}
}

// collectAir makes plays of the items that begin within Lead.
func (s *Scheduler) collectAir() {
	for _, a := range s.airs {
		for _, e := range a.entries {
			if e.over || e.play != nil || e.begin > s.now.Mono+s.opt.Lead {
				continue
			}
			e.play = &play{
				key: keyOf(a.origin, e.item.ID, e.item.End, true), item: e.item.Item, air: e, order: e.order,
				planned: e.planned, notBefore: e.begin, ends: true, endAt: e.begin + e.lasts,
			}
			s.plays = append(s.plays, e.play)
		}
	}
}

// reopenAir looks up what the last run of the daemon left: items that are over
// are not begun again, and one that was cut begins again if its time is not
// over.
func (s *Scheduler) reopenAir(a *air) {
	orphans := s.takeOrphans(a.origin, true)
	for _, e := range a.entries {
		k := keyOf(a.origin, e.item.ID, e.item.End, true)
		if o, ok := s.book.get(k); ok && !o.Open {
			e.over = true
		}
		if !e.over {
			orphans = slices.DeleteFunc(orphans, func(o Occurrence) bool { return o.key() == k })
		}
	}
	for _, o := range orphans {
		s.cutByRestart(o, a.item(o.ID))
	}
}

func (a *air) item(id string) loa.Item {
	for _, e := range a.entries {
		if e.item.ID == id {
			return e.item.Item
		}
	}
	return loa.Item{ID: id}
}
