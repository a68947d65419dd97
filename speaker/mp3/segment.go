package mp3

// decoderDelay is how many PCM frames a Layer III decoder adds before the
// first: 528 of the filter bank and 1, the value every encoder reckons with.
const decoderDelay = 529

// frameLen is the number of PCM frames of one MPEG-1 Layer III frame.
const frameLen = 1152

// segment is the stretch of frames that one info tag speaks of: a whole file,
// or one of several that were put one behind the other. The zero segment has no
// tag and is played whole.
type segment struct {
	n      int64 // frames met so far
	frames int64 // frames the tag counted; 0: unknown
	from   int64 // PCM frames before the sound
	to     int64 // end of the sound, when frames is known
}

// newSegment trims what the tag says. A padding shorter than the decoder's
// delay would reach beyond the last frame; there is no sound to take it from.
func newSegment(t infoTag) segment {
	if !t.gapless {
		return segment{}
	}
	end := t.frames * frameLen
	return segment{
		frames: t.frames,
		from:   int64(t.delay) + decoderDelay,
		to:     min(end, end-int64(t.padding)+decoderDelay),
	}
}

// next returns which PCM frames [lo, hi) of the next MPEG frame are sound.
// Frames beyond those the tag counted are played whole: it was wrong.
func (s *segment) next() (lo, hi int) {
	start := s.n * frameLen
	clip := func(at int64) int { return int(min(max(at-start, 0), frameLen)) }
	lo, hi = clip(s.from), frameLen
	if s.n < s.frames {
		hi = max(lo, clip(s.to))
	}
	s.n++
	return lo, hi
}
