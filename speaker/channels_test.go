package speaker

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestChannelMaps(t *testing.T) {
	mono, stereo := []float32{1, 2}, []float32{1, 10, 2, 20}
	three, four := []float32{1, 2, 3, 10, 20, 30}, []float32{1, 2, 3, 4, 10, 20, 30, 40}
	for _, tc := range []struct {
		name     string
		src      []float32
		from, to int
		want     []float32
	}{
		{"mono", mono, 1, 1, mono},
		{"mono to stereo", mono, 1, 2, []float32{1, 1, 2, 2}},
		{"mono to every horn", mono, 1, 4, []float32{1, 1, 1, 1, 2, 2, 2, 2}},
		{"stereo", stereo, 2, 2, stereo},
		{"stereo to mono", stereo, 2, 1, []float32{5.5, 11}},
		{"stereo to four", stereo, 2, 4, []float32{1, 10, 1, 10, 2, 20, 2, 20}},
		{"stereo to three", stereo, 2, 3, []float32{1, 10, 1, 2, 20, 2}},
		{"three to stereo", three, 3, 2, []float32{2, 2, 20, 20}},
		{"four to stereo", four, 4, 2, []float32{2, 3, 20, 30}},
		{"four to mono", four, 4, 1, []float32{2.5, 25}},
		{"nothing", nil, 2, 1, []float32{}},
	} {
		dst := make([]float32, len(tc.src)/tc.from*tc.to)
		mapChannels(dst, tc.to, tc.src, tc.from)
		assert.Equal(t, tc.want, dst, tc.name)
	}
}

func TestFullScaleStereoDoesNotClipInMono(t *testing.T) {
	dst := make([]float32, 2)
	mapChannels(dst, 1, []float32{1, 1, -1, -1}, 2)
	assert.Equal(t, []float32{1, -1}, dst)
}
