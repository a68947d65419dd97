package speaker

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// forever is a source that says the same again and again, and counts what was
// read of it.
type forever struct {
	says []byte
	read int64
}

func (f *forever) Read(p []byte) (n int, err error) {
	for n < len(p) {
		n += copy(p[n:], f.says[(f.read+int64(n))%int64(len(f.says)):])
	}
	f.read += int64(n)
	return n, nil
}

// endings are what a source may go on with for ever.
func endings() map[string][]byte {
	strange := oggPage("\x01something")
	all := map[string][]byte{
		"zeros": {0}, "ones": {0xff}, "text": []byte("Xin chào. "), "sync words": {0xff, 0xfb},
		"headers without sound": {0xff, 0xfb, 0x90, 0x64}, "headers of free format": {0xff, 0xfb, 0, 0x64},
		"headers and other bytes": {0xff, 0xe2, 0, 0x64, 0}, "headers of Layer II": {0xff, 0xfd, 0x90, 0x64},
		"headers at a frame's distance": append([]byte{0xff, 0xfb, 0x90, 0x64}, make([]byte, 413)...),
		"headers a byte too far":        append([]byte{0xff, 0xfb, 0x90, 0x64}, make([]byte, 414)...),
		"empty ID3v2 tags":              id3(0, nil), "ID3v2 tags": id3(300, make([]byte, 300)),
		"ID3v2 tags of 256 MiB": id3(1<<28-1, nil), "ID3v1 tags": append([]byte("TAG"), make([]byte, 125)...),
		"APE tags": append([]byte("APETAGEX\xd0\x07\x00\x00\x20"), make([]byte, 19)...), "lyrics": []byte("LYRICSBEGIN"),
		"pages of strangers": strange, "pages without end": []byte("OggS\x00\x00"),
		"small chunks": []byte("junk\x00\x00\x00\x00"), "odd chunks": []byte("junk\x01\x00\x00\x00x"), "chunks of 4 GiB": []byte("junk\xff\xff\xff\xff"),
	}
	if racing { // each of these is a checksum of many KiB
		delete(all, "pages without end")
	}
	return all
}

// mostWithout is how much is read here without a sound, beside what decoders
// read ahead.
const mostWithout, readAhead = 256 << 10, 256 << 10

func TestNoSourceIsSearchedForEver(t *testing.T) {
	begins := map[string][]byte{
		"from the start": nil, "RIFF": []byte("RIFF\x00\x00\x00\x00WAVE"), "a page cut short": []byte("OggS\x00\x02"), "a tag": id3(100, make([]byte, 100)),
		"MP3": soundFile(t, "mono48-cbr64.mp3"), "Opus": soundFile(t, "silk-12k.opus"), "MP3 in WAV": soundFile(t, "mp3.wav"),
	}
	for begin, b := range begins {
		for end, says := range endings() {
			t.Run(begin+", "+end, func(t *testing.T) {
				f := &forever{says: says}
				d, _, err := newDecoder(io.MultiReader(bytes.NewReader(b), f), mostWithout)
				assert.LessOrEqual(t, f.read, int64(mostWithout+readAhead))
				if err != nil {
					assert.True(t, errors.Is(err, ErrNotAudio) || errors.Is(err, ErrUnsupported), "%v", err)
					assert.NotContains(t, err.Error(), "\n")
					return
				}
				buf := make([]float32, 2*decodeFrames)
				for range 40 { // some sound for ever
					before := f.read
					n, err := d.Read(buf)
					require.LessOrEqual(t, f.read-before, int64(mostWithout+readAhead))
					if err != nil && !errors.Is(err, ErrChanged) {
						require.Zero(t, n)
						return
					}
				}
			})
		}
	}
}

func TestAHoleOfTheLongestFileIsNotTooLong(t *testing.T) {
	size := int64(60 << 20)
	if racing {
		size = 4 << 20
	}
	b := soundFile(t, "mono32-cbr32.mp3")
	hole := &forever{says: []byte{0}}
	d, _, err := NewDecoder(io.MultiReader(bytes.NewReader(b), io.LimitReader(hole, size), bytes.NewReader(b)))
	require.NoError(t, err)
	assert.InDelta(t, 2*len(decoded(t, "mono32-cbr32.mp3")), len(drain(t, d)), 3*1152)
}

func TestLongSoundIsNotTakenForSilence(t *testing.T) {
	wav := &forever{says: make([]byte, 1000)}
	header := []byte("RIFF\xff\xff\xff\xffWAVEfmt \x12\x00\x00\x00\x03\x00\x02\x00\x80\xbb\x00\x00\x00\xb8\x0b\x00\x10\x00\x40\x00\x00\x00data\xff\xff\xff\xff")
	d, codec, err := newDecoder(io.MultiReader(bytes.NewReader(header), wav), mostWithout)
	require.NoError(t, err)
	assert.Equal(t, WAV, codec)
	const frames = 1 << 20 // 16 MB
	n, err := d.(skipper).Skip(frames)
	require.NoError(t, err)
	assert.EqualValues(t, frames, n)
	buf := make([]float32, 1<<18)
	for range 20 {
		n, err := d.Read(buf)
		require.NoError(t, err)
		require.Positive(t, n)
	}
}
