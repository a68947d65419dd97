package mp3

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHeaderFields(t *testing.T) {
	for _, tc := range []struct {
		b       [4]byte
		text    string
		bytes   int
		samples int
		side    int
	}{
		{[4]byte{0xff, 0xfb, 0x90, 0x64}, "MPEG-1 Layer III, 44100 Hz, stereo, 128 kbit/s", 417, 1152, 32},
		{[4]byte{0xff, 0xfb, 0x92, 0x64}, "MPEG-1 Layer III, 44100 Hz, stereo, 128 kbit/s", 418, 1152, 32},
		{[4]byte{0xff, 0xfb, 0x14, 0xc0}, "MPEG-1 Layer III, 48000 Hz, mono, 32 kbit/s", 96, 1152, 17},
		{[4]byte{0xff, 0xfb, 0xe8, 0x00}, "MPEG-1 Layer III, 32000 Hz, stereo, 320 kbit/s", 1440, 1152, 32},
		{[4]byte{0xff, 0xf3, 0x64, 0xc4}, "MPEG-2 Layer III, 24000 Hz, mono, 48 kbit/s", 144, 576, 9},
		{[4]byte{0xff, 0xf3, 0x42, 0xc4}, "MPEG-2 Layer III, 22050 Hz, mono, 32 kbit/s", 105, 576, 9},
		{[4]byte{0xff, 0xe3, 0x28, 0xc4}, "MPEG-2.5 Layer III, 8000 Hz, mono, 16 kbit/s", 144, 576, 9},
		{[4]byte{0xff, 0xfd, 0x84, 0x00}, "MPEG-1 Layer II, 48000 Hz, stereo, 128 kbit/s", 384, 1152, 0},
		{[4]byte{0xff, 0xf5, 0x84, 0x00}, "MPEG-2 Layer II, 24000 Hz, stereo, 64 kbit/s", 384, 1152, 0},
		{[4]byte{0xff, 0xff, 0xc4, 0x00}, "MPEG-1 Layer I, 48000 Hz, stereo, 384 kbit/s", 384, 384, 0},
		{[4]byte{0xff, 0xfb, 0x00, 0x00}, "MPEG-1 Layer III, 44100 Hz, stereo, free format", 0, 1152, 32},
	} {
		t.Run(tc.text, func(t *testing.T) {
			h, ok := parseHeader(tc.b[:])
			require.True(t, ok)
			assert.Equal(t, tc.text, h.String())
			assert.Equal(t, tc.bytes, h.bytes())
			assert.Equal(t, tc.samples, h.samples())
			assert.Equal(t, tc.side, h.sideBytes())
		})
	}
}

func TestReservedHeadersAreNone(t *testing.T) {
	for name, b := range map[string][]byte{
		"no sync":           {0xff, 0x1b, 0x90, 0x64},
		"reserved version":  {0xff, 0xeb, 0x90, 0x64},
		"reserved layer":    {0xff, 0xf9, 0x90, 0x64},
		"bit rate 15":       {0xff, 0xfb, 0xf0, 0x64},
		"sampling 3":        {0xff, 0xfb, 0x9c, 0x64},
		"reserved emphasis": {0xff, 0xfb, 0x90, 0x66},
		"too short":         {0xff, 0xfb, 0x90},
		"all ones":          {0xff, 0xff, 0xff, 0xff},
	} {
		_, ok := parseHeader(b)
		assert.False(t, ok, name)
	}
}

func TestLayers2And3WithALengthArePlayable(t *testing.T) {
	playable := 0
	for i := range 1 << 16 {
		h, ok := parseHeader([]byte{0xff, 0xe0 | byte(i>>8)&0x1f, byte(i), 0})
		if !ok || !h.playable() {
			continue
		}
		playable++
		assert.GreaterOrEqual(t, h.bytes(), 24)
		assert.LessOrEqual(t, h.bytes(), 2881)
	}
	assert.Equal(t, 2*3*8*14*3*2*2*2, playable, "of two layers and three versions: bytes repeat, bit rates, rates, padding, private bit, CRC")
}

func FuzzHeader(f *testing.F) {
	f.Add([]byte{0xff, 0xfb, 0x90, 0x64})
	f.Add([]byte{0xff, 0xe3, 0x28, 0xc4})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		h, ok := parseHeader(b)
		if !ok {
			return
		}
		require.NotEmpty(t, h.String())
		require.Contains(t, []int{8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000}, h.rate)
		if h.bitRate > 0 {
			require.Greater(t, h.bytes(), headerBytes)
			require.LessOrEqual(t, h.bytes(), windowBytes/4, "four frames fit into the window")
		}
		require.True(t, h.same(h))
		if h.playable() {
			require.GreaterOrEqual(t, h.bytes(), h.mainStart())
			_ = parseSide(h, bytes.Repeat([]byte{0xff}, h.bytes()), new(sideInfo))
		}
	})
}
