package opus

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkDecode reads half a minute of each mode; what users care about is how
// many times faster than real time.
func BenchmarkDecode(b *testing.B) {
	for _, bc := range []struct {
		name     string
		channels int
	}{{silkFile, 1}, {hybridFile, 1}, {celtFile, 2}} {
		b.Run(bc.name, func(b *testing.B) {
			file := long(b, bc.name, bc.channels, 40)
			buf := make([]float32, 960*bc.channels)
			frames := 0
			b.ReportAllocs()
			for b.Loop() {
				d, err := NewDecoder(bytes.NewReader(file))
				require.NoError(b, err)
				for err == nil {
					var n int
					n, err = d.Read(buf)
					frames += n
				}
				require.ErrorIs(b, err, io.EOF)
			}
			b.ReportMetric(float64(frames)/Rate/b.Elapsed().Seconds(), "x-real-time")
		})
	}
}

// BenchmarkProbe is what a download costs before it is accepted.
func BenchmarkProbe(b *testing.B) {
	file := long(b, celtFile, 2, 40)
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		_, err := Probe(bytes.NewReader(file))
		require.NoError(b, err)
	}
}
