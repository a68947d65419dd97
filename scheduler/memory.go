package scheduler

import "time"

// Memory is what must survive a restart so that nothing is played twice and
// quotas hold. It is plain data with a JSON form, bounded by MaxOccurrences
// and MaxSessions.
type Memory struct {
	Settled  time.Time    `json:"settled,omitzero"` // every occurrence up to here was played, missed or refused
	Occurred []Occurrence `json:"occurred,omitempty"`
	Sessions []Session    `json:"sessions,omitempty"`
}

// Bounds of Memory; the oldest entries go first.
const (
	MaxOccurrences = 2048
	MaxSessions    = 256
)

// Occurrence is one occurrence that was taken up.
type Occurrence struct {
	Origin Origin    `json:"origin"`
	ID     string    `json:"id"`
	At     time.Time `json:"at"`             // its planned moment
	Open   bool      `json:"open,omitempty"` // begun and not ended: a restart cut it
}

// Session is a run of plays less than 5 min apart.
type Session struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}
