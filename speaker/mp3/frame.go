package mp3

// frameDecoder turns frames into PCM, one after the other. A granule that cannot
// be decoded is concealed; whatever can be is decoded.
type frameDecoder struct {
	t        *tables
	two      *layerTwo // nil until there is a frame of Layer II
	side     sideInfo
	main     reservoir
	crc      crcJudge
	scale    [2]scalefactors
	strict   bool // the frame may not be whole: its codes must end where they should
	lost     bool // the granule before was not decoded: its scalefactors are not known
	xr       [2][lines]float32
	channel  [2]channel
	level    levelJudge
	conceal  concealer
	filtered [slots][subbands]float32
	pcm      [2][2 * lines]float32 // of the last frame, by channel
}

// channel is what one channel carries from granule to granule.
type channel struct {
	hybrid    hybrid
	synthesis synthesis
}

func newFrameDecoder() *frameDecoder { return &frameDecoder{t: loadTables()} }

// gap says that frames are missing before the next: what the reservoir holds is
// not what that frame reaches back to.
func (f *frameDecoder) gap() { f.main.drop() }

// forget drops what the frames before leave to the next, but for the main data:
// the next one does not follow.
func (f *frameDecoder) forget() {
	f.channel = [2]channel{}
	f.conceal.forget()
	f.level = levelJudge{}
	f.lost = true
}

// pass takes a frame without decoding it: the frames behind it may need its main
// data. The error says what is wrong with all of it.
func (f *frameDecoder) pass(h header, frame []byte) error {
	switch {
	case len(frame) < h.mainStart():
		f.main.drop()
		f.side = sideInfo{granules: h.granules(), channels: h.channels()}
		return errShort
	case h.layer == 2:
		return f.passTwo(h, frame)
	}
	err := parseSide(h, frame, &f.side)
	f.main.add(frame[h.mainStart():])
	wrong := f.crc.wrong(h, frame, 8*h.sideBytes())
	switch {
	case wrong:
		return errCRC
	case err != nil:
		return err
	case f.begin(h, frame)+f.side.bits() > 8*f.main.n:
		return errSide
	}
	return nil
}

// begin is the first bit of the frame's main data in the reservoir: below zero
// when it is missing.
func (f *frameDecoder) begin(h header, frame []byte) int {
	return 8 * (f.main.n - (len(frame) - h.mainStart()) - f.side.mainDataBegin)
}

// decode leaves the PCM of a frame in f.pcm, h.channels() and h.samples() of it.
// An error says why all of it, or some, is not what was sent. suspect: bytes of it
// may be lost or another's; what its main data say is believed only when the codes
// end on the bit where they must, as most encoders make them, and the level is
// likely.
func (f *frameDecoder) decode(h header, frame []byte, suspect bool) error {
	whole := f.pass(h, frame)
	if h.layer == 2 {
		return f.decodeTwo(h, whole, suspect)
	}
	f.strict = suspect
	pos := f.begin(h, frame)
	result := whole
	for g := range h.granules() {
		err := whole
		if err == nil {
			err = f.granule(h, g, pos)
		} else {
			f.level.unreadable()
		}
		if f.lost = err != nil; f.lost {
			f.conceal.repeat(f, h, g)
			result = err
		}
		for c := range f.side.channels {
			pos += f.side.granule[g][c].bits
		}
	}
	return result
}

// granule decodes granule g, whose main data begin at bit pos of the reservoir.
func (f *frameDecoder) granule(h header, g, pos int) error {
	n, l, err := f.lines(h, g, pos)
	if err != nil {
		f.level.unreadable()
		return err
	}
	if err := f.plausible(n); err != nil {
		return err
	}
	for c := range f.side.channels {
		i := &f.side.granule[g][c]
		s := shape{blockType: i.blockType, long: l[c].longLines(), mixed: i.switched && i.mixed}
		f.conceal.keep(c, &f.xr[c], n[c], s)
		f.synthesize(g, c, n[c], s)
	}
	f.conceal.kept(f.side.channels)
	return nil
}

// lines reads the spectrum of granule g into f.xr: of channel c n[c] lines, which
// lie as l[c] says.
func (f *frameDecoder) lines(h header, g, pos int) (n [2]int, l [2]layout, err error) {
	bands := bandsOf(h.rate)
	for c := range f.side.channels {
		i := &f.side.granule[g][c]
		l[c] = newLayout(bands, h, i)
		if n[c], err = f.spectrum(h, g, c, pos, l[c]); err != nil {
			return n, l, err
		}
		pos += i.bits
	}
	if f.side.channels == 2 {
		f.t.joint(h, &f.xr, &n, &f.side.granule[g][1], &f.scale[1], l[1])
	}
	for c := range f.side.channels {
		if l[c].nLong < longBands {
			n[c] = reorder(&f.xr[c], n[c], l[c])
		}
	}
	return n, l, nil
}

// plausible refuses a level that is not likely, and of a frame that may not be
// whole one much above that of the last good granule.
func (f *frameDecoder) plausible(n [2]int) error {
	most := float32(0)
	for c := range f.side.channels {
		most = max(most, energy(f.xr[c][:n[c]]))
	}
	switch {
	case !f.level.likely(most):
		return errLevel
	case f.strict && most > levelJump*f.conceal.energy:
		return errSuspect
	}
	f.conceal.energy = most
	return nil
}

// spectrum reads scalefactors and Huffman codes of one granule and channel into
// f.xr and returns how many lines may be not zero.
func (f *frameDecoder) spectrum(h header, g, c, pos int, l layout) (int, error) {
	i, s := &f.side.granule[g][c], &f.scale[c]
	xr := &f.xr[c]
	if i.bits == 0 {
		clear(xr[:])
		*s = scalefactors{}
		return 0, nil
	}
	if pos < 0 {
		return 0, errReservoir
	}
	r := bitReader{b: f.main.bytes()}
	r.seek(pos)
	end := pos + i.bits
	if h.version == version1 {
		keep := f.side.scfsi[c]
		if g == 0 {
			keep = 0
		}
		if keep != 0 && f.lost {
			return 0, errReservoir
		}
		s.read1(&r, i, l, keep)
	} else {
		s.read2(&r, i, l, c == 1 && h.mode == modeJoint && h.joint&jointIntensity != 0)
	}
	if r.pos() > end {
		return 0, errScale
	}
	n, err := f.t.spectrum(&r, xr, i, regions(l, i), end)
	if err != nil {
		return 0, err
	}
	if f.strict && r.pos() != end {
		return 0, errSuspect
	}
	requantize(xr, n, i, s, l)
	return n, nil
}

// regions is where the first and the second Huffman region end: 11172-3,
// 2.4.2.7, region0_count. Switched windows have two regions only.
func regions(l layout, g *granuleInfo) [2]int {
	if !g.switched {
		first := int(g.region[0]) + 1
		return [2]int{linesOf(l.widths, first), linesOf(l.widths, first+int(g.region[1])+1)}
	}
	if g.blockType != blockShort {
		return [2]int{linesOf(l.widths, 8), lines}
	}
	return [2]int{9 * int(l.widths.short[0]), lines} // three bands of three windows
}

// linesOf is how many lines the first n long bands have.
func linesOf(w *bandWidths, n int) (sum int) {
	for _, v := range w.long[:min(n, longBands)] {
		sum += int(v)
	}
	return sum
}

// synthesize makes the PCM of granule g of channel c of its spectrum.
func (f *frameDecoder) synthesize(g, c, n int, s shape) {
	ch := &f.channel[c]
	ch.hybrid.synthesize(f.t, &f.xr[c], n, s, &f.filtered)
	ch.synthesis.blocks(&f.t.window, &f.filtered, (*[lines]float32)(f.pcm[c][g*lines:]))
}

// passTwo takes a frame of Layer II, which builds on no other.
func (f *frameDecoder) passTwo(h header, frame []byte) error {
	if f.two == nil {
		f.two = new(layerTwo)
	}
	f.main.drop()
	return f.two.parse(h, frame, &f.crc)
}

// decodeTwo makes the PCM of the frame passed last. A damaged one is silence, into
// which the filter bank fades.
func (f *frameDecoder) decodeTwo(h header, err error, suspect bool) error {
	f.conceal.forget()
	f.level = levelJudge{}
	f.lost = true
	if suspect && err == nil {
		err = errSuspect
		f.two.silence()
	}
	for c := range h.channels() {
		for g := range h.granules() {
			blocks := (*[slots][subbands]float32)(f.two.sample[c][g*slots:])
			f.channel[c].synthesis.blocks(&f.t.window, blocks, (*[lines]float32)(f.pcm[c][g*lines:]))
		}
	}
	return err
}
