package opus

import (
	"bytes"
	"errors"
	"io"
	"slices"
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
	beside   []uint32 // serials of other streams, maxBeside at most

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

// maxBeside is how many other streams are known by their serials.
const maxBeside = 64

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
	if !s.open && len(s.others) > 0 {
		s.fail = s.ended(nil)
		return false
	}
	if began = s.headless(p); !s.open || p.serial != s.serial {
		s.unbegun(p)
		return false
	}
	missing := int32(p.sequence - s.sequence - 1)
	if missing != 0 && s.stray(missing) {
		s.pages.drop()
		return began
	}
	s.sequence, s.over = p.sequence, p.has(flagLast)
	if skip, isTags := s.passTags(&p); isTags {
		if skip {
			return began
		}
	}
	s.data(p, missing)
	return began
}

// headless begins a link of which the first page is lost: one is over, and here
// are the tags of the next. It is played with the head of the one before.
func (s *stream) headless(p page) (began bool) {
	if !s.open || !s.over || slices.Contains(s.beside, p.serial) || !bytes.HasPrefix(p.body, []byte(tagsMagic)) {
		return false
	}
	s.begins(p.serial, p.sequence-1, s.head)
	return true
}

// unbegun counts a page of another stream as damage, if that never began: its
// first page is lost, and with it how to play it.
func (s *stream) unbegun(p page) {
	if len(s.beside) < maxBeside && !slices.Contains(s.beside, p.serial) {
		s.pages.drop()
	}
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
	ours := bytes.HasPrefix(p.body, []byte(headMagic))
	if (!ours || s.open && s.grouping) && len(s.beside) < maxBeside && !slices.Contains(s.beside, p.serial) {
		s.beside = append(s.beside, p.serial)
	}
	if !ours {
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
	s.begins(p.serial, p.sequence, h)
	s.grouping = true
	return true
}

// begins begins a link.
func (s *stream) begins(serial, sequence uint32, h head) {
	if s.open && !s.over {
		s.unended++
	}
	s.pages.locked, s.over = true, false
	s.open, s.serial, s.head = true, serial, h
	s.sequence, s.tags = sequence, tagsDue
	s.placed, s.position, s.begin, s.end, s.gone = false, 0, 0, noEnd, 0
	s.tail, s.part = nil, s.part[:0]
	s.links++
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

// endless is true when one of the links so far has no last page.
func (s *stream) endless() bool { return s.unended > 0 || !s.over }
