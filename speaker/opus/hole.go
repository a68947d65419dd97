package opus

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

// lostPackets is how many packets are missing, a guess: as if of 20 ms each.
func (s *stream) lostPackets() int64 { return (s.holes + concealFrames - 1) / concealFrames }
