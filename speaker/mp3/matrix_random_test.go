package mp3_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// No encoder at hand writes mixed blocks, intensity stereo, subblock gain with
// every table, or MPEG-2 scale factors of all forms. So this writes streams
// without an encoder: side information drawn by lot within what the standard
// allows, and main data of random bits, which are Huffman codes of something
// whatever they are. Block types follow each other as the standard has it, or
// ffmpeg goes its own way. big_values is 288, all lines, so that the end of the codes
// does not depend on where the bits of a granule end: decoders differ there.

// lottery draws frames of one kind.
type lottery struct {
	rnd   *rand.Rand
	rate  int
	mode  int  // 0 stereo, 1 joint, 3 mono: 11172-3, 2.4.2.3
	joint int  // mode_extension in joint stereo: 1 intensity, 2 middle/side, 3 both
	long  bool // no block types but the normal one
	mixed bool
	bits  bitWriter
	last  [2]int // block type of each channel's last granule
}

// bitWriter writes from the most significant bit on.
type bitWriter struct {
	b []byte
	n int // bits
}

func (w *bitWriter) put(n, v int) {
	for i := n - 1; i >= 0; i-- {
		if w.n%8 == 0 {
			w.b = append(w.b, 0)
		}
		w.b[w.n/8] |= byte(v>>i&1) << (7 - w.n%8)
		w.n++
	}
}

// rateIndex holds the ID and sampling_frequency bits of each rate.
var rateIndex = map[int][2]int{
	44100: {3, 0}, 48000: {3, 1}, 32000: {3, 2},
	22050: {2, 0}, 24000: {2, 1}, 16000: {2, 2},
	11025: {0, 0}, 12000: {0, 1}, 8000: {0, 2},
}

func (l *lottery) mpeg1() bool { return l.rate >= 32000 }

func (l *lottery) channels() int {
	if l.mode == 3 {
		return 1
	}
	return 2
}

// frame appends one frame at the highest bit rate.
func (l *lottery) frame(b []byte) []byte {
	id := rateIndex[l.rate]
	kbit, sideBytes, granules := 160, []int{17, 9}[2-l.channels()], 1
	if l.mpeg1() {
		kbit, sideBytes, granules = 320, []int{32, 17}[2-l.channels()], 2
	}
	size := samplesPerFrame(l.rate) / 8 * kbit * 1000 / l.rate
	extension := 0
	if l.mode == 1 {
		extension = l.joint
	}
	l.bits = bitWriter{}
	l.bits.put(11, 0x7ff)
	l.bits.put(2, id[0])
	l.bits.put(2, 1)  // Layer III
	l.bits.put(1, 1)  // no CRC
	l.bits.put(4, 14) // the highest bit rate
	l.bits.put(2, id[1])
	l.bits.put(2, 0) // no padding
	l.bits.put(2, l.mode)
	l.bits.put(2, extension)
	l.bits.put(4, 0)
	share := min((size-4-sideBytes)*8/granules/l.channels(), 4095)
	l.side(granules, share)
	for range granules {
		for c := range l.channels() {
			l.mainData(share, c)
		}
	}
	for l.bits.n < size*8 {
		l.bits.put(1, l.rnd.IntN(2))
	}
	return append(b, l.bits.b...)
}

// mainData draws the bits of one granule of one channel. Below 32 kHz the
// positions of intensity stereo are written as numbers of four bits up to 6: of
// 7 and of the largest that fits, which mean that the band is not intensity,
// decoders think differently.
func (l *lottery) mainData(share, channel int) {
	end := l.bits.n + share
	if l.positions(channel) {
		for range 36 {
			l.bits.put(4, l.rnd.IntN(7))
		}
	}
	for l.bits.n < end {
		l.bits.put(1, l.rnd.IntN(2))
	}
}

// positions is true when the scale factors of the channel are positions of
// intensity stereo in the form of MPEG-2: 13818-3, 2.4.3.2.
func (l *lottery) positions(channel int) bool {
	return !l.mpeg1() && channel == 1 && l.mode == 1 && l.joint&1 != 0
}

// side draws the side information: 11172-3 and 13818-3, 2.4.1.7.
func (l *lottery) side(granules, share int) {
	var types [2][2]int // of granule and channel
	for g := range granules {
		for c := range l.channels() {
			types[g][c] = l.next(c)
		}
	}
	if l.mpeg1() {
		l.bits.put(9, 0) // main_data_begin
		l.bits.put([]int{3, 5}[2-l.channels()], 0)
		for c := range l.channels() {
			scfsi := l.rnd.IntN(16)
			if types[0][c] == 2 || types[1][c] == 2 {
				scfsi = 0
			}
			l.bits.put(4, scfsi)
		}
	} else {
		l.bits.put(8, 0)
		l.bits.put([]int{2, 1}[2-l.channels()], 0)
	}
	for g := range granules {
		mixed := 0
		if l.mixed {
			mixed = l.rnd.IntN(2)
		}
		for c := range l.channels() {
			l.granule(share, types[g][c], mixed, c)
		}
	}
}

// next is the block type of the next granule: normal, start, short and stop in
// an order that encoders may choose, 11172-3, C.1.5.3.3. Joint stereo has one
// type for both channels.
func (l *lottery) next(c int) int {
	if c == 1 && l.mode == 1 {
		l.last[1] = l.last[0]
		return l.last[0]
	}
	if l.long {
		return 0
	}
	coin := l.rnd.IntN(2)
	l.last[c] = map[int][2]int{0: {0, 1}, 1: {2, 2}, 2: {2, 3}, 3: {0, 1}}[l.last[c]][coin]
	return l.last[c]
}

// table is a Huffman table, the largest value it can hold and the bits that a
// pair of random codes takes at most on average, signs included.
type table struct{ number, largest, bits int }

var tables = func() []table {
	list := []table{{1, 1, 4}, {2, 2, 5}, {3, 2, 5}, {5, 3, 6}, {6, 3, 6}, {7, 5, 6}, {8, 5, 6}, {9, 5, 6},
		{10, 7, 7}, {11, 7, 7}, {12, 7, 7}, {13, 15, 7}, {15, 15, 8}}
	for i, linbits := range []int{1, 2, 3, 4, 6, 8, 10, 13} {
		list = append(list, table{16 + i, 15 + 1<<linbits - 1, 8})
	}
	for i, linbits := range []int{4, 5, 6, 7, 8, 9, 11, 13} {
		list = append(list, table{24 + i, 15 + 1<<linbits - 1, 10})
	}
	return list
}()

// granule draws one granule of one channel whose main data are share bits long.
func (l *lottery) granule(share, blockType, mixed, channel int) {
	budget := (share - 200) * 3 / 4 // scale factors, and luck
	first := tables[l.rnd.IntN(len(tables))]
	second := tables[l.rnd.IntN(len(tables))]
	largest := max(first.largest, second.largest)
	switched := blockType != 0
	region0, region1 := l.rnd.IntN(16), l.rnd.IntN(8)
	switch {
	case switched:
		if (first.bits*27+second.bits*261) > budget || l.rnd.IntN(3) == 0 {
			second, largest = table{}, first.largest
		}
	default:
		// 20 long blocks end at 418 lines or fewer in all tables.
		for region0+region1 > 18 || max(first.bits, second.bits)*lineEnd(region0+region1+2)/2 > budget {
			region0, region1 = region0*3/4, region1*3/4
		}
	}
	level := 0.01 + 0.02*l.rnd.Float64() // of the largest line
	gain := 210 + int(4*math.Log2(level/math.Pow(float64(largest), 4.0/3)))
	l.bits.put(12, share)
	l.bits.put(9, 288)
	l.bits.put(8, gain)
	if l.mpeg1() {
		compress := l.rnd.IntN(16)
		if l.mode == 1 && channel == 1 {
			// Intensity positions are 0 to 7: 11172-3, 2.4.3.4.9.3. The last two
			// would write four bits.
			compress %= 14
		}
		l.bits.put(4, compress)
	} else {
		compress := l.rnd.IntN(512)
		if l.positions(channel) {
			// Three groups of four bits: (4*36 + 4*6 + 4)*2, and the last bit,
			// which is intensity_scale.
			compress = 344 + l.rnd.IntN(2)
		}
		l.bits.put(9, compress)
	}
	if switched {
		l.bits.put(1, 1)
		l.bits.put(2, blockType)
		if blockType != 2 {
			mixed = 0
		}
		l.bits.put(1, mixed)
		l.bits.put(5, first.number)
		l.bits.put(5, second.number)
		for range 3 {
			l.bits.put(3, l.rnd.IntN(8)*l.rnd.IntN(2))
		}
	} else {
		l.bits.put(1, 0)
		l.bits.put(5, first.number)
		l.bits.put(5, second.number)
		l.bits.put(5, 0)
		l.bits.put(4, region0)
		l.bits.put(3, region1)
	}
	if l.mpeg1() {
		l.bits.put(1, l.rnd.IntN(2)) // preflag
	}
	l.bits.put(1, l.rnd.IntN(2)) // scalefac_scale
	l.bits.put(1, l.rnd.IntN(2)) // count1table_select
}

// lineEnd is where a long scale factor band ends at most, of all the rates but
// 8 kHz: an upper bound that is good enough for a budget.
func lineEnd(band int) int {
	ends := []int{12, 24, 36, 48, 60, 72, 88, 108, 132, 160, 192, 232, 280, 336, 400, 476, 566, 568, 570, 572, 574, 576}
	return ends[min(band, 22)-1]
}

// rule is what is asked of a kind of stream.
type rule int

const (
	agreed  rule = iota // mpg123 and ffmpeg agree, and we with them
	anyone              // they differ, and we must agree with one of the three
	reports             // everybody differs somewhere: the log tells
)

// streamKinds are the kinds of random streams. On the first five mpg123, ffmpeg
// and lame agree, but for ffmpeg's band table of 24 kHz.
//
// Of intensity stereo in short blocks ffmpeg has the bound of each window alone,
// as 11172-3, 2.4.3.4.9.1 asks, and so do we; mpg123 and lame have not. Of mixed
// blocks mpg123 and we make the same from 16 kHz on, lame only from 32 kHz on,
// ffmpeg never. What both together mean, and mixed blocks of MPEG-2.5, which no
// standard knows, everybody reads in another way.
var streamKinds = []struct {
	name string
	draw lottery
	rule rule
}{
	{"mono", lottery{mode: 3}, agreed},
	{"stereo", lottery{mode: 0}, agreed},
	{"middle-side", lottery{mode: 1, joint: 2}, agreed},
	{"intensity, long", lottery{mode: 1, joint: 1, long: true}, agreed},
	{"intensity and middle-side, long", lottery{mode: 1, joint: 3, long: true}, agreed},
	{"intensity", lottery{mode: 1, joint: 1}, reports},
	{"intensity and middle-side", lottery{mode: 1, joint: 3}, reports},
	{"mixed mono", lottery{mode: 3, mixed: true}, anyone},
	{"mixed stereo", lottery{mode: 0, mixed: true}, anyone},
	{"mixed intensity", lottery{mode: 1, joint: 1, mixed: true}, reports},
}

// TestStreamsThatNoEncoderWrites compares random streams of every rate and kind.
func TestStreamsThatNoEncoderWrites(t *testing.T) {
	need(t, "lame", "mpg123", "ffmpeg")
	if racing {
		t.Log("a part of them: the others are played without the race detector")
	}
	dir, sum := t.TempDir(), newTally()
	t.Run("streams", func(t *testing.T) {
		for _, rate := range sampleRates {
			for k, kind := range streamKinds {
				if kind.draw.mixed && rate < 16000 {
					kind.rule = reports
				}
				for seed := range 3 {
					if racing && seed > 0 {
						continue
					}
					name := fmt.Sprintf("%d %s %d", rate, kind.name, seed)
					t.Run(name, func(t *testing.T) {
						t.Parallel()
						l := kind.draw
						l.rate, l.rnd = rate, rand.New(rand.NewPCG(uint64(seed), uint64(10*rate+k)))
						randomStream(t, &l, sum, name, filepath.Join(dir, name+".mp3"), kind.rule)
					})
				}
			}
		}
	})
	sum.log(t)
	var alone []string
	for _, name := range sum.alone["everybody"] {
		if !strings.Contains(name, "mixed") {
			alone = append(alone, name)
		}
	}
	assert.LessOrEqual(t, len(alone), 4, "intensity streams that we alone read so: %v", alone)
}

func randomStream(t *testing.T, l *lottery, sum *tally, name, path string, rule rule) {
	var data []byte
	for range 30 {
		data = l.frame(data)
	}
	require.NoError(t, os.WriteFile(path, data, 0o600))
	defer os.Remove(path)
	list, d, err := byUs(data)
	require.NoError(t, err)
	require.Len(t, list, 1)
	bytesLost, framesLost := d.Damage()
	require.Zero(t, bytesLost)
	require.Zero(t, framesLost)
	if rule == agreed {
		judge(t, sum, name, path, list[0].pcm)
		return
	}
	with := company(t, sum, name, path, list[0].pcm)
	assert.True(t, rule == reports || with > 0, "we stand alone")
}
