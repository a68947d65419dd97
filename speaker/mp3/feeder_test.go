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

func TestSideInformationIsChecked(t *testing.T) {
	h, _ := parseHeader(mono48[:])
	for _, tc := range []struct {
		name     string
		b        []byte
		is       error
		silenced bool
	}{
		{"silence", monoFrame(0), nil, false},
		{"some sound", monoFrame(0, granule{dataBits: 200, bigValues: 10, region0: 7, region1: 7}), nil, false},
		{"too many big values", monoFrame(0, granule{dataBits: 200, bigValues: 289}), errSide, true},
		{"forbidden block type", monoFrame(0, granule{windowSwitch: 1}), errSide, true},
		{"more bits than there are", monoFrame(0, granule{dataBits: 4095}), errSide, true},
		{"main data before the start", monoFrame(1, granule{dataBits: 10}), errReservoir, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var f feeder
			err := f.decode(h, tc.b, false)
			if tc.is == nil {
				assert.NoError(t, err)
			} else {
				assert.ErrorIs(t, err, tc.is)
			}
			if tc.silenced {
				assert.Equal(t, make([]byte, pcmBytes), f.pcm[:])
			}
			assert.Equal(t, 192-21, f.reservoir, "the main data serve the next frame in any case")
		})
	}
}

func TestSuspectFrameIsSilent(t *testing.T) {
	h, _ := parseHeader(mono48[:])
	var f feeder
	loud := monoFrame(0, granule{dataBits: 1000, bigValues: 100, region0: 7, region1: 7})
	require.NoError(t, f.decode(h, loud, false))
	require.NoError(t, f.decode(h, loud, false))
	assert.NotEqual(t, make([]byte, pcmBytes), f.pcm[:])
	f.reset()
	assert.ErrorIs(t, f.decode(h, loud, true), errSuspect)
	assert.Equal(t, make([]byte, pcmBytes), f.pcm[:])
}

// TestFrameThatGoMP3RefusesCostsItselfOnly: regions beyond the last band are
// nothing that an encoder writes, and go-mp3 drops all its state for them.
func TestFrameThatGoMP3RefusesCostsItselfOnly(t *testing.T) {
	h, _ := parseHeader(mono48[:])
	good := monoFrame(0, granule{dataBits: 200, bigValues: 10, region0: 7, region1: 7})
	bad := monoFrame(0, granule{dataBits: 200, bigValues: 10, region0: 15, region1: 7})
	later := monoFrame(100, granule{dataBits: 200, bigValues: 10, region0: 7, region1: 7})
	var f feeder
	require.NoError(t, f.decode(h, good, false))
	err := f.decode(h, bad, false)
	require.ErrorContains(t, err, "decode frame")
	assert.NoError(t, f.decode(h, later, false), "its main data are still there")
}

func TestReservoirIsCountedAsGoMP3KeepsIt(t *testing.T) {
	h, _ := parseHeader(mono48[:])
	var f feeder
	const main = 192 - 21
	require.NoError(t, f.decode(h, monoFrame(0), false))
	assert.Equal(t, main, f.reservoir)
	require.NoError(t, f.decode(h, monoFrame(100), false))
	assert.Equal(t, 100+main, f.reservoir)
	require.NoError(t, f.decode(h, monoFrame(100+main), false))
	assert.Equal(t, 100+2*main, f.reservoir)
	require.NoError(t, f.decode(h, monoFrame(0), false))
	assert.Equal(t, main, f.reservoir, "older bytes are gone")
	assert.ErrorIs(t, f.decode(h, monoFrame(main+1), false), errReservoir)
	f.gap()
	assert.ErrorIs(t, f.decode(h, monoFrame(1), false), errReservoir)
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
	d := &Decoder{channels: 1, hi: 2}
	copy(d.feed.pcm[:], []byte{0x00, 0x40, 0x00, 0x20, 0xff, 0x7f, 0xff, 0x7f})
	dst := make([]float32, 2)
	d.copy(dst, 2)
	assert.InDeltaSlice(t, []float32{0.375, 32767.0 / 32768}, dst, 1e-9)
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

func TestProbeTellsWhatCameBeforeAChange(t *testing.T) {
	info, err := Probe(bytes.NewReader(join(frames(mono48, 5), frames(mono32, 5))))
	assert.ErrorIs(t, err, ErrChanged)
	assert.Equal(t, int64(5*frameLen), info.Frames)
	assert.Equal(t, 48000, info.Rate)
}
