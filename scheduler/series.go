package scheduler

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/teambition/rrule-go"

	"loa"
)

// series is the occurrences of one item: its start, or its rule without its
// excluded dates. Rules run on floating time (local times written as UTC) and
// each occurrence is then looked up in the zone, so that a change of clocks
// moves an occurrence the way RFC 5545 section 3.3.5 wants it and none is lost.
type series struct {
	start   loa.LocalTime
	rule    *rrule.RRule // nil: start only
	exclude map[loa.LocalTime]bool
	loc     *time.Location
}

// newSeries checks the times of an item.
func newSeries(it *loa.PlanItem, loc *time.Location) (*series, error) {
	s := &series{start: it.Start, loc: loc}
	if y := it.Start.Year; y < firstYear || y > lastYear {
		return nil, &loa.FieldError{Path: "start", Value: it.Start.String(), Allowed: fmt.Sprintf("years %d to %d", firstYear, lastYear)}
	}
	for _, d := range it.ExDate {
		if s.exclude == nil {
			s.exclude = make(map[loa.LocalTime]bool, len(it.ExDate))
		}
		s.exclude[d] = true
	}
	if it.RRule == "" {
		return s, nil
	}
	var err error
	if s.rule, err = parseRule(it.RRule, floating(it.Start), loc); err == nil {
		err = s.checkFirst()
	}
	if err != nil {
		return nil, &loa.FieldError{Path: "rrule", Value: fmt.Sprintf("%.60q (%v)", it.RRule, err), Allowed: ruleAllowed}
	}
	return s, nil
}

// checkFirst refuses a rule that never comes true, or not in the lifetime of
// a loudspeaker.
func (s *series) checkFirst() error {
	first, ok := guard(s.rule.Iterator())()
	switch {
	case !ok:
		return errors.New("it has no occurrence")
	case first.Sub(s.rule.GetDTStart()) > maxWait*366*24*time.Hour:
		return fmt.Errorf("its first occurrence is in %d", first.Year()-centuries)
	}
	return nil
}

// floating writes a local time as UTC, some centuries on.
func floating(l loa.LocalTime) time.Time {
	return time.Date(l.Year+centuries, time.Month(l.Month), l.Day, l.Hour, l.Minute, l.Second, 0, time.UTC)
}

func local(f time.Time) loa.LocalTime {
	return loa.LocalTime{Year: f.Year() - centuries, Month: int(f.Month()), Day: f.Day(),
		Hour: f.Hour(), Minute: f.Minute(), Second: f.Second()}
}

// guard keeps a panic inside the library from being more than the end of one
// series: rules come from outside, and checkDays can only refuse what we know.
func guard(next rrule.Next) rrule.Next {
	return func() (t time.Time, ok bool) {
		defer func() {
			if recover() != nil {
				t, ok = time.Time{}, false
			}
		}()
		return next()
	}
}

// cursor walks a series in the order of moments.
type cursor struct {
	s     *series
	next  rrule.Next
	ahead time.Time   // floating; taken from next and not yet in day; zero: none
	day   []time.Time // moments of one day that are left, in order
	last  time.Time   // the moment given out last
}

// from returns a cursor at the first occurrence that is not before t.
func (s *series) from(t time.Time) *cursor {
	c := &cursor{s: s, last: t.Add(-time.Nanosecond)}
	// A day earlier, because a change of clocks may move an occurrence.
	begin := t.In(s.loc).AddDate(0, 0, -2)
	if s.rule == nil {
		once := floating(s.start)
		c.next = func() (time.Time, bool) {
			f := once
			once = time.Time{}
			return f, !f.IsZero()
		}
	} else if target := begin.AddDate(centuries, 0, 0); target.Year() < rrule.MAXYEAR {
		c.next = guard(rebase(s.rule, target).Iterator())
	} else {
		c.next = func() (time.Time, bool) { return time.Time{}, false }
	}
	y, m, d := begin.Date()
	for c.pull(); !c.ahead.IsZero() && c.ahead.Before(time.Date(y+centuries, m, d, 0, 0, 0, 0, time.UTC)); {
		c.pull()
	}
	return c
}

func (c *cursor) pull() { c.ahead, _ = c.next() }

// take returns the next occurrence; ok is false after the last.
func (c *cursor) take() (t time.Time, ok bool) {
	for {
		for len(c.day) > 0 {
			t, c.day = c.day[0], c.day[1:]
			if t.After(c.last) {
				c.last = t
				return t, true
			}
		}
		if c.ahead.IsZero() {
			return time.Time{}, false
		}
		c.fill()
	}
}

// fill turns the occurrences of one local day into moments. Two of them may
// fall on one moment, or change places, where clocks change.
func (c *cursor) fill() {
	y, m, d := c.ahead.Date()
	end := time.Date(y, m, d+1, 0, 0, 0, 0, time.UTC)
	c.day = c.day[:0]
	for !c.ahead.IsZero() && c.ahead.Before(end) {
		if l := local(c.ahead); !c.s.exclude[l] {
			c.day = append(c.day, l.In(c.s.loc))
		}
		c.pull()
	}
	slices.SortFunc(c.day, time.Time.Compare)
}
