package mp3

// layerTwo decodes frames of Layer II: an allocation of bits to subbands, scale
// factors and samples (11172-3, 2.4.1.6; 13818-3, 2.4.1.6 for the lower rates).
// They stand whole in their frame, before the same filter bank as Layer III's.
type layerTwo struct {
	in     bitReader
	levels [2][subbands]uint16     // of the quantiser; 0: the subband is silent
	which  [2][subbands]uint8      // scfsi
	factor [2][subbands][3]float32 // of each third of the frame
	sample [2][2 * slots][subbands]float32
}

// parse reads the frame into l.sample. Where it returns an error the frame is
// damaged, and l.sample is silence.
func (l *layerTwo) parse(h header, frame []byte, crc *crcJudge) error {
	l.silence()
	l.in = bitReader{b: frame[h.mainStart():]}
	channels, bound := h.channels(), subbands
	if h.mode == modeJoint {
		bound = 4 * (int(h.joint) + 1) // from here on both channels share samples: 2.4.2.3
	}
	l.allocate(h, channels, bound)
	l.selection(channels)
	if l.in.overrun() {
		return errShort
	}
	if crc.wrong(h, frame, l.in.pos()) {
		return errCRC
	}
	if err := l.scaleFactors(channels); err != nil {
		return err
	}
	for slot := 0; slot < 2*slots; slot += 3 {
		l.triplets(channels, bound, slot)
	}
	if l.in.overrun() {
		l.silence()
		return errShort
	}
	return nil
}

func (l *layerTwo) silence() { clear(l.sample[0][:]); clear(l.sample[1][:]) }

// allocate reads which quantiser each subband has: 2.4.2.6, allocation.
func (l *layerTwo) allocate(h header, channels, bound int) {
	sb := 0
	for _, rows := range quantisersOf(h) {
		for ; sb < rows.end; sb++ {
			for ch := range channels {
				if ch > 0 && sb >= bound {
					l.levels[ch][sb] = l.levels[0][sb]
					continue
				}
				l.levels[ch][sb] = rows.levels[l.in.take(rows.bits)]
			}
		}
	}
	for ; sb < subbands; sb++ {
		l.levels[0][sb], l.levels[1][sb] = 0, 0
	}
}

// selection reads how many scale factors each subband has.
func (l *layerTwo) selection(channels int) {
	for sb := range subbands {
		for ch := range channels {
			if l.levels[ch][sb] != 0 {
				l.which[ch][sb] = uint8(l.in.take(2))
			}
		}
	}
}

// thirds says, by scfsi, which of the factors read holds for each third of the
// frame: 2.4.2.6, scfsi.
var thirds = [4][3]uint8{{0, 1, 2}, {0, 0, 1}, {0, 0, 0}, {0, 1, 1}}

func (l *layerTwo) scaleFactors(channels int) error {
	for sb := range subbands {
		for ch := range channels {
			if l.levels[ch][sb] == 0 {
				continue
			}
			var read [3]float32
			third := &thirds[l.which[ch][sb]]
			for i := range third[2] + 1 {
				n := l.in.take(6)
				if n >= len(scaleFactor) {
					return errFactor
				}
				read[i] = scaleFactor[n]
			}
			for i, n := range third {
				l.factor[ch][sb][i] = read[n]
			}
		}
	}
	return nil
}

// triplets reads three samples of every subband that has any, beginning at slot.
func (l *layerTwo) triplets(channels, bound, slot int) {
	third := slot / (2 * slots / 3)
	for sb := range subbands {
		for ch := range channels {
			levels := int(l.levels[ch][sb])
			if levels == 0 || ch > 0 && sb >= bound {
				continue
			}
			x := l.triplet(levels)
			for i, v := range x {
				l.sample[ch][slot+i][sb] = v * l.factor[ch][sb][third]
			}
			if sb >= bound && channels == 2 {
				for i, v := range x {
					l.sample[1][slot+i][sb] = v * l.factor[1][sb][third]
				}
			}
		}
	}
}

// triplet reads three samples of a quantiser, as fractions of full scale:
// 2.4.3.3.4. Of 3, 5 or 9 levels they share one code word (table B.4).
func (l *layerTwo) triplet(levels int) (x [3]float32) {
	if bits := grouped(levels); bits > 0 {
		code := l.in.take(bits)
		for i := range x {
			x[i] = fraction(code%levels, levels)
			code /= levels
		}
		return x
	}
	bits := width(levels)
	for i := range x {
		x[i] = fraction(l.in.take(bits), levels)
	}
	return x
}

// grouped is the length of the code word of three samples, 0 where there is none.
func grouped(levels int) uint {
	switch levels {
	case 3:
		return 5
	case 5:
		return 7
	case 9:
		return 10
	}
	return 0
}

// width is the number of bits of one sample: levels is a power of two less one.
func width(levels int) (bits uint) {
	for ; levels > 0; levels >>= 1 {
		bits++
	}
	return bits
}

// fraction maps step v of 0..levels-1 to its middle in -1..1: table B.4 has it as
// C (x + D).
func fraction(v, levels int) float32 { return float32(2*v-levels+1) / float32(levels) }
