package wav

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var stereo = Format{Rate: 48000, Channels: 2}

// disk is a file in memory that can be full.
type disk struct {
	bytes []byte
	at    int64
	room  int64 // bytes, 0 is no limit
	calls int   // of Write
}

var errFull = errors.New("no space left on device")

func (d *disk) Seek(offset int64, whence int) (int64, error) {
	if whence != io.SeekStart {
		return 0, errors.New("whence")
	}
	d.at = offset
	return offset, nil
}

func (d *disk) Write(p []byte) (n int, err error) {
	d.calls++
	if d.room > 0 && d.at+int64(len(p)) > d.room {
		p, err = p[:max(0, d.room-d.at)], errFull
	}
	if end := d.at + int64(len(p)); end > int64(len(d.bytes)) {
		d.bytes = append(d.bytes, make([]byte, end-int64(len(d.bytes)))...)
	}
	n = copy(d.bytes[d.at:], p)
	d.at += int64(n)
	return n, err
}

func ramp(n int) []float32 {
	s := make([]float32, n)
	for i := range s {
		s[i] = float32(i%1000-500) / 600
	}
	return s
}

func TestAFileIsWrittenAndReadBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.wav")
	f, err := os.Create(path)
	require.NoError(t, err)
	defer f.Close()
	w, err := NewWriter(f, stereo)
	require.NoError(t, err)
	require.NoError(t, w.WriteFloat(ramp(20_000)))
	require.NoError(t, w.WriteFloat([]float32{0, 0, 1, -1}))
	require.NoError(t, w.Close())
	assert.EqualValues(t, 10_002, w.Frames())

	info, samples, err := ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, Info{Format: stereo, Frames: 10_002}, info)
	assert.Equal(t, []int16{0, 0, 32767, -32768}, samples[20_000:])
	for i, v := range ramp(20_000) {
		require.InDelta(t, float64(v)*32768, samples[i], 1.51)
	}
}

// The header is compared byte by byte with what the two specifications say.
func TestTheHeaderOfAPlainFile(t *testing.T) {
	want := []byte("RIFF\x4c\x00\x00\x00WAVE" +
		"JUNK\x1c\x00\x00\x00" + string(make([]byte, 28)) +
		"fmt \x10\x00\x00\x00\x01\x00\x02\x00\x80\xbb\x00\x00\x00\xee\x02\x00\x04\x00\x10\x00" +
		"data\x04\x00\x00\x00")
	assert.Equal(t, want, header(stereo, 1, rf64Limit))
}

func TestTheHeaderOfALargeFile(t *testing.T) {
	const frames = 1 << 30 // 4 GiB of samples
	want := []byte("RF64\xff\xff\xff\xffWAVE" +
		"ds64\x1c\x00\x00\x00" +
		"\x48\x00\x00\x00\x01\x00\x00\x00" + // the file less 8 bytes
		"\x00\x00\x00\x00\x01\x00\x00\x00" + // samples
		"\x00\x00\x00\x40\x00\x00\x00\x00" + // frames
		"\x00\x00\x00\x00" + // no table
		"fmt \x10\x00\x00\x00\x01\x00\x02\x00\x80\xbb\x00\x00\x00\xee\x02\x00\x04\x00\x10\x00" +
		"data\xff\xff\xff\xff")
	assert.Equal(t, want, header(stereo, frames, rf64Limit))
}

func TestTwoGiBIsTheLastPlainSize(t *testing.T) {
	assert.Equal(t, "RIFF", string(header(stereo, 1<<29, rf64Limit)[:4]))
	assert.Equal(t, "RF64", string(header(stereo, 1<<29+1, rf64Limit)[:4]))
}

func TestAFileBecomesRF64WhileItGrows(t *testing.T) {
	d := &disk{}
	w, err := newWriter(d, stereo, 4000)
	require.NoError(t, err)
	want := []int16{}
	for i := range 20 {
		require.NoError(t, w.WriteFloat(ramp(200)))
		require.NoError(t, w.Flush())
		info, samples, err := Parse(d.bytes)
		require.NoError(t, err)
		assert.EqualValues(t, 100*(i+1), info.Frames)
		assert.Equal(t, i >= 10, info.RF64)
		assert.Equal(t, want, samples[:len(want):len(want)], "what was written is not touched again")
		want = samples
	}
}

func TestThreeGiBOfSilenceAndATone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "large.wav")
	f, err := os.Create(path)
	require.NoError(t, err)
	defer f.Close()
	w, err := NewWriter(f, stereo)
	require.NoError(t, err)
	const silence = 3 << 28 // frames: 3 GiB
	require.NoError(t, w.Skip(silence))
	require.NoError(t, w.WriteFloat([]float32{1, -1}))
	require.NoError(t, w.Close())

	_, err = f.Seek(0, io.SeekStart)
	require.NoError(t, err)
	r, err := NewReader(f)
	require.NoError(t, err)
	assert.Equal(t, Info{Format: stereo, Frames: silence + 1, RF64: true}, r.Info())
	_, err = f.Seek(-4, io.SeekEnd)
	require.NoError(t, err)
	last := make([]int16, 2)
	n, err := r.ReadInt16(last)
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	assert.Equal(t, []int16{32767, -32768}, last)
}

func TestTheSameSoundGivesTheSameBytes(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		sound := rapid.SliceOfN(rapid.Float32Range(-1.1, 1.1), 0, 300).Draw(r, "sound")
		whole, parts := &disk{}, &disk{}
		a, _ := NewWriter(whole, Format{Rate: 8000, Channels: 1})
		b, _ := NewWriter(parts, Format{Rate: 8000, Channels: 1})
		_ = a.WriteFloat(sound)
		for rest := sound; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(r, "part")
			_ = b.WriteFloat(rest[:n])
			if rapid.Bool().Draw(r, "flush") {
				_ = b.Flush()
			}
			rest = rest[n:]
		}
		_, _ = a.Close(), b.Close()
		if !bytes.Equal(whole.bytes, parts.bytes) {
			r.Fatal("the bytes depend on how the sound was cut")
		}
	})
}

// A reader may come between any two writes: at each of them the header must
// count no more than what is there.
func TestTheFileIsValidAfterEachSingleWrite(t *testing.T) {
	var d disk
	w, err := newWriter(&checked{t, &d}, stereo, 50_000)
	require.NoError(t, err)
	require.NoError(t, w.Flush())
	for range 40 {
		require.NoError(t, w.WriteFloat(ramp(960)))
		require.NoError(t, w.Skip(100))
		require.NoError(t, w.Flush())
	}
	info, _, err := Parse(d.bytes)
	require.NoError(t, err)
	assert.True(t, info.RF64)
	assert.EqualValues(t, 40*580, info.Frames)
}

type checked struct {
	t *testing.T
	*disk
}

func (c *checked) Write(p []byte) (int, error) {
	n, err := c.disk.Write(p)
	_, _, bad := Parse(c.disk.bytes)
	assert.NoError(c.t, bad)
	return n, err
}

func TestAFullDiskLeavesAValidFileAndWritingGoesOn(t *testing.T) {
	d := &disk{room: 80 + 10_000}
	w, err := NewWriter(d, stereo)
	require.NoError(t, err)
	require.NoError(t, w.WriteFloat(ramp(4000)))
	require.NoError(t, w.Flush())
	require.NoError(t, w.WriteFloat(ramp(4000)))
	assert.ErrorIs(t, w.Flush(), errFull)
	info, _, err := Parse(d.bytes)
	require.NoError(t, err)
	assert.EqualValues(t, 2000, info.Frames)
	assert.EqualValues(t, 2000, w.Frames(), "the frames that found no room are gone")

	d.room = 0
	require.NoError(t, w.Skip(500))
	require.NoError(t, w.WriteFloat([]float32{1, 1}))
	require.NoError(t, w.Close())
	info, samples, err := Parse(d.bytes)
	require.NoError(t, err)
	assert.EqualValues(t, 2501, info.Frames)
	assert.Equal(t, []int16{32767, 32767}, samples[5000:])
}

func TestSilenceAtTheEndIsPartOfTheFile(t *testing.T) {
	d := &disk{}
	w, err := NewWriter(d, stereo)
	require.NoError(t, err)
	require.NoError(t, w.Skip(1000))
	require.NoError(t, w.Close())
	info, samples, err := Parse(d.bytes)
	require.NoError(t, err)
	assert.EqualValues(t, 1000, info.Frames)
	assert.Equal(t, make([]int16, 2000), samples)
}

func TestWhatAWriterRefuses(t *testing.T) {
	for _, f := range []Format{{}, {Rate: 7999, Channels: 1}, {Rate: 192001, Channels: 1}, {Rate: 48000}, {Rate: 48000, Channels: 9}} {
		_, err := NewWriter(&disk{}, f)
		assert.ErrorContains(t, err, "allowed are")
	}
	w, err := NewWriter(&disk{}, stereo)
	require.NoError(t, err)
	assert.ErrorContains(t, w.WriteFloat(make([]float32, 3)), "no whole frames")
	assert.ErrorContains(t, w.Skip(-1), "allowed are")
	_, err = NewWriter(&disk{room: 10}, stereo)
	assert.ErrorIs(t, err, errFull)
}

func TestWritingAllocatesNothing(t *testing.T) {
	f, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	require.NoError(t, err)
	defer f.Close()
	w, err := NewWriter(f, stereo)
	require.NoError(t, err)
	period := ramp(960)
	assert.Zero(t, testing.AllocsPerRun(1000, func() { _ = w.WriteFloat(period) }))
}

func TestSilenceIsDigitalSilenceInTheFile(t *testing.T) {
	d := &disk{}
	w, err := NewWriter(d, stereo)
	require.NoError(t, err)
	require.NoError(t, w.WriteFloat(make([]float32, 96_000)))
	require.NoError(t, w.Close())
	assert.Equal(t, make([]byte, 192_000), d.bytes[80:])
}

func TestDataIsLittleEndian(t *testing.T) {
	d := &disk{}
	w, err := NewWriter(d, Format{Rate: 8000, Channels: 1})
	require.NoError(t, err)
	require.NoError(t, w.WriteFloat([]float32{-1, math.MaxFloat32}))
	require.NoError(t, w.Close())
	assert.Equal(t, []uint16{0x8000, 0x7FFF}, []uint16{binary.LittleEndian.Uint16(d.bytes[80:]), binary.LittleEndian.Uint16(d.bytes[82:])})
}

// BenchmarkWrite is what one period of 10 ms costs, conversion and system
// calls together.
func BenchmarkWrite(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "bench.wav"))
	require.NoError(b, err)
	defer f.Close()
	w, err := newWriter(f, stereo, rf64Limit)
	require.NoError(b, err)
	period := ramp(960)
	b.ReportAllocs()
	for b.Loop() {
		_ = w.WriteFloat(period)
		if w.frames > 1<<20 {
			w.frames = 0
		}
	}
	b.ReportMetric(float64(b.N)/100/b.Elapsed().Seconds(), "x-real-time")
}
