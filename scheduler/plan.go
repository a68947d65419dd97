package scheduler

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"loa"
)

const unseenOff = "device was off or without time"

// plan is a loa-plan in force.
type plan struct {
	origin  Origin
	doc     *loa.Plan
	loc     *time.Location
	items   []*entry
	settled time.Time // what ran out of time before this is accounted for
	unseen  string    // why occurrences may have passed unseen, until the next look
	looked  bool      // what a restart cut was looked up
	act     time.Time // wall clock at which the first of items needs to be looked at; zero: now
}

// entry is an item of a plan and where it stands in its occurrences.
type entry struct {
	plan     *plan
	item     *loa.PlanItem
	order    int
	fallback *loa.PlanItem
	late     time.Duration
	series   *series
	cursor   *cursor
	head     time.Time // the next occurrence nobody looked at; zero: none
	waiting  *play     // the one before, as long as it did not begin
}

// CheckPlan does the checks of ApplyPlan: the times and rules, for which
// loa.ParsePlan has no library. The error joins loa.FieldErrors.
func CheckPlan(p *loa.Plan) error {
	_, err := newPlan(Origin{}, p)
	return err
}

// mostErrors bounds the work that a plan of bad rules can ask for: finding out
// that a rule has no occurrence is what costs most.
const mostErrors = 10

func newPlan(from Origin, doc *loa.Plan) (*plan, error) {
	p := &plan{origin: from, doc: doc, unseen: unseenOff}
	zone := doc.Zone
	if zone == "" {
		zone = loa.DefaultZone
	}
	var err error
	if p.loc, err = time.LoadLocation(zone); err != nil {
		return nil, &loa.FieldError{Path: "zone", Value: fmt.Sprintf("%.60q", zone), Allowed: `an IANA zone such as "Asia/Ho_Chi_Minh"`}
	}
	byID := make(map[string]*loa.PlanItem, len(doc.Items))
	for i := range doc.Items {
		if it := &doc.Items[i]; len(it.Media) > 0 {
			byID[it.ID] = it
		}
	}
	var errs []error
	for i := range doc.Items {
		it := &doc.Items[i]
		e := &entry{plan: p, item: it, order: i, late: max(it.Late.Std(), leastLate)}
		if it.Fallback != "" {
			e.fallback = byID[it.Fallback]
		}
		if e.series, err = newSeries(it, p.loc); err != nil {
			errs = append(errs, inItem(i, err))
		}
		if len(errs) >= mostErrors {
			break
		}
		p.items = append(p.items, e)
	}
	return p, errors.Join(errs...)
}

// inItem puts the path of the item before that of its member.
func inItem(i int, err error) error {
	if fe, ok := errors.AsType[*loa.FieldError](err); ok {
		fe.Path = fmt.Sprintf("items[%d].%s", i, fe.Path)
	}
	return err
}

// ApplyPlan puts a plan in force in place of the one of the same origin; nil
// removes that. An error (loa.FieldErrors, joined) leaves the old one in
// force. The plan belongs to the scheduler from then on.
//
// What sounds goes on if the new plan has the item with the same media; what
// waits is looked up anew.
func (s *Scheduler) ApplyPlan(now Now, from Origin, doc *loa.Plan) error {
	var p *plan
	if doc != nil {
		var err error
		if p, err = newPlan(from, doc); err != nil {
			return err
		}
	}
	s.observe(now)
	i, found := slices.BinarySearchFunc(s.plans, from, func(p *plan, o Origin) int { return compareOrigin(p.origin, o) })
	if p != nil {
		p.settled = s.now.Wall
		switch {
		case found:
			p.settled, p.looked, p.unseen = s.plans[i].settled, s.plans[i].looked, s.plans[i].unseen
		case slices.Contains(s.boot.Plans, from):
			p.settled = s.boot.Settled
		}
	}
	s.leave(from, p)
	switch {
	case p == nil && found:
		s.plans = slices.Delete(s.plans, i, i+1)
	case p != nil && found:
		s.plans[i] = p
	case p != nil:
		s.plans = slices.Insert(s.plans, i, p)
	}
	if p != nil {
		s.rewind(p)
	}
	s.decide()
	return nil
}

// leave moves the plays of an origin to its new plan, or ends them.
func (s *Scheduler) leave(from Origin, next *plan) {
	for _, p := range slices.Clone(s.plays) {
		if p.entry == nil || p.key.Origin != from {
			continue
		}
		if p.id == 0 && !p.reopens { // derived anew
			p.entry.waiting = nil
			s.drop(p)
			continue
		}
		if e := next.find(p.item.ID); e != nil && sameSound(p.entry.item, e.item) {
			p.entry, p.order = e, e.order
			continue
		}
		s.remove(p)
	}
}

func (p *plan) find(id string) *entry {
	if p == nil {
		return nil
	}
	for _, e := range p.items {
		if e.item.ID == id {
			return e
		}
	}
	return nil
}

func sameSound(a, b *loa.PlanItem) bool {
	return a.Stream == b.Stream && slices.EqualFunc(a.Media, b.Media, func(x, y loa.Media) bool { return MediaKey(x) == MediaKey(y) })
}

// rewind looks the occurrences of p up from what is still due on.
func (s *Scheduler) rewind(p *plan) {
	if p.settled.After(s.now.Wall) {
		p.settled = s.now.Wall // the clock went back
		s.book.reopen()
	}
	for _, q := range slices.Clone(s.plays) {
		if q.entry != nil && q.entry.plan == p && q.id == 0 && !q.reopens {
			s.drop(q)
		}
	}
	for _, e := range p.items {
		e.waiting = nil
		e.seek(p.settled)
	}
	p.act = time.Time{}
}

func (e *entry) seek(settled time.Time) {
	e.cursor = e.series.from(settled.Add(-e.late))
	e.pull()
}

func (e *entry) pull() {
	t, ok := e.cursor.take()
	if !ok {
		t = time.Time{}
	}
	e.head = t
}

// collectPlans takes up the occurrences that are due within Lead and reports
// those that passed unseen.
func (s *Scheduler) collectPlans() {
	if !s.clockGood() {
		return
	}
	for _, p := range s.plans {
		if !p.looked {
			p.looked = true
			s.reopen(p)
		}
		if oldest := s.now.Wall.Add(-maxUnseen); p.settled.Before(oldest) {
			p.settled = oldest
			s.rewind(p)
		}
		if !p.act.After(s.now.Wall) {
			s.collect(p)
		}
		p.settled, p.unseen = s.now.Wall, ""
	}
}

func (s *Scheduler) collect(p *plan) {
	var unseen []Done
	for _, e := range p.items {
		unseen = append(unseen, s.advance(e)...)
	}
	p.act = s.nextLook(p)
	slices.SortStableFunc(unseen, func(a, b Done) int { return a.Planned.Compare(b.Planned) })
	s.report(unseen[max(0, len(unseen)-mostUnseen):])
}

// report tells of occurrences that passed.
func (s *Scheduler) report(unseen []Done) {
	for _, d := range unseen {
		s.book.miss(keyOf(d.Origin, d.Item.ID, d.Planned, false))
		s.dirty = true
		s.emit(d)
	}
}

// advance looks at the occurrences of e that begin within Lead, until one of
// them waits. It returns those that ran out of time without having been seen.
func (s *Scheduler) advance(e *entry) (unseen []Done) {
	for s.clockGood() && e.waiting == nil && !e.head.IsZero() && !s.lookAt(e).After(s.now.Wall) {
		at := e.head
		e.pull()
		k := keyOf(e.plan.origin, e.item.ID, at, false)
		switch {
		case s.book.settled(k):
		case e.plan.expired(at):
			s.miss(e, at, "plan expired at "+e.plan.clock(e.plan.doc.Exp))
		case at.Add(e.late).Before(s.now.Wall):
			if !s.book.reported(k) {
				unseen = append(unseen, e.missed(at, e.unseen()))
			}
		default:
			s.wait(e, at)
		}
	}
	return unseen
}

// lookAt is when the head of e has to be looked at: Lead before its moment, or
// at that moment if it is only to be reported.
func (s *Scheduler) lookAt(e *entry) time.Time {
	if e.plan.expired(e.head) {
		return e.head
	}
	return e.head.Add(-s.opt.Lead)
}

// nextLook is the earliest moment at which an item of p has to be looked at.
func (s *Scheduler) nextLook(p *plan) time.Time {
	first := s.now.Wall.Add(farAway)
	for _, e := range p.items {
		if e.waiting != nil || e.head.IsZero() {
			continue
		}
		if t := s.lookAt(e); t.Before(first) {
			first = t
		}
	}
	return first
}

func (p *plan) expired(at time.Time) bool { return !p.doc.Exp.IsZero() && !at.Before(p.doc.Exp) }

// clock writes a moment as the clocks of the plan's zone show it.
func (p *plan) clock(t time.Time) string { return t.In(p.loc).Format("2006-01-02 15:04:05") }

func (e *entry) unseen() string {
	if e.plan.unseen != "" {
		return e.plan.unseen
	}
	return fmt.Sprintf("its turn did not come within %s", e.late)
}

func (e *entry) missed(at time.Time, why string) Done {
	return Done{Item: e.item.Item, Origin: e.plan.origin, Planned: at, Result: loa.ResultMissed, Reason: why}
}

func (s *Scheduler) miss(e *entry, at time.Time, why string) {
	k := keyOf(e.plan.origin, e.item.ID, at, false)
	if !s.book.reported(k) {
		s.emit(e.missed(at, why))
	}
	s.book.miss(k)
	s.dirty = true
}

// wait makes a play of an occurrence.
func (s *Scheduler) wait(e *entry, at time.Time) *play {
	p := &play{key: keyOf(e.plan.origin, e.item.ID, at, false), item: e.item.Item, entry: e, order: e.order, planned: at, late: e.late}
	e.waiting = p
	s.plays = append(s.plays, p)
	return p
}

// reopen takes up again what the last restart of the daemon cut, or closes it.
func (s *Scheduler) reopen(p *plan) {
	for _, o := range s.takeOrphans(p.origin, false) {
		e := p.find(o.ID)
		switch {
		case e == nil:
			s.cutByRestart(o, loa.Item{ID: o.ID})
		case e.item.AfterCut == loa.Skip || o.At.Add(e.late).Before(s.now.Wall):
			s.cutByRestart(o, e.item.Item)
		default:
			q := s.wait(e, o.At)
			e.waiting, q.reopens = nil, true
		}
	}
}

// takeOrphans returns the occurrences of one origin that were open when the
// daemon stopped, once.
func (s *Scheduler) takeOrphans(from Origin, onAir bool) (own []Occurrence) {
	s.orphans = slices.DeleteFunc(s.orphans, func(o Occurrence) bool {
		mine := o.Origin == from && o.Air == onAir
		if mine {
			own = append(own, o)
		}
		return mine
	})
	return own
}

// forgetOrphans closes what was open in a document that did not come back.
func (s *Scheduler) forgetOrphans() {
	if !s.clockGood() {
		return
	}
	s.orphans = slices.DeleteFunc(s.orphans, func(o Occurrence) bool {
		old := o.At.Add(maxUnseen).Before(s.now.Wall)
		if old {
			s.cutByRestart(o, loa.Item{ID: o.ID})
		}
		return old
	})
}

func (s *Scheduler) cutByRestart(o Occurrence, it loa.Item) {
	s.book.close(o.key())
	s.dirty = true
	s.emit(Done{Item: it, Origin: o.Origin, Planned: o.At, Result: loa.ResultCut, CutBy: "restart", Reason: "the daemon was restarted"})
}
