package riff

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
)

// formatOf is a fmt chunk of PCM in which nothing need agree.
func formatOf(channels, rate, perSecond, block, bits int) []byte {
	le := binary.LittleEndian
	b := le.AppendUint16(nil, uint16(PCM))
	b = le.AppendUint16(b, uint16(channels))
	b = le.AppendUint32(b, uint32(rate))
	b = le.AppendUint32(b, uint32(perSecond))
	b = le.AppendUint16(b, uint16(block))
	return chunk("fmt ", le.AppendUint16(b, uint16(bits)))
}

// TestFramesOfAWrongSizeDoNotChangeTheSpeed: what a sample takes is said by its
// bits; the size of a frame and the rate in bytes are often wrong, and then both.
func TestFramesOfAWrongSizeDoNotChangeTheSpeed(t *testing.T) {
	const rate = 16000
	for _, bits := range []int{8, 12, 16, 32} {
		for channels := 1; channels <= 2; channels++ {
			bytesOf := (bits + 7) / 8
			data := bytes.Repeat([]byte{0x40, 0x30, 0x20, 0x10}, 3*2*bytesOf)
			want := mustDecode(t, file(format(PCM, channels, rate, bits), chunk("data", data)))
			assert.Len(t, want, 12*2)
			for _, block := range []int{0, 1, 2, 3, 4, 6, 8, 16, 65535} {
				for _, perSecond := range []int{0, rate * block, rate * bytesOf * channels, 12345} {
					b := file(formatOf(channels, rate, perSecond, block, bits), chunk("data", data))
					assert.Equal(t, want, mustDecode(t, b), "%d bits, %d channels, frames of %d bytes, %d bytes a second", bits, channels, block, perSecond)
				}
			}
		}
	}
}

// TestOf24BitsInFourBytesTheRateInBytesTells: both are met, and taken for the
// other they are noise.
func TestOf24BitsInFourBytesTheRateInBytesTells(t *testing.T) {
	const rate = 8000
	data := chunk("data", []byte{0, 0, 0x40, 0, 0, 0x20, 0, 0, 0x10, 0, 0, 0x08})
	three := []float32{0.5, 0.25, 0.125, 0.0625}
	for name, tc := range map[string]struct {
		perSecond, block, bits int
		frames                 int
	}{
		"three, all agree":        {rate * 3, 3, 24, 4},
		"four, two agree":         {rate * 4, 4, 24, 3},
		"four, of 20 bits":        {rate * 4, 4, 20, 3},
		"three, the bits and it":  {rate * 3, 4, 24, 4},
		"frames of no size":       {0, 0, 24, 4},
		"frames too short":        {rate * 2, 2, 24, 4},
		"frames of one too many":  {rate * 6, 6, 24, 4},
		"three, of 20 bits":       {0, 3, 20, 4},
		"three, a rate of 0":      {0, 3, 24, 4},
		"three, a rate for four":  {rate * 4, 3, 24, 4},
		"four, and nobody agrees": {rate * 5, 4, 24, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b := file(formatOf(1, rate, tc.perSecond, tc.block, tc.bits), data)
			if tc.frames == 0 {
				_, err := NewDecoder(bytes.NewReader(b))
				assert.ErrorIs(t, err, ErrUnsupported)
				assert.ErrorContains(t, err, "WAV of 24-bit PCM in frames of 4 bytes, 40000 bytes a second")
				return
			}
			got := mustDecode(t, b)
			assert.Len(t, got, tc.frames)
			if tc.frames == 4 {
				assert.Equal(t, three, got)
			}
		})
	}
}
