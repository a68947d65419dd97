package mp3

import (
	"bytes"
	"io"
	"testing"
	"time"
)

// BenchmarkDecode reports how often faster than real time a file is decoded; what
// it allocates is the decoder, once.
func BenchmarkDecode(b *testing.B) {
	for _, name := range []string{"mpeg2-24k.mp3", "mono44-cbr48.mp3", "stereo48-cbr96.mp3"} {
		b.Run(name, func(b *testing.B) {
			data := long(b, name, 4)
			info, err := Probe(bytes.NewReader(data))
			if err != nil {
				b.Fatal(err)
			}
			buf := make([]float32, 2*frameLen)
			b.ReportAllocs()
			for b.Loop() {
				d, err := NewDecoder(bytes.NewReader(data))
				for err == nil {
					_, err = d.Read(buf)
				}
				if err != io.EOF {
					b.Fatal(err)
				}
			}
			report(b, info.Duration)
		})
	}
}

func BenchmarkProbe(b *testing.B) {
	data := long(b, "stereo48-cbr96.mp3", 40)
	info, _ := Probe(bytes.NewReader(data))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Probe(bytes.NewReader(data)); err != nil {
			b.Fatal(err)
		}
	}
	report(b, info.Duration)
}

// report says how many times real time one round of length took.
func report(b *testing.B, length time.Duration) {
	perRound := b.Elapsed() / time.Duration(b.N)
	b.ReportMetric(length.Seconds()/perRound.Seconds(), "x_real_time")
}
