package loa

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func inPolicy(policy string) string { return `{"v":1,"items":[],"policy":` + policy + `}` }

func TestPolicyRefusals(t *testing.T) {
	for _, r := range []refusal{
		{"policy in words", inPolicy(`"strict"`), "policy", `"strict"`, "an object"},
		{"no windows", inPolicy(`{"windows":[]}`), "policy.windows", "an empty list", "no member of this name"},
		{"window without from", inPolicy(`{"windows":[{"to":"06:00"}]}`), "policy.windows[0].from", "missing", "00:00 to 24:00"},
		{"window without to", inPolicy(`{"windows":[{"from":"06:00"}]}`), "policy.windows[0].to", "missing", "00:00 to 24:00"},
		{"window of no length", inPolicy(`{"windows":[{"from":"06:00","to":"06:00"}]}`), "policy.windows[0].to", "06:00", "other than from"},
		{"hour 25", inPolicy(`{"windows":[{"from":"06:00","to":"25:00"}]}`), "policy.windows[0].to", "25:00", "00:00 to 24:00"},
		{"unknown day", inPolicy(`{"windows":[{"days":["MO","T2"],"from":"06:00","to":"07:00"}]}`), "policy.windows[0].days[1]", "T2", `"MO", "TU"`},
		{"no day at all", inPolicy(`{"windows":[{"days":[],"from":"06:00","to":"07:00"}]}`), "policy.windows[0].days", "an empty list", "every day"},
		{"session of no length", inPolicy(`{"max_session":"PT0S"}`), "policy.max_session", "PT0S", "from PT1S to PT24H"},
		{"no sessions", inPolicy(`{"max_sessions_per_day":0}`), "policy.max_sessions_per_day", "0", "from 1 to 1000"},
		{"cap without level", inPolicy(`{"volume":[{"from":"06:00","to":"07:00"}]}`), "policy.volume[0].max_db", "missing", "from -60 to 12"},
		{"cap too high", inPolicy(`{"volume":[{"from":"06:00","to":"07:00","max_db":40}]}`), "policy.volume[0].max_db", "40", "from -60 to 12"},
	} {
		t.Run(r.name, func(t *testing.T) {
			_, err := ParsePlan([]byte(r.doc))
			r.check(t, err)
		})
	}
}

func window(t *testing.T, from, to string, days ...Weekday) Window {
	f, err := ParseTimeOfDay(from)
	require.NoError(t, err)
	u, err := ParseTimeOfDay(to)
	require.NoError(t, err)
	return Window{Days: days, From: f, To: u}
}

func TestWindows(t *testing.T) {
	const fr, sa, su = Weekday(time.Friday), Weekday(time.Saturday), Weekday(time.Sunday)
	for _, tc := range []struct {
		name, from, to string
		days           []Weekday
		at             string // local time
		closes         string // empty: outside
	}{
		{"before", "05:30", "06:30", nil, "2026-11-22T05:29:59", ""},
		{"first moment", "05:30", "06:30", nil, "2026-11-22T05:30:00", "2026-11-22T06:30:00"},
		{"last moment", "05:30", "06:30", nil, "2026-11-22T06:29:59", "2026-11-22T06:30:00"},
		{"closed", "05:30", "06:30", nil, "2026-11-22T06:30:00", ""},
		{"all day", "00:00", "24:00", nil, "2026-11-22T12:00:00", "2026-11-23T00:00:00"},
		{"evening over midnight", "22:00", "04:00", nil, "2026-11-22T23:00:00", "2026-11-23T04:00:00"},
		{"morning over midnight", "22:00", "04:00", nil, "2026-11-22T03:00:00", "2026-11-22T04:00:00"},
		{"between, over midnight", "22:00", "04:00", nil, "2026-11-22T04:00:00", ""},
		{"its day", "05:30", "06:30", []Weekday{su}, "2026-11-22T06:00:00", "2026-11-22T06:30:00"},
		{"not its day", "05:30", "06:30", []Weekday{sa}, "2026-11-22T06:00:00", ""},
		{"belongs to the day it began on", "22:00", "04:00", []Weekday{sa}, "2026-11-22T03:00:00", "2026-11-22T04:00:00"},
		{"does not begin on the next", "22:00", "04:00", []Weekday{sa}, "2026-11-22T23:00:00", ""},
		{"the night before was not its day", "22:00", "04:00", []Weekday{su}, "2026-11-22T03:00:00", ""},
		{"of two days", "22:00", "04:00", []Weekday{fr, su}, "2026-11-23T03:59:59", "2026-11-23T04:00:00"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			loc, err := time.LoadLocation(DefaultZone)
			require.NoError(t, err)
			l, err := ParseLocalTime(tc.at)
			require.NoError(t, err)
			w := window(t, tc.from, tc.to, tc.days...)
			end, ok := w.End(l.In(loc))
			assert.Equal(t, tc.closes != "", ok)
			assert.Equal(t, ok, w.Contains(l.In(loc)))
			if ok {
				assert.Equal(t, tc.closes, end.Format(localLayout))
			}
		})
	}
}

// TestWindowsWhereClocksChange: a window keeps its hours by the clock on the
// wall, whatever that is worth.
func TestWindowsWhereClocksChange(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	w := window(t, "01:00", "04:00")
	spring, ok := w.End(time.Date(2026, 3, 29, 1, 0, 0, 0, berlin))
	require.True(t, ok)
	assert.Equal(t, 2*time.Hour, spring.Sub(time.Date(2026, 3, 29, 1, 0, 0, 0, berlin)), "an hour is missing")

	saoPaulo, err := time.LoadLocation("America/Sao_Paulo")
	require.NoError(t, err)
	day := Weekday(time.Sunday) // 4 November 2018 began at 01:00
	_, ok = window(t, "00:00", "06:00", day).End(time.Date(2018, 11, 4, 3, 30, 0, 0, time.UTC).In(saoPaulo))
	assert.True(t, ok, "a day without midnight is a day")
}
