package speaker

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSniffGoesByContent(t *testing.T) {
	for _, tc := range []struct {
		head string
		want Codec
	}{
		{"RIFF\x24\x00\x00\x00WAVEfmt ", WAV},
		{"RF64\xff\xff\xff\xffWAVEds64", WAV},
		{"BW64\xff\xff\xff\xffWAVEds64", WAV},
		{"RIFF\x24\x00\x00\x00AVI LIST", AVI},
		{"OggS\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x13OpusHead", Opus},
		{"OggS\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x1e\x01vorbis", Vorbis},
		{"OggS\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x2a\x80theora", Ogg},
		{"fLaC\x00\x00\x00\x22", FLAC},
		{"\x00\x00\x00\x20ftypM4A ", MP4},
		{"#!AMR\n", AMR},
		{"\xff\xf1\x50\x80\x03\xff\xfc", AAC},
		{"\xff\xf9\x50\x80\x03\xff\xfc", AAC},
		{"\xff\xfb\x90\x64", MP3},
		{"\xff\xf3\x64\xc4", MP3},
		{"ID3\x04\x00\x00\x00\x00\x00\x00", MP3},
		{"ID3\x04\x00\x00\x00\x00\x00\x02xxfLaC", FLAC},
		{"ID3\x04\x00\x00\x00\x00\x00\x02xxID3\x03\x00\x00\x00\x00\x00\x00RIFF\x24\x00\x00\x00WAVEfmt ", WAV},
		{"ID3\x04\x00\x00\x00\x7f\x00\x02xxfLaC", MP3},
		{"\x89PNG\r\n\x1a\n", Unknown},
		{"\xff\xd8\xff\xe0\x00\x10JFIF", Unknown},
		{"%PDF-1.7", Unknown},
		{"PK\x03\x04", Unknown},
		{"", Unknown},
	} {
		assert.Equal(t, tc.want, Sniff([]byte(tc.head)), "%q", tc.head)
	}
	assert.Equal(t, AAC, Sniff(soundFile(t, "aac.aac")[:SniffBytes]))
}

// id3 is an ID3v2.4 tag that says it has that many bytes, and has body.
func id3(says int, body []byte) []byte {
	return append([]byte{'I', 'D', '3', 4, 0, 0, byte(says >> 21 & 127), byte(says >> 14 & 127), byte(says >> 7 & 127), byte(says & 127)}, body...)
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func TestWhatCannotBePlayedIsNamed(t *testing.T) {
	mp3File := soundFile(t, "mono44-cbr48.mp3")
	picture := append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 70_000)...)
	const can = "can be played: MP3, Opus in Ogg, WAV"
	for _, tc := range []struct {
		src  Source
		is   error
		says string
	}{
		{file(t, "aac.aac"), ErrUnsupported, "found AAC; " + can},
		{file(t, "layer1.mp1"), ErrUnsupported, "Layer I,"},
		{file(t, "adpcm.wav"), ErrUnsupported, "found WAV of IMA ADPCM; can be played: PCM of 8 to 32 bits"},
		{data("song.m4a", []byte("\x00\x00\x00\x20ftypM4A isom")), ErrUnsupported, "found M4A (AAC or ALAC in MP4); " + can},
		{data("song.flac", []byte("fLaC\x00\x00\x00\x22")), ErrUnsupported, "found FLAC; " + can},
		{data("song.amr", []byte("#!AMR\n\x3c")), ErrUnsupported, "found AMR; " + can},
		{data("song.wma", []byte("\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9")), ErrUnsupported, "found WMA (ASF)"},
		{data("song.aiff", []byte("FORM\x00\x00\x10\x00AIFFCOMM")), ErrUnsupported, "found AIFF"},
		{data("song.caf", []byte("caff\x00\x01\x00\x00")), ErrUnsupported, "found CAF"},
		{data("film.mkv", []byte("\x1a\x45\xdf\xa3\x01\x00")), ErrUnsupported, "found Matroska or WebM"},
		{data("ring.mid", []byte("MThd\x00\x00\x00\x06\x00\x01")), ErrUnsupported, "found MIDI"},
		{data("song.ogg", oggPage("\x01vorbis\x00\x00\x00\x00\x02")), ErrUnsupported, "found Vorbis in Ogg; " + can},
		{data("film.ogv", oggPage("\x80theora\x03\x02\x01")), ErrUnsupported, "found Ogg with Theora"},
		{data("photo.mp3", picture), ErrNotAudio, "found a PNG picture; " + can},
		{data("photo.wav", []byte("\xff\xd8\xff\xe0\x00\x10JFIF")), ErrNotAudio, "found a JPEG picture; " + can},
		{data("note.mp3", []byte("%PDF-1.7\n")), ErrNotAudio, "found a PDF document; " + can},
		{data("zip.mp3", []byte("PK\x03\x04.......")), ErrNotAudio, "found a ZIP archive or Office document; " + can},
		{data("page.mp3", []byte("<!DOCTYPE html><html>404</html>")), ErrNotAudio, "found a web page (HTML); " + can},
		{data("list.mp3", []byte("#EXTM3U\nhttp://vov.vn/vov1.mp3\n")), ErrNotAudio, "found a playlist; " + can},
		{data("text.mp3", []byte("Thông báo của Ủy ban nhân dân xã\n")), ErrNotAudio, "found text; " + can},
		{data("empty.mp3", nil), ErrNotAudio, "no sound: the file is empty; " + can},
		{data("byte.mp3", []byte{0xff}), ErrNotAudio, `the file begins with "\xff"; ` + can},
		{data("zeros.mp3", make([]byte, 1<<18)), ErrNotAudio, "nothing but zeros in the first"},
		{data("few zeros.mp3", make([]byte, 9)), ErrNotAudio, "nothing but zeros in the first 9 bytes; " + can},
		{data("noise.mp3", bytes.Repeat([]byte{0x80, 1, 2, 3}, 1<<16)), ErrNotAudio, `begins with "\x80\x01\x02\x03`},
		{data("film.mp3", []byte(strings.Repeat("G\x40\x00\x10"+strings.Repeat("\xff", 184), 30))), ErrUnsupported, "found an MPEG film; " + can},
		{data("tags.mp3", id3(1000, make([]byte, 1000))), ErrNotAudio, "nothing but tags, 1010 bytes of them; " + can},
		{data("two tags.mp3", join(id3(1000, make([]byte, 1000)), id3(5, make([]byte, 5)))), ErrNotAudio, "nothing but tags, 1025 bytes"},
		{data("old tag.mp3", append([]byte("TAGsong"), make([]byte, 121)...)), ErrNotAudio, "nothing but tags, 128 bytes"},
		{data("both tags.mp3", join(id3(20, make([]byte, 20)), []byte("TAG"), make([]byte, 125))), ErrNotAudio, "nothing but tags, 158 bytes"},
		{data("long tag.mp3", id3(5_000_000, mp3File)), ErrNotAudio, "the file ends within an ID3 tag: a tag of 5000010 bytes, a file of 4398; " + can},
		{data("tagged photo.mp3", join(id3(300, make([]byte, 300)), picture)), ErrNotAudio, "found a PNG picture; " + can},
		{data("cut.wav", []byte("RIFF\x24\x00\x00\x00WAVEfmt ")), ErrNotAudio, "WAV of 16 bytes ends in its header"},
	} {
		t.Run(tc.src.Name, func(t *testing.T) {
			_, err := Probe(tc.src.Open)
			require.ErrorIs(t, err, tc.is)
			assert.ErrorContains(t, err, tc.says)
			assert.NotContains(t, err.Error(), "\n")
			f, openErr := tc.src.Open()
			require.NoError(t, openErr)
			d, _, again := NewDecoder(f)
			assert.Nil(t, d)
			assert.EqualError(t, again, err.Error())
		})
	}
}

// oggPage is a page that begins a stream.
func oggPage(packet string) []byte {
	b := append([]byte("OggS\x00\x02"), make([]byte, 20)...)
	b = append(append(b, 1, byte(len(packet))), packet...)
	crc := uint32(0)
	for _, x := range b { // RFC 3533 section 6
		crc ^= uint32(x) << 24
		for range 8 {
			crc = crc<<1 ^ crc>>31*0x04C11DB7
		}
	}
	binary.LittleEndian.PutUint32(b[22:], crc)
	return b
}

// endless is zeros for ever.
type endless struct{ read int64 }

func (e *endless) Read(p []byte) (int, error) {
	clear(p)
	e.read += int64(len(p))
	return len(p), nil
}

func TestGigabytesOfNothingAreGivenUpAfterALittle(t *testing.T) {
	for name, begin := range map[string][]byte{
		"zeros": nil, "a tag and zeros": id3(1<<20, make([]byte, 1<<20)), "a picture and zeros": []byte("\x89PNG\r\n\x1a\n"),
		"Ogg and zeros": oggPage("\x01something"), "a page cut short, and zeros": []byte("OggS\x00\x02"), "RIFF and zeros": []byte("RIFF\x00\x00\x00\x00WAVE"),
	} {
		t.Run(name, func(t *testing.T) {
			e := &endless{}
			_, _, err := NewDecoder(io.MultiReader(bytes.NewReader(begin), e))
			require.Error(t, err)
			assert.True(t, errors.Is(err, ErrNotAudio) || errors.Is(err, ErrUnsupported), "%v", err)
			assert.Less(t, e.read, int64(1<<18))
		})
	}
}

func TestSoundBehindTagsPlays(t *testing.T) {
	for _, name := range []string{"mono44-cbr48.mp3", "celt-48k.opus", "alaw.wav", "mp3.wav"} {
		t.Run(name, func(t *testing.T) {
			plain := soundFile(t, name)
			d, codec, err := NewDecoder(bytes.NewReader(plain))
			require.NoError(t, err)
			want := drain(t, d)
			for _, tags := range [][]byte{
				id3(0, nil), id3(37, make([]byte, 37)), id3(600, bytes.Repeat([]byte("\xff\xfbpic"), 120)), id3(3<<20, make([]byte, 3<<20)),
				join(id3(5, make([]byte, 5)), id3(40, make([]byte, 40)), id3(7000, make([]byte, 7000))),
			} {
				for _, r := range []io.Reader{bytes.NewReader(join(tags, plain)), iotest.OneByteReader(bytes.NewReader(join(tags, plain)))} {
					d, again, err := NewDecoder(r)
					require.NoError(t, err)
					assert.Equal(t, codec, again)
					require.True(t, equal(want, drain(t, d)), "%d bytes of tags", len(tags))
				}
				info, err := Probe(data("x", join(tags, plain)).Open)
				require.NoError(t, err)
				_, channels := d.Format()
				assert.EqualValues(t, len(want)/channels, info.Frames)
			}
		})
	}
}

func TestProbeTellsWhatAFileHolds(t *testing.T) {
	info, err := Probe(file(t, "stereo44-vbr.mp3").Open)
	require.NoError(t, err)
	assert.Equal(t, MP3, info.Codec)
	assert.Equal(t, 44100, info.Rate)
	assert.Equal(t, 2, info.Channels)
	assert.Equal(t, 700*time.Millisecond, info.Duration.Round(time.Millisecond))
	assert.Equal(t, int64(30870), info.Frames)
	assert.InDelta(t, 105000, info.BitRate, 15000)
	assert.Zero(t, info.Damage)
	assert.Equal(t, "MPEG-1 Layer III, joint stereo, VBR", info.Detail)
	assert.Contains(t, info.Encoder, "LAME")

	info, err = Probe(file(t, "hybrid-24k.opus").Open)
	require.NoError(t, err)
	assert.Equal(t, SoundInfo{
		Codec: Opus, Rate: 48000, Channels: 1, Duration: 700 * time.Millisecond, Frames: 33600, BitRate: info.BitRate,
		Detail: "hybrid, packets of 60ms", Encoder: info.Encoder,
	}, info)
	assert.InDelta(t, 25000, info.BitRate, 3000)
	assert.NotEmpty(t, info.Encoder)

	info, err = Probe(file(t, "alaw.wav").Open)
	require.NoError(t, err)
	assert.Equal(t, SoundInfo{
		Codec: WAV, Rate: 8000, Channels: 1, Duration: 700 * time.Millisecond, Frames: 5600, BitRate: 64000, BitRates: BitRatesConstant, Detail: "A-law",
	}, info)

	info, err = Probe(file(t, "mp3.wav").Open)
	require.NoError(t, err)
	assert.Equal(t, MP3, info.Codec, "the WAV is only a wrapping")
	assert.Equal(t, "MPEG-1 Layer III, mono, CBR, in WAV", info.Detail)
	assert.Equal(t, 32000, info.Rate)
	assert.Equal(t, BitRatesConstant, info.BitRates)
}

func TestProbeTellsHowBitRatesAndSamplingRatesChange(t *testing.T) {
	const once, twice = ", the sampling rate changes once", ", the sampling rate changes 2 times"
	a, b := soundFile(t, "mono48-cbr64.mp3"), soundFile(t, "mpeg2-24k.mp3")
	for _, tc := range []struct {
		name   string
		file   []byte
		want   BitRates
		detail string
	}{
		{"one bit rate", a, BitRatesConstant, "MPEG-1 Layer III, mono, CBR"},
		{"free format", soundFile(t, "free.mp3"), BitRatesConstant, "MPEG-1 Layer III, mono, free format"},
		{"several", soundFile(t, "stereo44-vbr.mp3"), BitRatesVariable, "MPEG-1 Layer III, joint stereo, VBR"},
		{"glued", join(a, b), BitRatesVariable, "MPEG-1 Layer III, mono, VBR" + once},
		{"glued of three", join(a, b, a), BitRatesVariable, "MPEG-1 Layer III, mono, VBR" + twice},
		{"Opus", soundFile(t, "silk-12k.opus"), BitRatesUnknown, "SILK, packets of 20ms"},
		{"no sound", []byte("{}"), BitRatesUnknown, ""},
	} {
		info, _ := Probe(data(tc.name, tc.file).Open)
		assert.Equal(t, tc.want, info.BitRates, tc.name)
		assert.Equal(t, tc.detail, info.Detail, tc.name)
	}
}

func TestProbeTellsTheLayers(t *testing.T) {
	for name, codec := range map[string]Codec{"layer2.mp2": MP2, "mono44-cbr48.mp3": MP3} {
		info, err := Probe(data(name, soundFile(t, name)).Open)
		require.NoError(t, err)
		assert.Equal(t, codec, info.Codec)
	}
}

func TestAFileCutShortSaysWhatIsMissing(t *testing.T) {
	b := soundFile(t, "alaw.wav")
	info, err := Probe(data("x", b[:len(b)-1600]).Open)
	require.NoError(t, err)
	assert.Equal(t, 200*time.Millisecond, info.Missing)
	assert.EqualValues(t, 4000, info.Frames)

	b = soundFile(t, "celt-48k.opus")
	info, err = Probe(data("x", b).Open)
	require.NoError(t, err)
	assert.False(t, info.NoEnd)
	info, err = Probe(data("x", b[:len(b)/2]).Open)
	require.NoError(t, err)
	assert.True(t, info.NoEnd)
	info, err = Probe(data("x", join(b[:3000], b[5000:])).Open)
	require.NoError(t, err)
	assert.Positive(t, info.BadFrames)
	assert.Positive(t, info.Damage)
	assert.EqualValues(t, 33600, info.Frames, "a hole costs its own time")
}

func TestProbeClosesWhatItOpened(t *testing.T) {
	c := &closeCounter{Reader: strings.NewReader("no sound")}
	_, err := Probe(func() (io.ReadCloser, error) { return c, nil })
	assert.ErrorIs(t, err, ErrNotAudio)
	assert.Equal(t, 1, c.closed)
}

type closeCounter struct {
	io.Reader
	closed int
}

func (c *closeCounter) Close() error { c.closed++; return nil }

func TestProbePassesOnWhatTheFileSays(t *testing.T) {
	_, err := Probe(func() (io.ReadCloser, error) { return nil, os.ErrNotExist })
	assert.ErrorIs(t, err, os.ErrNotExist)
	bad := errors.New("bad block")
	_, err = Probe(func() (io.ReadCloser, error) { return io.NopCloser(iotest.ErrReader(bad)), nil })
	assert.ErrorIs(t, err, bad)
}

func TestProbeCountsDamage(t *testing.T) {
	b := soundFile(t, "mono44-crc.mp3")
	b = append(append(append([]byte(nil), b[:2000]...), make([]byte, 500)...), b[2000:]...)
	info, err := Probe(data("x", b).Open)
	require.NoError(t, err)
	assert.Positive(t, info.Damage)
	assert.Equal(t, int64(30870), info.Frames)
}

// FuzzSound takes any bytes for a file: it plays, as long as Probe says, or is
// refused with a reason.
func FuzzSound(f *testing.F) {
	for _, name := range []string{"mono32-cbr32.mp3", "silk-12k.opus", "alaw.wav", "mp3.wav", "aac.aac"} {
		b := soundFile(f, name)
		f.Add(b[:min(len(b), 900)])
	}
	f.Add(id3(20, make([]byte, 20)))
	f.Add([]byte("<html>"))
	f.Add(append(id3(3, []byte("abc")), soundFile(f, "alaw.wav")[:100]...))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 4000 {
			return
		}
		info, perr := Probe(data("x", b).Open)
		d, codec, err := NewDecoder(iotest.HalfReader(bytes.NewReader(b)))
		if err != nil {
			require.True(t, errors.Is(err, ErrUnsupported) || errors.Is(err, ErrNotAudio), "%v", err)
			require.Error(t, perr)
			return
		}
		require.Equal(t, info.Codec, codec)
		if info.Duration > 10*time.Second {
			return // a hole of minutes in an Ogg
		}
		frames, buf := int64(0), make([]float32, 2000)
		for {
			n, err := d.Read(buf)
			frames += int64(n)
			if err != nil && !errors.Is(err, ErrChanged) {
				require.Zero(t, n)
				break
			}
		}
		if perr == nil {
			require.Equal(t, info.Frames, frames)
		}
	})
}
