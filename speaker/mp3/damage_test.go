package mp3

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tear damages a copy of b in one of the ways that flash, radio links and
// careless tools do.
func tear(rnd *rand.Rand, b []byte) []byte {
	b = bytes.Clone(b)
	at := rnd.IntN(len(b))
	n := min(1+rnd.IntN(600), len(b)-at)
	switch rnd.IntN(7) {
	case 0: // bits flip here and there
		for range 1 + rnd.IntN(50) {
			b[rnd.IntN(len(b))] ^= 1 << rnd.IntN(8)
		}
	case 1: // a block is lost
		b = append(b[:at], b[at+n:]...)
	case 2: // or reads as zeros
		clear(b[at : at+n])
	case 3: // or as ones
		for i := range b[at : at+n] {
			b[at+i] = 0xff
		}
	case 4: // or as another
		copy(b[at:at+n], b[rnd.IntN(len(b)):])
	case 5: // something is put in
		b = append(b[:at:at], append(randomBytes(rnd, n), b[at:]...)...)
	case 6: // the file ends early
		b = b[:at]
	}
	return b
}

func randomBytes(rnd *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rnd.Uint32())
	}
	return b
}

// loudest is what any sample may be where damage is no more than some frames.
const loudest = 16

func TestDamagedFilesEndAndStayInRange(t *testing.T) {
	files := []string{"mono44-crc.mp3", "stereo48-cbr96.mp3", "stereo44-vbr.mp3", "mono44-tags.mp3"}
	played := 0
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		whole := sound(t, files[seed%4])[:2400]
		b := whole
		for range 1 + rnd.IntN(3) {
			b = append(tear(rnd, b), 0)
		}
		pcm, _, err := decodeAll(bytes.NewReader(b))
		require.Error(t, err)
		if !errors.Is(err, io.EOF) {
			require.True(t, errors.Is(err, ErrNotAudio) || errors.Is(err, ErrChanged) ||
				errors.Is(err, ErrUnsupported), "seed %d: %v", seed, err)
		}
		requireInRange(t, pcm)
		info, _ := Probe(bytes.NewReader(b))
		require.GreaterOrEqual(t, info.Frames*2, int64(len(pcm))/2, "seed %d: probe and decoder agree", seed)
		if len(pcm) > 0 {
			played++
		}
	}
	assert.Greater(t, played, 150, "most damaged files still play")
}

// requireSame is InDeltaSlice with a message that can be read.
func requireSame(t testing.TB, want, got []float32, delta float64) {
	t.Helper()
	require.Equal(t, len(want), len(got))
	for i := range want {
		if d := float64(want[i] - got[i]); d > delta || d < -delta {
			require.InDelta(t, want[i], got[i], delta, "sample %d of %d", i, len(want))
		}
	}
}

// requireInRange allows what encoders leave above full scale, but no NaN and
// nothing like noise.
func requireInRange(t testing.TB, pcm []float32) {
	t.Helper()
	requireWithin(t, pcm, loudest)
}

func requireWithin(t testing.TB, pcm []float32, most float32) {
	t.Helper()
	for i, x := range pcm {
		if !(x >= -most && x <= most) {
			require.Fail(t, "sample out of range", "%v at %d", x, i)
		}
	}
}

// TestLostFrameIsSilenceAndNoNoise takes a frame away. What follows may build on
// main data that are gone: it must be silent until it can be decoded again, and
// then be what it was.
func TestLostFrameIsSilenceAndNoNoise(t *testing.T) {
	for _, name := range []string{"stereo48-cbr96.mp3", "mono48-cbr64.mp3", "mono44-notag.mp3"} {
		t.Run(name, func(t *testing.T) {
			b := sound(t, name)
			starts := frameStarts(b)
			whole, d := mustDecode(t, b[starts[0]:])
			block := frameLen * d.channels
			for k := 3; k < len(starts)-4; k += 5 {
				// All of the frame but 30 bytes, so that the walker sees the gap.
				cut := join(b[starts[0]:starts[k]], noise(30), b[starts[k+1]:])
				got, torn := mustDecode(t, cut)
				require.Equal(t, len(whole)-block, len(got))
				_, silenced := torn.Damage()
				checkAfterGap(t, got, whole[block:], k, block, int(silenced))
			}
		})
	}
}

// checkAfterGap compares the blocks from k on: silent ones, one or two in which
// the sound comes back, then the same ones.
func checkAfterGap(t *testing.T, got, want []float32, k, block, silenced int) {
	t.Helper()
	require.LessOrEqual(t, silenced, 10)
	same := k + silenced + 2
	for i := same * block; i < len(got); i++ {
		require.InDelta(t, want[i], got[i], 4.0/32768, "gap at frame %d, sample %d of frame %d", k, i%block, i/block)
	}
	var before, after float32
	for i := k * block; i < min(same*block, len(got)); i++ {
		before, after = max(before, want[i], -want[i]), max(after, got[i], -got[i])
	}
	require.LessOrEqual(t, after, 2*before+0.05, "no burst at the gap of frame %d", k)
}

// frameStarts is where the sound frames of b begin.
func frameStarts(b []byte) (starts []int) {
	w := newWalker(bytes.NewReader(b))
	at := 0
	for {
		h, frame, err := w.next()
		if err != nil {
			return starts
		}
		at = bytes.Index(b[at:], frame) + at
		if _, info := parseInfo(h, frame, len(starts) == 0); !info {
			starts = append(starts, at)
		}
		at += len(frame)
	}
}

func TestStreamThatBeginsInTheMiddleStartsSilent(t *testing.T) {
	b := sound(t, "stereo48-cbr96.mp3")
	starts := frameStarts(b)
	whole, _ := mustDecode(t, b[starts[0]:])
	const k = 10
	got, d := mustDecode(t, b[starts[k]:])
	_, silenced := d.Damage()
	block := frameLen * 2
	require.Equal(t, len(whole)-k*block, len(got))
	assert.Zero(t, peak(got[:int(silenced)*block]))
	from := (int(silenced) + 2) * block
	requireSame(t, whole[k*block+from:], got[from:], 4.0/32768)
}

func peak(pcm []float32) (p float32) {
	for _, x := range pcm {
		p = max(p, x, -x)
	}
	return p
}

// broken is n frames of the kind of mono48 that cannot be decoded.
func broken(n int) []byte {
	b := frames(mono48, n)
	for i := 0; i < len(b); i += 192 {
		for j := 4; j < 21; j++ {
			b[i+j] = 0xff // side information out of range
		}
	}
	return b
}

// TestSoundBehindALongStretchOfDamageIsPlayed: five seconds of nonsense in a
// bulletin of two minutes are five seconds of silence.
func TestSoundBehindALongStretchOfDamageIsPlayed(t *testing.T) {
	good := bytes.Repeat(monoFrame(0, quiet(200), quiet(200)), 100)
	const bad, behind = 210, 50
	b := join(good, broken(bad), bytes.Repeat(good, behind))
	pcm, d := mustDecode(t, b)
	require.Equal(t, (100+bad+100*behind)*frameLen, len(pcm), "time is kept")
	_, concealed := d.Damage()
	assert.Equal(t, int64(bad), concealed)
	assert.Zero(t, peak(pcm[110*frameLen:(100+bad)*frameLen]))
	for i := 100 + bad; i < 100+bad+100*behind; i++ {
		require.Positive(t, peak(pcm[i*frameLen:(i+1)*frameLen]), "frame %d", i)
	}
	info, err := Probe(bytes.NewReader(b))
	require.NoError(t, err)
	assert.Equal(t, int64(len(pcm)), info.Frames)
	assert.Equal(t, int64(bad), info.BadFrames)
	d, err = NewDecoder(bytes.NewReader(b))
	require.NoError(t, err)
	const far = 400*frameLen + 7
	n, err := d.Skip(far)
	require.NoError(t, err)
	require.Equal(t, int64(far), n)
	rest, err := readAll(d)
	require.ErrorIs(t, err, io.EOF)
	requireSame(t, pcm[far:], rest, 0)
}

func TestNothingButDamageIsSilenceOfItsLength(t *testing.T) {
	pcm, d := mustDecode(t, broken(400))
	assert.Equal(t, 400*frameLen, len(pcm))
	assert.Zero(t, peak(pcm))
	_, bad := d.Damage()
	assert.Equal(t, int64(400), bad)
}

// TestShortFreeFormatFrameWithNoRoomForItsSideInformationIsDamage: a frame's
// length is that of the stream, but its header may ask for more bytes than that
// before the main data.
func TestShortFreeFormatFrameWithNoRoomForItsSideInformationIsDamage(t *testing.T) {
	for size := freeShortest; size < 41; size++ {
		good, other := shortFree(size, 6, withoutCRC, inMono), shortFree(size, 6, withCRC, inStereo)
		b := join(good, other, good)
		pcm, d := mustDecode(t, b)
		damaged, _ := d.Damage()
		info, err := Probe(bytes.NewReader(b))
		require.NoError(t, err)
		require.Equal(t, int64(len(pcm)), info.Frames, "%d bytes", size)
		require.Equal(t, damaged, info.Damaged)
		if size < 38 {
			assert.Equal(t, int64(len(other)), damaged, "%d bytes", size)
			assert.Len(t, pcm, 12*frameLen)
		} else {
			assert.Zero(t, damaged, "%d bytes", size)
			assert.Len(t, pcm, 18*frameLen)
		}
	}
}

func TestFrameThatEndsBeforeItsMainDataIsConcealed(t *testing.T) {
	h, _ := parseHeader([]byte{0xff, withCRC, 0x54, inStereo})
	f := newFrameDecoder()
	for n := range h.mainStart() {
		b := make([]byte, n)
		require.ErrorIs(t, f.decode(h, b, false), errShort, "%d bytes", n)
		require.ErrorIs(t, parseSide(h, b, &f.side), errShort)
	}
}

// TestFrameBeforeALostHeaderIsWhole: between it and the next that is found lies
// just a frame's length, so none of its own bytes can be missing.
func TestFrameBeforeALostHeaderIsWhole(t *testing.T) {
	g := quiet(203) // whose codes do not end on their last bit
	h, _ := parseHeader(mono48[:])
	f := newFrameDecoder()
	require.NoError(t, f.decode(h, monoFrame(0, g, g), false))
	require.ErrorIs(t, f.decode(h, monoFrame(0, g, g), true), errSuspect)
	b := bytes.Repeat(monoFrame(0, g, g), 20)
	whole, _ := mustDecode(t, b)
	for k := firstChain + 1; k < 18; k++ {
		torn := bytes.Clone(b)
		clear(torn[192*k:][:headerBytes])
		pcm, d := mustDecode(t, torn)
		damaged, bad := d.Damage()
		require.Equal(t, int64(192), damaged)
		require.Zero(t, bad, "frame %d before it", k-1)
		requireSame(t, whole[:k*frameLen], pcm[:k*frameLen], 0)
	}
}

// TestFrameIntoWhichBytesWerePutIsNotPlayed: it ends with what was its own
// middle, which as codes is noise.
func TestFrameIntoWhichBytesWerePutIsNotPlayed(t *testing.T) {
	g := quiet(600)
	g.bigValues = 80
	b := bytes.Repeat(monoFrame(0, g, g), 20)
	level := peakAll(t, b)
	for n := 2; n < 150; n += 7 {
		torn := join(b[:192*9+60], noise(n), b[192*9+60:])
		pcm, d := mustDecode(t, torn)
		damaged, bad := d.Damage()
		require.Equal(t, int64(n), damaged)
		require.Equal(t, int64(1), bad, "%d bytes", n)
		require.LessOrEqual(t, peak(pcm), 1.1*level)
	}
}

func peakAll(t *testing.T, b []byte) float32 {
	t.Helper()
	pcm, d := mustDecode(t, b)
	_, bad := d.Damage()
	require.Zero(t, bad)
	return peak(pcm)
}

func TestRateChangeIsToldOnceAndReadingGoesOn(t *testing.T) {
	first, second := sound(t, "mono44-notag.mp3"), sound(t, "stereo48-cbr96.mp3")
	want, _ := mustDecode(t, second)
	pcm, d, err := decodeAll(bytes.NewReader(join(first, second)))
	require.ErrorIs(t, err, ErrChanged)
	assert.Equal(t, 28*frameLen, len(pcm))
	rate, channels := d.Format()
	assert.Equal(t, [2]int{48000, 2}, [2]int{rate, channels})
	rest, err := readAll(d)
	require.ErrorIs(t, err, io.EOF)
	require.Equal(t, len(want), len(rest), "trimmed by its own tag")
	requireSame(t, want, rest, 0.02) // the filters' memory
	bytes, frames := d.Damage()
	assert.Zero(t, bytes+frames)
}

func TestTwoFilesInOneArePlayedWithoutTheirPaddings(t *testing.T) {
	one := sound(t, "mono44-crc.mp3")
	first, _ := mustDecode(t, one)
	both, _ := mustDecode(t, join(one, one))
	require.Equal(t, 2*len(first), len(both))
	requireSame(t, first, both[:len(first)], 0)
	requireSame(t, first, both[len(first):], 0.02) // the filters' memory
}

func FuzzDecode(f *testing.F) {
	for _, name := range []string{"mono44-crc.mp3", "stereo48-cbr96.mp3", "stereo44-vbr.mp3", "mpeg2-22k.mp3"} {
		f.Add(sound(f, name)[:2500])
	}
	f.Add(join(frames(mono48, 3), noise(30), frames(mono48, 3)))
	for size := freeShortest; size < 40; size += 2 {
		f.Add(join(shortFree(size, 4, withoutCRC, inMono), shortFree(size, 3, withCRC, inStereo)))
		f.Add(join(shortFree(size, 4, withCRC, inMono), shortFree(size, 2, withoutCRC, inStereo), shortFree(size, 4, withoutCRC, inMono)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 16<<10 {
			return
		}
		pcm, _, err := decodeAll(bytes.NewReader(b))
		require.Error(t, err)
		requireWithin(t, pcm, 400) // of mostEnergy, in the worst of phases
	})
}

// TestConcealmentMakesNoClick: in a steady tone no step between two samples gets
// much larger, and no peak higher, than without the damage.
func TestConcealmentMakesNoClick(t *testing.T) {
	b := sound(t, "stereo48-cbr96.mp3") // the right channel is a tone
	starts := frameStarts(b)
	whole, _ := mustDecode(t, b)
	from, to := 2*6*frameLen, len(whole)-2*4*frameLen
	step, level := steepest(whole[from:to]), peakOf(whole[from:to])
	for k := 8; k < len(starts)-6; k++ {
		for _, broken := range []int{1, 2, 7} {
			torn := bytes.Clone(b)
			for i := range min(broken, len(starts)-6-k) {
				for j := range 32 {
					torn[starts[k+i]+4+j] = 0xff
				}
			}
			got, d := mustDecode(t, torn)
			require.Equal(t, len(whole), len(got))
			_, bad := d.Damage()
			require.Positive(t, bad)
			require.LessOrEqual(t, steepest(got[from:to]), 1.5*step, "frame %d, %d broken", k, broken)
			require.LessOrEqual(t, peakOf(got[from:to]), 1.3*level, "frame %d, %d broken", k, broken)
		}
	}
}

// steepest is the largest step in the right channel.
func steepest(pcm []float32) (most float32) {
	for i := 3; i < len(pcm); i += 2 {
		most = max(most, pcm[i]-pcm[i-2], pcm[i-2]-pcm[i])
	}
	return most
}

// peakOf is the peak of the right channel.
func peakOf(pcm []float32) (most float32) {
	for i := 1; i < len(pcm); i += 2 {
		most = max(most, pcm[i], -pcm[i])
	}
	return most
}
