package opus

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// soundDir holds the encoded files; its README says where they come from.
const soundDir = "../../testdata/sound"

func sound(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(soundDir, name))
	require.NoError(t, err)
	return b
}

// ffmpeg runs the program and returns what it writes.
func ffmpeg(t testing.TB, in []byte, args ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("not run: no ffmpeg")
	}
	cmd := exec.Command("ffmpeg", append([]string{"-v", "error", "-nostdin"}, args...)...)
	cmd.Stdin = bytes.NewReader(in)
	var out, says bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &says
	require.NoError(t, cmd.Run(), "ffmpeg %v: %s", args, says.String())
	return out.Bytes()
}

// material is n seconds of a voice-like sound: a buzz of changing pitch through
// two formants, with pauses, beside a tone and noise; the same each time.
func material(seconds float64, channels int) []float32 {
	const rate = Rate
	n := int(seconds * rate)
	x := make([]float32, n*channels)
	phase, seed := 0.0, uint32(1)
	var y1, y2 [2]float64
	for i := range n {
		t := float64(i) / rate
		f0 := 120 + 30*math.Sin(2*math.Pi*0.7*t)
		phase += f0 / rate
		pulse := 0.0
		if phase >= 1 {
			phase--
			pulse = 1
		}
		seed = seed*1664525 + 1013904223
		noise := float64(int32(seed)) / (1 << 31)
		source := pulse + 0.02*noise
		v := 0.0
		for k, hz := range [2]float64{600 + 200*math.Sin(2*math.Pi*1.3*t), 1700} {
			r := 0.985
			y := source + 2*r*math.Cos(2*math.Pi*hz/rate)*y1[k] - r*r*y2[k]
			y1[k], y2[k] = y, y1[k]
			v += y
		}
		if math.Mod(t, 1.1) > 0.9 {
			v *= 0.01
		}
		x[i*channels] = float32(0.05 * v)
		if channels == 2 {
			x[i*2+1] = float32(0.03*v + 0.2*math.Sin(2*math.Pi*440*t))
		}
	}
	return x
}

func floats(b []byte) []float32 {
	x := make([]float32, len(b)/4)
	for i := range x {
		x[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return x
}

func raw(x []float32) []byte {
	b := make([]byte, 0, 4*len(x))
	for _, v := range x {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// encoded keeps what ffmpeg made, by its arguments.
var encoded sync.Map

// encode has libopus encode the material.
func encode(t testing.TB, seconds float64, channels int, args string) []byte {
	t.Helper()
	key := fmt.Sprint(seconds, channels, args)
	if b, ok := encoded.Load(key); ok {
		return b.([]byte)
	}
	in := []string{"-f", "f32le", "-ar", "48000", "-ac", fmt.Sprint(channels), "-i", "pipe:0", "-c:a", "libopus"}
	wave, ok := encoded.Load(fmt.Sprint(seconds, channels))
	if !ok {
		wave = raw(material(seconds, channels))
		encoded.Store(fmt.Sprint(seconds, channels), wave)
	}
	b := ffmpeg(t, wave.([]byte), append(append(in, strings.Fields(args)...), "-f", "ogg", "pipe:1")...)
	encoded.Store(key, b)
	return b
}

// reference is how libopus decodes a file.
func reference(t testing.TB, file []byte) []float32 {
	t.Helper()
	return floats(ffmpeg(t, file, "-c:a", "libopus", "-i", "pipe:0", "-f", "f32le", "pipe:1"))
}

// decodeAll reads a file to its end.
func decodeAll(r io.Reader) (pcm []float32, d *Decoder, err error) {
	d, err = NewDecoder(r)
	if err != nil {
		return nil, nil, err
	}
	buf := make([]float32, 1000*d.channels)
	for {
		n, err := d.Read(buf)
		pcm = append(pcm, buf[:n*d.channels]...)
		if err != nil {
			return pcm, d, err
		}
	}
}

func mustDecode(t testing.TB, b []byte) ([]float32, *Decoder) {
	t.Helper()
	pcm, d, err := decodeAll(bytes.NewReader(b))
	require.ErrorIs(t, err, io.EOF)
	return pcm, d
}

func rms(x []float32) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum / float64(max(len(x), 1)))
}

// apart is the RMS of the difference of two sounds, in dB of full scale.
func apart(a, b []float32) float64 {
	n := min(len(a), len(b))
	d := make([]float32, n)
	for i := range d {
		d[i] = a[i] - b[i]
	}
	return 20 * math.Log10(max(rms(d), 1e-9))
}

func probe(t testing.TB, b []byte) Info {
	t.Helper()
	info, err := Probe(bytes.NewReader(b))
	require.NoError(t, err)
	return info
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func decibels(a float64) float64 { return 20 * math.Log10(max(a, 1e-12)) }

// requireSame is Equal of two sounds with a message that can be read.
func requireSame(t testing.TB, want, got []float32, format string, args ...any) {
	t.Helper()
	what := fmt.Sprintf(format, args...)
	require.Equal(t, len(want), len(got), what)
	for i := range want {
		if want[i] != got[i] {
			require.Fail(t, "the sound differs", "%s: %v is not %v at %d of %d", what, got[i], want[i], i, len(want))
		}
	}
}
