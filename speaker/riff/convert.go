package riff

import (
	"encoding/binary"
	"math"
)

// converter writes the samples of src as floats of full scale +-1.
type converter func(dst []float32, src []byte)

// converter chooses by what check let through.
func (f Format) converter() converter {
	switch {
	case f.Tag == ALaw:
		return aLaw
	case f.Tag == MuLaw:
		return muLaw
	case f.Tag == Float && f.size == 8:
		return float64s
	case f.Tag == Float:
		return float32s
	}
	return [...]converter{unsigned8, signed16, signed24, signed32}[f.size-1]
}

func unsigned8(dst []float32, src []byte) {
	for i, b := range src {
		dst[i] = float32(int(b)-128) * (1.0 / 128)
	}
}

func signed16(dst []float32, src []byte) {
	for i := range len(src) / 2 {
		dst[i] = float32(int16(binary.LittleEndian.Uint16(src[2*i:]))) * (1.0 / (1 << 15))
	}
}

func signed24(dst []float32, src []byte) {
	for i := range len(src) / 3 {
		b := src[3*i : 3*i+3]
		dst[i] = float32(int32(b[0])|int32(b[1])<<8|int32(int8(b[2]))<<16) * (1.0 / (1 << 23))
	}
}

func signed32(dst []float32, src []byte) {
	for i := range len(src) / 4 {
		dst[i] = float32(int32(binary.LittleEndian.Uint32(src[4*i:]))) * (1.0 / (1 << 31))
	}
}

// maxFloat bounds samples of float files, 24 dB above full scale: sums of such
// samples must not leave the range of a float further on.
const maxFloat = 16

// sane is v bounded; what is no number is silence, and so is infinity: neither
// was ever sound.
func sane(v float32) float32 {
	switch {
	case v != v || v > math.MaxFloat32 || v < -math.MaxFloat32:
		return 0
	case v > maxFloat:
		return maxFloat
	case v < -maxFloat:
		return -maxFloat
	}
	return v
}

func float32s(dst []float32, src []byte) {
	for i := range len(src) / 4 {
		dst[i] = sane(math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:])))
	}
}

func float64s(dst []float32, src []byte) {
	for i := range len(src) / 8 {
		v := math.Float64frombits(binary.LittleEndian.Uint64(src[8*i:]))
		if math.Abs(v) <= math.MaxFloat64 { // not infinite before, perhaps after
			v = max(min(v, maxFloat), -maxFloat)
		}
		dst[i] = sane(float32(v))
	}
}

func aLaw(dst []float32, src []byte) {
	for i, b := range src {
		dst[i] = aLawTable[b]
	}
}

func muLaw(dst []float32, src []byte) {
	for i, b := range src {
		dst[i] = muLawTable[b]
	}
}

var aLawTable, muLawTable = g711()

// g711 unfolds the companding laws of ITU-T G.711: a sign, three bits of
// segment and four of step. A-law codes 13 bits with every other bit inverted
// (table 1a), mu-law 14 bits with a bias of 33 and all bits inverted (table 2a);
// full scale is 2^12 and 2^13.
func g711() (a, mu [256]float32) {
	for code := range 256 {
		x := code ^ 0x55
		seg, step := x>>4&7, x&15
		y := 2*step + 1
		if seg > 0 {
			y = (y + 32) << (seg - 1)
		}
		if x&0x80 == 0 {
			y = -y
		}
		a[code] = float32(y) / 4096

		x = ^code
		seg, step = x>>4&7, x&15
		y = (2*step+33)<<seg - 33
		if x&0x80 != 0 {
			y = -y
		}
		mu[code] = float32(y) / 8192
	}
	return a, mu
}
