package mp3

// decoderDelay is how many PCM frames a Layer III decoder adds before the
// first: 528 of the filter bank and 1, the value every encoder reckons with.
const decoderDelay = 529

// segment is the stretch of frames that one info tag speaks of: a whole file,
// or one of several that were put one behind the other. The zero segment has no
// tag and is played whole.
type segment struct {
	n      int64 // frames met so far
	frames int64 // frames the tag counted; 0: unknown
	from   int64 // PCM frames before the sound
	to     int64 // end of the sound, when frames is known
}

// newSegment trims what the tag says of frames of size PCM frames. A padding
// shorter than the decoder's delay would reach beyond the last frame; there is no
// sound to take it from.
func newSegment(t infoTag, size int) segment {
	if !t.gapless {
		return segment{}
	}
	end := t.frames * int64(size)
	return segment{
		frames: t.frames,
		from:   int64(t.delay) + decoderDelay,
		to:     min(end, end-int64(t.padding)+decoderDelay),
	}
}

// next returns which PCM frames [lo, hi) of the next MPEG frame, of size, are
// sound. Frames beyond those the tag counted are played whole: it was wrong.
func (s *segment) next(size int) (lo, hi int) {
	start := s.n * int64(size)
	clip := func(at int64) int { return int(min(max(at-start, 0), int64(size))) }
	lo, hi = clip(s.from), size
	if s.n < s.frames {
		hi = max(lo, clip(s.to))
	}
	s.n++
	return lo, hi
}
