package sample

// seed is what a Dither starts from when it was given no seed: xorshift must
// not be zero.
const seed = 0x9E3779B9

// Dither makes 16-bit samples with triangular (TPDF) dither of +-1 LSB, so
// that a fade ends in a hiss far below hearing instead of in crackling. A
// sample of exactly 0 stays 0: digital silence stays digital silence, and an
// amplifier that is on between two items says nothing.
//
// The noise is a 32-bit xorshift (Marsaglia 2003, triplet 13, 17, 5) and
// depends on the seed and the non-zero samples alone, so the same input gives
// the same bytes. The zero value is ready for use. Not for use by two
// goroutines at a time.
type Dither struct {
	state uint32
}

// NewDither returns a Dither with its own seed; 0 means the usual one.
func NewDither(seed uint32) *Dither { return &Dither{state: seed} }

// S16 writes src into dst as S16_LE, two bytes for each sample, and returns
// the number of bytes written.
func (d *Dither) S16(dst []byte, src []float32) int {
	if len(src) == 0 {
		return 0
	}
	dst = dst[:2*len(src)]
	x := d.state
	if x == 0 {
		x = seed
	}
	for i, v := range src {
		q := int32(0)
		if v != 0 {
			x ^= x << 13
			x ^= x >> 17
			x ^= x << 5
			q = round16(v, x)
		}
		dst[2*i] = byte(q)
		dst[2*i+1] = byte(q >> 8)
	}
	d.state = x
	return len(dst)
}

// round16 quantises v with the noise in the two halves of random: their sum
// is triangular. The offset of 2^15+1 keeps the number positive, so that
// truncation rounds to the nearest integer on both sides of zero.
func round16(v float32, random uint32) int32 {
	const offset = 1<<15 + 1
	noise := float32(int32(random>>16)+int32(random&0xFFFF)-0xFFFF) * (1.0 / (1 << 16))
	v = v*(1<<15) + noise
	switch {
	case v >= 1<<15-1:
		return 1<<15 - 1
	case v <= -1<<15:
		return -1 << 15
	case v != v:
		return 0
	}
	return int32(v+(offset+0.5)) - offset
}
