package mp3

import "math"

const (
	// fadeHalf is after how many seconds a concealed sound has half its level.
	fadeHalf = 0.012
	// fadeEnd is the level below which it ends.
	fadeEnd = 1.0 / 100
)

// shape is how the transform of a granule and channel is cut into blocks.
type shape struct {
	blockType uint8
	mixed     bool // the lowest two subbands have long windows
	long      int  // lines of long blocks: all, none, or of mixed blocks some
}

// at is the block type of subband sb. The lowest two of mixed blocks have the
// normal window: 11172-3, 2.4.2.7, mixed_block_flag.
func (s shape) at(sb int) uint8 {
	if s.mixed && sb < 2 || s.blockType == blockShort && slots*sb < s.long {
		return 0
	}
	return s.blockType
}

// after is the shape in which the spectrum of a granule of shape s can be heard
// once more, right behind it: the windows must fit together.
func (s shape) after() shape {
	switch s.blockType {
	case blockStart:
		s.blockType = blockStop
	case blockStop:
		s.blockType = 0
	}
	return s
}

// concealer repeats the last good granule, more softly each time, in the place
// of those that cannot be decoded.
type concealer struct {
	xr       [2][lines]float32
	n        [2]int
	shape    [2]shape
	channels int // 0: there is none
	level    float32
	energy   float32 // of the louder channel, before it was concealed
}

// keep remembers a good granule of channel c before it is transformed.
func (k *concealer) keep(c int, xr *[lines]float32, n int, s shape) {
	copy(k.xr[c][:n], xr[:n])
	k.n[c], k.shape[c] = n, s
}

func (k *concealer) kept(channels int) { k.channels, k.level = channels, 1 }

func (k *concealer) forget() { k.channels, k.energy = 0, 0 }

// repeat makes the PCM of granule g.
func (k *concealer) repeat(f *frameDecoder, h header, g int) {
	k.level *= float32(math.Exp2(-lines / (fadeHalf * float64(h.rate))))
	if k.level < fadeEnd {
		k.forget()
	}
	for c := range h.channels() {
		if k.channels == 0 {
			f.synthesize(g, c, 0, shape{long: lines})
			continue
		}
		from := min(c, k.channels-1)
		k.shape[from] = k.shape[from].after()
		n := k.n[from]
		for i, v := range k.xr[from][:n] {
			f.xr[c][i] = v * k.level
		}
		clear(f.xr[c][n:])
		f.synthesize(g, c, n, k.shape[from])
	}
}
