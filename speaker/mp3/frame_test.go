package mp3

import (
	"bytes"
	"math/rand/v2"
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
	windowSwitch, blockType, table, gain            int
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
		gain := 170
		if g.gain != 0 {
			gain = g.gain
		}
		setBits(side, at+21, 8, gain)
		setBits(side, at+29, 4, g.scalefac)
		setBits(side, at+33, 1, g.windowSwitch)
		if g.windowSwitch == 1 {
			setBits(side, at+34, 2, g.blockType)
		} else {
			table := 7
			if g.table != 0 {
				table = g.table
			}
			setBits(side, at+34, 15, table*0x421) // the same for all regions
			setBits(side, at+49, 4, g.region0)
			setBits(side, at+53, 3, g.region1)
		}
	}
	return b
}

// quiet is a granule that decodes to a soft sound.
func quiet(dataBits int) granule {
	return granule{dataBits: dataBits, bigValues: 10, region0: 7, region1: 7}
}

func TestSideInformationIsChecked(t *testing.T) {
	h, _ := parseHeader(mono48[:])
	for _, tc := range []struct {
		name string
		b    []byte
		is   error
	}{
		{"silence", monoFrame(0), nil},
		{"some sound", monoFrame(0, quiet(200)), nil},
		{"too many big values", monoFrame(0, granule{dataBits: 200, bigValues: 289}), errSide},
		{"forbidden block type", monoFrame(0, granule{windowSwitch: 1}), errSide},
		{"more bits than there are", monoFrame(0, granule{dataBits: 4095}), errSide},
		{"main data before the start", monoFrame(1, granule{dataBits: 10}), errReservoir},
		{"codes beyond their end", monoFrame(0, quiet(20)), errHuffman},
		{"scalefactors beyond their end", monoFrame(0, granule{dataBits: 20, scalefac: 15}), errScale},
		{"a table that does not exist", monoFrame(0, granule{dataBits: 200, bigValues: 10, table: 14}), errTable},
		{"far beyond full scale", monoFrame(0, granule{dataBits: 200, bigValues: 10, gain: 255}), errLevel},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFrameDecoder()
			err := f.decode(h, tc.b, false)
			if tc.is == nil {
				assert.NoError(t, err)
			} else {
				assert.ErrorIs(t, err, tc.is)
				assert.Zero(t, peak(f.pcm[0][:]), "there is nothing to repeat")
			}
			assert.Equal(t, 192-21, f.main.n, "the main data serve the next frame in any case")
			assert.NoError(t, f.decode(h, monoFrame(100, quiet(200)), false), "and it plays")
		})
	}
}

func TestSuspectFramePlaysWhenItsCodesEndWhereTheyMust(t *testing.T) {
	h, _ := parseHeader(mono48[:])
	plays, silent := 0, 0
	for n := 100; n < 300; n++ { // at some of these lengths a code does end
		f := newFrameDecoder()
		require.NoError(t, f.decode(h, monoFrame(0, quiet(n), quiet(n)), false))
		if err := f.decode(h, monoFrame(0, quiet(n), quiet(n)), true); err == nil {
			plays++
		} else {
			require.ErrorIs(t, err, errSuspect)
			silent++
		}
		loud := quiet(n)
		loud.gain = 176 // 9 dB more
		require.ErrorIs(t, f.decode(h, monoFrame(0, loud, loud), true), errSuspect)
		require.ErrorIs(t, newFrameDecoder().decode(h, monoFrame(0, quiet(n)), true), errSuspect, "there was no sound yet")
	}
	assert.Positive(t, plays)
	assert.Positive(t, silent)
}

// TestZeroedMainDataAreNoSound: as bits they stand for the highest values.
func TestZeroedMainDataAreNoSound(t *testing.T) {
	h, _ := parseHeader(mono48[:])
	b := monoFrame(0, granule{dataBits: 1000, bigValues: 100, region0: 7, region1: 7, gain: 150})
	require.NoError(t, newFrameDecoder().decode(h, b, false))
	clear(b[40:80])
	assert.ErrorIs(t, newFrameDecoder().decode(h, b, false), errZeros)
}

func TestReservoirReachesBackAsFarAsFramesCan(t *testing.T) {
	h, _ := parseHeader(mono48[:])
	const main = 192 - 21
	f := newFrameDecoder()
	require.NoError(t, f.decode(h, monoFrame(0), false))
	require.NoError(t, f.decode(h, monoFrame(main, quiet(200)), false))
	require.NoError(t, f.decode(h, monoFrame(2*main, quiet(200)), false))
	assert.NoError(t, f.decode(h, monoFrame(reservoirBytes, quiet(200)), false))
	assert.Equal(t, reservoirBytes+main, f.main.n, "older bytes are gone")
	f.gap()
	assert.ErrorIs(t, f.decode(h, monoFrame(1, quiet(200)), false), errReservoir)
	assert.NoError(t, f.decode(h, monoFrame(main, quiet(200)), false))
}

// TestSecondGranulePlaysWhenOnlyTheFirstLacksItsData: what comes after a cut.
func TestSecondGranulePlaysWhenOnlyTheFirstLacksItsData(t *testing.T) {
	h, _ := parseHeader(mono48[:])
	f := newFrameDecoder()
	err := f.decode(h, monoFrame(10, quiet(80), quiet(200)), false)
	assert.ErrorIs(t, err, errReservoir)
	assert.Zero(t, peak(f.pcm[0][:lines]))
	assert.Positive(t, peak(f.pcm[0][lines:]))
	b := monoFrame(10, quiet(80), quiet(200))
	setBits(b[4:], 14, 4, 15) // scfsi: scalefactors of the first granule
	f = newFrameDecoder()
	assert.ErrorIs(t, f.decode(h, b, false), errReservoir)
	assert.Zero(t, peak(f.pcm[0][:]), "not when it needs scalefactors of the first")
}

// TestConcealmentFadesQuickly: a frame that cannot be decoded sounds like the
// last, more softly, and the sound is gone within 100 ms.
func TestConcealmentFadesQuickly(t *testing.T) {
	h, _ := parseHeader(mono48[:])
	f := newFrameDecoder()
	for range 5 {
		require.NoError(t, f.decode(h, monoFrame(0, quiet(200), quiet(200)), false))
	}
	level := peak(f.pcm[0][:])
	require.Positive(t, level)
	bad := monoFrame(0, granule{bigValues: 289})
	last := level
	for i := range 6 {
		require.Error(t, f.decode(h, bad, false))
		now := peak(f.pcm[0][:])
		assert.LessOrEqual(t, now, last, "frame %d", i)
		last = now
		if i == 0 {
			assert.Greater(t, now, level/8, "the first is heard")
		}
	}
	assert.Zero(t, last)
	require.NoError(t, f.decode(h, monoFrame(0, quiet(200), quiet(200)), false))
	assert.Positive(t, peak(f.pcm[0][:]), "and it comes back")
}

// TestConcealmentFitsItsWindows: the shape of a repeated granule begins as the
// one before it ends.
func TestConcealmentFitsItsWindows(t *testing.T) {
	assert.Equal(t, shape{blockType: blockStop}, shape{blockType: blockStart}.after())
	assert.Equal(t, shape{}, shape{blockType: blockStop}.after())
	assert.Equal(t, shape{}, shape{}.after())
	short := shape{blockType: blockShort, mixed: true, long: 36}
	assert.Equal(t, short, short.after())
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

// TestFramesOfNoiseDecodeToSomethingOrNothing: any bits behind a header, of all
// versions, rates and modes. What the level lets through is bounded.
func TestFramesOfNoiseDecodeToSomethingOrNothing(t *testing.T) {
	played, bad := 0, 0
	loud := float32(0)
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 11))
		f := newFrameDecoder()
		for range 20 {
			h, b := noisyFrame(rnd)
			if f.decode(h, b, rnd.IntN(8) == 0) == nil {
				played++
			} else {
				bad++
			}
			for c := range h.channels() {
				requireInRange(t, f.pcm[c][:h.samples()])
				loud = max(loud, peak(f.pcm[c][:h.samples()]))
			}
		}
	}
	assert.Greater(t, played, 200)
	assert.Greater(t, bad, 200)
	t.Logf("%d played, %d not; loudest %.1f", played, bad, loud)
}

// noisyFrame has a random header and random bits, but for the fields that would
// nearly always be refused.
func noisyFrame(rnd *rand.Rand) (header, []byte) {
	for {
		b := randomBytes(rnd, maxFrame)
		b[0], b[1] = 0xff, 0xe0|b[1]&0x19|0x02 // Layer III
		h, ok := parseHeader(b)
		if !ok || h.bytes() < h.mainStart()+10 {
			continue
		}
		b = b[:h.bytes()]
		s := sideInfo{}
		_ = parseSide(h, b, &s)
		at, first, size := 8*(h.mainStart()-h.sideBytes()), 9+5+4, 59
		switch {
		case h.version == version1 && h.channels() == 2:
			first = 9 + 3 + 8
		case h.version != version1:
			first, size = 8+h.channels(), 63
		}
		setBits(b, at, 8, 0) // main data begin here
		room := 8 * (h.bytes() - h.mainStart()) / (h.granules() * h.channels())
		for i := range h.granules() * h.channels() {
			g := at + first + i*size
			setBits(b, g, 12, rnd.IntN(min(room, 4095)))
			setBits(b, g+12, 9, rnd.IntN(1+min(room/8, 288)))
			setBits(b, g+21, 8, 100+rnd.IntN(60))
		}
		return h, b
	}
}
