package opus

import (
	"bytes"
	"errors"
	"io"
	"strings"
)

// unit is the next stretch of a stream: a packet, or a hole where packets are
// missing, or the beginning of another link of a chain.
type unit struct {
	packet []byte // nil: a hole. Valid until the next unit is asked for
	frames int    // how long it is; more than a packet's for a hole
	lo, hi int    // what of it is to be heard: less at the ends of a link
	head   *head  // not nil: a link begins, and there is nothing else
}

// packet is one packet of the page being read.
type packet struct {
	data   []byte
	frames int
	hole   int // missing before it
}

// maxPackets is how many may end on a page: one for each lacing value.
const maxPackets = 255

// stream turns pages into units: it follows one logical stream, and the next
// one when it is over (a chain), and passes over all others. Where sound is
// missing the granule positions tell how much.
type stream struct {
	pages *pager

	open     bool // a link was found
	grouping bool // only first pages came since: the links beside it
	serial   uint32
	head     head
	tags     tagState
	vendor   string
	others   []string // codecs of other streams, until a link is found

	sequence uint32 // of the last page of the link
	placed   bool   // position is known
	position int64  // granule position of the end of the last packet
	begin    int64  // granule position of the link's first frame
	end      int64  // granule position where the link ends, noEnd until known
	gone     int64  // pages missing since the last one that said when it ends

	queue []packet // of the page being read, as far as not given out
	store [maxPackets]packet
	tail  []byte // a packet that goes on in the next page: aliases the page
	part  []byte // and what is kept of it
	fail  error  // comes after the queue

	holes     int64 // frames in holes
	filled    int64 // of them, frames that were put where pages are missing
	sounded   int64 // frames in packets
	malformed int64 // packets that are none
	links     int
	over      bool  // the last page of the link was there
	unended   int64 // links before it of which it was not
}

const noEnd = 1<<63 - 1

// tagState is how far the comment header of a link was passed.
type tagState uint8

const (
	tagsDue tagState = iota
	tagsOpen
	tagsDone
)

func newStream(p *pager) *stream {
	return &stream{pages: p, part: make([]byte, 0, 4096)}
}

// next returns the next unit, or an error: ErrUnsupported for what cannot be
// played, or what the pages end with.
func (s *stream) next() (unit, error) {
	for {
		if len(s.queue) > 0 {
			return s.give(), nil
		}
		if s.fail != nil {
			return unit{}, s.fail
		}
		s.keepTail()
		p, err := s.pages.next()
		if err != nil {
			s.fail = s.ended(err)
			continue
		}
		if began := s.page(p); began {
			return unit{head: &s.head}, nil
		}
	}
}

// ended is err, or that no Opus was found before it.
func (s *stream) ended(err error) error {
	if s.open || len(s.others) == 0 || err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, ErrNotAudio) {
		return err
	}
	return unsupported("Ogg with %s", strings.Join(s.others, ", "))
}

// give takes the first packet of the queue, or the hole before it.
func (s *stream) give() unit {
	p := &s.queue[0]
	u := unit{packet: p.data, frames: p.frames}
	if p.hole > 0 {
		u = unit{frames: p.hole}
		p.hole = 0
	} else {
		s.queue = s.queue[1:]
	}
	if u.packet == nil {
		s.holes += int64(u.frames)
	}
	at := s.position
	s.position += int64(u.frames)
	heard := s.begin + int64(s.head.preSkip)
	u.lo = int(min(max(heard-at, 0), int64(u.frames)))
	u.hi = int(min(max(s.end-at, int64(u.lo)), int64(u.frames)))
	return u
}

// page takes in one page; it is true when a link begins.
func (s *stream) page(p page) (began bool) {
	if p.has(flagFirst) {
		return s.first(p)
	}
	s.grouping = false
	if !s.open {
		if len(s.others) > 0 {
			s.fail = s.ended(nil)
		}
		return false
	}
	if p.serial != s.serial {
		return false
	}
	missing := int32(p.sequence - s.sequence - 1)
	if missing != 0 && s.stray(missing) {
		s.pages.drop()
		return false
	}
	s.sequence, s.over = p.sequence, p.has(flagLast)
	if skip, isTags := s.passTags(&p); isTags {
		if skip {
			return false
		}
	}
	s.data(p, missing)
	return false
}

// stray is true when the order goes on behind a page that is out of it: a block
// of the file was overwritten with another, whole pages and all. Only what is
// read already is looked at.
func (s *stream) stray(missing int32) bool {
	const near = 1 << 10
	between := uint32(missing)
	if missing < 0 {
		between = near
	}
	return s.pages.ahead(s.serial, s.sequence+1, s.sequence+1+between)
}

// first looks at the first page of a logical stream.
func (s *stream) first(p page) (began bool) {
	if !bytes.HasPrefix(p.body, []byte(headMagic)) {
		if !s.open && len(s.others) < 8 {
			s.others = append(s.others, codecName(p.body))
		}
		return false
	}
	if s.open && s.grouping {
		return false // beside the one that is played
	}
	size := 0
	for _, n := range p.lacing {
		size += int(n)
		if n < 255 {
			break
		}
	}
	h, err := parseHead(p.body[:size])
	if err != nil {
		s.fail = err
		return false
	}
	if s.open && !s.over {
		s.unended++
	}
	s.pages.locked, s.over = true, false
	s.open, s.grouping, s.serial, s.head = true, true, p.serial, h
	s.sequence, s.tags = p.sequence, tagsDue
	s.placed, s.position, s.begin, s.end, s.gone = false, 0, 0, noEnd, 0
	s.tail, s.part = nil, s.part[:0]
	s.links++
	return true
}

// passTags passes over the comment header, which may be megabytes long (a
// picture) and so be spread over many pages. skip is true when nothing else is on the
// page; what follows the header on its last page is left in p.
func (s *stream) passTags(p *page) (skip, isTags bool) {
	switch {
	case s.tags == tagsDone:
		return false, false
	case s.tags == tagsDue && bytes.HasPrefix(p.body, []byte(tagsMagic)):
		if s.links == 1 {
			s.vendor = vendor(p.body)
		}
	case p.granule > 0 || !p.has(flagContinued):
		s.tags = tagsDone // it is missing
		return false, false
	}
	s.tags = tagsOpen
	size := 0
	for i, n := range p.lacing {
		size += int(n)
		if n < 255 {
			s.tags = tagsDone
			p.lacing, p.body = p.lacing[i+1:], p.body[min(size, len(p.body)):]
			p.flags &^= flagContinued
			return len(p.lacing) == 0, true
		}
	}
	return true, true
}

// keepTail keeps the beginning of a packet while its page goes.
func (s *stream) keepTail() {
	if s.tail == nil {
		return
	}
	if len(s.part)+len(s.tail) <= packetBytes+1 { // one more, so that it is seen to be too long
		s.part = append(s.part, s.tail...)
	}
	s.tail = nil
}

// data puts the packets that end on a page into the queue.
func (s *stream) data(p page, missing int32) {
	s.gone += int64(max(missing, 0))
	begun := p.has(flagContinued) && missing == 0 && len(s.part) > 0
	if !begun {
		s.part = s.part[:0]
	}
	s.queue = s.store[:0]
	at, from := 0, 0
	first := true
	for _, n := range p.lacing {
		at += int(n)
		if n == 255 {
			continue
		}
		data := p.body[from:at]
		from = at
		switch {
		case first && begun:
			s.part = append(s.part, data...)
			data = s.part
		case first && p.has(flagContinued):
			first = false // its beginning is gone, and counts as missing
			continue
		}
		first = false
		s.queue = append(s.queue, packet{data: data, frames: duration(data)})
	}
	orphan := first && p.has(flagContinued) && !begun
	if from < at && !orphan {
		s.tail = p.body[from:]
		if !first {
			s.part = s.part[:0] // its bytes, if a packet has them, stay until keepTail
		}
	}
	s.place(p)
}

// place works out where the packets of the queue lie in time: the last of them
// ends at the page's granule position. What is missing between them and those
// before becomes a hole.
func (s *stream) place(p page) {
	if len(s.queue) == 0 {
		return
	}
	sum, broken := s.measure()
	s.end = noEnd
	known := p.granule >= 0
	if !s.placed {
		s.placeFirst(p, sum)
	} else if known {
		s.placeNext(p, sum, broken)
	}
	if known {
		s.gone = 0
	}
	s.sounded += sum
}

// measure is how long the packets of the queue are, and which of them is the
// first that is none; -1: all are good.
func (s *stream) measure() (sum int64, broken int) {
	broken = -1
	for i, q := range s.queue {
		sum += int64(q.frames)
		if q.frames > 0 {
			continue
		}
		s.queue[i].data = nil
		s.malformed++
		if broken < 0 {
			broken = i
		}
	}
	return sum, broken
}

// placeFirst begins the count of a link.
func (s *stream) placeFirst(p page, sum int64) {
	s.placed = true
	s.position = max(p.granule-sum, 0)
	s.begin = s.position
	if s.gone > 0 && s.fill(s.position) {
		s.queue[0].hole, s.begin, s.position = int(s.position), 0, 0
	}
	if p.has(flagLast) && p.granule >= 0 && p.granule < sum {
		s.end = p.granule
	}
}

// placeNext goes on with it. broken is what measure found.
func (s *stream) placeNext(p page, sum int64, broken int) {
	hole := p.granule - sum - s.position
	switch {
	case hole < 0 && p.has(flagLast) && p.granule >= s.position:
		s.end = p.granule
	case hole >= quantum && s.fill(hole):
		if broken >= 0 && s.gone == 0 {
			s.queue[broken].frames = int(hole)
		} else {
			s.queue[0].hole = int(hole)
		}
	default: // the count goes on from elsewhere, or was inexact
		s.position += hole
		s.begin += hole
	}
}

// What a hole may last, in frames. A page holds a second as a rule; a gap
// without one missing has no place in a file (RFC 7845 section 4.1) but is met.
const (
	holePerPage = 10 * Rate
	holeOfNone  = Rate
	// holesAhead is how much longer than the sound so far all holes of a file may
	// be, holesMost how long at all: a few bytes must not silence a loudspeaker for
	// hours.
	holesAhead = 60 * Rate
	holesMost  = 5 * 60 * Rate
)

// fill is true when a hole of that many frames is believed, and counts it. It is
// all or nothing: one that is too long is two recordings joined, or a lie.
func (s *stream) fill(frames int64) bool {
	longest := int64(holeOfNone)
	if s.gone > 0 {
		longest = min(s.gone*holePerPage, holesMost)
	}
	if frames > longest || s.filled+frames > min(s.sounded+holesAhead, holesMost) {
		return false
	}
	s.filled += frames
	return true
}

// endless is true when one of the links so far has no last page.
func (s *stream) endless() bool { return s.unended > 0 || !s.over }

// lostPackets is how many packets are missing, a guess: as if of 20 ms each.
func (s *stream) lostPackets() int64 { return (s.holes + concealFrames - 1) / concealFrames }
