package speaker

import (
	"math"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// perSecond reports how long one second of one channel takes.
func perSecond(b *testing.B, frames, channels, rate int) {
	seconds := float64(frames) * float64(b.N) / float64(rate) * float64(channels)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/seconds, "ns/s/channel")
}

// perFrame reports a stage of the way to the card: nanoseconds for each frame of
// all channels that leaves it, and how much of one core that is in real time.
func perFrame(b *testing.B, frames float64, rate int) {
	ns := float64(b.Elapsed().Nanoseconds()) / frames
	b.ReportMetric(ns, "ns/frame")
	b.ReportMetric(ns*float64(rate)/1e9*100, "%core")
}

// The stages between a file and a card of 48 kHz, each by itself, then all of
// them: decode, resample, level and mix, limit.
func BenchmarkStage(b *testing.B) {
	b.Run("resample", benchmarkResample)
	b.Run("level", benchmarkLevel)
	b.Run("limit", benchmarkLimit)
	b.Run("path", benchmarkPath)
}

func benchmarkResample(b *testing.B) {
	for _, tc := range []struct {
		name         string
		in, channels int
		ppm          float64
	}{
		{"22050-48000-mono", 22050, 1, 0}, {"24000-48000-mono", 24000, 1, 0}, {"44100-48000-mono", 44100, 1, 0},
		{"44100-48000-stereo", 44100, 2, 0}, {"44100-48000-stereo-steered", 44100, 2, 57},
		{"48000-48000-stereo", 48000, 2, 0}, {"48000-48000-stereo-steered", 48000, 2, 57},
	} {
		b.Run(tc.name, func(b *testing.B) {
			r := newTestResampler(b, tc.in, 48000, tc.channels)
			r.steer(tc.ppm)
			x, y, out := make([]float32, 441*tc.channels), make([]float32, 1200*tc.channels), 0
			b.ReportAllocs()
			for b.Loop() {
				_, gave := r.process(y, x)
				out += gave
			}
			perFrame(b, float64(out), 48000)
		})
	}
}

func benchmarkLevel(b *testing.B) {
	x, mix := make([]float32, 960), make([]float32, 960)
	for b.Loop() {
		clear(mix)
		mixSteady(mix, x, 0.5)
	}
	perFrame(b, 480*float64(b.N), 48000)
}

// swell is two seconds of stereo whose level swells and falls, as a voice does.
func swell(peak float64) []float32 {
	x := make([]float32, 2*96000)
	for i := range x {
		t := float64(i / 2)
		x[i] = float32(peak * math.Sin(t*0.13) * math.Sin(t*0.0007))
	}
	return x
}

func benchmarkLimit(b *testing.B) {
	for _, tc := range []struct {
		name string
		peak float64
	}{{"quiet", 0.2}, {"speech", 0.7}, {"limiting", 4}} {
		b.Run(tc.name, func(b *testing.B) {
			l, x, at := newLimiter(48000, 2), swell(tc.peak), 0
			buf := make([]float32, 960)
			b.ReportAllocs()
			for b.Loop() {
				copy(buf, x[at:])
				at = (at + 960) % len(x)
				l.process(buf)
			}
			perFrame(b, 480*float64(b.N), 48000)
		})
	}
}

// benchmarkPath plays whole files through a speaker, opening them included.
func benchmarkPath(b *testing.B) {
	for _, tc := range []struct {
		name   string
		source Source
		times  int
	}{
		{"bulletin-32000-mono", data("bulletin", fileAt(b, "../testdata/bulletin/ban-tin-sang.mp3")), 1},
		{"mp3-24000-mono", file(b, "mpeg2-24k.mp3"), 20},
		{"mp3-44100-stereo", file(b, "stereo44-vbr.mp3"), 20},
		{"mp3-48000-stereo", file(b, "stereo48-cbr96.mp3"), 20},
	} {
		b.Run(tc.name, func(b *testing.B) {
			r := newRig(b, Format{Rate: 48000, Channels: 2, Period: 480})
			var p Program
			for range tc.times {
				p.Sources = append(p.Sources, tc.source)
			}
			buf, frames := make([]float32, 960), Frame(0)
			for b.Loop() {
				t := r.load(p)
				r.s.Start(t, 0)
				for from := r.at; t.Progress().State != Ended; r.at += 480 {
					frames += 480
					if (r.at-from)%9600 == 0 {
						r.s.Pump()
					}
					r.s.Fill(buf, r.at)
					r.s.Left(r.at, r.timeOf(r.at))
				}
			}
			perFrame(b, float64(frames), 48000)
		})
	}
}

func fileAt(b *testing.B, path string) []byte {
	content, err := os.ReadFile(path)
	require.NoError(b, err)
	return content
}

func BenchmarkFilterBank(b *testing.B) {
	for b.Loop() {
		if _, err := newFilterBank(44100, 48000); err != nil {
			b.Fatal(err)
		}
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
