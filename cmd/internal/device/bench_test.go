package device

import (
	"testing"
	"time"

	"loa"
)

// BenchmarkDueToFirstFrame is how far the first frame leaves the device from
// its planned moment, with two amplifiers to settle. It runs in real time.
func BenchmarkDueToFirstFrame(b *testing.B) {
	var sum time.Duration
	for b.Loop() {
		r := newRig(b, "")
		r.plan(2*time.Second, "")
		r.start()
		p := r.await("play", ofType(loa.EventPlay)).detail.(loa.PlayRecord)
		sum += p.Started.Sub(p.Planned).Abs()
		r.end()
	}
	b.ReportMetric(float64(sum.Microseconds())/1000/float64(b.N), "ms-from-due")
}
