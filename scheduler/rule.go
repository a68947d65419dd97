package scheduler

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/teambition/rrule-go"
)

// Limits of a recurrence. A rule comes from outside, so the work it can ask
// for is bounded before the library sees it.
const (
	maxRule     = 512   // bytes
	maxInterval = 1000  // INTERVAL
	maxCount    = 10000 // COUNT
	maxPerDay   = 288   // occurrences a day: every five minutes
	firstYear   = 2000  // years in which an item may start
	lastYear    = 2199
	maxWait     = 20 // years between start and first occurrence
)

const ruleAllowed = `an RFC 5545 rule without DTSTART such as "FREQ=WEEKLY;BYDAY=MO,FR;COUNT=30": FREQ HOURLY or rarer, at most 512 bytes, ` +
	`at most 288 occurrences a day, INTERVAL up to 1000, COUNT up to 10000 or UNTIL, a first occurrence within 20 years of start`

// centuries is added to each year before the library sees it: 19 times the 400
// years after which the calendar repeats, weekdays included. The library
// looks for the next occurrence up to the year 9999; so a rule that never
// comes true costs it 200 to 400 years of search instead of 8000.
const centuries = 7600

// parts are the members a rule may have (RFC 5545 section 3.3.10). The library
// knows DTSTART and BYEASTER besides.
var parts = []string{"FREQ", "UNTIL", "COUNT", "INTERVAL", "BYSECOND", "BYMINUTE", "BYHOUR", "BYDAY",
	"BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYMONTH", "BYSETPOS", "WKST"}

// parseRule reads a rule whose occurrences are counted from start, a local
// time as floating writes it.
func parseRule(text string, start time.Time, loc *time.Location) (*rrule.RRule, error) {
	if err := checkParts(text); err != nil {
		return nil, err
	}
	o, err := rrule.StrToROption(text)
	if err != nil {
		return nil, err
	}
	if err := checkFrequency(o, start); err != nil {
		return nil, err
	}
	if err := checkDays(o); err != nil {
		return nil, err
	}
	if !o.Until.IsZero() {
		o.Until = floatUntil(text, o.Until, loc)
	}
	o.Dtstart = start
	return rrule.NewRRule(*o)
}

// checkParts refuses what the library takes too kindly: several lines, unknown
// or repeated members.
func checkParts(text string) error {
	if len(text) > maxRule {
		return fmt.Errorf("%d bytes", len(text))
	}
	seen := map[string]bool{}
	for part := range strings.SplitSeq(text, ";") {
		name, _, _ := strings.Cut(part, "=")
		if !slices.Contains(parts, name) {
			return errors.New("unknown member")
		}
		if seen[name] {
			return fmt.Errorf("%s twice", name)
		}
		seen[name] = true
	}
	if seen["COUNT"] && seen["UNTIL"] {
		return errors.New("COUNT and UNTIL exclude each other")
	}
	return nil
}

func checkFrequency(o *rrule.ROption, start time.Time) error {
	perDay := max(1, len(o.Byminute)) * max(1, len(o.Bysecond))
	if o.Freq == rrule.HOURLY && len(o.Byhour) == 0 {
		perDay *= 24
	}
	perDay *= max(1, len(o.Byhour))
	switch {
	case o.Freq > rrule.HOURLY:
		return errors.New("finer than HOURLY")
	case o.Interval < 0 || o.Interval > maxInterval:
		return fmt.Errorf("INTERVAL %d", o.Interval)
	case o.Count < 0 || o.Count > maxCount:
		return fmt.Errorf("COUNT %d", o.Count)
	case perDay > maxPerDay:
		return fmt.Errorf("%d occurrences a day", perDay)
	case o.Freq == rrule.HOURLY && !hourReached(o, start.Hour()):
		return errors.New("BYHOUR is never reached")
	}
	return nil
}

// hourReached reports whether steps of INTERVAL hours from hour ever come to
// one of BYHOUR. The library looks for it in a loop without end.
func hourReached(o *rrule.ROption, hour int) bool {
	if len(o.Byhour) == 0 {
		return true
	}
	for range 24 {
		if slices.Contains(o.Byhour, hour) {
			return true
		}
		hour = (hour + max(1, o.Interval)) % 24
	}
	return false
}

// checkDays refuses numbered weekdays where RFC 5545 gives them no meaning,
// and where the library reads past its tables.
func checkDays(o *rrule.ROption) error {
	numbered := 0
	for _, d := range o.Byweekday {
		most := 0
		switch {
		case o.Freq == rrule.MONTHLY, o.Freq == rrule.YEARLY && len(o.Bymonth) > 0:
			most = 5
		case o.Freq == rrule.YEARLY && len(o.Byweekno) == 0:
			most = 53
		}
		if n := d.N(); n < -most || n > most {
			return fmt.Errorf("BYDAY %s", d)
		}
		if d.N() != 0 {
			numbered++
		}
	}
	if numbered > 0 && numbered < len(o.Byweekday) {
		return errors.New("BYDAY mixes numbered days and others")
	}
	if len(o.Byweekno) > 0 && o.Freq != rrule.YEARLY {
		return errors.New("BYWEEKNO without FREQ=YEARLY")
	}
	if len(o.Byyearday) > 0 && o.Freq != rrule.YEARLY && o.Freq != rrule.HOURLY {
		return errors.New("BYYEARDAY without FREQ=YEARLY or HOURLY")
	}
	if len(o.Bymonthday) > 0 && o.Freq == rrule.WEEKLY {
		return errors.New("BYMONTHDAY with FREQ=WEEKLY")
	}
	return nil
}

// floatUntil moves UNTIL onto the floating time line: UTC ("...Z") through the
// zone, local times as they are, a date alone to the end of that day.
func floatUntil(text string, until time.Time, loc *time.Location) time.Time {
	value := text[strings.Index(text, "UNTIL=")+len("UNTIL="):]
	value, _, _ = strings.Cut(value, ";")
	switch {
	case strings.HasSuffix(value, "Z"):
		until = until.In(loc)
	case len(value) == len("20060102"):
		until = until.Add(24*time.Hour - time.Second)
	}
	y, m, d := until.Date()
	return time.Date(y+centuries, m, d, until.Hour(), until.Minute(), until.Second(), 0, time.UTC)
}

// rebase returns r as it goes on from about target, so that the occurrences of
// years need not be counted again. A rule with COUNT has to be.
func rebase(r *rrule.RRule, target time.Time) *rrule.RRule {
	o := r.OrigOptions
	interval := max(1, o.Interval)
	if o.Count > 0 {
		return r
	}
	switch o.Freq {
	case rrule.YEARLY, rrule.MONTHLY:
		o = rebaseMonths(r, interval, target)
	default:
		period := map[rrule.Frequency]time.Duration{
			rrule.WEEKLY: 7 * 24 * time.Hour, rrule.DAILY: 24 * time.Hour, rrule.HOURLY: time.Hour,
		}[o.Freq] * time.Duration(interval)
		o.Dtstart = o.Dtstart.Add((target.Sub(o.Dtstart)/period - 1) * period)
	}
	later, err := rrule.NewRRule(o)
	if err != nil || !o.Dtstart.After(r.GetDTStart()) {
		return r
	}
	return later
}

// rebaseMonths moves DTSTART by whole intervals to the first of a month or
// year; what DTSTART stood for becomes explicit.
func rebaseMonths(r *rrule.RRule, interval int, target time.Time) rrule.ROption {
	o := r.OrigOptions
	o.Bymonth, o.Bymonthday = r.Options.Bymonth, r.Options.Bymonthday
	y, m, _ := o.Dtstart.Date()
	months := interval
	if o.Freq == rrule.YEARLY {
		months, m = 12*interval, 1
	}
	passed := (target.Year()-y)*12 + int(target.Month()-m)
	m += time.Month((passed/months - 1) * months)
	o.Dtstart = time.Date(y, m, 1, o.Dtstart.Hour(), o.Dtstart.Minute(), o.Dtstart.Second(), 0, time.UTC)
	return o
}
