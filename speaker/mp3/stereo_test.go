package mp3

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// jointCase is a granule of joint stereo in which every line of the left channel
// is 1 and the right one sounds up to line sounds.
type jointCase struct {
	h      header
	right  granuleInfo
	s      scalefactors
	sounds int
}

func (c jointCase) run() (x [2][lines]float32, l layout) {
	for i := range lines {
		x[0][i] = 1
		if i < c.sounds {
			x[1][i] = 0.5
		}
	}
	l = newLayout(bandsOf(c.h.rate), c.h, &c.right)
	n := [2]int{lines, c.sounds}
	loadTables().joint(c.h, &x, &n, &c.right, &c.s, l)
	return x, l
}

func TestIntensityStereoIsTheFormulaOfTheStandard(t *testing.T) {
	for _, ms := range []byte{0, jointMidSide} {
		for position := range 8 {
			c := jointCase{h: header{version: version1, rate: 44100, mode: modeJoint, joint: jointIntensity | ms}, sounds: 40}
			for b := range c.s.position {
				if c.s.position[b] = uint8(position); position == 7 {
					c.s.position[b] = illegal
				}
			}
			x, _ := c.run()
			// Below the first band above line 40 (44.1 kHz: from line 44 on) the
			// channels are as they are, or middle and side.
			l, r := 1.0, 0.5
			if ms != 0 {
				l, r = 1.5/math.Sqrt2, 0.5/math.Sqrt2
			}
			assert.InDelta(t, l, x[0][39], 1e-6)
			assert.InDelta(t, r, x[1][39], 1e-6)
			l, r = 1, 0
			switch ratio := math.Tan(float64(position) * math.Pi / 12); {
			case position == 7 && ms != 0:
				l, r = 1/math.Sqrt2, 1/math.Sqrt2
			case position < 6:
				l, r = ratio/(1+ratio), 1/(1+ratio)
			}
			for _, i := range []int{44, 300, 575} {
				assert.InDelta(t, l, x[0][i], 1e-6, "position %d, line %d", position, i)
				assert.InDelta(t, r, x[1][i], 1e-6, "position %d, line %d", position, i)
			}
		}
	}
}

// TestIntensityStereoOfLowRates: 13818-3, 2.4.3.2, steps of 2^(-1/2) or 2^(-1/4),
// to the left and to the right by turns.
func TestIntensityStereoOfLowRates(t *testing.T) {
	for fine := range 2 {
		for position := range 16 {
			c := jointCase{h: header{version: version2, rate: 22050, mode: modeJoint, joint: jointIntensity}}
			c.right.scalefac = 1 - fine
			for b := range c.s.position {
				c.s.position[b] = uint8(position)
			}
			x, _ := c.run()
			io := math.Pow(2, -0.5)
			if fine == 1 {
				io = math.Pow(2, -0.25)
			}
			l, r := 1.0, math.Pow(io, float64(position/2))
			if position%2 == 1 {
				l, r = math.Pow(io, float64((position+1)/2)), 1
			}
			assert.InDelta(t, l, x[0][200], 1e-6, "position %d", position)
			assert.InDelta(t, r, x[1][200], 1e-6, "position %d", position)
		}
	}
}

// TestHighestBandTakesThePositionBelow, or the middle where there is none.
func TestHighestBandTakesThePositionBelow(t *testing.T) {
	c := jointCase{h: header{version: version1, rate: 44100, mode: modeJoint, joint: jointIntensity}}
	c.s.position[20] = 6
	x, _ := c.run()
	assert.Equal(t, [2]float32{1, 0}, [2]float32{x[0][500], x[1][500]})
	c.sounds = 400 // in band 20, lines 342 to 417
	x, _ = c.run()
	assert.InDelta(t, 0.5, x[0][500], 1e-6)
	assert.InDelta(t, 0.5, x[1][500], 1e-6)
	c.h.version, c.h.rate = version2, 22050
	c.sounds = 500 // in band 20, lines 464 to 521
	x, _ = c.run()
	assert.Equal(t, [2]float32{1, 1}, [2]float32{x[0][570], x[1][570]})
}

// TestShortWindowsHaveTheirOwnIntensity: where the right channel sounds in one
// window only, the others are intensity stereo.
func TestShortWindowsHaveTheirOwnIntensity(t *testing.T) {
	c := jointCase{h: header{version: version1, rate: 44100, mode: modeJoint, joint: jointIntensity}}
	c.right = granuleInfo{switched: true, blockType: blockShort}
	for b := range c.s.position {
		c.s.position[b] = 6 // all to the left
	}
	var x [2][lines]float32
	for i := range lines {
		x[0][i] = 1
	}
	l := newLayout(bandsOf(44100), c.h, &c.right)
	x[1][4] = 0.5 // band 0, window 1
	n := [2]int{lines, 5}
	loadTables().joint(c.h, &x, &n, &c.right, &c.s, l)
	assert.Equal(t, float32(0.5), x[1][4])
	assert.Equal(t, float32(0), x[1][0], "window 0")
	above := intensityBands(&x[1], l)
	assert.Equal(t, []bool{true, false, true, true}, above[:4])

	c.right.mixed = true // one window that sounds ends intensity in the long lines
	l = newLayout(bandsOf(44100), c.h, &c.right)
	x[1] = [lines]float32{36 + 4: 0.5}
	above = intensityBands(&x[1], l)
	assert.Equal(t, []bool{false, false, true, false, true}, append([]bool{above[0]}, above[7:11]...))
}

func TestStereoWithoutJointIsLeftAlone(t *testing.T) {
	for _, h := range []header{
		{version: version1, rate: 44100, mode: 0, joint: 3}, {version: version1, rate: 44100, mode: 2, joint: 3},
		{version: version1, rate: 44100, mode: modeJoint},
	} {
		x, _ := jointCase{h: h, sounds: 100}.run()
		assert.Equal(t, [4]float32{1, 0.5, 1, 0}, [4]float32{x[0][99], x[1][99], x[0][100], x[1][100]}, fmt.Sprint(h.mode))
	}
}

// TestScalefactorLengthsCoverTheBands: of each range of scalefac_compress the
// partitions add up to the bands that have one.
func TestScalefactorLengthsCoverTheBands(t *testing.T) {
	for row, kinds := range partition2 {
		for kind, want := range []int{21, 36, 33} {
			sum := 0
			for _, n := range kinds[kind] {
				sum += int(n)
			}
			assert.Equal(t, want, sum, "row %d, kind %d", row, kind)
		}
	}
	for c := range 512 {
		for _, intensity := range []bool{false, true} {
			row, n := lengths2(c, intensity)
			assert.Equal(t, intensity, row >= 3)
			for i, bits := range n {
				assert.LessOrEqual(t, bits, 5)
				assert.False(t, bits > 0 && partition2[row][0][i] == 0, "%d: bits for no band", c)
			}
		}
	}
}

func TestScalefactorsOfBothStandards(t *testing.T) {
	var w bitWriter
	for i := range 60 {
		w.put(3, uint32(i%8))
	}
	long := newLayout(bandsOf(44100), header{version: version1}, &granuleInfo{})
	var s scalefactors
	r := bitReader{b: w.b}
	r.seek(0)
	s.read1(&r, &granuleInfo{scalefac: 13}, long, 0) // 3 bits each
	assert.Equal(t, 63, r.pos())
	assert.Equal(t, []uint8{0, 1, 2, 3, 4, 5, 6, 7, 0}, s.value[:9])
	assert.Equal(t, uint8(illegal), s.position[7])
	assert.Zero(t, s.value[21], "the last band has none")

	r.seek(3)
	s.read1(&r, &granuleInfo{scalefac: 13}, long, 0b0110) // bands 6 to 15 stay
	assert.Equal(t, 3+3*11, r.pos())
	assert.Equal(t, []uint8{1, 2, 3, 4, 5, 6, 6, 7}, s.value[:8])
	assert.Equal(t, uint8(7), s.value[16])

	r.seek(0)
	s.read2(&r, &granuleInfo{scalefac: 16*(3*5+3) + 4*3 + 3}, long, false) // 3 bits each
	assert.Equal(t, 63, r.pos())
	assert.Equal(t, []uint8{5, 6, 7}, s.value[5:8])
	require.Equal(t, uint8(illegal), s.position[7])
	s.read2(&r, &granuleInfo{scalefac: 500}, long, false)
	assert.True(t, s.preflag)
	assert.Zero(t, s.value)
}
