package speaker

// quietBytes may be read of a source before its first sound, and between one
// sound and the next, before it is given up: as much as the longest file that a
// device takes, so that no hole in a file is too long.
const quietBytes = 64 << 20

// codecDecoder is what the decoders of all codecs are.
type codecDecoder interface {
	Decoder
	skipper
	concealer
}

// limited is a decoder whose source may be endless: each call reads no more of it
// than the sound asked for can take, and quietBytes.
type limited struct {
	codecDecoder
	source *source
}

// Read reads as the decoder does.
func (l limited) Read(dst []float32) (frames int, err error) {
	defer guard(&err)
	l.source.allow(int64(len(dst)))
	return l.codecDecoder.Read(dst)
}

// Skip skips as the decoder does.
func (l limited) Skip(n int64) (skipped int64, err error) {
	defer guard(&err)
	l.source.allow(2 * min(n, 1<<50))
	return l.codecDecoder.Skip(n)
}

// widestSample is of WAV, 64-bit floats; no codec takes more.
const widestSample = 8

// allow lets the source be read for that many samples.
func (s *source) allow(samples int64) { s.left = s.quiet + widestSample*samples }

// silent is the error of a source that had its chance.
func (s *source) silent() error { return notAudio("no sound in %d KiB", s.quiet>>10) }
