package mp3

// sideInfo is what must be known of a frame's side information before the frame
// may be decoded: ISO/IEC 11172-3, 2.4.1.7. MPEG-1 only.
type sideInfo struct {
	mainDataBegin int // bytes of earlier frames that this one's main data begin with
	dataBits      int // sum of part2_3_length: bits of main data used
	sane          bool
}

// parseSide reads the side information of the frame and checks the fields that
// a decoder uses as lengths and indices.
func parseSide(h header, frame []byte) sideInfo {
	b := bitReader{b: frame[h.mainStart()-h.sideBytes() : h.mainStart()]}
	s := sideInfo{mainDataBegin: b.take(9), sane: true}
	channels, private := 2, 3
	if h.mode == modeMono {
		channels, private = 1, 5
	}
	b.take(private)
	b.take(4 * channels) // scfsi
	for range 2 * channels {
		s.granule(&b)
	}
	return s
}

// granule reads the 59 bits of one granule and channel.
func (s *sideInfo) granule(b *bitReader) {
	const maxBigValues = 288 // pairs in 576 lines
	s.dataBits += b.take(12) // part2_3_length
	if b.take(9) > maxBigValues {
		s.sane = false
	}
	b.take(8 + 4) // global_gain, scalefac_compress
	if b.take(1) == 1 {
		if b.take(2) == 0 { // block_type 0 is forbidden with window switching
			s.sane = false
		}
		b.take(1 + 2*5 + 3*3) // mixed_block_flag, table_select, subblock_gain
	} else {
		b.take(3*5 + 4 + 3) // table_select, region0_count, region1_count
	}
	b.take(1 + 1 + 1) // preflag, scalefac_scale, count1table_select
}

// bitReader takes bits from the most significant end on.
type bitReader struct {
	b   []byte
	pos int
}

// take returns the next n bits, at most 24; beyond the end they are 0.
func (r *bitReader) take(n int) int {
	v := 0
	for range n {
		v <<= 1
		if i := r.pos >> 3; i < len(r.b) {
			v |= int(r.b[i]) >> (7 - r.pos&7) & 1
		}
		r.pos++
	}
	return v
}
