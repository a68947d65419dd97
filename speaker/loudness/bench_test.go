package loudness

import (
	"fmt"
	"testing"
)

// BenchmarkMeter reports what one second of one channel takes. A steady tone at
// its peak is the worst: every sample may be the highest yet.
func BenchmarkMeter(b *testing.B) {
	for _, tc := range []struct {
		rate, channels int
		name           string
		x              []float32
	}{
		{24000, 1, "speech", speech(1, 24000, 5, 0.7)},
		{44100, 2, "speech", stereo(speech(1, 44100, 5, 0.7))},
		{48000, 2, "speech", stereo(speech(1, 48000, 5, 0.7))},
		{48000, 2, "tone", tones(48000, 2, stretch{-3, 5})},
		{48000, 2, "noise", noise(1, 10*48000, 1)},
	} {
		b.Run(fmt.Sprintf("%s-%d-%dch", tc.name, tc.rate, tc.channels), func(b *testing.B) {
			m := newMeter(b, tc.rate, tc.channels)
			m.Write(tc.x)
			b.ReportAllocs()
			for b.Loop() {
				m.Write(tc.x)
			}
			seconds := float64(b.N) * float64(len(tc.x)) / float64(tc.rate)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/seconds, "ns/s/channel")
		})
	}
}
