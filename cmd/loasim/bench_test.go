package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkRenderDay renders a day with two hours of 48 kbit/s mono speech in
// four sessions.
func BenchmarkRenderDay(b *testing.B) {
	d := newDay(b)
	d.items(`{"id":"tin","start":"2026-11-22T05:30:00","rrule":"FREQ=HOURLY;INTERVAL=6;COUNT=4","media":[{"sha256":"SHA"}],"repeat":102}`)
	for b.Loop() {
		require.Zero(b, d.render("2026-11-22T00:00:00+07:00", 24*time.Hour), d.stdout.String())
	}
	s := b.Elapsed().Seconds() / float64(b.N)
	b.ReportMetric(s, "s/day")
	b.ReportMetric(7200/s, "x-sound")
}
