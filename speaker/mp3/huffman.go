package mp3

import (
	"bytes"
	"encoding/binary"
	"math"
	"strings"
)

const (
	rootBits = 8 // of a code are looked up at once; few codes are longer

	// An entry of a codebook is a leaf: the length of the code, or of what is
	// left of it, above the two values; or a link to where the rest is looked up.
	leafLength = 8       // shift
	leafEscape = 1 << 13 // a value is 15 and linbits follow
	link       = 1 << 15
	linkBits   = 11 // shift: how many bits the next look-up takes
	linkAt     = 1<<linkBits - 1

	quadTable = 32 // count1table_select 0 is table A, behind the 32 of pairs
	signBit   = 1 << 31
)

// codebook decodes one Huffman table: entries are indexed by the next rootBits.
type codebook []uint16

// codebooks by table_select; 0, 4 and 14 are nil.
type codebooks [quadTable + 2]codebook

// linbits by table_select: 11172-3, table B.7.
var linbits = [32]uint8{16: 1, 2, 3, 4, 6, 8, 10, 13, 4, 5, 6, 7, 8, 9, 11, 13}

// newCodebooks builds all of them, about 14 KB.
func newCodebooks() (books codebooks) {
	for i, text := range codebookText {
		if text != "" {
			books[i] = newCodebook(parseCodes(text), linbits[i%quadTable] > 0 && i < quadTable)
		}
	}
	for i := range linbits {
		switch {
		case i > 24:
			books[i] = books[24]
		case i > 16 && i < 24:
			books[i] = books[16]
		}
	}
	return books
}

// code is one Huffman code, left-aligned.
type code struct {
	bits   uint32
	length uint
	values uint16 // x and y, or v, w, x and y
}

// parseCodes works out the codes from their lengths and order.
func parseCodes(text string) []code {
	list := make([]code, 0, len(text)/4+1)
	var next uint32
	for word := range strings.FieldsSeq(text) {
		n := digit(word[0])
		list = append(list, code{next, uint(n), digit(word[1])<<4 | digit(word[2])})
		next += 1 << (32 - n)
	}
	return list
}

func digit(c byte) uint16 {
	if c >= 'a' {
		return uint16(c-'a') + 10
	}
	return uint16(c - '0')
}

// newCodebook lays the codes out for look-ups of rootBits, then of as many as
// are needed.
func newCodebook(codes []code, escapes bool) codebook {
	b := make(codebook, 1<<rootBits)
	b.fill(0, rootBits, codes, 0, escapes)
	return b
}

// fill enters the codes, of which done bits were looked up, into the 2^size
// entries from at on.
func (b *codebook) fill(at int, size uint, codes []code, done uint, escapes bool) {
	for len(codes) > 0 {
		c := codes[0]
		first := at + int(c.bits<<done>>(32-size))
		if rest := c.length - done; rest <= size {
			for i := range 1 << (size - rest) {
				(*b)[first+i] = leaf(c.values, rest, escapes)
			}
			codes = codes[1:]
			continue
		}
		n, longest := 0, uint(0)
		for n < len(codes) && codes[n].bits>>(32-done-size) == c.bits>>(32-done-size) {
			longest = max(longest, codes[n].length)
			n++
		}
		next := min(longest-done-size, rootBits)
		to := len(*b)
		*b = append(*b, make(codebook, 1<<next)...)
		(*b)[first] = link | uint16(next)<<linkBits | uint16(to)
		b.fill(to, next, codes[:n], done+size, escapes)
		codes = codes[n:]
	}
}

func leaf(values uint16, length uint, escapes bool) uint16 {
	e := uint16(length)<<leafLength | values
	if escapes && (values>>4 == 15 || values&15 == 15) {
		e |= leafEscape
	}
	return e
}

// powTable is how many values have their power of 4/3 in a table.
const powTable = 1024

// power is v to the power of 4/3: 11172-3, 2.4.3.4.7.1.
func power(v int) float32 { return float32(float64(v) * math.Cbrt(float64(v))) }

// pairs decodes the lines of xr, an even number, each as its sign times its
// value to the power of 4/3. It does not look where the codes end but for the
// end of the bytes.
func (t *tables) pairs(r *bitReader, xr []float32, table uint8) {
	book := (*[1 << rootBits]uint16)(t.books[table])
	var small = &t.small
	b, at, cache, n := r.b, r.at, r.cache, r.n
	for i := 0; i+1 < len(xr); i += 2 {
		if n <= 32 {
			if at+4 > len(b) {
				r.at, r.cache, r.n = at, cache, n
				t.lastPairs(r, xr[i:], table)
				return
			}
			cache |= uint64(binary.BigEndian.Uint32(b[at:])) << (32 - n)
			at += 4
			n += 32
		}
		e := uint(book[cache>>(64-rootBits)])
		if e >= leafEscape {
			r.at, r.cache, r.n = at, cache, n
			t.pair(r, xr[i:], table)
			at, cache, n = r.at, r.cache, r.n
			continue
		}
		length := e >> leafLength
		cache <<= length
		x, y := e>>4&15, e&15
		xs := (x + 15) >> 4 // 1 when there is a sign
		xr[i] = math.Float32frombits(small[x] | uint32(cache>>32)&signBit)
		cache <<= xs
		ys := (y + 15) >> 4
		xr[i+1] = math.Float32frombits(small[y] | uint32(cache>>32)&signBit)
		cache <<= ys
		n -= length + xs + ys
	}
	r.at, r.cache, r.n = at, cache, n
}

// lastPairs is pairs where the bytes end.
func (t *tables) lastPairs(r *bitReader, xr []float32, table uint8) {
	for i := 0; i+1 < len(xr); i += 2 {
		if r.overrun() {
			clear(xr[i:])
			return
		}
		t.pair(r, xr[i:], table)
	}
}

// pair decodes any pair.
func (t *tables) pair(r *bitReader, xr []float32, table uint8) {
	r.refill()
	e := t.books[table].next(r)
	for i, v := range [2]int{int(e >> 4 & 15), int(e & 15)} {
		if e&leafEscape != 0 && v == 15 {
			v += r.take(uint(linbits[table&31]))
			r.refill()
		}
		var f float32
		if v < powTable {
			f = t.power[v]
		} else {
			f = power(v)
		}
		if v > 0 {
			f = math.Float32frombits(math.Float32bits(f) | uint32(r.cache>>32)&signBit)
			r.drop(1)
		}
		xr[i] = f
	}
}

// next looks one code up; at least 19 bits are there, the longest code.
func (c codebook) next(r *bitReader) uint16 {
	e := c[r.cache>>(64-rootBits)]
	for n := uint(rootBits); e&link != 0; {
		r.drop(n)
		n = uint(e >> linkBits & 15)
		e = c[uint64(e&linkAt)+r.cache>>(64-n)]
	}
	r.drop(uint(e >> leafLength & 15))
	return e
}

// quads decodes lines of values 0 and 1 in fours until bit end, and returns
// where they end. A last four that reaches beyond is none: 11172-3, 2.4.2.7,
// count1.
func (t *tables) quads(r *bitReader, xr *[lines]float32, from, end int, table uint8) int {
	book := (*[1 << rootBits]uint16)(t.books[quadTable+int(table)])
	i := from
	for ; i+4 <= lines && r.pos() < end; i += 4 {
		r.refill()
		e := book[r.cache>>(64-rootBits)]
		r.drop(uint(e >> leafLength))
		q := xr[i : i+4 : i+4]
		for k := range q {
			one := uint32(e>>(3-k)) & 1
			q[k] = math.Float32frombits(-one&oneBits | uint32(r.cache>>32)&signBit)
			r.drop(uint(one))
		}
		if r.pos() > end {
			clear(q)
			break
		}
	}
	return i
}

const oneBits = 0x3f800000 // 1 as a float32

// zeroRun is as many zeros as no encoder's pairs have: half a dozen of the longest
// codes, of the highest values and all positive. A block of flash that reads as
// zeros has them. Zeros behind the pairs are stuffing.
var zeroRun [16]byte

// spectrum decodes the Huffman codes of a granule and channel up to bit end
// into xr and returns how many lines, at most, are not zero: 11172-3,
// 2.4.3.4.6. The codes of pairs must end there or before.
func (t *tables) spectrum(r *bitReader, xr *[lines]float32, g *granuleInfo, regions [2]int, end int) (int, error) {
	big, start := 2*g.pairs, r.pos()
	from := 0
	for i, to := range [3]int{min(regions[0], big), min(regions[1], big), big} {
		if from >= to {
			continue
		}
		table := g.table[i]
		switch {
		case table == 0:
			clear(xr[from:to])
		case t.books[table] == nil:
			return 0, errTable
		default:
			t.pairs(r, xr[from:to], table)
		}
		from = to
	}
	if r.pos() > end {
		return 0, errHuffman
	}
	if bytes.Contains(r.b[start>>3:r.pos()>>3], zeroRun[:]) {
		return 0, errZeros
	}
	n := t.quads(r, xr, big, end, g.quads)
	clear(xr[n:])
	return n, nil
}
