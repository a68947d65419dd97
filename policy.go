package loa

import (
	"fmt"
	"time"
)

// Policy is what binds every item but emergencies, local sources too: when,
// how long, how often and how loud (âm lượng, thời lượng, khung giờ, tần
// suất). The zero value of each member is no limit.
type Policy struct {
	Windows           []Window    `json:"windows,omitempty"` // no window at all: any time
	MaxSession        Duration    `json:"max_session,omitempty"`
	MaxSessionsPerDay int         `json:"max_sessions_per_day,omitempty"`
	Volume            []VolumeCap `json:"volume,omitempty"`
}

// Window is the time [From, To) on the given days. From after To crosses
// midnight and belongs to the day it began on. No days: every day.
type Window struct {
	Days []Weekday `json:"days,omitempty"`
	From TimeOfDay `json:"from"`
	To   TimeOfDay `json:"to"`
}

// VolumeCap bounds the level at the horn during [From, To).
type VolumeCap struct {
	Window
	MaxDB float64 `json:"max_db"` // relative to the calibrated level, -60 to +12
}

// Weekday is a day as RFC 5545 writes it: "MO" to "SU".
type Weekday time.Weekday

var weekdayNames = [...]string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}

const weekdayAllowed = `"MO", "TU", "WE", "TH", "FR", "SA" or "SU"`

func parseWeekday(s string) (Weekday, error) {
	for i, n := range weekdayNames {
		if n == s {
			return Weekday(i), nil
		}
	}
	return 0, fmt.Errorf("weekday %q is not allowed; allowed: %s", clip(s, 40), weekdayAllowed)
}

// String is the two-letter name.
func (w Weekday) String() string {
	if w >= 0 && int(w) < len(weekdayNames) {
		return weekdayNames[w]
	}
	return fmt.Sprintf("weekday(%d)", int(w))
}

// MarshalText writes the two-letter name.
func (w Weekday) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// UnmarshalText reads the two-letter name.
func (w *Weekday) UnmarshalText(b []byte) (err error) {
	*w, err = parseWeekday(string(b))
	return err
}

// Contains reports whether t, in its own location, lies in the window.
func (w Window) Contains(t time.Time) bool {
	_, ok := w.End(t)
	return ok
}

// End returns the moment at which the window that holds t closes.
func (w Window) End(t time.Time) (time.Time, bool) {
	y, m, d := t.Date()
	for back := range 2 { // the one begun today, or yesterday over midnight
		began := time.Date(y, m, d-back, 12, 0, 0, 0, t.Location()) // noon is on every day
		if !w.on(began.Weekday()) {
			continue
		}
		from, to := w.From.On(began), w.To.On(began)
		if w.From > w.To {
			to = w.To.On(began.AddDate(0, 0, 1))
		}
		if !t.Before(from) && t.Before(to) {
			return to, true
		}
	}
	return time.Time{}, false
}

func (w Window) on(d time.Weekday) bool {
	if len(w.Days) == 0 {
		return true
	}
	for _, x := range w.Days {
		if time.Weekday(x) == d {
			return true
		}
	}
	return false
}

// On is the moment of day t0 (any moment of it, in its location) at which
// clocks show t; where clocks change, as LocalTime.In says.
func (t TimeOfDay) On(t0 time.Time) time.Time {
	y, m, d := t0.Date()
	return LocalTime{Year: y, Month: int(m), Day: d, Hour: int(t) / 60, Minute: int(t) % 60}.In(t0.Location())
}

const maxWindows = 100

func parsePolicy(o object) *Policy {
	p := &Policy{
		MaxSession:        o.duration("max_session", 0, Duration(time.Second), day),
		MaxSessionsPerDay: int(o.integer("max_sessions_per_day", 0, 1, 1000)),
	}
	for _, w := range o.objects("windows", maxWindows) {
		p.Windows = append(p.Windows, parseWindow(w))
	}
	for _, w := range o.objects("volume", maxWindows) {
		if !w.has("max_db") {
			o.p.add(w.at("max_db"), nil, "a number from -60 to 12")
		}
		p.Volume = append(p.Volume, VolumeCap{Window: parseWindow(w), MaxDB: w.decimal("max_db", 0, -60, 12)})
	}
	if o.empty("windows") {
		o.p.add(o.at("windows"), "an empty list", "at least one window, or no member of this name (no limit)")
	}
	return p
}

func parseWindow(o object) Window {
	const allowed = "00:00 to 24:00"
	w := Window{
		Days: texts(o, "days", 7, weekdayAllowed, parseWeekday),
		From: parsed(o, "from", true, 0, allowed, ParseTimeOfDay),
		To:   parsed(o, "to", true, 0, allowed, ParseTimeOfDay),
	}
	if o.empty("days") {
		o.p.add(o.at("days"), "an empty list", "at least one of "+weekdayAllowed+", or no member of this name (every day)")
	}
	if w.From == w.To && o.has("from") && o.has("to") {
		o.p.add(o.at("to"), w.To.String(), "a time other than from (all day: 00:00 to 24:00)")
	}
	return w
}
