package loa

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Duration is an ISO 8601 duration as documents write it: "PT45M",
// "PT1H30M", "P1DT2H", "PT2.5S". Weeks and days are exactly 7 x 24 and 24
// hours; years and months are refused because they have no fixed length.
type Duration time.Duration

// Std is the duration as the standard library's type.
func (d Duration) Std() time.Duration { return time.Duration(d) }

const durationAllowed = `an ISO 8601 duration such as "PT45M", "PT10S" or "P1DT2H"`

// ParseDuration reads an ISO 8601 duration of weeks, days, hours, minutes and
// seconds (with up to nine decimals). Negative ones are refused.
func ParseDuration(s string) (Duration, error) {
	bad := fmt.Errorf("duration %q is not allowed; allowed: %s", clip(s, 40), durationAllowed)
	rest, ok := strings.CutPrefix(s, "P")
	if !ok || len(s) > 40 {
		return 0, bad
	}
	date, clock, timed := strings.Cut(rest, "T")
	if timed == (clock == "") || (date == "" && clock == "") {
		return 0, bad
	}
	var sum time.Duration
	if !addFields(&sum, date, "WD") || !addFields(&sum, clock, "HMS") {
		return 0, bad
	}
	return Duration(sum), nil
}

var designators = map[byte]time.Duration{
	'W': 7 * 24 * time.Hour, 'D': 24 * time.Hour,
	'H': time.Hour, 'M': time.Minute, 'S': time.Second,
}

// maxDuration keeps sums far from overflow; nothing here lasts 50 years.
const maxDuration = 50 * 365 * 24 * time.Hour

// addFields adds number-designator pairs, which must come in the order of
// units.
func addFields(sum *time.Duration, s, units string) bool {
	for s != "" {
		i := strings.IndexAny(s, units)
		if i < 1 {
			return false
		}
		d, ok := amount(s[:i], designators[s[i]])
		if *sum += d; !ok || *sum > maxDuration {
			return false
		}
		units = units[strings.IndexByte(units, s[i])+1:]
		s = s[i+1:]
	}
	return true
}

// amount is s times unit. Only seconds may have a fraction.
func amount(s string, unit time.Duration) (time.Duration, bool) {
	whole, fraction, split := strings.Cut(s, ".")
	if split && (unit != time.Second || fraction == "" || len(fraction) > 9) {
		return 0, false
	}
	n, err := strconv.ParseUint(whole, 10, 40)
	if err != nil || n > uint64(maxDuration/unit) {
		return 0, false
	}
	ns, err := strconv.ParseUint((fraction + "000000000")[:9], 10, 32)
	return time.Duration(n)*unit + time.Duration(ns), err == nil
}

// String writes the shortest ISO 8601 form with hours, minutes and seconds.
func (d Duration) String() string {
	if d <= 0 {
		return "PT0S"
	}
	t := time.Duration(d)
	var b strings.Builder
	b.WriteString("PT")
	if h := t / time.Hour; h > 0 {
		fmt.Fprintf(&b, "%dH", h)
	}
	if m := t % time.Hour / time.Minute; m > 0 {
		fmt.Fprintf(&b, "%dM", m)
	}
	if s := t % time.Minute; s > 0 {
		text := fmt.Sprintf("%d.%09d", s/time.Second, s%time.Second)
		b.WriteString(strings.TrimSuffix(strings.TrimRight(text, "0"), ".") + "S")
	}
	return b.String()
}

// MarshalText writes String.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what ParseDuration allows.
func (d *Duration) UnmarshalText(b []byte) (err error) {
	*d, err = ParseDuration(string(b))
	return err
}

// LocalTime is a date and a time of day without a zone, "2026-11-22T05:30:00"
// (RFC 5545 form 1): what a wall clock in the plan's zone shows.
type LocalTime struct {
	Year, Month, Day     int
	Hour, Minute, Second int
}

const localLayout = "2006-01-02T15:04:05"

// ParseLocalTime reads "2006-01-02T15:04:05".
func ParseLocalTime(s string) (LocalTime, error) {
	t, err := time.Parse(localLayout, s)
	if err != nil || len(s) != len(localLayout) { // time.Parse takes one-digit hours and fractions
		return LocalTime{}, fmt.Errorf("local time %q is not allowed; allowed: a date and time without zone such as \"2026-11-22T05:30:00\"", clip(s, 40))
	}
	return LocalTime{t.Year(), int(t.Month()), t.Day(), t.Hour(), t.Minute(), t.Second()}, nil
}

// In is the moment at which a clock in loc shows l. A time that a change of
// clocks skips is moved forward by the gap; of two, the first is taken
// (RFC 5545 section 3.3.5).
func (l LocalTime) In(loc *time.Location) time.Time {
	shown := time.Date(l.Year, time.Month(l.Month), l.Day, l.Hour, l.Minute, l.Second, 0, time.UTC)
	before, after := offset(shown.Add(-day.Std()), loc), offset(shown.Add(day.Std()), loc)
	t := shown.Add(-before) // the first of two, or moved forward by the gap
	if before != after && offset(t, loc) != before {
		// The clocks changed before t. Right by the later offset, unless t
		// fell into the gap, where the earlier one counts.
		if late := shown.Add(-after); offset(late, loc) == after {
			t = late
		}
	}
	return t.In(loc)
}

// offset is how far a clock in loc is ahead of UTC at t.
func offset(t time.Time, loc *time.Location) time.Duration {
	_, s := t.In(loc).Zone()
	return time.Duration(s) * time.Second
}

// String writes the form that ParseLocalTime reads.
func (l LocalTime) String() string {
	return fmt.Sprintf("%04d-%02d-%02dT%02d:%02d:%02d", l.Year, l.Month, l.Day, l.Hour, l.Minute, l.Second)
}

// MarshalText writes String.
func (l LocalTime) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads what ParseLocalTime allows.
func (l *LocalTime) UnmarshalText(b []byte) (err error) {
	*l, err = ParseLocalTime(string(b))
	return err
}

// TimeOfDay is a moment of a day in minutes since midnight, written "05:30".
// 24:00 is allowed as the end of a day.
type TimeOfDay int

// ParseTimeOfDay reads "HH:MM" from 00:00 to 24:00.
func ParseTimeOfDay(s string) (TimeOfDay, error) {
	bad := fmt.Errorf("time of day %q is not allowed; allowed: 00:00 to 24:00", clip(s, 40))
	if len(s) != 5 || s[2] != ':' {
		return 0, bad
	}
	h, err1 := strconv.ParseUint(s[:2], 10, 8)
	m, err2 := strconv.ParseUint(s[3:], 10, 8)
	if err1 != nil || err2 != nil || m > 59 || h*60+m > 24*60 {
		return 0, bad
	}
	return TimeOfDay(h*60 + m), nil
}

// String writes "HH:MM".
func (t TimeOfDay) String() string { return fmt.Sprintf("%02d:%02d", int(t)/60, int(t)%60) }

// MarshalText writes String.
func (t TimeOfDay) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads what ParseTimeOfDay allows.
func (t *TimeOfDay) UnmarshalText(b []byte) (err error) {
	*t, err = ParseTimeOfDay(string(b))
	return err
}
