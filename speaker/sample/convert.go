package sample

import "encoding/binary"

// Bytes for each sample of a format.
const (
	Bytes16   = 2 // S16_LE
	Bytes24_3 = 3 // S24_3LE: packed
	Bytes24   = 4 // S24_LE: the low three bytes of four, sign extended
	Bytes32   = 4 // S32_LE
)

// S32 writes src into dst as S32_LE, four bytes for each sample, and returns
// the number of bytes written. A float32 carries 24 bits, so there is nothing
// to dither.
func S32(dst []byte, src []float32) int {
	if len(src) == 0 {
		return 0
	}
	dst = dst[:Bytes32*len(src)]
	for i, v := range src {
		binary.LittleEndian.PutUint32(dst[Bytes32*i:], uint32(integer32(v)))
	}
	return len(dst)
}

// S24 writes src into dst as S24_LE, four bytes for each sample, and returns
// the number of bytes written.
func S24(dst []byte, src []float32) int {
	if len(src) == 0 {
		return 0
	}
	dst = dst[:Bytes24*len(src)]
	for i, v := range src {
		binary.LittleEndian.PutUint32(dst[Bytes24*i:], uint32(integer32(v)>>8))
	}
	return len(dst)
}

// S24Packed writes src into dst as S24_3LE, three bytes for each sample, and
// returns the number of bytes written.
func S24Packed(dst []byte, src []float32) int {
	if len(src) == 0 {
		return 0
	}
	dst = dst[:Bytes24_3*len(src)]
	for i, v := range src {
		q := integer32(v) >> 8
		dst[Bytes24_3*i] = byte(q)
		dst[Bytes24_3*i+1] = byte(q >> 8)
		dst[Bytes24_3*i+2] = byte(q >> 16)
	}
	return len(dst)
}

// integer32 is v at the scale of 32 bits, clipped; NaN is 0.
func integer32(v float32) int32 {
	const scale = 1 << 31
	v *= scale
	switch {
	case v >= scale:
		return 1<<31 - 1
	case v <= -scale:
		return -1 << 31
	case v != v:
		return 0
	}
	return int32(v)
}

// Float16 writes the S16_LE samples of src into dst as floats of full scale
// +-1, and returns how many: len(src)/2, or len(dst) when that is less.
func Float16(dst []float32, src []byte) int {
	n := min(len(dst), len(src)/Bytes16)
	for i := range n {
		dst[i] = float32(int16(binary.LittleEndian.Uint16(src[Bytes16*i:]))) * (1.0 / (1 << 15))
	}
	return n
}
