package opus

import "encoding/binary"

// The checksum of a page, RFC 3533 section 6: CRC-32 with the generator
// 04C11DB7, most significant bit first, from 0, nothing inverted.
const crcPolynomial = 0x04C11DB7

// crcTable is the remainder for each byte; crcBack tells it by its low byte,
// which is another one for each.
var crcTable, crcBack = crcTables()

func crcTables() (table [256]uint32, back [256]byte) {
	for i := range table {
		r := uint32(i) << 24
		for range 8 {
			carry := r >> 31
			r = r<<1 ^ carry*crcPolynomial
		}
		table[i] = r
		back[byte(r)] = byte(i)
	}
	return table, back
}

func crcUpdate(crc uint32, b []byte) uint32 {
	for _, x := range b {
		crc = crc<<8 ^ crcTable[byte(crc>>24)^x]
	}
	return crc
}

// crcAt is where the checksum stands in a page; it counts as zero.
const crcAt = 22

// syndrome is the checksum of a page as it is, xor the one that stands in it: 0
// when the page is whole.
func syndrome(page []byte) uint32 {
	crc := crcUpdate(0, page[:crcAt])
	crc = crcUpdate(crc, []byte{0, 0, 0, 0})
	crc = crcUpdate(crc, page[crcAt+4:])
	return crc ^ binary.LittleEndian.Uint32(page[crcAt:])
}

// mend finds the one byte of a page whose change explains the syndrome s, and
// puts it right. A checksum is linear, so s is the remainder of the error alone:
// run backwards, byte by byte, it becomes the error itself, in the top byte with
// zeros below, exactly at its place. With two bytes wrong a place is found by
// mere chance, about once in 2^24 for each byte of the page. Bytes that say where
// other bytes lie are not touched.
func mend(page []byte, s uint32) bool {
	if inCRC(s) {
		return true // the checksum itself: the page is right
	}
	i, wrong := wrongByte(page, s)
	inLacing := i >= lacingAt-1 && i < lacingAt+int(page[lacingAt-1])
	if i < 0 || inLacing || i >= crcAt && i < crcAt+4 {
		return false
	}
	page[i] ^= wrong
	return true
}

// wrongByte is where the one byte is whose change explains the syndrome s, and
// the change; -1 when there is none.
func wrongByte(page []byte, s uint32) (i int, change byte) {
	for i := len(page) - 1; i >= 0; i-- {
		top := crcBack[byte(s)]
		s = (s^crcTable[top])>>8 | uint32(top)<<24
		if s<<8 == 0 {
			return i, top
		}
	}
	return -1, 0
}

// mendSize puts right a page that says it is longer than the bytes there are, if
// that is because one byte of its sizes is wrong. It returns where the body
// begins, 0 when the page is not to be mended.
func mendSize(page []byte) (lacing int) {
	i, change := wrongByte(page, syndrome(page))
	if i < lacingAt-1 {
		return 0
	}
	page[i] ^= change
	lacing = lacingAt + int(page[lacingAt-1])
	size := lacing
	if lacing <= len(page) && i < lacing {
		for _, n := range page[lacingAt:lacing] {
			size += int(n)
		}
		if size == len(page) {
			return lacing
		}
	}
	page[i] ^= change
	return 0
}

// inCRC is true when s is a change of one byte.
func inCRC(s uint32) bool {
	n := 0
	for ; s != 0; s >>= 8 {
		if byte(s) != 0 {
			n++
		}
	}
	return n == 1
}
