package speaker

import (
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
		{"OggS\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x13OpusHead", Opus},
		{"OggS\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x1e\x01vorbis", Vorbis},
		{"fLaC\x00\x00\x00\x22", FLAC},
		{"\x00\x00\x00\x20ftypM4A ", MP4},
		{"\xff\xf1\x50\x80\x03\xff\xfc", AAC},
		{"\xff\xf9\x50\x80\x03\xff\xfc", AAC},
		{"\xff\xfb\x90\x64", MP3},
		{"\xff\xf3\x64\xc4", MP3},
		{"ID3\x04\x00\x00\x00\x00\x00\x00", MP3},
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

func TestWhatCannotBePlayedIsNamed(t *testing.T) {
	for _, tc := range []struct {
		src  Source
		is   error
		says string
	}{
		{file(t, "aac.aac"), ErrUnsupported, "found AAC; can be played: MP3, Opus in Ogg, WAV"},
		{data("tone.mp3", []byte("RIFF\x24\x00\x00\x00WAVEfmt ")), ErrNotAudio, "WAV of 16 bytes ends in its header"},
		{data("page.mp3", []byte("<!DOCTYPE html><html>404</html>")), ErrNotAudio, "found a web page (HTML); can be played"},
		{data("empty.mp3", nil), ErrNotAudio, "the file is empty"},
		{data("zip.mp3", []byte("PK\x03\x04.......")), ErrNotAudio, "found a ZIP archive"},
		{data("zeros.mp3", make([]byte, 1<<18)), ErrNotAudio, "nothing but zeros in the first"},
	} {
		t.Run(tc.src.Name, func(t *testing.T) {
			_, err := Probe(tc.src.Open)
			require.ErrorIs(t, err, tc.is)
			assert.ErrorContains(t, err, tc.says)
			assert.NotContains(t, err.Error(), "\n")
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
