package scheduler

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"loa"
)

func seriesOf(t require.TestingT, start, rule, zone string, exdate ...string) *series {
	it := &loa.PlanItem{RRule: rule}
	var err error
	it.Start, err = loa.ParseLocalTime(start)
	require.NoError(t, err)
	for _, x := range exdate {
		l, err := loa.ParseLocalTime(x)
		require.NoError(t, err)
		it.ExDate = append(it.ExDate, l)
	}
	loc, err := time.LoadLocation(zone)
	require.NoError(t, err)
	s, err := newSeries(it, loc)
	require.NoError(t, err)
	return s
}

// first returns the first n occurrences from a moment, as clocks show them.
func first(s *series, from time.Time, n int) []string {
	var out []string
	for c := s.from(from); n > 0; n-- {
		t, ok := c.take()
		if !ok {
			break
		}
		out = append(out, t.Format("2006-01-02T15:04:05-07:00"))
	}
	return out
}

func TestOccurrences(t *testing.T) {
	const hcm, ny, berlin = "Asia/Ho_Chi_Minh", "America/New_York", "Europe/Berlin"
	for _, tc := range []struct {
		name, start, rule, zone string
		exdate                  []string
		want                    []string
	}{
		{name: "no rule", start: "2026-11-22T05:30:00", zone: hcm, want: []string{"2026-11-22T05:30:00+07:00"}},
		{name: "no rule, excluded", start: "2026-11-22T05:30:00", zone: hcm, exdate: []string{"2026-11-22T05:30:00"}},
		{name: "daily with count", start: "2026-11-30T05:30:00", rule: "FREQ=DAILY;COUNT=2", zone: hcm,
			want: []string{"2026-11-30T05:30:00+07:00", "2026-12-01T05:30:00+07:00"}},
		{name: "an excluded date counts", start: "2026-11-22T05:30:00", rule: "FREQ=DAILY;COUNT=3", zone: hcm, exdate: []string{"2026-11-23T05:30:00"},
			want: []string{"2026-11-22T05:30:00+07:00", "2026-11-24T05:30:00+07:00"}},
		{name: "working days at two hours", start: "2026-11-20T05:30:00", rule: "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=5,17", zone: hcm,
			want: []string{"2026-11-20T05:30:00+07:00", "2026-11-20T17:30:00+07:00", "2026-11-23T05:30:00+07:00"}},
		{name: "every other week", start: "2026-11-22T05:30:00", rule: "FREQ=WEEKLY;INTERVAL=2", zone: hcm,
			want: []string{"2026-11-22T05:30:00+07:00", "2026-12-06T05:30:00+07:00"}},
		{name: "last Friday of the month", start: "2026-11-01T05:30:00", rule: "FREQ=MONTHLY;BYDAY=-1FR", zone: hcm,
			want: []string{"2026-11-27T05:30:00+07:00", "2026-12-25T05:30:00+07:00"}},
		{name: "the 31st", start: "2026-01-31T05:30:00", rule: "FREQ=MONTHLY", zone: hcm,
			want: []string{"2026-01-31T05:30:00+07:00", "2026-03-31T05:30:00+07:00"}},
		{name: "leap day", start: "2024-02-29T05:30:00", rule: "FREQ=YEARLY", zone: hcm,
			want: []string{"2024-02-29T05:30:00+07:00", "2028-02-29T05:30:00+07:00"}},
		{name: "no leap day in 2100", start: "2096-02-29T05:30:00", rule: "FREQ=YEARLY", zone: hcm,
			want: []string{"2096-02-29T05:30:00+07:00", "2104-02-29T05:30:00+07:00"}},
		{name: "until local", start: "2026-11-22T05:30:00", rule: "FREQ=DAILY;UNTIL=20261123T053000", zone: hcm,
			want: []string{"2026-11-22T05:30:00+07:00", "2026-11-23T05:30:00+07:00"}},
		{name: "until in UTC", start: "2026-11-22T05:30:00", rule: "FREQ=DAILY;UNTIL=20261122T223000Z", zone: hcm,
			want: []string{"2026-11-22T05:30:00+07:00", "2026-11-23T05:30:00+07:00"}},
		{name: "until a second before, in UTC", start: "2026-11-22T05:30:00", rule: "FREQ=DAILY;UNTIL=20261122T222959Z", zone: hcm,
			want: []string{"2026-11-22T05:30:00+07:00"}},
		{name: "until a date means that whole day", start: "2026-11-22T05:30:00", rule: "FREQ=DAILY;UNTIL=20261123", zone: hcm,
			want: []string{"2026-11-22T05:30:00+07:00", "2026-11-23T05:30:00+07:00"}},
		{name: "seconds and minutes", start: "2026-11-22T05:00:00", rule: "FREQ=HOURLY;INTERVAL=6;BYMINUTE=0,30;BYSECOND=15;COUNT=3", zone: hcm,
			want: []string{"2026-11-22T05:00:15+07:00", "2026-11-22T05:30:15+07:00", "2026-11-22T11:00:15+07:00"}},
		{name: "the first working day", start: "2026-11-01T05:30:00", rule: "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1;COUNT=2", zone: hcm,
			want: []string{"2026-11-02T05:30:00+07:00", "2026-12-01T05:30:00+07:00"}},
		{name: "clocks go forward in New York: moved by the gap", start: "2026-03-07T02:30:00", rule: "FREQ=DAILY;COUNT=3", zone: ny,
			want: []string{"2026-03-07T02:30:00-05:00", "2026-03-08T03:30:00-04:00", "2026-03-09T02:30:00-04:00"}},
		{name: "clocks go forward in Berlin: moved by the gap", start: "2026-03-28T02:30:00", rule: "FREQ=DAILY;COUNT=3", zone: berlin,
			want: []string{"2026-03-28T02:30:00+01:00", "2026-03-29T03:30:00+02:00", "2026-03-30T02:30:00+02:00"}},
		{name: "clocks go back in New York: once, the first time", start: "2026-10-31T01:30:00", rule: "FREQ=DAILY;COUNT=3", zone: ny,
			want: []string{"2026-10-31T01:30:00-04:00", "2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00"}},
		{name: "clocks go back in Berlin: once, the first time", start: "2026-10-24T02:30:00", rule: "FREQ=DAILY;COUNT=3", zone: berlin,
			want: []string{"2026-10-24T02:30:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"}},
		{name: "two that fall on one moment are one", start: "2026-03-29T01:00:00", rule: "FREQ=HOURLY;COUNT=4", zone: berlin,
			want: []string{"2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-29T04:00:00+02:00"}},
		{name: "the gap changes their order", start: "2026-03-29T02:45:00", rule: "FREQ=DAILY;BYHOUR=2,3;BYMINUTE=0,45;COUNT=3", zone: berlin,
			want: []string{"2026-03-29T03:00:00+02:00", "2026-03-29T03:45:00+02:00"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := seriesOf(t, tc.start, tc.rule, tc.zone, tc.exdate...)
			got := first(s, time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), max(1, len(tc.want)))
			assert.Equal(t, tc.want, got)
			if strings.Contains(tc.rule, "COUNT") || strings.Contains(tc.rule, "UNTIL") || tc.rule == "" {
				assert.Equal(t, tc.want, first(s, time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), 100), "and no more")
			}
		})
	}
}

func TestRefusedTimes(t *testing.T) {
	for _, tc := range []struct{ name, start, rule, why string }{
		{"finer than hourly", "2026-11-22T05:30:00", "FREQ=MINUTELY", "finer than HOURLY"},
		{"every second", "2026-11-22T05:30:00", "FREQ=SECONDLY;INTERVAL=3600", "finer than HOURLY"},
		{"every minute in disguise", "2026-11-22T05:30:00", "FREQ=HOURLY;BYMINUTE=" + numbers(60), "1440 occurrences a day"},
		{"no frequency", "2026-11-22T05:30:00", "COUNT=3", "FREQ"},
		{"empty member", "2026-11-22T05:30:00", "FREQ=DAILY;", "unknown member"},
		{"own start", "2026-11-22T05:30:00", "DTSTART=20261122T053000;FREQ=DAILY", "unknown member"},
		{"own start on a line", "2026-11-22T05:30:00", "DTSTART:20261122T053000\nRRULE:FREQ=DAILY", "unknown member"},
		{"Easter", "2026-11-22T05:30:00", "FREQ=YEARLY;BYEASTER=0", "unknown member"},
		{"lower case", "2026-11-22T05:30:00", "freq=daily", "unknown member"},
		{"twice", "2026-11-22T05:30:00", "FREQ=DAILY;COUNT=1;COUNT=2", "COUNT twice"},
		{"two ends", "2026-11-22T05:30:00", "FREQ=DAILY;COUNT=1;UNTIL=20261231", "exclude each other"},
		{"too long", "2026-11-22T05:30:00", "FREQ=DAILY;BYMONTHDAY=" + strings.Repeat("1,", 300) + "1", "bytes"},
		{"huge interval", "2026-11-22T05:30:00", "FREQ=DAILY;INTERVAL=1000000000", "INTERVAL"},
		{"negative interval", "2026-11-22T05:30:00", "FREQ=DAILY;INTERVAL=-1", "INTERVAL"},
		{"huge count", "2026-11-22T05:30:00", "FREQ=DAILY;COUNT=1000000", "COUNT"},
		{"30 February", "2026-11-22T05:30:00", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "no occurrence"},
		{"30 February, day by day", "2026-11-22T05:30:00", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "no occurrence"},
		{"30 February, hour by hour", "2026-11-22T05:30:00", "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30", "no occurrence"},
		{"over before it begins", "2026-11-22T05:30:00", "FREQ=DAILY;UNTIL=20261101", "no occurrence"},
		{"an hour that is never reached", "2026-11-22T00:30:00", "FREQ=HOURLY;INTERVAL=2;BYHOUR=1", "BYHOUR is never reached"},
		{"a fifty-third Monday of a month", "2026-11-22T05:30:00", "FREQ=MONTHLY;BYDAY=53MO", "BYDAY +53MO"},
		{"a fifty-third Monday of December", "2026-11-22T05:30:00", "FREQ=YEARLY;BYMONTH=12;BYDAY=53MO", "BYDAY +53MO"},
		{"numbered days of a week", "2026-11-22T05:30:00", "FREQ=WEEKLY;BYDAY=1MO", "BYDAY +1MO"},
		{"numbered days and others", "2026-11-22T05:30:00", "FREQ=MONTHLY;BYDAY=1MO,TU", "mixes"},
		{"weeks of a month", "2026-11-22T05:30:00", "FREQ=MONTHLY;BYWEEKNO=3", "BYWEEKNO"},
		{"hour 24", "2026-11-22T05:30:00", "FREQ=DAILY;BYHOUR=24", "byhour"},
		{"once in a blue moon", "2026-11-22T05:30:00", "FREQ=YEARLY;INTERVAL=50;BYMONTH=2;BYMONTHDAY=29", "first occurrence is in 2076"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := &loa.Plan{Zone: loa.DefaultZone, Items: []loa.PlanItem{{}, {RRule: tc.rule}}}
			var err error
			p.Items[0].Start = loa.LocalTime{Year: 2026, Month: 1, Day: 1}
			p.Items[1].Start, err = loa.ParseLocalTime(tc.start)
			require.NoError(t, err)
			err = CheckPlan(p)
			require.ErrorIs(t, err, loa.ErrInvalid)
			assert.ErrorContains(t, err, "items[1].rrule: ")
			assert.ErrorContains(t, err, tc.why)
			assert.ErrorContains(t, err, "allowed: an RFC 5545 rule")
			assert.Less(t, len(err.Error()), 600, "short enough to be read")
		})
	}
}

func numbers(n int) string {
	var s []string
	for i := range n {
		s = append(s, fmt.Sprint(i))
	}
	return strings.Join(s, ",")
}

func TestStartOutOfReach(t *testing.T) {
	for _, year := range []int{0, 1999, 2200, 9999} {
		err := CheckPlan(&loa.Plan{Items: []loa.PlanItem{{Start: loa.LocalTime{Year: year, Month: 1, Day: 1}}}})
		assert.ErrorContains(t, err, "items[0].start: ")
		assert.ErrorContains(t, err, "allowed: years 2000 to 2199")
	}
}

func TestUnknownZone(t *testing.T) {
	err := CheckPlan(&loa.Plan{Zone: "Asia/Nowhere"})
	assert.ErrorContains(t, err, `zone: "Asia/Nowhere" is not allowed; allowed: an IANA zone`)
}

func TestEveryWrongItemIsNamed(t *testing.T) {
	p := &loa.Plan{}
	for range 100 {
		p.Items = append(p.Items, loa.PlanItem{Start: loa.LocalTime{Year: 2026, Month: 1, Day: 1}, RRule: "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"})
	}
	err := CheckPlan(p)
	assert.ErrorContains(t, err, "items[0].rrule")
	assert.ErrorContains(t, err, "items[9].rrule")
	assert.NotContains(t, err.Error(), "items[10].rrule", "a plan of bad rules cannot ask for endless work")
}

var someRules = []string{
	"FREQ=DAILY", "FREQ=DAILY;INTERVAL=3", "FREQ=DAILY;BYDAY=MO,FR;BYHOUR=5,17", "FREQ=WEEKLY", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;WKST=SU",
	"FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "FREQ=MONTHLY", "FREQ=MONTHLY;INTERVAL=5", "FREQ=MONTHLY;BYDAY=-1FR,2MO",
	"FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=2", "FREQ=MONTHLY;BYMONTHDAY=-1,15", "FREQ=YEARLY", "FREQ=YEARLY;INTERVAL=3;BYMONTH=3,11;BYDAY=1SU",
	"FREQ=YEARLY;BYWEEKNO=1,20,53;BYDAY=MO", "FREQ=YEARLY;BYYEARDAY=1,100,-1", "FREQ=HOURLY;INTERVAL=7", "FREQ=HOURLY;INTERVAL=5;BYHOUR=3,8;BYMINUTE=0,30",
	"FREQ=DAILY;COUNT=400", "FREQ=DAILY;UNTIL=20280101T000000Z", "FREQ=YEARLY;BYDAY=20MO",
}

// TestFromAnywhere: looking occurrences up from a moment yields what counting
// from the start yields, wherever the moment lies.
func TestFromAnywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 400*24*60).Draw(t, "start")) * time.Minute)
		zone := rapid.SampledFrom([]string{"Asia/Ho_Chi_Minh", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe"}).Draw(t, "zone")
		s := seriesOf(t, start.Format("2006-01-02T15:04:05"), rapid.SampledFrom(someRules).Draw(t, "rule"), zone)
		from := start.Add(time.Duration(rapid.IntRange(-24, 5*366*24).Draw(t, "from")) * time.Hour)

		all := s.from(start.AddDate(0, 0, -3))
		var want time.Time
		for ok := true; ok && want.Before(from); {
			want, ok = all.take()
		}
		here := s.from(from)
		for i := range 20 {
			got, ok := here.take()
			require.True(t, got.Equal(want), "occurrence %d: %s, counted from the start %s", i, got, want)
			if !ok {
				return
			}
			want, _ = all.take()
		}
	})
}

// FuzzRule: no rule from outside panics, hangs or goes backwards.
func FuzzRule(f *testing.F) {
	for _, r := range someRules {
		f.Add(r, int64(0))
	}
	f.Add("FREQ=HOURLY;INTERVAL=2;BYHOUR=1", int64(3600))
	f.Add("FREQ=YEARLY;BYMONTH=12;BYDAY=53MO", int64(1))
	f.Add("FREQ=YEARLY;BYWEEKNO=-53;BYDAY=SU;WKST=SU", int64(1<<30))
	f.Fuzz(func(t *testing.T, rule string, seconds int64) {
		start := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(uint64(seconds)%(1<<31)) * time.Second)
		l, err := loa.ParseLocalTime(start.Format("2006-01-02T15:04:05"))
		require.NoError(t, err)
		s, err := newSeries(&loa.PlanItem{Start: l, RRule: rule}, time.UTC)
		if err != nil {
			require.ErrorIs(t, err, loa.ErrInvalid)
			return
		}
		c := s.from(start.AddDate(3, 0, 0))
		var last time.Time
		for range 50 {
			next, ok := c.take()
			if !ok {
				return
			}
			require.True(t, next.After(last))
			last = next
		}
	})
}
