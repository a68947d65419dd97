package mp3

import "encoding/binary"

// bitReader takes bits from the most significant end of each byte on, as all of
// MPEG audio is written: 11172-3, 2.3. It never reads beyond its bytes; what it
// takes from there is zero, and overrun tells.
type bitReader struct {
	b     []byte
	at    int    // next byte of b to go into cache
	cache uint64 // bits ahead, the next one highest
	n     uint   // how many of cache are bits of b; below them it is zero
}

// seek makes bit pos the next one.
func (r *bitReader) seek(pos int) {
	r.at, r.cache, r.n = min(pos>>3, len(r.b)), 0, 0
	r.refill()
	r.drop(uint(pos & 7))
}

// pos is the next bit.
func (r *bitReader) pos() int { return 8*r.at - int(r.n) }

// refill makes at least 33 bits available. Beyond the end they are zero.
func (r *bitReader) refill() {
	if r.n > 32 {
		return
	}
	if r.at+4 <= len(r.b) {
		r.cache |= uint64(binary.BigEndian.Uint32(r.b[r.at:])) << (32 - r.n)
	} else {
		var tail [4]byte
		copy(tail[:], r.b[min(r.at, len(r.b)):])
		r.cache |= uint64(binary.BigEndian.Uint32(tail[:])) << (32 - r.n)
	}
	r.at += 4
	r.n += 32
}

func (r *bitReader) drop(n uint) {
	r.cache <<= n
	r.n -= n
}

// take returns the next n bits, at most 24.
func (r *bitReader) take(n uint) int {
	r.refill()
	v := int(r.cache >> 32 >> (32 - n))
	r.drop(n)
	return v
}

// overrun is true when more was taken than there was.
func (r *bitReader) overrun() bool { return r.pos() > 8*len(r.b) }
