package loa

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"PT0S": 0, "PT45M": 45 * time.Minute, "PT1H30M": 90 * time.Minute, "P1DT2H": 26 * time.Hour, "PT2.5S": 2500 * time.Millisecond,
		"P2W": 14 * 24 * time.Hour, "P1W1D": 8 * 24 * time.Hour, "PT90M": 90 * time.Minute, "PT0.000000001S": 1, "PT59.999999999S": time.Minute - 1,
		"PT100000H": 100000 * time.Hour, "P1D": 24 * time.Hour, "PT007S": 7 * time.Second,
	} {
		got, err := ParseDuration(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got.Std(), text)
	}
}

func TestNotDurations(t *testing.T) {
	for _, text := range []string{
		"", "P", "PT", "T5S", "5S", "PT5", "PTS", "PT5s", "pt5s", "-PT5S", "PT-5S", "P-1D", "P1Y", "P1M", "P1DT", "PT1M1H", "PT1S1S", "P1D1W", "P1H", "PT1D",
		"PT1.5M", "PT1.5H", "P1.5D", "PT.5S", "PT5.S", "PT1.2.3S", "PT1,5S", "PT0.0000000001S", "PT1e3S", "PT+1S", "PT 1S", "PT1S ", "PT0x1S", "PT1_0S",
		"P36500DT876000H52560000M3153600000S", "PT99999999999999999999S", "P1DT99999999999H", "PT1S\x00", "PT١S",
	} {
		d, err := ParseDuration(text)
		assert.Zero(t, d, text)
		if assert.Error(t, err, text) {
			assert.Contains(t, err.Error(), `allowed: an ISO 8601 duration such as "PT45M"`)
		}
	}
}

func TestShortestFormOfDurations(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"PT0S": 0, "PT1S": time.Second, "PT1H": time.Hour, "PT24H": 24 * time.Hour, "PT1H0.5S": time.Hour + 500*time.Millisecond,
		"PT1M1S": 61 * time.Second, "PT0.000000001S": 1,
	} {
		assert.Equal(t, want, Duration(d).String())
	}
	assert.Equal(t, "PT0S", Duration(-time.Second).String(), "there are no negative ones")
}

func TestDurationRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Duration(rapid.Int64Range(0, int64(maxDuration)).Draw(t, "ns"))
		b, err := d.MarshalText()
		require.NoError(t, err)
		var got Duration
		require.NoError(t, got.UnmarshalText(b), "%s", b)
		require.Equal(t, d, got, "%s", b)
	})
}

func TestLocalTimes(t *testing.T) {
	l, err := ParseLocalTime("2026-11-22T05:30:07")
	require.NoError(t, err)
	assert.Equal(t, LocalTime{2026, 11, 22, 5, 30, 7}, l)
	assert.Equal(t, "2026-11-22T05:30:07", l.String())
	for _, text := range []string{
		"", "2026-11-22", "2026-11-22 05:30:00", "2026-11-22T05:30", "2026-11-22T5:30:00", "2026-11-22T05:30:00Z", "2026-11-22T05:30:00+07:00",
		"2026-11-22T05:30:00.0", "2026-11-22T05:30:00,5", "2026-02-29T05:30:00", "2026-11-31T05:30:00", "2026-13-01T05:30:00", "2026-11-22T24:00:00",
		"2026-11-22T05:60:00", "2026-11-22T05:30:60", "26-11-22T05:30:00", "+026-11-22T05:30:00",
	} {
		_, err := ParseLocalTime(text)
		assert.ErrorContains(t, err, "without zone", text)
	}
}

func TestLocalTimeInZones(t *testing.T) {
	for _, tc := range []struct{ name, local, zone, want string }{
		{"no change of clocks", "2026-11-22T05:30:00", "Asia/Ho_Chi_Minh", "2026-11-21T22:30:00Z"},
		{"gap west of Greenwich", "2026-03-08T02:30:00", "America/New_York", "2026-03-08T07:30:00Z"},
		{"gap east of Greenwich", "2026-03-29T02:30:00", "Europe/Berlin", "2026-03-29T01:30:00Z"},
		{"first moment of a gap", "2026-03-29T02:00:00", "Europe/Berlin", "2026-03-29T01:00:00Z"},
		{"last before a gap", "2026-03-29T01:59:59", "Europe/Berlin", "2026-03-29T00:59:59Z"},
		{"first after a gap", "2026-03-29T03:00:00", "Europe/Berlin", "2026-03-29T01:00:00Z"},
		{"twice, west", "2026-11-01T01:30:00", "America/New_York", "2026-11-01T05:30:00Z"},
		{"twice, east", "2026-10-25T02:30:00", "Europe/Berlin", "2026-10-25T00:30:00Z"},
		{"first after twice", "2026-10-25T03:00:00", "Europe/Berlin", "2026-10-25T02:00:00Z"},
		{"half an hour", "2026-10-04T02:15:00", "Australia/Lord_Howe", "2026-10-03T15:45:00Z"},
		{"no midnight", "2018-11-04T00:00:00", "America/Sao_Paulo", "2018-11-04T03:00:00Z"},
		{"a day that was skipped", "2011-12-30T12:00:00", "Pacific/Apia", "2011-12-30T22:00:00Z"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l, err := ParseLocalTime(tc.local)
			require.NoError(t, err)
			loc, err := time.LoadLocation(tc.zone)
			require.NoError(t, err)
			assert.Equal(t, tc.want, l.In(loc).UTC().Format(time.RFC3339))
			assert.Equal(t, loc, l.In(loc).Location())
		})
	}
}

// TestLocalTimeShowsItself: what clocks show at In is the local time, except
// in a gap.
func TestLocalTimeShowsItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		loc, err := time.LoadLocation(rapid.SampledFrom([]string{"Asia/Ho_Chi_Minh", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"}).Draw(t, "zone"))
		require.NoError(t, err)
		at := time.Unix(rapid.Int64Range(0, 1<<32).Draw(t, "at"), 0).In(loc)
		y, m, d := at.Date()
		l := LocalTime{y, int(m), d, at.Hour(), at.Minute(), at.Second()}
		got := l.In(loc)
		require.Equal(t, l.String(), got.Format(localLayout))
		require.False(t, got.After(at), "the first of two")
	})
}

func TestTimesOfDay(t *testing.T) {
	for text, want := range map[string]TimeOfDay{"00:00": 0, "05:30": 330, "23:59": 1439, "24:00": 1440} {
		got, err := ParseTimeOfDay(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got)
		assert.Equal(t, text, got.String())
	}
	for _, text := range []string{"", "5:30", "05:3", "05.30", "24:01", "25:00", "12:60", "+1:00", "-1:00", "05:30:00", "0530", "ab:cd"} {
		var got TimeOfDay
		assert.ErrorContains(t, got.UnmarshalText([]byte(text)), "allowed: 00:00 to 24:00", text)
	}
}

func TestNoDurationOverflows(t *testing.T) {
	assert.Less(t, int64(2*maxDuration), int64(math.MaxInt64), "two fields at their limit can be added")
}
