package riff

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryCodingAsFFmpegWritesIt(t *testing.T) {
	for codec, tc := range map[string]struct {
		name  string
		apart float64 // half a step, and a little
	}{
		"pcm_u8": {"8-bit PCM", 1.0 / 127}, "pcm_s16le": {"16-bit PCM", 1.0 / 32000}, "pcm_s24le": {"24-bit PCM", 1e-6},
		"pcm_s32le": {"32-bit PCM", 1e-7}, "pcm_f32le": {"32-bit float", 0}, "pcm_f64le": {"64-bit float", 0},
		"pcm_alaw": {"A-law", 0.02}, "pcm_mulaw": {"mu-law", 0.02},
	} {
		for _, channels := range []int{1, 2} {
			for _, rate := range []int{8000, 22050, 48000, 192000} {
				for _, to := range []string{"pipe:1", "OUT"} { // sizes unknown, sizes known
					t.Run(fmt.Sprint(codec, channels, rate, to), func(t *testing.T) {
						if rate != 48000 && (channels == 2 || to == "OUT") {
							return // enough is enough
						}
						x := tone(2001, channels)
						b := ffmpeg(t, raw(x), "-f", "f32le", "-ar", fmt.Sprint(rate), "-ac", fmt.Sprint(channels), "-i", "pipe:0", "-c:a", codec, "-f", "wav", to)
						got, d, err := decodeAll(bytes.NewReader(b))
						require.ErrorIs(t, err, io.EOF)
						r, c := d.Format()
						assert.Equal(t, []int{rate, channels}, []int{r, c})
						require.Equal(t, len(x), len(got))
						for i := range x {
							require.InDelta(t, x[i], got[i], tc.apart, "sample %d", i)
						}
						info := probe(t, b)
						assert.Equal(t, tc.name, info.String())
						assert.EqualValues(t, 2001, info.Frames)
						assert.Zero(t, info.Missing+info.Damaged)
					})
				}
			}
		}
	}
}

func TestRF64AndExtensibleAsFFmpegWritesThem(t *testing.T) {
	x := tone(3000, 2)
	b := ffmpeg(t, raw(x), "-f", "f32le", "-ar", "48000", "-ac", "2", "-i", "pipe:0", "-c:a", "pcm_s24le", "-rf64", "always", "OUT")
	require.Equal(t, "RF64", string(b[:4]))
	assert.Equal(t, len(x), len(mustDecode(t, b)))
	copy(b, "BW64")
	assert.Equal(t, len(x), len(mustDecode(t, b)))
	b = ffmpeg(t, raw(x), "-f", "f32le", "-ar", "96000", "-ac", "2", "-i", "pipe:0", "-c:a", "pcm_s24le", "OUT")
	require.Equal(t, extensible, Tag(binary.LittleEndian.Uint16(b[20:])))
	assert.Equal(t, len(x), len(mustDecode(t, b)))
}

// Every code of both laws against the decoder of ffmpeg, which gives 16 bits.
func TestG711IsExactForEveryCode(t *testing.T) {
	codes := make([]byte, 256)
	for i := range codes {
		codes[i] = byte(i)
	}
	for tag, name := range map[Tag]string{ALaw: "alaw", MuLaw: "mulaw"} {
		t.Run(name, func(t *testing.T) {
			got := mustDecode(t, file(format(tag, 1, 8000, 8), chunk("data", codes)))
			want := ffmpeg(t, codes, "-f", name, "-ar", "8000", "-ac", "1", "-i", "pipe:0", "-f", "s16le", "pipe:1")
			require.Len(t, want, 512)
			for i, v := range got {
				require.InDelta(t, int16(binary.LittleEndian.Uint16(want[2*i:])), v*32768, 0.001, "code %d", i)
			}
		})
	}
}

// The ends of the laws' scales as ITU-T G.711 prints them, and its symmetry.
func TestG711Tables(t *testing.T) {
	assert.Equal(t, float32(4032.0/4096), aLawTable[0x80^0x7f^0x55])
	assert.Equal(t, float32(8031.0/8192), muLawTable[0x80])
	assert.Equal(t, float32(0), muLawTable[0xff])
	assert.Equal(t, float32(1.0/4096), aLawTable[0xd5])
	for i := range 128 {
		assert.Equal(t, -aLawTable[i], aLawTable[i|0x80])
		assert.Equal(t, -muLawTable[i], muLawTable[i|0x80])
	}
}

func TestPCMFromFullScaleToFullScale(t *testing.T) {
	for name, tc := range map[string]struct {
		fmt  []byte
		data []byte
		want []float32
	}{
		"8 bits":                {format(PCM, 1, 8000, 8), []byte{0, 128, 255}, []float32{-1, 0, 127.0 / 128}},
		"16 bits":               {format(PCM, 1, 8000, 16), samples(-32768, 0, 32767), []float32{-1, 0, 32767.0 / 32768}},
		"24 bits":               {format(PCM, 1, 8000, 24), []byte{0, 0, 0x80, 0, 0, 0, 1, 0, 0, 0xff, 0xff, 0x7f}, []float32{-1, 0, 1.0 / (1 << 23), 8388607.0 / 8388608}},
		"32 bits":               {format(PCM, 1, 8000, 32), []byte{0, 0, 0, 0x80, 0, 0, 0, 0x40}, []float32{-1, 0.5}},
		"12 bits in two bytes":  {format(PCM, 1, 8000, 12), samples(-32768, 0x7ff0), []float32{-1, 2047.0 / 2048}},
		"20 bits in three":      {format(PCM, 1, 8000, 20), []byte{0, 0, 0x80}, []float32{-1}},
		"24 bits in four":       {chunk("fmt ", []byte("\x01\x00\x01\x00\x40\x1f\x00\x00\x00\x7d\x00\x00\x04\x00\x18\x00")), []byte{0, 0, 0, 0xc0}, []float32{-0.5}},
		"frames of no size":     {chunk("fmt ", []byte("\x01\x00\x01\x00\x40\x1f\x00\x00\x00\x00\x00\x00\x00\x00\x10\x00")), samples(-32768), []float32{-1}},
		"a longer fmt chunk":    {chunk("fmt ", []byte("\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00\x00\x00")), samples(-32768), []float32{-1}},
		"extensible":            {chunk("fmt ", []byte("\xfe\xff\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00\x16\x00\x10\x00\x04\x00\x00\x00\x01\x00"+guidTail)), samples(-32768), []float32{-1}},
		"extensible, cut short": {chunk("fmt ", []byte("\xfe\xff\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00\x16\x00\x10\x00\x04\x00\x00\x00\x01\x00")), samples(-32768), []float32{-1}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tc.want, mustDecode(t, file(tc.fmt, chunk("data", tc.data))))
		})
	}
}

func TestFloatsThatAreNoSoundAreSilence(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	in := []float64{0.5, nan, -0.25, inf, -inf, 1.5, 1e30, -1e300, 1e-320, 15.9}
	want := []float32{0.5, 0, -0.25, 0, 0, 1.5, 16, -16, 0, 15.9}
	var b32, b64 []byte
	for _, v := range in {
		b32 = binary.LittleEndian.AppendUint32(b32, math.Float32bits(float32(v)))
		b64 = binary.LittleEndian.AppendUint64(b64, math.Float64bits(v))
	}
	want[7] = 0 // -1e300 is infinite in 32 bits
	assert.Equal(t, want, mustDecode(t, file(format(Float, 1, 48000, 32), chunk("data", b32))))
	want[7] = -16
	assert.Equal(t, want, mustDecode(t, file(format(Float, 1, 48000, 64), chunk("data", b64))))
}

func TestChunksOfAnyKindAndOrder(t *testing.T) {
	data := chunk("data", samples(1, 2, 3))
	form := format(PCM, 1, 8000, 16)
	want := []float32{1.0 / 32768, 2.0 / 32768, 3.0 / 32768}
	picture := chunk("id3 ", bytes.Repeat([]byte("picture"), 1<<19))
	many := bytes.Repeat(chunk("note", []byte("x")), 200)
	for name, b := range map[string][]byte{
		"the plainest":             file(form, data),
		"others before and after":  file(chunk("JUNK", make([]byte, 28)), chunk("bext", make([]byte, 603)), form, chunk("fact", make([]byte, 4)), data, chunk("LIST", []byte("INFO"))),
		"odd ones":                 file(chunk("LIST", []byte("odd")), form, chunk("odd ", []byte("abcde")), data),
		"odd ones without padding": file(append(chunk("LIST", []byte("od"))[:4], 3, 0, 0, 0, 'o', 'd', 'd'), form, data),
		"megabytes of picture":     file(picture, form, data),
		"many":                     file(many, form, data),
		"two fmt chunks":           file(form, format(PCM, 2, 44100, 24), data),
		"a RIFF size of 0":         append([]byte("RIFF\x00\x00\x00\x00"), file(form, data)[8:]...),
		"a wrong RIFF size":        append([]byte("RIFF\x01\x02\x00\x00"), file(form, data)[8:]...),
		"something behind":         append(file(form, data), "and more"...),
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, want, mustDecode(t, b))
			assert.EqualValues(t, 3, probe(t, b).Frames)
			got, _, err := decodeAll(iotest.OneByteReader(bytes.NewReader(b)))
			assert.ErrorIs(t, err, io.EOF)
			assert.Equal(t, want, got)
		})
	}
}

func TestSizesThatARecorderNeverPutRight(t *testing.T) {
	form := format(PCM, 1, 8000, 16)
	sound := samples(1, 2, 3, 4, 5)
	whole := func(riff, data string) []byte {
		return append(append(append(append([]byte("RIFF"+riff+"WAVE"), form...), "data"...), data...), sound...)
	}
	for name, b := range map[string][]byte{
		"ffmpeg into a pipe": whole("\xff\xff\xff\xff", "\xff\xff\xff\xff"),
		"sox into a pipe":    whole("\x24\xf0\xff\x7f", "\x00\xf0\xff\x7f"),
		"arecord":            whole("\x24\x00\x00\x80", "\x00\x00\x00\x80"),
		"zeros":              whole("\x00\x00\x00\x00", "\x00\x00\x00\x00"),
		"power went":         whole("\x24\x00\x00\x00", "\x00\x00\x00\x00"),
		"only the data's":    whole("\x2e\x00\x00\x00", "\xff\xff\xff\xff"),
	} {
		t.Run(name, func(t *testing.T) {
			assert.Len(t, mustDecode(t, b), 5)
			assert.Zero(t, probe(t, b).Missing)
		})
	}
	rf := append([]byte("RF64\xff\xff\xff\xffWAVE"), chunk("ds64", make([]byte, 28))...)
	rf = append(append(append(rf, form...), "data\xff\xff\xff\xff"...), sound...)
	assert.Len(t, mustDecode(t, rf), 5, "RF64 without its sizes")
}

func TestAFileCutShortPlaysAsFarAsItGoes(t *testing.T) {
	b := file(format(PCM, 2, 8000, 16), chunk("data", samples(1, 2, 3, 4, 5, 6, 7, 8)))
	for cut := 1; cut < 16; cut++ {
		got, d, err := decodeAll(bytes.NewReader(b[:len(b)-cut]))
		require.ErrorIs(t, err, io.EOF)
		assert.Equal(t, (16-cut)/4*2, len(got))
		lost, frames := d.Damage()
		assert.EqualValues(t, (16-cut)%4, lost)
		assert.Zero(t, frames)
		info := probe(t, b[:len(b)-cut])
		assert.EqualValues(t, cut, info.Missing)
		assert.EqualValues(t, (16-cut)%4, info.Damaged)
		assert.Equal(t, time.Duration(info.Frames)*time.Second/8000, info.Duration)
	}
}

func TestWhatCannotBePlayedIsNamed(t *testing.T) {
	data := chunk("data", samples(1, 2, 3, 4))
	adpcm, err := os.ReadFile("../../testdata/sound/adpcm.wav")
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		b    []byte
		is   error
		says string
	}{
		"IMA ADPCM":           {adpcm, ErrUnsupported, "found WAV of IMA ADPCM; can be played: PCM of 8 to 32 bits, float, A-law, mu-law, 1 or 2 channels, 8000 to 192000 Hz"},
		"Microsoft ADPCM":     {file(format(2, 1, 8000, 4), data), ErrUnsupported, "Microsoft ADPCM"},
		"GSM":                 {file(format(0x31, 1, 8000, 0), data), ErrUnsupported, "GSM 6.10"},
		"something new":       {file(format(0x7abc, 1, 8000, 16), data), ErrUnsupported, "format 0x7abc"},
		"six channels":        {file(format(PCM, 6, 48000, 16), data), ErrUnsupported, "WAV of 6 channels"},
		"no channels":         {file(format(PCM, 0, 48000, 16), data), ErrUnsupported, "WAV of 0 channels"},
		"a low rate":          {file(format(PCM, 1, 4000, 16), data), ErrUnsupported, "WAV of 4000 Hz"},
		"a high rate":         {file(format(PCM, 1, 384000, 16), data), ErrUnsupported, "WAV of 384000 Hz"},
		"a rate below 0":      {file(format(PCM, 1, -5, 16), data), ErrUnsupported, "WAV of -5 Hz"},
		"64 bits":             {file(format(PCM, 1, 8000, 64), data), ErrUnsupported, "WAV of 64-bit PCM"},
		"no bits":             {file(format(PCM, 1, 8000, 0), data), ErrUnsupported, "WAV of 0-bit PCM"},
		"half floats":         {file(format(Float, 1, 8000, 16), data), ErrUnsupported, "WAV of 16-bit floats"},
		"ambisonics":          {file(chunk("fmt ", append([]byte("\xfe\xff\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00\x16\x00\x10\x00\x04\x00\x00\x00\x01\x00"), make([]byte, 14)...)), data), ErrUnsupported, "unknown sub-format"},
		"nothing":             {nil, ErrNotAudio, "WAV of 0 bytes ends in its header"},
		"an AVI":              {append([]byte("RIFF\x10\x00\x00\x00AVI LIST"), data...), ErrNotAudio, `begins with "RIFF\x10\x00\x00\x00AVI "`},
		"a short fmt chunk":   {file(chunk("fmt ", []byte{1, 0}), data), ErrNotAudio, "fmt chunk of 2 bytes"},
		"a long fmt chunk":    {file(chunk("fmt ", make([]byte, 1<<17)), data), ErrNotAudio, "of 131072 bytes"},
		"samples first":       {file(data, format(PCM, 1, 8000, 16)), ErrNotAudio, "samples before the fmt chunk"},
		"no samples":          {file(format(PCM, 1, 8000, 16), chunk("data", nil)), ErrNotAudio, "WAV without samples"},
		"no samples but more": {file(format(PCM, 1, 8000, 16), chunk("data", nil), chunk("LIST", []byte("INFO"))), ErrNotAudio, "WAV without samples"},
		"no data chunk":       {file(format(PCM, 1, 8000, 16), chunk("LIST", []byte("INFO"))), ErrNotAudio, "ends in its header"},
		"a header of zeros":   {append([]byte("RIFF\x00\x00\x00\x00WAVE"), make([]byte, 1<<20)...), ErrNotAudio, "no samples in the first"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewDecoder(bytes.NewReader(tc.b))
			require.ErrorIs(t, err, tc.is)
			assert.ErrorContains(t, err, tc.says)
			_, again := Probe(bytes.NewReader(tc.b))
			assert.Equal(t, err, again)
		})
	}
}

func TestMP3InAWAVIsHandedOut(t *testing.T) {
	b, err := os.ReadFile("../../testdata/sound/mp3.wav")
	require.NoError(t, err)
	f, err := Open(bytes.NewReader(b))
	require.NoError(t, err)
	assert.Equal(t, MP3, f.Format().Tag)
	frames, err := io.ReadAll(f.Data())
	require.NoError(t, err)
	want, err := os.ReadFile("../../testdata/sound/mono32-cbr32.mp3")
	require.NoError(t, err)
	assert.True(t, bytes.Contains(want, frames[:len(frames)/2]))
	_, err = NewDecoder(bytes.NewReader(b))
	assert.ErrorIs(t, err, ErrUnsupported)
	assert.ErrorContains(t, err, "WAV of MP3")
}

func TestSkipIsExactToTheBit(t *testing.T) {
	x := make([]int16, 30_000)
	for i := range x {
		x[i] = int16(i * 7)
	}
	b := file(format(PCM, 2, 48000, 16), chunk("data", samples(x...)))
	want := mustDecode(t, b)
	for _, n := range []int{0, 1, 4095, 4096, 9000, 14_999, 15_000} {
		d, err := NewDecoder(bytes.NewReader(b))
		require.NoError(t, err)
		buf := make([]float32, 2*3)
		_, err = d.Read(buf)
		require.NoError(t, err)
		skipped, err := d.Skip(int64(max(n-3, 0)))
		require.NoError(t, err)
		require.EqualValues(t, max(n-3, 0), skipped)
		got := make([]float32, len(want))
		m, err := d.Read(got)
		if n == 15_000 {
			require.ErrorIs(t, err, io.EOF)
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, want[2*max(n, 3):], got[:2*m])
	}
	d, err := NewDecoder(bytes.NewReader(b))
	require.NoError(t, err)
	skipped, err := d.Skip(1 << 40)
	assert.ErrorIs(t, err, io.EOF)
	assert.EqualValues(t, 15_000, skipped)
}

func TestAFailingSourceIsToldBehindItsSound(t *testing.T) {
	worn := errors.New("flash worn out")
	b := file(format(PCM, 1, 8000, 16), chunk("data", samples(1, 2, 3, 4, 5, 6)))
	got, _, err := decodeAll(io.MultiReader(bytes.NewReader(b[:len(b)-5]), iotest.ErrReader(worn)))
	assert.ErrorIs(t, err, worn)
	assert.Len(t, got, 3)
	_, err = NewDecoder(io.MultiReader(bytes.NewReader(b[:30]), iotest.ErrReader(worn)))
	assert.ErrorIs(t, err, worn)
	assert.NotErrorIs(t, err, ErrNotAudio)
	_, _, err = decodeAll(io.MultiReader(bytes.NewReader(b[:len(b)-5]), stuck{}))
	assert.ErrorIs(t, err, io.ErrNoProgress)
}

// stuck is a reader that says nothing for ever.
type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

func TestASlowSourceIsPlayedAsItComes(t *testing.T) {
	b := file(format(PCM, 1, 8000, 16), chunk("data", samples(1, 2, 3, 4)))
	asked := errors.New("asked for more")
	d, err := NewDecoder(io.MultiReader(bytes.NewReader(b[:len(b)-4]), iotest.ErrReader(asked)))
	require.NoError(t, err)
	buf := make([]float32, 2)
	n, err := d.Read(buf)
	require.NoError(t, err)
	assert.Equal(t, 2, n)
}

func TestReadingAllocatesNothing(t *testing.T) {
	for _, tag := range []Tag{PCM, MuLaw, Float} {
		bits := map[Tag]int{PCM: 24, MuLaw: 8, Float: 32}[tag]
		d, err := NewDecoder(bytes.NewReader(file(format(tag, 2, 48000, bits), chunk("data", make([]byte, 4<<20)))))
		require.NoError(t, err)
		buf := make([]float32, 2*480)
		_, err = d.Read(buf)
		require.NoError(t, err)
		assert.Zero(t, testing.AllocsPerRun(200, func() { _, _ = d.Read(buf) }))
	}
}

func FuzzSource(f *testing.F) {
	f.Add(file(format(PCM, 1, 8000, 16), chunk("data", samples(1, 2, 3))))
	f.Add(file(chunk("LIST", []byte("odd")), format(Float, 2, 48000, 64), chunk("data", make([]byte, 40))))
	f.Add(file(format(ALaw, 2, 8000, 8), chunk("data", make([]byte, 41)))[:60])
	f.Add(append(append([]byte("RF64\xff\xff\xff\xffWAVE"), chunk("ds64", make([]byte, 28))...), format(PCM, 2, 192000, 24)...))
	f.Add(file(format(MP3, 2, 44100, 0), chunk("data", []byte("\xff\xfb\x90\x64"))))
	f.Fuzz(func(t *testing.T, b []byte) {
		pcm, d, err := decodeAll(bytes.NewReader(b))
		info, perr := Probe(bytes.NewReader(b))
		if d == nil {
			require.True(t, errors.Is(err, ErrUnsupported) || errors.Is(err, ErrNotAudio), "%v", err)
			require.Equal(t, err, perr)
			return
		}
		require.Equal(t, io.EOF, err)
		require.NoError(t, perr)
		rate, channels := d.Format()
		require.True(t, rate >= 8000 && rate <= 192000 && (channels == 1 || channels == 2))
		require.EqualValues(t, info.Frames, len(pcm)/channels)
		require.LessOrEqual(t, len(pcm), len(b))
		for _, x := range pcm {
			require.True(t, x >= -16 && x <= 16, "%v", x)
		}
	})
}
