package riff

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// recording is a WAV whose sizes are these, whatever the truth.
func recording(riff, data uint32, sound []byte, behind ...[]byte) []byte {
	le := binary.LittleEndian
	b := append(le.AppendUint32([]byte("RIFF"), riff), "WAVE"...)
	b = append(b, format(PCM, 1, 8000, 16)...)
	b = le.AppendUint32(append(b, "data"...), data)
	return append(append(b, sound...), bytes.Join(behind, nil)...)
}

func TestADataSizeOfZeroBeforeSamplesIsAnUnknownOne(t *testing.T) {
	x := samples(1, -2, 300, -4000, 5)
	want := mustDecode(t, file(format(PCM, 1, 8000, 16), chunk("data", x)))
	for name, riff := range map[string]uint32{"the RIFF size is right": 36 + 10, "and as before the samples": 36, "and zero": 0, "and unknown": unknown, "and too long": 5000} {
		t.Run(name, func(t *testing.T) {
			b := recording(riff, 0, x)
			assert.Equal(t, want, mustDecode(t, b))
			assert.EqualValues(t, 5, probe(t, b).Frames)
			assert.Zero(t, probe(t, b).Missing)
		})
	}
	short := samples(7, 8)
	assert.Len(t, mustDecode(t, recording(36+4, 0, short)), 2, "fewer bytes than a chunk has")
	loud := samples(0x6161, 0x6262, 0x7fff, 0x7fff, 3)
	assert.Len(t, mustDecode(t, recording(36+10, 0, loud)), 5, "letters, but nothing that fits")
	cues := chunk("cue ", make([]byte, 28))
	_, err := NewDecoder(bytes.NewReader(recording(36+36, 0, nil, cues)))
	assert.ErrorIs(t, err, ErrNotAudio, "another chunk is no sound")
	assert.ErrorContains(t, err, "WAV without samples")
	worn := errors.New("flash worn out")
	_, err = NewDecoder(io.MultiReader(bytes.NewReader(recording(36+10, 0, x)[:47]), iotest.ErrReader(worn)))
	assert.ErrorIs(t, err, worn)
}

// TestTheRIFFEndOfRF64StandsInDs64: where the 32 bits of it say nothing.
func TestTheRIFFEndOfRF64StandsInDs64(t *testing.T) {
	le := binary.LittleEndian
	make64 := func(form string, riff uint64, behind []byte) []byte {
		ds64 := le.AppendUint64(le.AppendUint64(nil, riff), 0)
		b := append([]byte(form+"\xff\xff\xff\xffWAVE"), chunk("ds64", append(ds64, make([]byte, 12)...))...)
		b = append(append(b, format(PCM, 1, 8000, 16)...), "data\x00\x00\x00\x00"...)
		return append(b, behind...)
	}
	const head = 12 + 36 + 24 + 8
	cues := chunk("cue ", make([]byte, 28))
	for _, form := range []string{"RF64", "BW64"} {
		_, err := NewDecoder(bytes.NewReader(make64(form, head-8+36, cues)))
		assert.ErrorIs(t, err, ErrNotAudio, "a chunk that ends where the file does")
		assert.Len(t, mustDecode(t, make64(form, head-8+6, samples(1, 2, 3))), 3, "samples as far")
		assert.Len(t, mustDecode(t, make64(form, head-8+20, cues)), 18, "nothing that fits")
	}
	// RIFF has no ds64: one in it says nothing.
	assert.Len(t, mustDecode(t, make64("RIFF", head-8+36, cues)), 18)
}

// TestTagsBehindSamplesWithoutAnEndAreNoSound: their text and pictures would be
// heard as a burst of noise.
func TestTagsBehindSamplesWithoutAnEndAreNoSound(t *testing.T) {
	x := make([]int16, 30_000)
	for i := range x {
		x[i] = int16(i * 31)
	}
	copy(x[999:], []int16{0x494C, 0x5453, 6, 0, 0x4f43}) // "LIST", and no kind that is known
	copy(x[1999:], []int16{0x6469, 0x2033, 6, 0, 0x4f43})
	sound := append(samples(x...), samples(0x494C, 0x5453)...) // "LIST" at the end
	want := mustDecode(t, file(format(PCM, 1, 8000, 16), chunk("data", sound)))
	require.Len(t, want, 30_002)
	list := chunk("LIST", append([]byte("INFOISFT"), make([]byte, 400)...))
	adtl := chunk("LIST", append([]byte("adtllabl"), make([]byte, 21)...))
	picture := chunk("id3 ", append([]byte("ID3\x03"), bytes.Repeat([]byte{0x7f, 0x80}, 100_000)...))
	odd := chunk("ID3 ", append([]byte("ID3\x03"), 1, 2, 3))
	for name, behind := range map[string][]byte{
		"nothing": nil, "LIST": list, "labels": adtl, "ID3": picture, "odd": odd,
		"odd without padding": odd[:len(odd)-1], "all of them": bytes.Join([][]byte{list, odd, picture, adtl}, nil),
		"one cut short": picture[:90_000],
	} {
		for sizes, size := range map[string][2]uint32{
			"zero": {0, 0}, "unknown": {unknown, unknown}, "of sox": {0x7ffff024, 0x7ffff000}, "of arecord": {0x80000024, 0x80000000}, "zero, RIFF right": {uint32(36 + len(sound) + len(behind)), 0},
		} {
			t.Run(name+" "+sizes, func(t *testing.T) {
				b := recording(size[0], size[1], sound, behind)
				got, d, err := decodeAll(bytes.NewReader(b))
				require.ErrorIs(t, err, io.EOF)
				assert.Equal(t, want, got)
				lost, _ := d.Damage()
				assert.Zero(t, lost)
				assert.EqualValues(t, len(want), probe(t, b).Frames)
				got, _, err = decodeAll(iotest.OneByteReader(bytes.NewReader(b)))
				require.ErrorIs(t, err, io.EOF)
				assert.Equal(t, want, got)
			})
		}
	}
	// A size that is known is believed, whatever the samples look like.
	whole := append(bytes.Clone(sound), list...)
	assert.Len(t, mustDecode(t, file(format(PCM, 1, 8000, 16), chunk("data", whole))), len(whole)/2)
	_, err := NewDecoder(bytes.NewReader(recording(unknown, unknown, nil, list)))
	assert.ErrorIs(t, err, ErrNotAudio, "tags alone")
	// Sound goes on behind a chunk in its midst.
	got := mustDecode(t, recording(0, 0, samples(1, 2), list, samples(3, 4)))
	assert.Equal(t, []float32{1.0 / 32768, 2.0 / 32768, 3.0 / 32768, 4.0 / 32768}, got)
}

func TestARecordingWithoutAnEndIsPlayedAsItComes(t *testing.T) {
	b := recording(0, 0, samples(1, 2, 3, 4))
	asked := errors.New("asked for more")
	d, err := NewDecoder(io.MultiReader(bytes.NewReader(b[:len(b)-4]), iotest.ErrReader(asked)))
	require.NoError(t, err)
	buf := make([]float32, 2)
	n, err := d.Read(buf)
	require.NoError(t, err)
	assert.Equal(t, 2, n)
	_, err = d.Read(buf)
	assert.ErrorIs(t, err, asked)
	_, err = d.Read(buf)
	assert.ErrorIs(t, err, asked, "it is final")

	// A source that fails in what may be a chunk loses none of the sound before.
	once := &failing{r: bytes.NewReader(recording(0, 0, samples(1, 2, 0x494C, 0x5453))), err: asked}
	got, _, err := decodeAll(once)
	assert.ErrorIs(t, err, asked)
	assert.Len(t, got, 4)
}

// failing tells its error once, then seems to go on.
type failing struct {
	r    io.Reader
	err  error
	told bool
}

func (f *failing) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if n > 0 || err == nil {
		return n, err
	}
	if f.told {
		return copy(p, "more"), nil
	}
	f.told = true
	return 0, f.err
}

func TestReadingWithoutAnEndAllocatesNothing(t *testing.T) {
	d, err := NewDecoder(bytes.NewReader(recording(0, 0, bytes.Repeat([]byte("LIST of all that is here"), 200_000))))
	require.NoError(t, err)
	buf := make([]float32, 480)
	assert.Zero(t, testing.AllocsPerRun(500, func() { _, _ = d.Read(buf) }))
}

func FuzzOpenEnd(f *testing.F) {
	f.Add([]byte("abcLIST\x05\x00\x00\x00INFOx\x00LISTid3 \x06\x00\x00\x00ID3\x03xyLIS"))
	f.Fuzz(func(t *testing.T, b []byte) {
		fast, err := io.ReadAll(newOpenEnd(bytes.NewReader(b)))
		require.NoError(t, err)
		slow, err := io.ReadAll(newOpenEnd(iotest.OneByteReader(bytes.NewReader(b))))
		require.NoError(t, err)
		require.True(t, bytes.Equal(fast, slow), "%q, %q", fast, slow)
		require.LessOrEqual(t, len(fast), len(b))
		if !bytes.Contains(b, []byte("LIST")) && !bytes.Contains(bytes.ToLower(b), []byte("id3 ")) {
			require.True(t, bytes.Equal(b, fast))
		}
	})
}
