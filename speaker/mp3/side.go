package mp3

import "fmt"

// sideInfo is the side information of one frame: 11172-3, 2.4.1.7, and
// 13818-3, 2.4.1.7 for the lower rates.
type sideInfo struct {
	mainDataBegin int // bytes of earlier frames that this one's main data begin with
	granules      int // 2 in MPEG-1, 1 in MPEG-2 and 2.5
	channels      int
	scfsi         [2]uint8 // by channel: groups of bands whose scalefactors granule 1 takes from granule 0, highest of four bits first
	granule       [2][2]granuleInfo
}

// granuleInfo is what the side information says of one granule and channel:
// 11172-3, 2.4.2.7.
type granuleInfo struct {
	bits         int // part2_3_length: scalefactors and Huffman codes
	pairs        int // big_values: lines below twice this are coded in pairs
	gain         int // global_gain
	scalefac     int // scalefac_compress
	switched     bool
	blockType    uint8
	mixed        bool
	table        [3]uint8 // table_select of each region
	subblockGain [3]uint8 // of each short window
	region       [2]uint8 // region0_count, region1_count; not of switched windows
	preflag      bool
	coarse       bool  // scalefac_scale: scalefactors are steps of 6 dB, not 3
	quads        uint8 // count1table_select
}

// parseSide reads the side information of the frame. The error tells of values
// that no decoder can use, and of a frame that ends before them.
func parseSide(h header, frame []byte, s *sideInfo) error {
	*s = sideInfo{granules: h.granules(), channels: h.channels()}
	if len(frame) < h.mainStart() {
		return errShort
	}
	r := bitReader{b: frame[h.mainStart()-h.sideBytes() : h.mainStart()]}
	if h.version == version1 {
		s.mainDataBegin = r.take(9)
		r.take(uint(7 - 2*s.channels)) // private_bits: 5 or 3
		for c := range s.channels {
			s.scfsi[c] = uint8(r.take(4))
		}
	} else {
		s.mainDataBegin = r.take(8)
		r.take(uint(s.channels)) // private_bits
	}
	for g := range s.granules {
		for c := range s.channels {
			s.granule[g][c].read(&r, h.version == version1)
		}
	}
	return s.check()
}

// read takes 59 bits in MPEG-1, 63 in MPEG-2.
func (g *granuleInfo) read(r *bitReader, mpeg1 bool) {
	g.bits, g.pairs, g.gain = r.take(12), r.take(9), r.take(8)
	if mpeg1 {
		g.scalefac = r.take(4)
	} else {
		g.scalefac = r.take(9)
	}
	if g.switched = r.take(1) == 1; g.switched {
		g.blockType, g.mixed = uint8(r.take(2)), r.take(1) == 1
		g.table[0], g.table[1] = uint8(r.take(5)), uint8(r.take(5))
		for w := range g.subblockGain {
			g.subblockGain[w] = uint8(r.take(3))
		}
	} else {
		for i := range g.table {
			g.table[i] = uint8(r.take(5))
		}
		g.region = [2]uint8{uint8(r.take(4)), uint8(r.take(3))}
	}
	if mpeg1 {
		g.preflag = r.take(1) == 1
	}
	g.coarse = r.take(1) == 1
	g.quads = uint8(r.take(1))
}

// check refuses more lines than there are, and window switching to the block
// type that is not switched (11172-3, 2.4.2.7).
func (s *sideInfo) check() error {
	for g := range s.granules {
		for c := range s.channels {
			i := &s.granule[g][c]
			if i.pairs > lines/2 {
				return fmt.Errorf("%w: big_values %d, at most %d allowed", errSide, i.pairs, lines/2)
			}
			if i.switched && i.blockType == 0 {
				return fmt.Errorf("%w: block type 0 with switched windows", errSide)
			}
		}
	}
	return nil
}

// bits is the sum of all part2_3_length.
func (s *sideInfo) bits() (n int) {
	for g := range s.granules {
		for c := range s.channels {
			n += s.granule[g][c].bits
		}
	}
	return n
}
