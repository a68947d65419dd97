package mp3

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// protected is a file of frames with a CRC each, which harm may change.
func protected(t *testing.T, harm func(i int, frame []byte)) []byte {
	b := bytes.Clone(sound(t, "mono44-crc.mp3"))
	for i, at := range frameStarts(b) {
		h, _ := parseHeader(b[at:])
		require.True(t, h.crc)
		harm(i, b[at:at+h.bytes()])
	}
	return long2(b)
}

// long2 is b four times over, so that there is enough to learn from.
func long2(b []byte) []byte { return bytes.Repeat(b, 4) }

func TestCRCIsThatOfTheStandard(t *testing.T) {
	// A message, and its checksum behind it, together have the checksum 0.
	crc := crcOf(0xffff, []byte("123456789"))
	assert.Equal(t, uint16(0xaee7), crc)
	assert.Zero(t, crcOf(0xffff, binary.BigEndian.AppendUint16([]byte("123456789"), crc)))
	right := 0
	protected(t, func(_ int, frame []byte) {
		h, _ := parseHeader(frame)
		if frameCRC(h, frame, 8*h.sideBytes()) == binary.BigEndian.Uint16(frame[headerBytes:]) {
			right++
		}
	})
	assert.Equal(t, len(frameStarts(sound(t, "mono44-crc.mp3"))), right, "LAME writes right ones")
}

func TestWrongCRCCondemnsAFrame(t *testing.T) {
	damaged := protected(t, func(i int, frame []byte) {
		if i == 20 {
			frame[headerBytes+2+8] ^= 0x10 // a bit of the side information
		}
	})
	pcm, d := mustDecode(t, damaged)
	_, bad := d.Damage()
	assert.Equal(t, int64(4), bad, "one in each of the four rounds, the first included")
	whole, _ := mustDecode(t, long2(sound(t, "mono44-crc.mp3")))
	require.Equal(t, len(whole), len(pcm))
	info, err := Probe(bytes.NewReader(damaged))
	require.NoError(t, err)
	assert.Equal(t, int64(4), info.BadFrames)
}

func TestEncoderThatWritesWrongCRCsIsPlayed(t *testing.T) {
	wrong := protected(t, func(_ int, frame []byte) { frame[headerBytes] ^= 0xff })
	pcm, d := mustDecode(t, wrong)
	_, bad := d.Damage()
	assert.Zero(t, bad)
	whole, _ := mustDecode(t, long2(sound(t, "mono44-crc.mp3")))
	requireSame(t, whole, pcm, 0)
}

func TestCRCsAreBelievedAgainWhenTheyAreRight(t *testing.T) {
	b := frames([4]byte{0xff, 0xfa, 0x54, 0xc0}, 1)
	h, ok := parseHeader(b)
	require.True(t, ok)
	wrong := bytes.Clone(b)
	binary.BigEndian.PutUint16(b[headerBytes:], frameCRC(h, b, 8*h.sideBytes()))
	var j crcJudge
	for range 30 {
		require.False(t, j.wrong(h, wrong, 8*h.sideBytes()), "never right: not believed")
	}
	for range crcTrusted {
		require.False(t, j.wrong(h, b, 8*h.sideBytes()))
	}
	assert.True(t, j.wrong(h, wrong, 8*h.sideBytes()))
	j.score = crcMost
	condemned := 0
	for range 30 {
		if j.wrong(h, wrong, 8*h.sideBytes()) {
			condemned++
		}
	}
	assert.Equal(t, 9, condemned, "a stretch of wrong ones is no damage any more")
	h.crc = false
	assert.False(t, j.wrong(h, wrong, 8*h.sideBytes()), "frames without one have none")
}

// TestReadAllocatesNothing: the audio path of a small board has no use for a
// garbage collector.
func TestReadAllocatesNothing(t *testing.T) {
	for _, name := range []string{"stereo44-vbr.mp3", "mono44-crc.mp3", "mpeg2-22k.mp3", "free.mp3"} {
		b := bytes.Repeat(sound(t, name), 40)
		copy(b[len(b)/2:], noise(500)) // with some damage
		d, err := NewDecoder(bytes.NewReader(b))
		require.NoError(t, err)
		buf := make([]float32, 2304)
		var failed error
		assert.Zero(t, testing.AllocsPerRun(300, func() {
			if _, err := d.Read(buf); err != nil && !errors.Is(err, io.EOF) {
				failed = err
			}
		}), name)
		assert.NoError(t, failed)
	}
}
