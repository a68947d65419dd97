package scheduler

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"loa"
)

// daily makes a plan of n items spread from six to midnight, each of a minute.
func daily(n int) *loa.Plan {
	p := &loa.Plan{Zone: loa.DefaultZone, Policy: &loa.Policy{Windows: []loa.Window{{To: 24 * 60}}, MaxSession: loa.Duration(time.Hour)}}
	for i := range n {
		minute := 360 + i*1080/n
		p.Items = append(p.Items, loa.PlanItem{
			Item:  loa.Item{ID: fmt.Sprint("b", i), Repeat: 1, Media: []loa.Media{{SHA256: digest("a")}}},
			Start: loa.LocalTime{Year: 2026, Month: 11, Day: 1, Hour: minute / 60, Minute: minute % 60}, RRule: "FREQ=DAILY", Late: loa.DefaultLate,
		})
	}
	return p
}

func clusterWith(tb testing.TB, p *loa.Plan) *device {
	d := newDevice(morning, Options{Lead: 3 * time.Second})
	d.card(true)
	d.know("a", time.Minute)
	require.NoError(tb, d.s.ApplyPlan(d.now(), Origin{KID: "local"}, p))
	return d
}

// BenchmarkMonth runs 30 days of 20 daily items, device and all.
func BenchmarkMonth(b *testing.B) {
	for b.Loop() {
		d := clusterWith(b, daily(20))
		d.run(d.mono + 30*24*time.Hour)
		require.Greater(b, len(d.done), 599)
		b.ReportMetric(float64(d.wakes), "steps")
	}
}

// BenchmarkStep is one step of a plan of the largest size, with nothing due.
func BenchmarkStep(b *testing.B) {
	d := clusterWith(b, daily(loa.MaxItems))
	now := d.now()
	b.ReportAllocs()
	for b.Loop() {
		now.Mono += time.Microsecond
		now.Wall = now.Wall.Add(time.Microsecond)
		d.s.Step(now, Tick{})
		d.s.Next()
	}
}

// BenchmarkDay runs a day of a plan of the largest size and reports what a
// step of it costs.
func BenchmarkDay(b *testing.B) {
	for b.Loop() {
		d := clusterWith(b, daily(loa.MaxItems))
		began := time.Now()
		d.run(d.mono + 24*time.Hour)
		b.ReportMetric(float64(time.Since(began).Nanoseconds())/float64(d.wakes+3*len(d.done)), "ns/step")
	}
}

// BenchmarkApply puts a plan of the largest size in force, and BenchmarkJump
// is a step of the clock with it.
func BenchmarkApply(b *testing.B) {
	d := clusterWith(b, daily(1))
	for b.Loop() {
		require.NoError(b, d.s.ApplyPlan(d.now(), Origin{KID: "local"}, daily(loa.MaxItems)))
	}
}

func BenchmarkJump(b *testing.B) {
	d := clusterWith(b, daily(loa.MaxItems))
	for i := 0; b.Loop(); i++ {
		d.base = d.base.Add(time.Duration(1-2*(i%2)) * time.Hour)
		d.s.Step(d.now(), Tick{})
		d.s.Next()
	}
}

// BenchmarkEmptyRule is the dearest mistake that a rule can hold.
func BenchmarkEmptyRule(b *testing.B) {
	p := &loa.Plan{Items: []loa.PlanItem{{Start: loa.LocalTime{Year: 2026, Month: 1, Day: 1}, RRule: "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30"}}}
	for b.Loop() {
		require.Error(b, CheckPlan(p))
	}
}

// TestLargestPlanStepsQuickly counts work, not time: a step with nothing due
// allocates nothing however many items a plan has.
func TestLargestPlanStepsQuickly(t *testing.T) {
	d := clusterWith(t, daily(loa.MaxItems))
	now := d.now()
	allocs := testing.AllocsPerRun(100, func() {
		now.Mono += time.Microsecond
		now.Wall = now.Wall.Add(time.Microsecond)
		d.s.Step(now, Tick{})
		d.s.Next()
	})
	require.Zero(t, allocs)
}
