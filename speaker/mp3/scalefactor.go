package mp3

// illegal is an intensity position that stands for none: 11172-3,
// 2.4.3.4.9.3, and 13818-3, 2.4.3.2.
const illegal = 0xff

// scalefactors of one granule and channel, by band in the order of the
// bitstream. Bands without one have 0.
type scalefactors struct {
	value    [maxBands]uint8
	position [maxBands]uint8 // the same values as intensity positions
	preflag  bool
}

// slen holds slen1 and slen2 by scalefac_compress: 11172-3, 2.4.2.7.
var slen = [16][2]uint8{
	{0, 0}, {0, 1}, {0, 2}, {0, 3}, {3, 0}, {1, 1}, {1, 2}, {1, 3},
	{2, 1}, {2, 2}, {2, 3}, {3, 1}, {3, 2}, {3, 3}, {4, 2}, {4, 3},
}

// scfsiFrom is where the four groups of scalefactor selection information begin
// and the last ends: 11172-3, 2.4.2.7.
var scfsiFrom = [5]int{0, 6, 11, 16, 21}

// read1 reads the scalefactors of MPEG-1: 11172-3, 2.4.1.7. Of the groups that
// keep has a bit for, the values of the granule before stay.
func (s *scalefactors) read1(r *bitReader, g *granuleInfo, l layout, keep uint8) {
	s.preflag = g.preflag
	bits := slen[g.scalefac]
	n := 0 // bands that have one
	switch {
	case l.nLong == longBands:
		for i := range 4 {
			if keep&(8>>i) == 0 {
				s.take(r, scfsiFrom[i], scfsiFrom[i+1], uint(bits[i/2]))
			}
		}
		n = 21
	case l.nLong == 0:
		s.take(r, 0, 18, uint(bits[0]))
		s.take(r, 18, 36, uint(bits[1]))
		n = 36
	default:
		s.take(r, 0, 17, uint(bits[0]))
		s.take(r, 17, 35, uint(bits[1]))
		n = 35
	}
	clear(s.value[n:])
	const illegal1 = 7
	for b := range s.position {
		if s.position[b] = s.value[b]; s.position[b] == illegal1 {
			s.position[b] = illegal
		}
	}
}

// take reads the values of the bands [from, to), n bits each.
func (s *scalefactors) take(r *bitReader, from, to int, n uint) {
	for b := from; b < to; b++ {
		s.value[b] = uint8(r.take(n))
	}
}

// partition2 holds nr_of_sfb of 13818-3, 2.4.3.2: how many bands each of the
// four lengths of scalefactors is for, by range of scalefac_compress, and of
// long, short and mixed blocks. The last three ranges are of an intensity
// channel.
var partition2 = [6][3][4]uint8{
	{{6, 5, 5, 5}, {9, 9, 9, 9}, {6, 9, 9, 9}},
	{{6, 5, 7, 3}, {9, 9, 12, 6}, {6, 9, 12, 6}},
	{{11, 10, 0, 0}, {18, 18, 0, 0}, {15, 18, 0, 0}},
	{{7, 7, 7, 0}, {12, 12, 12, 0}, {6, 15, 12, 0}},
	{{6, 6, 6, 3}, {12, 9, 9, 6}, {6, 12, 9, 6}},
	{{8, 8, 5, 0}, {15, 12, 9, 0}, {6, 18, 9, 0}},
}

// lengths2 works scalefac_compress of MPEG-2 out: the row of partition2 and the
// four lengths in bits. 13818-3, 2.4.3.2.
func lengths2(c int, intensity bool) (row int, n [4]int) {
	if !intensity {
		switch {
		case c < 400:
			return 0, [4]int{c >> 4 / 5, c >> 4 % 5, c & 15 >> 2, c & 3}
		case c < 500:
			c -= 400
			return 1, [4]int{c >> 2 / 5, c >> 2 % 5, c & 3, 0}
		}
		c -= 500
		return 2, [4]int{c / 3, c % 3, 0, 0}
	}
	switch c >>= 1; {
	case c < 180:
		return 3, [4]int{c / 36, c % 36 / 6, c % 6, 0}
	case c < 244:
		c -= 180
		return 4, [4]int{c & 63 >> 4, c & 15 >> 2, c & 3, 0}
	}
	c -= 244
	return 5, [4]int{c / 3, c % 3, 0, 0}
}

// read2 reads the scalefactors of MPEG-2 and 2.5. A position of all ones is
// illegal; a length of no bits leaves position 0, which is not.
func (s *scalefactors) read2(r *bitReader, g *granuleInfo, l layout, intensity bool) {
	*s = scalefactors{}
	row, n := lengths2(g.scalefac, intensity)
	s.preflag = row == 2
	kind := 0
	switch l.nLong {
	case longBands:
	case 0:
		kind = 1
	default:
		kind = 2
	}
	b := 0
	for i, count := range partition2[row][kind] {
		for range count {
			v := uint8(r.take(uint(n[i])))
			s.value[b], s.position[b] = v, v
			if n[i] > 0 && v == 1<<n[i]-1 {
				s.position[b] = illegal
			}
			b++
		}
	}
}
