package speaker

import (
	"testing"
	"time"
)

// perSecond reports how long one second of one channel takes.
func perSecond(b *testing.B, frames, channels, rate int) {
	seconds := float64(frames) * float64(b.N) / float64(rate) * float64(channels)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/seconds, "ns/s/channel")
}

func BenchmarkResample(b *testing.B) {
	for name, tc := range map[string]struct {
		in, channels int
		ppm          float64
	}{
		"44100-48000-mono": {44100, 1, 0}, "44100-48000-stereo": {44100, 2, 0},
		"44100-48000-mono-steered": {44100, 1, 57}, "22050-48000-mono": {22050, 1, 0},
	} {
		b.Run(name, func(b *testing.B) {
			r := newTestResampler(b, tc.in, 48000, tc.channels)
			r.steer(tc.ppm)
			x, y := make([]float32, 441*tc.channels), make([]float32, 1200*tc.channels)
			b.ReportAllocs()
			for b.Loop() {
				r.process(y, x)
			}
			perSecond(b, 441, tc.channels, tc.in)
		})
	}
}

func BenchmarkFilterBank(b *testing.B) {
	for b.Loop() {
		if _, err := newFilterBank(44100, 48000); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLimiter(b *testing.B) {
	for name, level := range map[string]float32{"quiet": 0.5, "limiting": 3} {
		b.Run(name, func(b *testing.B) {
			l := newLimiter(48000, 2)
			x := make([]float32, 960)
			b.ReportAllocs()
			for b.Loop() {
				for i := range x {
					x[i] = level
				}
				l.process(x)
			}
			perSecond(b, 480, 2, 48000)
		})
	}
}

func BenchmarkFill(b *testing.B) {
	for name, gain := range map[string]float64{"playing": -3, "limiting": 12} {
		b.Run(name, func(b *testing.B) { benchmarkFill(b, true, gain) })
	}
	b.Run("idle", func(b *testing.B) { benchmarkFill(b, false, 0) })
}

func benchmarkFill(b *testing.B, play bool, gain float64) {
	r := newRig(b, Format{Rate: 48000, Channels: 2, Period: 480})
	track := r.load(Program{Sources: []Source{{Tone: Siren, Length: time.Hour}}, GainDB: gain})
	if play {
		r.s.Start(track, 0)
	}
	buf := make([]float32, 960)
	b.ReportAllocs()
	for b.Loop() {
		if play { // stopping the clock costs far more than an idle Fill
			b.StopTimer()
			r.s.Pump()
			b.StartTimer()
		}
		r.s.Fill(buf, r.at)
		r.at += 480
	}
	perSecond(b, 480, 2, 48000)
}

func BenchmarkTone(b *testing.B) {
	for _, tone := range tones {
		b.Run(tone.String(), func(b *testing.B) {
			buf := make([]float32, 480)
			s := newSynth(tone, 1000*time.Hour, 0, 48000)
			for b.Loop() {
				_, _ = s.Read(buf)
			}
			perSecond(b, 480, 1, 48000)
		})
	}
}
