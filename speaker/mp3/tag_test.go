package mp3

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// infoFrame is a frame with an info tag as LAME writes it.
func infoFrame(frames uint32, delay, padding int, encoder string) []byte {
	b := make([]byte, 576) // 192 kbit/s
	copy(b, []byte{0xff, 0xfb, 0xb4, 0xc0})
	x := b[headerBytes+17:]
	copy(x, "Info")
	binary.BigEndian.PutUint32(x[4:], 0xf)
	binary.BigEndian.PutUint32(x[8:], frames)
	lame := x[8+4+4+100+4:]
	copy(lame, encoder)
	lame[21], lame[22], lame[23] = byte(delay>>4), byte(delay<<4|padding>>8), byte(padding)
	return b
}

func parsedInfo(t *testing.T, b []byte, first bool) (infoTag, bool) {
	t.Helper()
	h, ok := parseHeader(b)
	require.True(t, ok)
	return parseInfo(h, b, first)
}

func TestInfoTagTellsDelayAndPadding(t *testing.T) {
	for _, encoder := range []string{"LAME3.100", "Lavc60.31", "Lavf"} {
		got, ok := parsedInfo(t, infoFrame(38, 576, 1105, encoder), true)
		require.True(t, ok)
		assert.Equal(t, infoTag{frames: 38, delay: 576, padding: 1105, gapless: true, encoder: encoder}, got)
	}
}

func TestInfoTagWithoutAnEncoderTellsTheFramesOnly(t *testing.T) {
	got, ok := parsedInfo(t, infoFrame(38, 576, 1105, ""), true)
	require.True(t, ok)
	assert.Equal(t, infoTag{frames: 38}, got)
}

func TestVBRITag(t *testing.T) {
	b := frames([4]byte{0xff, 0xfb, 0xb4, 0xc0}, 1)
	copy(b[36:], "VBRI")
	binary.BigEndian.PutUint32(b[36+14:], 77)
	got, ok := parsedInfo(t, b, true)
	require.True(t, ok)
	assert.Equal(t, infoTag{frames: 77}, got)
}

func TestSoundThatHoldsTheLettersIsSound(t *testing.T) {
	b := infoFrame(38, 576, 1105, "LAME")
	b[12] = 0x55 // side information, as sound has it
	_, ok := parsedInfo(t, b, false)
	assert.False(t, ok, "in the middle")
	_, ok = parsedInfo(t, b, true)
	assert.True(t, ok, "at the start nothing else is likely")
}

func TestInfoTagCutShortIsStillNoSound(t *testing.T) {
	for _, n := range []int{8, 10, 20, 112, 130} {
		b := join(mono48[:], make([]byte, 188))
		x := infoFrame(38, 576, 1105, "LAME")[21:]
		copy(b[21:], x[:n])
		_, ok := parsedInfo(t, b, true)
		assert.True(t, ok, "%d bytes", n)
	}
}

// lameTag is what LAME's tag tells.
func lameTag(frames int64, delay, padding int) infoTag {
	return infoTag{frames: frames, delay: delay, padding: padding, gapless: true}
}

func TestSegmentTrimsDelayAndPadding(t *testing.T) {
	for _, tc := range []struct {
		name   string
		tag    infoTag
		frames int
		ranges [][2]int
	}{
		{"no tag", infoTag{}, 2, [][2]int{{0, 1152}, {0, 1152}}},
		{"frames only", infoTag{frames: 2}, 3, [][2]int{{0, 1152}, {0, 1152}, {0, 1152}}},
		{"LAME", lameTag(3, 576, 1105), 3, [][2]int{{1105, 1152}, {0, 1152}, {0, 576}}},
		{"long delay", lameTag(3, 1105, 529), 3, [][2]int{{1152, 1152}, {482, 1152}, {0, 1152}}},
		{"padding over a frame", lameTag(3, 0, 529+1252), 3, [][2]int{{529, 1152}, {0, 1052}, {0, 0}}},
		{"padding under the delay", lameTag(2, 0, 100), 2, [][2]int{{529, 1152}, {0, 1152}}},
		{"more frames than told", lameTag(2, 0, 529+52), 3, [][2]int{{529, 1152}, {0, 1100}, {0, 1152}}},
		{"frames unknown", lameTag(0, 0, 4000), 2, [][2]int{{529, 1152}, {0, 1152}}},
		{"everything trimmed", lameTag(1, 1000, 4095), 1, [][2]int{{1152, 1152}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newSegment(tc.tag, frameLen)
			for i := range tc.frames {
				lo, hi := s.next(frameLen)
				assert.Equal(t, tc.ranges[i], [2]int{lo, hi}, "frame %d", i)
			}
		})
	}
}

func TestInfoFrameIsNotPlayed(t *testing.T) {
	pcm, _ := mustDecode(t, join(infoFrame(0, 0, 0, ""), frames(mono48, 4)))
	assert.Equal(t, 4*frameLen, len(pcm))
}

func TestFileOfAnInfoFrameAloneIsEmpty(t *testing.T) {
	b := infoFrame(10, 576, 1000, "LAME")
	pcm, d := mustDecode(t, b)
	assert.Empty(t, pcm)
	rate, channels := d.Format()
	assert.Equal(t, [2]int{48000, 1}, [2]int{rate, channels})
	info, err := Probe(bytes.NewReader(b))
	require.NoError(t, err)
	assert.Zero(t, info.Frames)
	assert.Equal(t, 48000, info.Rate)
}

func TestSynchsafeSizeWithAHighBitIsNoTag(t *testing.T) {
	b := id3v2(100, false)
	b[9] |= 0x80
	assert.Zero(t, tagBytes(b))
	b = id3v2(100, false)
	b[3] = 0xff
	assert.Zero(t, tagBytes(b))
}

// TestInfoTagWithAWrongChecksumTrimsNothing: its delay and padding may be
// anything.
func TestInfoTagWithAWrongChecksumTrimsNothing(t *testing.T) {
	b := infoFrame(38, 576, 1105, "LAME3.100")
	at := headerBytes + 17 + 120 + 34
	binary.BigEndian.PutUint16(b[at:], tagCRC(b[:at]))
	got, ok := parsedInfo(t, b, true)
	require.True(t, ok)
	assert.True(t, got.gapless)
	b[at] ^= 1
	got, ok = parsedInfo(t, b, true)
	require.True(t, ok, "it is no sound either")
	assert.Equal(t, infoTag{frames: 38, encoder: "LAME3.100"}, got)
}

// TestChecksumsOfRealInfoTagsAreRight holds tagCRC against LAME.
func TestChecksumsOfRealInfoTagsAreRight(t *testing.T) {
	for _, name := range []string{"stereo44-vbr.mp3", "stereo48-cbr96.mp3", "mono44-crc.mp3"} {
		w := newWalker(bytes.NewReader(sound(t, name)))
		h, frame, err := w.next()
		require.NoError(t, err)
		tag, ok := parseInfo(h, frame, true)
		require.True(t, ok, name)
		assert.True(t, tag.gapless, name)
		assert.Contains(t, tag.encoder, "LAME3.", name)
	}
}

// TestFramesBehindATrimmedOneSoundAsTheyWould: a tag counts fewer frames than
// there are, as when somebody appended to a file, and its padding takes all of
// the last it counts. Those behind it build on that one.
func TestFramesBehindATrimmedOneSoundAsTheyWould(t *testing.T) {
	for _, name := range []string{"mono48-cbr64.mp3", "stereo48-cbr96.mp3"} {
		b := sound(t, name)
		starts := frameStarts(b)
		b = b[starts[0]:]
		whole, d := mustDecode(t, b)
		size := frameLen * d.channels
		for k := 2; k < len(starts)-2; k++ {
			info := infoFrame(uint32(k), 0, decoderDelay+frameLen, "LAME3.100")
			got, d := mustDecode(t, join(info, b))
			want := append(append([]float32(nil), whole[decoderDelay*d.channels:(k-1)*size]...), whole[k*size:]...)
			requireSame(t, want, got, 0)
			_, bad := d.Damage()
			require.Zero(t, bad)
		}
	}
}
