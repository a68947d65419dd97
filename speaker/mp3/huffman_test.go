package mp3

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// bitWriter writes what bitReader reads.
type bitWriter struct {
	b   []byte
	pos int
}

func (w *bitWriter) put(n uint, v uint32) {
	for i := range n {
		if w.pos&7 == 0 {
			w.b = append(w.b, 0)
		}
		w.b[w.pos>>3] |= byte(v>>(n-1-i)&1) << (7 - w.pos&7)
		w.pos++
	}
}

// TestCodebooksAreWholePrefixCodes: 11172-3, table B.7, has codes for all pairs of
// values, and every string of bits begins with exactly one.
func TestCodebooksAreWholePrefixCodes(t *testing.T) {
	sizes := map[int]int{1: 2, 2: 3, 3: 3, 5: 4, 6: 4, 7: 6, 8: 6, 9: 6, 10: 8, 11: 8, 12: 8, 13: 16, 15: 16, 16: 16, 24: 16}
	longest := map[int]uint{1: 3, 2: 6, 3: 6, 5: 8, 6: 7, 7: 10, 8: 11, 9: 9, 10: 11, 11: 11, 12: 10, 13: 19, 15: 13, 16: 17, 24: 12, 32: 6, 33: 4}
	for i, text := range codebookText {
		if text == "" {
			assert.Contains(t, []int{0, 4, 14, 17, 18, 19, 20, 21, 22, 23, 25, 26, 27, 28, 29, 30, 31}, i)
			continue
		}
		codes := parseCodes(text)
		kraft, most := 0.0, uint(0)
		seen := map[uint16]bool{}
		for k, c := range codes {
			kraft += math.Exp2(-float64(c.length))
			most = max(most, c.length)
			require.False(t, seen[c.values], "table %d has %02x twice", i, c.values)
			seen[c.values] = true
			require.Zero(t, c.bits<<c.length, "table %d: a code ends within its length", i)
			require.True(t, k == 0 || codes[k-1].bits < c.bits)
		}
		assert.Equal(t, 1.0, kraft, "table %d", i)
		assert.Equal(t, longest[i], most, "table %d", i)
		if n, pairs := sizes[i]; pairs {
			assert.Len(t, codes, n*n)
			for v := range seen {
				assert.True(t, int(v>>4) < n && int(v&15) < n)
			}
		} else {
			assert.Len(t, codes, 16)
		}
	}
}

// TestKnownCodes: some of table B.7 by hand.
func TestKnownCodes(t *testing.T) {
	for _, tc := range []struct {
		table  int
		values uint16
		code   string
	}{
		{1, 0x00, "1"}, {1, 0x01, "001"}, {1, 0x10, "01"}, {1, 0x11, "000"},
		{2, 0x22, "000000"}, {3, 0x00, "11"}, {7, 0x00, "1"}, {32, 0x00, "1"}, {32, 0x0f, "000001"},
		{33, 0x00, "1111"}, {33, 0x0f, "0000"},
	} {
		for _, c := range parseCodes(codebookText[tc.table]) {
			if c.values == tc.values {
				assert.Equal(t, tc.code, fmt.Sprintf("%0*b", c.length, c.bits>>(32-c.length)), "table %d, %02x", tc.table, tc.values)
			}
		}
	}
}

// codeOf finds a code to write.
func codeOf(t *testing.T, table int, values uint16) code {
	for _, c := range parseCodes(codebookText[table]) {
		if c.values == values {
			return c
		}
	}
	require.Fail(t, "no code", "table %d has none for %02x", table, values)
	return code{}
}

// write encodes the lines of one region, signs and linbits included.
func (w *bitWriter) write(t *testing.T, table int, v []int) {
	book := table
	switch {
	case table > 24:
		book = 24
	case table > 16 && table < 24:
		book = 16
	}
	bits := uint(linbits[table])
	for i := 0; i < len(v); i += 2 {
		abs := [2]int{max(v[i], -v[i]), max(v[i+1], -v[i+1])}
		c := codeOf(t, book, uint16(min(abs[0], 15)<<4|min(abs[1], 15)))
		w.put(c.length, c.bits>>(32-c.length))
		for k, a := range abs {
			if bits > 0 && a >= 15 {
				w.put(bits, uint32(a-15))
			}
			if a > 0 {
				w.put(1, uint32(v[i+k])>>31)
			}
		}
	}
}

// largest is the highest value of a table.
func largest(table int) int {
	if n := linbits[table]; n > 0 {
		return 14 + 1<<n
	}
	most := 0
	for _, c := range parseCodes(codebookText[table]) {
		most = max(most, int(c.values>>4))
	}
	return most
}

func TestEveryTableDecodesWhatWasEncoded(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 5))
	tab := loadTables()
	for table := 1; table < 32; table++ {
		if tab.books[table] == nil {
			continue
		}
		values := make([]int, lines)
		for i := range values {
			values[i] = rnd.IntN(largest(table) + 1)
			if rnd.IntN(3) > 0 {
				values[i] = min(values[i], rnd.IntN(17))
			}
			if rnd.IntN(2) == 0 {
				values[i] = -values[i]
			}
		}
		values[10], values[11] = largest(table), -largest(table)
		var w bitWriter
		w.put(5, 0)
		w.write(t, table, values)
		for _, tail := range []int{0, 3, 40} { // the last ones are decoded with care
			r := bitReader{b: append(w.b[:len(w.b):len(w.b)], make([]byte, tail)...)}
			r.seek(5)
			var xr [lines]float32
			tab.pairs(&r, xr[:], uint8(table))
			require.Equal(t, w.pos, r.pos(), "table %d: where the codes end", table)
			for i, v := range values {
				want := math.Copysign(math.Pow(math.Abs(float64(v)), 4.0/3), float64(v))
				require.InDelta(t, want, xr[i], 1e-7*(1+math.Abs(want)), "table %d, line %d", table, i)
			}
		}
	}
}

func TestQuadsEndWhereTheBitsDo(t *testing.T) {
	tab := loadTables()
	var w bitWriter
	for range 3 {
		w.put(4, 0b0100) // table B: 1 0 1 1, all bits inverted
		w.put(3, 0b010)  // signs
	}
	for _, tc := range []struct {
		name     string
		from, to int // first line, last bit
		want     int
	}{
		{"all three", 0, 21, 12},
		{"a last one that reaches beyond is none", 0, 20, 8},
		{"none", 0, 0, 0},
		{"no more than there are lines", 570, 21, 574},
	} {
		r := bitReader{b: append(w.b[:len(w.b):len(w.b)], 0, 0, 0, 0)}
		r.seek(0)
		var xr [lines]float32
		n := tab.quads(&r, &xr, tc.from, tc.to, 1)
		assert.Equal(t, tc.want, n, tc.name)
		for i := tc.from; i < n; i++ {
			assert.Equal(t, []float32{1, 0, -1, 1}[(i-tc.from)%4], xr[i], "%s: line %d", tc.name, i)
		}
	}
}

func TestRegionsEndAtBands(t *testing.T) {
	mpeg1, low, low8 := header{version: version1}, header{version: version2}, header{version: version25}
	for _, tc := range []struct {
		name string
		h    header
		rate int
		g    granuleInfo
		want [2]int
	}{
		{"long", mpeg1, 44100, granuleInfo{region: [2]uint8{2, 1}}, [2]int{12, 20}},
		{"beyond the last band", mpeg1, 44100, granuleInfo{region: [2]uint8{15, 7}}, [2]int{162, 576}},
		{"start", mpeg1, 44100, granuleInfo{switched: true, blockType: blockStart}, [2]int{36, 576}},
		{"short", mpeg1, 48000, granuleInfo{switched: true, blockType: blockShort}, [2]int{36, 576}},
		{"mixed", mpeg1, 48000, granuleInfo{switched: true, blockType: blockShort, mixed: true}, [2]int{36, 576}},
		{"stop, MPEG-2", low, 22050, granuleInfo{switched: true, blockType: blockStop}, [2]int{54, 576}},
		{"short, MPEG-2", low, 22050, granuleInfo{switched: true, blockType: blockShort}, [2]int{36, 576}},
		{"short, 8 kHz", low8, 8000, granuleInfo{switched: true, blockType: blockShort}, [2]int{72, 576}},
		{"start, 8 kHz", low8, 8000, granuleInfo{switched: true, blockType: blockStart}, [2]int{108, 576}},
	} {
		l := newLayout(bandsOf(tc.rate), tc.h, &tc.g)
		assert.Equal(t, tc.want, regions(l, &tc.g), tc.name)
	}
}

func TestBitsBeyondTheEndAreZero(t *testing.T) {
	r := bitReader{b: []byte{0xff, 0xf0, 0x0f}}
	r.seek(0)
	assert.Equal(t, 0xfff, r.take(12))
	assert.Equal(t, 0x0f, r.take(12))
	assert.False(t, r.overrun())
	assert.Equal(t, 24, r.pos())
	assert.Zero(t, r.take(24))
	assert.True(t, r.overrun())
	r.seek(4)
	assert.Equal(t, 0xff, r.take(8))
	r.seek(1000)
	assert.Zero(t, r.take(20))
}
