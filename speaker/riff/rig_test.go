package riff

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// chunk is one chunk with its padding.
func chunk(id string, body []byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(id), uint32(len(body)))
	b = append(b, body...)
	if len(body)%2 == 1 {
		b = append(b, 0)
	}
	return b
}

// format is a fmt chunk of 16 bytes.
func format(tag Tag, channels, rate, bits int) []byte {
	le := binary.LittleEndian
	b := le.AppendUint16(nil, uint16(tag))
	b = le.AppendUint16(b, uint16(channels))
	b = le.AppendUint32(b, uint32(rate))
	block := channels * ((bits + 7) / 8)
	b = le.AppendUint32(b, uint32(rate*block))
	b = le.AppendUint16(b, uint16(block))
	return chunk("fmt ", le.AppendUint16(b, uint16(bits)))
}

// file is a WAV of those chunks.
func file(chunks ...[]byte) []byte {
	body := append([]byte("WAVE"), bytes.Join(chunks, nil)...)
	return chunk("RIFF", body)
}

// samples of 16 bits as bytes.
func samples(x ...int16) (b []byte) {
	for _, v := range x {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	return b
}

// decodeAll reads a file to its end.
func decodeAll(r io.Reader) (pcm []float32, d *Decoder, err error) {
	if d, err = NewDecoder(r); err != nil {
		return nil, nil, err
	}
	_, channels := d.Format()
	buf := make([]float32, 700*channels)
	for {
		n, err := d.Read(buf)
		pcm = append(pcm, buf[:n*channels]...)
		if err != nil {
			return pcm, d, err
		}
	}
}

func mustDecode(t testing.TB, b []byte) []float32 {
	t.Helper()
	pcm, _, err := decodeAll(bytes.NewReader(b))
	require.ErrorIs(t, err, io.EOF)
	return pcm
}

func probe(t testing.TB, b []byte) Info {
	t.Helper()
	info, err := Probe(bytes.NewReader(b))
	require.NoError(t, err)
	return info
}

// tone is n frames of a sine, the second channel softer.
func tone(n, channels int) []float32 {
	x := make([]float32, n*channels)
	for i := range n {
		s := float32(0.8 * math.Sin(float64(i)*0.05))
		for c := range channels {
			x[i*channels+c] = s / float32(1+c)
		}
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

// ffmpeg runs the program on in, which args name as FILE and pipe:0, and returns
// what it writes to pipe:1 or to OUT.
func ffmpeg(t testing.TB, in []byte, args ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("not run: no ffmpeg")
	}
	dir := t.TempDir()
	out := ""
	for i, a := range args {
		if a == "OUT" {
			out = dir + "/out.wav"
			args[i] = out
		}
	}
	cmd := exec.Command("ffmpeg", append([]string{"-v", "error", "-nostdin"}, args...)...)
	cmd.Stdin = bytes.NewReader(in)
	var piped, says bytes.Buffer
	cmd.Stdout, cmd.Stderr = &piped, &says
	require.NoError(t, cmd.Run(), "ffmpeg %v: %s", args, says.String())
	if out == "" {
		return piped.Bytes()
	}
	b, err := os.ReadFile(out)
	require.NoError(t, err)
	return b
}
