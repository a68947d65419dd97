package wav

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// raw writes frames into a file and returns its bytes.
func raw(t *testing.T, f Format, kind Samples, frames ...float32) []byte {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "raw.wav"))
	require.NoError(t, err)
	defer file.Close()
	w, err := NewRawWriter(file, f, kind)
	require.NoError(t, err)
	require.NoError(t, w.WriteFloat(frames))
	assert.Equal(t, int64(len(frames)/f.Channels), w.Frames())
	require.NoError(t, w.Close())
	b, err := os.ReadFile(file.Name())
	require.NoError(t, err)
	return b
}

var mono24 = Format{Rate: 24000, Channels: 1}

func TestSamplesAreRoundedAndClipped(t *testing.T) {
	const lsb = 1.0 / 32768
	nan := float32(math.NaN())
	b := raw(t, mono24, Rounded16, 0, 0.49*lsb, 0.51*lsb, -0.51*lsb, 1, 1.5, -1, -1.5, nan)
	var got []int16
	for b := b[rawHeader:]; len(b) > 0; b = b[2:] {
		got = append(got, int16(binary.LittleEndian.Uint16(b)))
	}
	assert.Equal(t, []int16{0, 0, 1, -1, 32767, 32767, -32768, -32768, 0}, got)
}

func TestSamplesOf24Bits(t *testing.T) {
	const lsb = 1.0 / (1 << 23)
	b := raw(t, mono24, Rounded24, lsb, -lsb, 2, -2)
	assert.Equal(t, []byte{1, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0x80}, b[rawHeader:])
	assert.Equal(t, uint16(24), binary.LittleEndian.Uint16(b[70:]))
	odd := raw(t, mono24, Rounded24, lsb)
	assert.Len(t, odd, rawHeader+4, "padded to an even length")
	assert.Equal(t, uint32(3), binary.LittleEndian.Uint32(odd[90:]), "the pad byte is not counted")
}

func TestFloatsStayAsTheyAre(t *testing.T) {
	in := []float32{0, 1.25, -3, 1e-9}
	b := raw(t, Format{Rate: 44100, Channels: 2}, Float32, in...)
	for i, v := range in {
		assert.Equal(t, math.Float32bits(v), binary.LittleEndian.Uint32(b[rawHeader+4*i:]))
	}
	assert.Equal(t, uint16(floatTag), binary.LittleEndian.Uint16(b[56:]))
	assert.Equal(t, uint32(2), binary.LittleEndian.Uint32(b[82:]), "frames in the fact chunk")
	assert.Equal(t, uint32(len(b)-8), binary.LittleEndian.Uint32(b[4:]))
}

// What a RawWriter dithers is what a Writer would have written.
func TestDitheredIsWhatTheCardGets(t *testing.T) {
	frames := ramp(4800)
	var d disk
	w, err := NewWriter(&d, stereo)
	require.NoError(t, err)
	require.NoError(t, w.WriteFloat(frames))
	require.NoError(t, w.Close())
	assert.Equal(t, d.bytes[headerSize:], raw(t, stereo, Dithered16, frames...)[rawHeader:])
}

func TestAPipeGetsAHeaderWithoutSizes(t *testing.T) {
	var pipe bytes.Buffer
	w, err := NewRawWriter(&pipe, mono24, Rounded16)
	require.NoError(t, err)
	require.NoError(t, w.WriteFloat(make([]float32, 100_000)))
	require.NoError(t, w.Close())
	b := pipe.Bytes()
	assert.Len(t, b, rawHeader+200_000)
	assert.Equal(t, uint32(unknown), binary.LittleEndian.Uint32(b[4:]))
	assert.Equal(t, uint32(unknown), binary.LittleEndian.Uint32(b[90:]))
}

func TestALargeRawFileIsRF64(t *testing.T) {
	w := &RawWriter{seek: &os.File{}, format: stereo, kind: Float32, data: 5 << 30}
	b := w.header()
	assert.Equal(t, "RF64", string(b[:4]))
	assert.Equal(t, uint64(5<<30), binary.LittleEndian.Uint64(b[28:]))
	assert.Equal(t, uint64(5<<30/8), binary.LittleEndian.Uint64(b[36:]))
	assert.Len(t, b, rawHeader)
}

func TestARawFileOfAnImpossibleKindIsRefused(t *testing.T) {
	_, err := NewRawWriter(&bytes.Buffer{}, Format{Rate: 1, Channels: 1}, Rounded16)
	assert.ErrorContains(t, err, "allowed are 8000 to 192000")
	_, err = NewRawWriter(&bytes.Buffer{}, mono24, Float32+1)
	assert.ErrorContains(t, err, "allowed are 0 to 3")
}

func TestAFullDiskIsSaid(t *testing.T) {
	d := &disk{room: 1000}
	w, err := NewRawWriter(d, mono24, Rounded16)
	require.NoError(t, err)
	err = w.WriteFloat(make([]float32, 200_000))
	assert.ErrorIs(t, err, errFull)
}
