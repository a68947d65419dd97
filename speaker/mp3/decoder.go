package mp3

import (
	"errors"
	"fmt"
	"io"
)

// Decoder yields the sound of one MPEG-1, 2 or 2.5 Layer III file. It is not safe
// for use by several goroutines.
type Decoder struct {
	walk     *walker
	dec      *frameDecoder
	seg      segment
	rate     int
	channels int

	kind     header  // of the frame met last
	tag      infoTag // the one met last
	segments int     // begun so far
	header   header  // of frame
	frame    []byte  // found and not yet decoded; nil: ask the walker

	mono   bool // the frame decoded last
	lo, hi int  // PCM frames of dec.pcm not yet given out
	err    error
	bad    int64 // frames that were concealed
}

// NewDecoder reads up to the first frame. It returns an error that wraps
// ErrUnsupported or ErrNotAudio when the file cannot be played, or the reader's
// own. It reads ahead by 32 KiB at most and never seeks; r stays the caller's.
func NewDecoder(r io.Reader) (*Decoder, error) {
	d := &Decoder{walk: newWalker(r), dec: newFrameDecoder()}
	h, frame, err := d.next()
	switch {
	case err == nil:
		d.header, d.frame = h, frame
	case isEnd(err) && d.walk.locked: // an info tag and nothing behind it
		h = d.walk.kind
	default:
		return nil, err
	}
	d.rate, d.channels = h.rate, h.channels()
	return d, nil
}

// Format is the sampling rate in Hz (8000 to 48000) and the number of channels (1
// or 2), as the first frame has them. Both may be others after Read or Skip
// returned ErrChanged, and only then: frames with the other number of channels
// are mixed down or doubled to fit.
func (d *Decoder) Format() (rate, channels int) { return d.rate, d.channels }

// Read fills dst with interleaved float32 sound and returns how many frames it
// wrote; dst keeps a remainder of less than a frame. Full scale is +-1, and what
// an encoder left above it is not clipped. Read returns io.EOF, with no frames,
// at the end. It returns an error that wraps ErrChanged, with no frames and once,
// where the stream goes on at another sampling rate: Format tells it, and the next
// Read goes on. Any other error comes after the last good frame and is final:
// the reader's own, or one that wraps ErrUnsupported (frames of Layer I follow).
// Frames that could not be decoded, however many, are concealed and counted by
// Damage.
func (d *Decoder) Read(dst []float32) (frames int, err error) {
	for want := len(dst) / d.channels; frames < want; {
		if d.lo == d.hi {
			if err := d.fill(); err != nil {
				if frames > 0 {
					return frames, nil // it will come again
				}
				return 0, d.told(err)
			}
		}
		n := min(want-frames, d.hi-d.lo)
		d.copy(dst[frames*d.channels:], n)
		frames += n
	}
	return frames, nil
}

// Damage tells what was not played as it was sent so far: bytes that belonged to
// no frame, and frames that were concealed, in full or in part.
func (d *Decoder) Damage() (bytes, frames int64) { return d.walk.damaged, d.bad }

// lead is how many PCM frames are decoded, and thrown away, before the first after
// a skip. The filters remember two granules, the concealment what has not yet
// faded out, and what is too loud depends on levelGranules.
const lead = (levelGranules + 16) * lines

// Skip passes over n frames, most of them without decoding. What Read yields
// then is bit for bit what it would have yielded after reading them. It returns
// how many it passed over, fewer than n only with the error that Read would
// have returned there.
func (d *Decoder) Skip(n int64) (skipped int64, err error) {
	m := min(n, int64(d.hi-d.lo))
	d.lo += int(m)
	skipped = m
	jumped := false
	for skipped < n {
		h, frame, err := d.next()
		if err != nil {
			return skipped, d.told(err)
		}
		lo, hi := d.seg.next(h.samples())
		size := int64(hi - lo)
		if n-skipped >= size+lead {
			_ = d.pass(h, frame) // nobody hears it: no damage
			jumped = true
			skipped += size
			continue
		}
		if jumped {
			d.dec.forget()
			jumped = false
		}
		d.decode(h, frame, lo, hi)
		m := min(n-skipped, int64(d.hi-d.lo))
		d.lo += int(m)
		skipped += m
	}
	return skipped, nil
}

// told makes ErrChanged true: the caller has heard of it.
func (d *Decoder) told(err error) error {
	if errors.Is(err, ErrChanged) {
		d.rate, d.channels = d.header.rate, d.header.channels()
	}
	return err
}

// fill decodes frames until there is sound to give out.
func (d *Decoder) fill() error {
	for d.lo == d.hi {
		h, frame, err := d.next()
		if err != nil {
			return err
		}
		lo, hi := d.seg.next(h.samples())
		d.decode(h, frame, lo, hi)
	}
	return nil
}

// decode makes the PCM frames [lo, hi) of one MPEG frame the next to give out. One
// of which nothing is left is decoded too: more may follow than the tag counted,
// and they build on it.
func (d *Decoder) decode(h header, frame []byte, lo, hi int) {
	if d.walk.gap {
		d.dec.gap()
	}
	if d.dec.decode(h, frame, d.walk.suspect) != nil {
		d.bad++
	}
	d.mono = h.channels() == 1
	d.lo, d.hi = lo, hi
}

// pass takes a frame without decoding it. The error says what is wrong with it,
// as far as can be seen.
func (d *Decoder) pass(h header, frame []byte) error {
	if d.walk.gap {
		d.dec.gap()
	}
	return d.dec.pass(h, frame)
}

// next returns the next frame of sound; info tags begin a new segment. At
// another rate it returns ErrChanged until that was told.
func (d *Decoder) next() (header, []byte, error) {
	if d.frame == nil {
		if err := d.find(); err != nil {
			return header{}, nil, err
		}
	}
	if d.rate != 0 && d.header.rate != d.rate {
		return header{}, nil, fmt.Errorf("%w: from %d Hz to %v", ErrChanged, d.rate, d.header)
	}
	h, frame := d.header, d.frame
	d.frame = nil
	return h, frame, nil
}

// find leaves the next frame of sound in d.frame, or the error that ends the
// stream in d.err.
func (d *Decoder) find() error {
	for d.err == nil {
		var h header
		var frame []byte
		if h, frame, d.err = d.walk.next(); d.err != nil {
			break
		}
		first := h.rate != d.kind.rate
		if first {
			d.tag, d.seg = infoTag{}, segment{}
			d.dec.gap()
		}
		d.kind = h
		t, ok := parseInfo(h, frame, first)
		if first || ok {
			d.segments++
		}
		if !ok {
			d.header, d.frame = h, frame
			return nil
		}
		d.tag, d.seg = t, newSegment(t, h.samples())
		d.dec.gap() // another file begins, or the first
	}
	return d.err
}

// copy gives out n PCM frames in the number of channels that was promised.
func (d *Decoder) copy(dst []float32, n int) {
	left, right := d.dec.pcm[0][d.lo:d.lo+n], d.dec.pcm[1][d.lo:d.lo+n]
	d.lo += n
	switch {
	case d.channels == 1 && d.mono:
		copy(dst, left)
	case d.channels == 1:
		for i, l := range left {
			dst[i] = (l + right[i]) / 2
		}
	default:
		if d.mono {
			right = left
		}
		dst = dst[:2*n]
		for i, l := range left {
			dst[2*i], dst[2*i+1] = l, right[i]
		}
	}
}

// isEnd is true for the error that ends every good file.
func isEnd(err error) bool { return errors.Is(err, io.EOF) }
