package mp3

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// frameLen is the number of PCM frames of one MPEG-1 Layer III frame.
const frameLen = 2 * lines

// Headers of frames with a round length, and silent frames of them.
var (
	mono48 = [4]byte{0xff, 0xfb, 0x54, 0xc0} // 64 kbit/s: 192 bytes
	mono32 = [4]byte{0xff, 0xfb, 0x58, 0xc0} // 288 bytes
	low24  = [4]byte{0xff, 0xf3, 0x84, 0xc0} // MPEG-2, 64 kbit/s: 192 bytes
	layerI = [4]byte{0xff, 0xff, 0x84, 0xc0} // 256 kbit/s: 256 bytes
)

// frames is n silent frames with the header h.
func frames(h [4]byte, n int) []byte {
	p, ok := parseHeader(h[:])
	if !ok {
		panic("no header")
	}
	one := make([]byte, p.bytes())
	copy(one, h[:])
	return bytes.Repeat(one, n)
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// noise is n bytes in which no header hides.
func noise(n int) []byte {
	rnd := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rnd.IntN(255))
	}
	return b
}

// walk counts the frames that a walker finds.
func walk(b []byte) (n int, w *walker, err error) {
	w = newWalker(bytes.NewReader(b))
	for {
		if _, _, err = w.next(); err != nil {
			return n, w, err
		}
		n++
	}
}

func id3v2(size int, footer bool) []byte {
	b := make([]byte, 10+size)
	copy(b, "ID3\x04\x00\x00")
	for i := range 4 {
		b[6+i] = byte(size >> (7 * (3 - i)) & 0x7f)
	}
	if footer {
		b[5] |= 0x10
		b = append(b, "3DI\x04\x00\x10\x00\x00\x00\x00"...)
	}
	return b
}

func ape(size int) []byte {
	b := make([]byte, 32)
	copy(b, "APETAGEX")
	binary.LittleEndian.PutUint32(b[8:], 2000)
	binary.LittleEndian.PutUint32(b[12:], uint32(size+32))
	footer := bytes.Clone(b)
	binary.LittleEndian.PutUint32(b[20:], 1<<31|1<<29)
	return join(b, make([]byte, size), footer)
}

// lyrics is a Lyrics3 tag of version 2, or of 1.
func lyrics(size int, v2 bool) []byte {
	end := "LYRICSEND"
	if v2 {
		end = "000000LYRICS200"
	}
	return join([]byte("LYRICSBEGIN"), noise(size), []byte(end))
}

// freeFrames is n silent frames of size bytes in free format, every third with a
// padding slot.
func freeFrames(size, n int) (b []byte) {
	for i := range n {
		one := make([]byte, size)
		copy(one, []byte{0xff, 0xfb, 0x04, 0xc0})
		if i%3 == 2 {
			one[2] |= 2
			one = append(one, 0)
		}
		b = append(b, one...)
	}
	return b
}

// shortFree is n frames of size bytes in free format with the second and the
// last byte of the header as given.
func shortFree(size, n int, second, last byte) []byte {
	one := make([]byte, size)
	copy(one, []byte{0xff, second, 0x00, last})
	return bytes.Repeat(one, n)
}

// Bytes of headers: with them, side information and CRC are 21 to 38 bytes long.
const (
	withCRC, withoutCRC = 0xfa, 0xfb
	inStereo, inMono    = 0x00, 0xc0
)

func id3v1() []byte { return append([]byte("TAG"), make([]byte, 125)...) }

func TestWalkerFindsFramesAmongOtherThings(t *testing.T) {
	cut := func(b []byte, from, to int) []byte { return join(b[:from], b[to:]) }
	for _, tc := range []struct {
		name    string
		b       []byte
		frames  int
		damaged int64
		tags    int64
	}{
		{"frames only", frames(mono48, 10), 10, 0, 0},
		{"a single frame", frames(mono48, 1), 1, 0, 0},
		{"two frames", frames(mono48, 2), 2, 0, 0},
		{"ID3v2 in front", join(id3v2(5000, false), frames(mono48, 5)), 5, 0, 5010},
		{"ID3v2 of 3 MB", join(id3v2(3<<20, false), frames(mono48, 5)), 5, 0, 3<<20 + 10},
		{"ID3v2 with a footer", join(id3v2(300, true), frames(mono48, 5)), 5, 0, 320},
		{"two ID3v2", join(id3v2(30, false), id3v2(0, false), frames(mono48, 5)), 5, 0, 50},
		{"ID3v2 in the middle", join(frames(mono48, 4), id3v2(700, false), frames(mono48, 4)), 8, 0, 710},
		{"ID3v1 behind", join(frames(mono48, 5), id3v1()), 5, 0, 128},
		{"one frame and ID3v1", join(frames(mono48, 1), id3v1()), 1, 0, 128},
		{"enhanced ID3v1", join(frames(mono48, 5), append([]byte("TAG+"), make([]byte, 223)...), id3v1()), 5, 0, 355},
		{"APE behind", join(frames(mono48, 5), ape(100), id3v1()), 5, 0, 100 + 64 + 128},
		{"APE in front", join(ape(1000), frames(mono48, 5)), 5, 0, 1064},
		{"APE footer alone", join(frames(mono48, 5), ape(0)[32:]), 5, 0, 32},
		{"Lyrics3 behind", join(frames(mono48, 5), lyrics(300, true), id3v1()), 5, 0, 11 + 300 + 15 + 128},
		{"Lyrics3 of version 1, longer than the buffer", join(frames(mono48, 5), lyrics(70000, false), id3v1()), 5, 0, 11 + 70000 + 9 + 128},
		{"Lyrics3 without an end", join(frames(mono48, 5), []byte("LYRICSBEGIN"), noise(50000)), 5, 11 + 50000, 0},
		{"ID3v2 of 15 MB in the middle", join(frames(mono48, 4), id3v2(15<<20, false), frames(mono48, 4)), 8, 0, 15<<20 + 10},
		{"ID3v2 in the middle, longer than the file", join(frames(mono48, 4), id3v2(15<<20, false)[:700], frames(mono48, 4)), 4, 700 + 4*192, 0},
		{"ID3v2 in the middle, longer than any", join(frames(mono48, 4), id3v2(255<<20, false)[:700], frames(mono48, 4)), 8, 700, 0},
		{"ID3v2 behind, cut short", join(frames(mono48, 4), id3v2(5000, false)[:700]), 4, 700, 0},
		{"ID3v2 of 17 MB in front", join(id3v2(17<<20, false), frames(mono48, 4)), 4, 0, 17<<20 + 10},
		{"free format", freeFrames(500, 10), 10, 0, 0},
		{"free format, two frames", freeFrames(500, 2), 2, 0, 0},
		{"free format of the longest frames", freeFrames(freeLongest, 10), 10, 0, 0},
		{"free format behind garbage", join(noise(1000), freeFrames(1000, 10)), 10, 1000, 0},
		{"free format torn", cut(freeFrames(500, 10), 4*500+1+20, 4*500+1+120), 9, 400, 0},
		{"free format behind another", join(frames(mono48, 5), freeFrames(700, 5)), 10, 0, 0},
		{"garbage in front", join(noise(1000), frames(mono48, 5)), 5, 1000, 0},
		{"garbage in the middle", join(frames(mono48, 5), noise(1000), frames(mono48, 5)), 10, 1000, 0},
		{"garbage behind", join(frames(mono48, 5), noise(1000)), 5, 1000, 0},
		{"a false header in front", join(mono48[:], noise(500), frames(mono48, 5)), 5, 504, 0},
		{"last frame cut short", frames(mono48, 5)[:5*192-1], 4, 191, 0},
		{"cut after one frame and a half", frames(mono48, 2)[:300], 1, 108, 0},
		{"bytes lost from a frame", cut(frames(mono48, 10), 5*192+50, 5*192+100), 9, 142, 0},
		{"bytes lost across two frames", cut(frames(mono48, 10), 5*192+150, 6*192+50), 9, 100, 0},
		{"bytes put into a frame", join(frames(mono48, 10)[:5*192+50], noise(40), frames(mono48, 10)[5*192+50:]), 10, 40, 0},
		{"bit rates mixed", join(frames(mono48, 3), frames([4]byte{0xff, 0xfb, 0x94, 0xc0}, 3)), 6, 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n, w, err := walk(tc.b)
			require.ErrorIs(t, err, io.EOF)
			assert.Equal(t, tc.frames, n, "frames")
			assert.Equal(t, tc.damaged, w.damaged, "damaged bytes")
			assert.Equal(t, tc.tags, w.tags, "tag bytes")
		})
	}
}

func TestWalkerRefusesWhatIsNoMP3(t *testing.T) {
	for _, tc := range []struct {
		name string
		b    []byte
		is   error
	}{
		{"nothing", nil, ErrNotAudio},
		{"three bytes", []byte{0xff, 0xfb, 0x54}, ErrNotAudio},
		{"a header alone", mono48[:], ErrNotAudio},
		{"most of a frame", frames(mono48, 1)[:191], ErrNotAudio},
		{"zeros", make([]byte, 1<<20), ErrNotAudio},
		{"ones", bytes.Repeat([]byte{0xff}, 1<<20), ErrNotAudio},
		{"a tag alone", id3v2(1000, false), ErrNotAudio},
		{"a tag that runs past the end", id3v2(1000, false)[:500], ErrNotAudio},
		{"frames too far behind", join(make([]byte, 1<<20), frames(mono48, 5)), ErrNotAudio},
		{"Layer I", frames(layerI, 5), ErrUnsupported},
		{"two Layer I frames", frames(layerI, 2), ErrUnsupported},
		{"Layer I behind a tag and garbage", join(id3v2(50, false), noise(100), frames(layerI, 5)), ErrUnsupported},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n, _, err := walk(tc.b)
			assert.ErrorIs(t, err, tc.is)
			assert.Zero(t, n)
		})
	}
}

func TestWalkerSaysWhenATagIsLongerThanTheFile(t *testing.T) {
	_, w, err := walk(id3v2(1<<20, false)[:5000])
	require.ErrorIs(t, err, ErrNotAudio)
	assert.ErrorContains(t, err, `no frame in 5000 bytes (5000 of them tags); a tag that begins with "ID3" says it has 1048586 bytes, of which 5000 are there`)
	assert.Equal(t, int64(5000), w.tags)
}

// TestGigabytesOfZerosEndSoon: no more is read than is searched.
func TestGigabytesOfZerosEndSoon(t *testing.T) {
	r := &countingReader{r: zeros{}}
	_, err := NewDecoder(r)
	assert.ErrorIs(t, err, ErrNotAudio)
	assert.LessOrEqual(t, r.n, searchBytes+2*bufferBytes)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestRandomBytesAreNotAudio(t *testing.T) {
	for seed := range uint64(50) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		b := make([]byte, 200<<10)
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
		_, _, err := walk(b)
		assert.ErrorIs(t, err, ErrNotAudio, "seed %d", seed)
	}
}

func TestAnotherKindInMidStreamIsFollowed(t *testing.T) {
	for name, other := range map[string][4]byte{"rate": mono32, "version": low24} {
		n, w, err := walk(join(frames(mono48, 6), frames(other, 6)))
		assert.ErrorIs(t, err, io.EOF, name)
		assert.Equal(t, 12, n, name)
		assert.Zero(t, w.damaged, name)
	}
}

func TestLayerIInMidStreamEndsTheSource(t *testing.T) {
	n, w, err := walk(join(frames(mono48, 6), frames(layerI, 6)))
	assert.ErrorIs(t, err, ErrUnsupported)
	assert.ErrorContains(t, err, "found MPEG-1 Layer I, 48000 Hz")
	assert.Equal(t, 6, n)
	assert.Zero(t, w.damaged)
}

func TestOneFlippedHeaderIsDamageAndNotAChange(t *testing.T) {
	b := frames(mono48, 10)
	b[4*192+2] ^= 0x0c // the sampling rate of the fifth frame
	n, w, err := walk(b)
	require.ErrorIs(t, err, io.EOF)
	assert.Equal(t, 9, n)
	assert.Equal(t, int64(192), w.damaged)
}

func TestWalkerReadsAheadByItsBufferOnly(t *testing.T) {
	r := &countingReader{r: bytes.NewReader(frames(mono48, 10000))}
	w := newWalker(r)
	for i := range 1000 {
		_, _, err := w.next()
		require.NoError(t, err)
		require.LessOrEqual(t, r.n, (i+1)*192+bufferBytes)
	}
}

// TestWalkerGivesAFrameAsSoonAsTheNextHeaderIsThere matters for radio stations
// that are relayed: each frame held back is delay.
func TestWalkerGivesAFrameAsSoonAsTheNextHeaderIsThere(t *testing.T) {
	r, feed := io.Pipe()
	w := newWalker(r)
	got := make(chan int)
	go func() {
		for {
			_, frame, err := w.next()
			if err != nil {
				close(got)
				return
			}
			got <- len(frame)
		}
	}()
	one := frames(mono48, 1)
	_, _ = feed.Write(join(one, one, one[:headerBytes]))
	assert.Equal(t, 192, <-got)
	assert.Equal(t, 192, <-got)
	for range 5 {
		_, _ = feed.Write(join(one[headerBytes:], one[:headerBytes]))
		assert.Equal(t, 192, <-got)
	}
	feed.Close()
	_, more := <-got
	assert.False(t, more)
}

// TestSearchSeesTheSameWhereverTheBufferEnds: a damaged stretch of ten kilobytes
// in which something looks like long frames, so that more is asked for while it
// is searched, and the buffer's bytes are moved.
func TestSearchSeesTheSameWhereverTheBufferEnds(t *testing.T) {
	long := [4]byte{0xff, 0xe5, 0xe8, 0xc0} // MPEG-2.5 Layer II, 160 kbit/s, 8 kHz: 2880 bytes
	h, ok := parseHeader(long[:])
	require.True(t, ok)
	require.Equal(t, 2880, h.bytes())
	const lost = windowBytes - 800
	torn := join(frames(mono48, 20), noise(lost), frames(mono48, 150))
	at := 20*192 + lost - 400
	copy(torn[at:], long[:])
	copy(torn[at+2880:], long[:]) // in the middle of a frame: the third is missing
	for n := 0; n < bufferBytes+windowBytes; n += 97 {
		w := newWalker(bytes.NewReader(join(id3v2(n, false), torn)))
		suspects, found := 0, 0
		for {
			_, _, err := w.next()
			if err != nil {
				require.ErrorIs(t, err, io.EOF)
				break
			}
			found++
			if w.suspect {
				suspects++
				require.Equal(t, 20, found)
			}
		}
		require.Equal(t, 1, suspects, "%d bytes in front: the frame before the damage", n)
	}
}

// countingReader counts what was read and offers no Seek.
type countingReader struct {
	r io.Reader
	n int
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

func FuzzWalker(f *testing.F) {
	for _, b := range [][]byte{
		frames(mono48, 4), frames(low24, 4), frames(layerI, 3),
		join(id3v2(20, true), frames(mono48, 3), ape(10), id3v1()),
		join(frames(mono48, 3), noise(30), frames(mono48, 3)),
		join(frames(mono48, 3), frames(mono32, 3)),
		freeFrames(300, 5), join(frames(mono48, 3), lyrics(50, true)),
		join(shortFree(34, 4, withoutCRC, inMono), shortFree(34, 3, withCRC, inStereo)),
		join(shortFree(37, 4, withoutCRC, inStereo), shortFree(37, 3, withCRC, inStereo), shortFree(60, 4, withoutCRC, inStereo)),
	} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		w := newWalker(bytes.NewReader(b))
		var taken int64
		for {
			h, frame, err := w.next()
			if err != nil {
				require.NotErrorIs(t, err, io.ErrNoProgress)
				break
			}
			require.True(t, h.playable())
			require.Len(t, frame, h.bytes())
			require.GreaterOrEqual(t, len(frame), h.mainStart())
			require.LessOrEqual(t, len(frame), maxFrame+1)
			taken += int64(len(frame))
		}
		require.LessOrEqual(t, taken+w.damaged, int64(len(b)))
	})
}
