package device

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"loa"
)

// counted counts what is read of it.
type counted struct {
	io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

// judge judges bytes, which stand for a file of that size.
func judge(b []byte) Verdict {
	return Judge(int64(len(b)), func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil })
}

func sound(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("../../../testdata/sound/" + name)
	require.NoError(t, err)
	return b
}

// id3 is an ID3v2.4 tag with n bytes behind its header, or fewer than it says.
func id3(says, has int) []byte {
	b := []byte{'I', 'D', '3', 4, 0, 0, byte(says >> 21 & 0x7f), byte(says >> 14 & 0x7f), byte(says >> 7 & 0x7f), byte(says & 0x7f)}
	return append(b, bytes.Repeat([]byte{0}, has)...)
}

const png = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x01\x00\x00\x00\x01\x00\x08\x02\x00\x00\x00"

// transport are three packets of a transport stream.
var transport = strings.Repeat("G\x40\x00\x10"+strings.Repeat("\xff", 184), 3)

// filled is the head of a file with something behind it that is no sound.
func filled(head string) []byte {
	b := make([]byte, 200<<10)
	for i := range b {
		b[i] = byte(i * i >> 3 & 0x7f)
	}
	copy(b, head)
	return b
}

func TestWhatIsNoSoundIsNamed(t *testing.T) {
	for _, c := range []struct {
		name  string
		bytes []byte
		want  Refusal
		says  string
	}{
		{"empty", nil, RefusedEmpty, "the file is empty"},
		{"picture named mp3", filled(png), RefusedContent, "it is no sound but a picture (PNG)"},
		{"photograph", filled("\xff\xd8\xff\xe0\x00\x10JFIF"), RefusedContent, "a picture (JPEG)"},
		{"small picture", []byte(png), RefusedContent, "a picture (PNG)"},
		{"web page of a failed download", []byte("\n<!DOCTYPE html><html><title>404</title>"), RefusedContent, "a web page (HTML)"},
		{"letter", filled("PK\x03\x04\x14\x00\x06\x00[Content_Types].xml word/document.xml"), RefusedContent, "a document (Word)"},
		{"archive", filled("PK\x03\x04\x14\x00\x06\x00tin.mp3"), RefusedContent, "an archive (ZIP)"},
		{"note", []byte("Bản tin sáng thứ hai, đọc lúc 5 giờ 30"), RefusedContent, "it is no sound but text"},
		{"playlist", []byte("#EXTM3U\nhttp://vov.example/1.mp3\n"), RefusedContent, "a playlist (M3U)"},
		{"program", filled("\x7fELF\x02\x01\x01"), RefusedContent, "a program (ELF)"},
		{"noise", filled("nothing known"), RefusedContent, "no sound was found in it"},
		{"tags only", id3(4000, 4000), RefusedTags, "it holds only tags"},
		{"tags at both ends only", append(id3(4000, 4000), append([]byte("TAG"), make([]byte, 125)...)...), RefusedTags, "it holds only tags"},
		{"a tag and padding", append(id3(4000, 4000), make([]byte, 900)...), RefusedTags, "it holds only tags"},
		{"the old tag alone", append([]byte("TAGtin"), make([]byte, 122)...), RefusedTags, "it holds only tags"},
		{"an APE tag alone", filled("APETAGEX\xd0\x07\x00\x00"), RefusedTags, "it holds only tags"},
		{"tag longer than the file", id3(5_000_000, 4000), RefusedTagLength, "the tag at its start says it has 5000010 bytes, the whole file only 4010: the file was cut short or the tag is wrong"},
		{"picture behind a tag", append(id3(4000, 4000), filled(png)...), RefusedContent, "a picture (PNG)"},
		{"zeros", make([]byte, 400<<10), RefusedZeros, "nothing but zeros"},
		{"many zeros", make([]byte, 1<<20), RefusedZeros, "nothing but zeros in its first 512 KiB"},
		{"zeros, then sound", append(make([]byte, 300<<10), sound(t, "mono48-cbr64.mp3")...), RefusedZeros, "it begins with 300 KiB of zeros"},
		{"zeros behind a tag, then sound", append(append(id3(40, 40), make([]byte, 300<<10)...), sound(t, "mono48-cbr64.mp3")...), RefusedZeros, "it begins with 300 KiB"},
		{"several tags and nothing else", append(id3(40, 40), id3(4000, 4000)...), RefusedTags, "it holds only tags"},
		{"picture behind two tags", append(append(id3(40, 40), id3(4000, 4000)...), filled(png)...), RefusedContent, "a picture (PNG)"},
		{"database", filled("SQLite format 3\x00"), RefusedContent, "it is no sound but a database (SQLite)"},
		{"ring tone", filled("RIFF\x00\x10\x00\x00RMIDdata"), RefusedCodec, "MIDI is not played"},
		{"film of a receiver", filled(transport), RefusedCodec, "MPEG-TS is not played"},
		{"few zeros", make([]byte, 10), RefusedZeros, "nothing but zeros"},
		{"FLAC", filled("fLaC\x00\x00\x00\x22"), RefusedCodec, "FLAC is not played; allowed: MP3, Opus (.opus) and WAV"},
		{"AAC", sound(t, "aac.aac"), RefusedCodec, "AAC is not played"},
		{"M4A", filled("\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00"), RefusedCodec, "M4A is not played"},
		{"Vorbis", filled("OggS\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x1e\x01vorbis"), RefusedCodec, "Vorbis is not played"},
		{"AMR", filled("#!AMR\n"), RefusedCodec, "AMR is not played"},
		{"WMA", filled("\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9"), RefusedCodec, "WMA is not played"},
		{"film", filled("\x1a\x45\xdf\xa3\x01\x00"), RefusedCodec, "Matroska/WebM is not played"},
		{"Layer I", sound(t, "layer1.mp1"), RefusedForm, "MPEG-1 Layer I, 32000 Hz, mono, 32 kbit/s is not played; allowed: MP3, Opus"},
		{"ADPCM", sound(t, "adpcm.wav"), RefusedForm, "ADPCM is not played; allowed"},
		{"cut WAV header", []byte("RIFF\x24\x00\x00\x00WAVEfmt "), RefusedSilent, "no sound can be decoded in it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := judge(c.bytes)
			assert.Equal(t, c.want, v.Refusal)
			assert.False(t, v.Playable())
			assert.Contains(t, v.Reason(), c.says)
			assert.NotEmpty(t, v.Reason())
			assert.NotContains(t, v.Reason(), "\n")
		})
	}
}

func TestGigabytesOfZerosAreNotRead(t *testing.T) {
	for _, size := range []int64{loa.MaxMediaLen, 2 << 30} {
		var read []*counted
		v := Judge(size, func() (io.ReadCloser, error) {
			c := &counted{Reader: io.LimitReader(zeros{}, size)}
			read = append(read, c)
			return io.NopCloser(c), nil
		})
		assert.Equal(t, RefusedZeros, v.Refusal)
		var n int64
		for _, c := range read {
			n += c.n
		}
		assert.LessOrEqual(t, n, int64(1<<20), "bytes read of %d", size)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestAFileOver64MiBIsTooLargeAndHardlyRead(t *testing.T) {
	c := &counted{Reader: io.MultiReader(bytes.NewReader(sound(t, "mono44-cbr48.mp3")), zeros{})}
	v := Judge(200<<20, func() (io.ReadCloser, error) { return io.NopCloser(c), nil })
	assert.Equal(t, RefusedSize, v.Refusal)
	assert.Equal(t, "200 MiB are too large; allowed: at most 64 MiB", v.Reason())
	assert.LessOrEqual(t, c.n, int64(1<<20))
}

func TestAFileThatCannotBeReadIsNotBlamedForIt(t *testing.T) {
	bad := errors.New("input/output error")
	v := Judge(1000, func() (io.ReadCloser, error) { return io.NopCloser(iotest.ErrReader(bad)), nil })
	assert.Equal(t, RefusedUnreadable, v.Refusal)
	assert.Contains(t, v.Reason(), "input/output error")
	v = Judge(1000, func() (io.ReadCloser, error) { return nil, os.ErrPermission })
	assert.Equal(t, RefusedUnreadable, v.Refusal)
}

func TestAGoodFileIsAcceptedAndMeasured(t *testing.T) {
	v := judge(sound(t, "mono48-cbr64.mp3"))
	require.True(t, v.Playable(), v.Reason())
	assert.Empty(t, v.Reason())
	assert.Empty(t, v.Damage())
	assert.Equal(t, "mp3, 48000 Hz, 1 ch, 700ms", v.String())
}

func TestAHoleInAFileIsDamageAndNoRefusal(t *testing.T) {
	b := sound(t, "mono44-cbr48.mp3")
	holed := bytes.Join([][]byte{b[:1500], make([]byte, 700), b[1500:]}, nil)
	v := judge(holed)
	require.True(t, v.Playable(), v.Reason())
	assert.Contains(t, v.Damage(), "bytes are damaged and left out")
	assert.Contains(t, v.String(), v.Damage())
}

// frames are the first n frames of a file of constant frames, of bytes each.
func frames(t testing.TB, n int) []byte {
	t.Helper()
	const bytes = 192 // 64 kbit/s at 48 kHz
	b := sound(t, "mono48-cbr64.mp3")
	require.GreaterOrEqual(t, len(b), n*bytes)
	return b[:n*bytes]
}

func TestAMomentOfSoundIsNothingToSpeakOf(t *testing.T) {
	film := filled(transport)
	for _, c := range []struct {
		name  string
		bytes []byte
		want  Refusal
		says  string
	}{
		{"three frames alone", frames(t, 3), RefusedScant, "it holds only 0.02 s of sound in 576 bytes"},
		{"half a second and a download that ended", append(frames(t, 20), make([]byte, 2<<20)...), RefusedScant, "0.43 s of sound in 2100992 bytes"},
		{"frames in a film", append(film, frames(t, 3)...), RefusedCodec, "MPEG-TS is not played"},
		{"a chime", frames(t, 9), Accepted, ""},
		{"a chime with a picture", append(id3(300_000, 300_000), frames(t, 9)...), Accepted, ""},
		{"a chime with damage", append(frames(t, 9), filled("")[:40_000]...), Accepted, ""},
	} {
		v := judge(c.bytes)
		assert.Equal(t, c.want, v.Refusal, "%s: %v", c.name, v)
		assert.Contains(t, v.Reason(), c.says, c.name)
	}
}

func TestWhatIsNoSoundHasNoCodecAndNoDamage(t *testing.T) {
	for name, b := range map[string][]byte{
		"page": []byte("<!DOCTYPE html><html><title>404</title>"), "zeros": make([]byte, 300<<10), "noise": filled("nothing known"),
		"picture": filled(png), "tags": id3(4000, 4000), "FLAC": filled("fLaC\x00\x00\x00\x22"),
	} {
		v := judge(b)
		assert.Zero(t, v.Sound, name)
		assert.Empty(t, v.Damage(), name)
	}
	v := judge([]byte("RIFF\x24\x00\x00\x00WAVEfmt "))
	assert.EqualValues(t, "wav", v.Sound.Codec, "that much is known")
	assert.Empty(t, v.Damage())
}

func TestADownloadThatMadeRoomAndWasNeverFinishedSaysSo(t *testing.T) {
	for name, codec := range map[string]string{"mono48-cbr64.mp3": "mp3", "hybrid-24k.opus": "opus"} {
		b := sound(t, name)
		v := judge(append(b[:len(b)*3/4:len(b)*3/4], make([]byte, 50_000)...))
		require.True(t, v.Playable(), "%s: %s", codec, v.Reason())
		assert.InDelta(t, 50_000, v.Unfinished(), 1500, codec)
		assert.Contains(t, v.Damage(), "bytes are zeros: the copy or download did not finish", codec)
	}
	assert.Zero(t, judge(append(sound(t, "mono48-cbr64.mp3"), make([]byte, 1000)...)).Unfinished(), "padding")
	assert.Zero(t, judge(append(sound(t, "mono48-cbr64.mp3"), filled("")[:50_000]...)).Unfinished(), "something else")
	assert.Zero(t, judge(append(sound(t, "alaw.wav"), make([]byte, 50_000)...)).Unfinished(), "silence, or nothing that is missed")
}

func digest(b []byte) [sha256.Size]byte { return sha256.Sum256(b) }
