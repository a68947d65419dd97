package mp3

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// setBits writes the n low bits of v at bit pos of b.
func setBits(b []byte, pos, n, v int) {
	for i := range n {
		bit := byte(v >> (n - 1 - i) & 1)
		p := pos + i
		b[p/8] = b[p/8]&^(1<<(7-p%8)) | bit<<(7-p%8)
	}
}

// granule is the side information of one granule and channel: 59 bits, of which
// tests set a few.
type granule struct {
	dataBits, bigValues, scalefac, region0, region1 int
	windowSwitch, blockType                         int
}

// monoFrame is a frame of mono48 with the given side information and main data
// that decode to something.
func monoFrame(mainDataBegin int, granules ...granule) []byte {
	b := frames(mono48, 1)
	for i := 21; i < len(b); i++ {
		b[i] = 0x5a
	}
	side := b[4:21]
	setBits(side, 0, 9, mainDataBegin)
	for i, g := range granules {
		at := 9 + 5 + 4 + 59*i
		setBits(side, at, 12, g.dataBits)
		setBits(side, at+12, 9, g.bigValues)
		setBits(side, at+21, 8, 200)
		setBits(side, at+29, 4, g.scalefac)
		setBits(side, at+33, 1, g.windowSwitch)
		if g.windowSwitch == 1 {
			setBits(side, at+34, 2, g.blockType)
		} else {
			setBits(side, at+34, 15, 0x1ce7) // tables 7, 7, 7
			setBits(side, at+49, 4, g.region0)
			setBits(side, at+53, 3, g.region1)
		}
	}
	return b
}

func TestMonoAndStereoInOneStream(t *testing.T) {
	stereo48 := [4]byte{0xff, 0xfb, 0x54, 0x00}
	for name, tc := range map[string]struct {
		b        []byte
		channels int
	}{
		"mono first":   {join(frames(mono48, 3), frames(stereo48, 3)), 1},
		"stereo first": {join(frames(stereo48, 3), frames(mono48, 3)), 2},
	} {
		pcm, d := mustDecode(t, tc.b)
		_, channels := d.Format()
		assert.Equal(t, tc.channels, channels, name)
		assert.Equal(t, 6*frameLen*tc.channels, len(pcm), name)
	}
}

func TestStereoFrameInAMonoStreamIsMixedDown(t *testing.T) {
	d := &Decoder{dec: newFrameDecoder(), channels: 1, hi: 2}
	copy(d.dec.pcm[0][:], []float32{0.5, 0.75})
	copy(d.dec.pcm[1][:], []float32{0.25, -0.25})
	dst := make([]float32, 2)
	d.copy(dst, 2)
	assert.InDeltaSlice(t, []float32{0.375, 0.25}, dst, 1e-9)
}

func TestReadKeepsARestOfLessThanAFrame(t *testing.T) {
	d, err := NewDecoder(bytes.NewReader(sound(t, "stereo48-cbr96.mp3")))
	require.NoError(t, err)
	n, err := d.Read(make([]float32, 1))
	assert.NoError(t, err)
	assert.Zero(t, n)
	n, err = d.Read(make([]float32, 7))
	assert.NoError(t, err)
	assert.Equal(t, 3, n)
}

func TestProbeCountsIntensityStereo(t *testing.T) {
	intensity := [4]byte{0xff, 0xfb, 0x54, 0x50}
	info, err := Probe(bytes.NewReader(join(frames(intensity, 4), frames([4]byte{0xff, 0xfb, 0x54, 0x60}, 2))))
	require.NoError(t, err)
	assert.Equal(t, int64(4), info.Intensity)
	assert.Equal(t, int64(6), info.MPEG)
}

func TestProbeGoesOnAfterAChange(t *testing.T) {
	info, err := Probe(bytes.NewReader(join(frames(mono48, 50), frames(mono32, 100))))
	require.NoError(t, err)
	assert.Equal(t, int64(150*frameLen), info.Frames)
	assert.Equal(t, 48000, info.Rate)
	assert.Equal(t, 1, info.Changes)
	assert.InDelta(t, 50*frameLen/48000.0+100*frameLen/32000.0, info.Duration.Seconds(), 1e-6)
	assert.Equal(t, 64000, info.BitRate)
}
