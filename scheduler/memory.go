package scheduler

import (
	"slices"
	"time"
)

// Memory is what must survive a restart so that nothing is played twice and
// quotas hold. It is plain data with a JSON form, bounded by MaxOccurrences
// and MaxSessions.
type Memory struct {
	Settled  time.Time    `json:"settled,omitzero"` // what ran out of time up to here was played or reported
	Plans    []Origin     `json:"plans,omitempty"`  // the plans of which Settled speaks
	Occurred []Occurrence `json:"occurred,omitempty"`
	Sessions []Session    `json:"sessions,omitempty"`
}

// Bounds of Memory; the oldest entries go first. It is written twice for each
// play, so its size is the wear of the flash: 256 occurrences are ten days of a
// busy cluster and about 50 KiB.
const (
	MaxOccurrences = 256
	MaxSessions    = 256
)

// Occurrence is one occurrence that was taken up, or reported as not played.
type Occurrence struct {
	Origin Origin    `json:"origin"`
	ID     string    `json:"id"`
	At     time.Time `json:"at"`               // its planned moment; for an item on air its end
	Air    bool      `json:"air,omitempty"`    // an item on air, not of a plan
	Open   bool      `json:"open,omitempty"`   // begun and not ended: a restart cut it
	Missed bool      `json:"missed,omitempty"` // reported as not played; none of it sounded
	Again  bool      `json:"again,omitempty"`  // the clock went back since: it may be due again
}

// Session is a run of plays less than 5 min apart.
type Session struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"` // while one plays: when it is expected to end
}

// Memory returns what is to be on disk before the actions after a Persist are
// carried out. A session that a Start is about to open is in it already: a
// crash must not free a quota. The caller owns it.
func (s *Scheduler) Memory() Memory {
	m := Memory{Settled: s.boot.Settled, Plans: s.boot.Plans, Occurred: slices.Clone(s.book.list), Sessions: slices.Clone(s.sessions)}
	if p := s.holder; p != nil && p.state == given && !p.audible && p.counts() {
		m.Sessions = s.withSession(m.Sessions, p)
	}
	if s.clockGood() && len(s.plans) > 0 {
		m.Settled, m.Plans = s.now.Wall, nil
		for _, p := range s.plans {
			m.Plans = append(m.Plans, p.origin)
		}
	}
	return m
}
