package mp3

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// maxBadFrames in a row end a file: about 5 s of silence says that the rest is
// no sound either.
const maxBadFrames = 200

// Decoder yields the sound of one MPEG-1 Layer III file. It is not safe for use
// by several goroutines.
type Decoder struct {
	walk     *walker
	feed     feeder
	seg      segment
	rate     int
	channels int

	first    bool   // no frame was looked at yet
	header   header // of frame
	frame    []byte // found and not yet decoded; nil: ask the walker
	lo, hi   int    // PCM frames of feed.pcm not yet given out
	err      error
	bad, run int64 // frames that became silence: in all, and in a row
	lastBad  error
	lead     int // frames after a skip that may lack their reservoir
}

// NewDecoder reads up to the first frame. It returns an error that wraps
// ErrUnsupported or ErrNotAudio when the file cannot be played, or the reader's
// own. It reads ahead by 32 KiB at most and never seeks; r stays the caller's.
func NewDecoder(r io.Reader) (*Decoder, error) {
	d := &Decoder{walk: newWalker(r), first: true}
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

// Format is the sampling rate in Hz (32000, 44100 or 48000) and the number of
// channels (1 or 2), as the first frame has them. The rate never changes; frames
// with the other number of channels are mixed down or doubled to fit.
func (d *Decoder) Format() (rate, channels int) { return d.rate, d.channels }

// Read fills dst with interleaved float32 sound, full scale +-1, and returns how
// many frames it wrote; dst keeps a remainder of less than a frame. It returns
// io.EOF, with no frames, at the end. Any other error comes after the last good
// frame and is final: the reader's own, or one that wraps ErrChanged or
// ErrDamaged. Frames that could not be decoded are silence and counted by
// Damage.
func (d *Decoder) Read(dst []float32) (frames int, err error) {
	want := len(dst) / d.channels
	for frames < want {
		if d.lo == d.hi {
			if err := d.fill(); err != nil {
				if frames > 0 {
					return frames, nil
				}
				return 0, err
			}
		}
		n := min(want-frames, d.hi-d.lo)
		d.copy(dst[frames*d.channels:], n)
		frames += n
	}
	return frames, nil
}

// Damage tells what was not played so far: bytes that belonged to no frame, and
// frames that became silence.
func (d *Decoder) Damage() (bytes, frames int64) { return d.walk.damaged, d.bad }

// leadFrames are decoded, and thrown away, before the first frame after a skip:
// 511 bytes of reservoir reach back 9 of the smallest frames (32 kbit/s at
// 48 kHz in stereo, CRC: 58 bytes of main data), and the filters one more.
const leadFrames = 12

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
			return skipped, err
		}
		lo, hi := d.seg.next()
		size := int64(hi - lo)
		if n-skipped >= size+leadFrames*frameLen {
			jumped = true
			skipped += size
			continue
		}
		if jumped {
			d.feed.reset()
			d.lead, jumped = leadFrames, false
		}
		if err := d.decode(h, frame, lo, hi); err != nil {
			return skipped, err
		}
		m := min(n-skipped, int64(d.hi-d.lo))
		d.lo += int(m)
		skipped += m
	}
	return skipped, nil
}

// fill decodes frames until there is sound to give out.
func (d *Decoder) fill() error {
	for d.lo == d.hi {
		h, frame, err := d.next()
		if err != nil {
			return err
		}
		lo, hi := d.seg.next()
		if err := d.decode(h, frame, lo, hi); err != nil {
			return err
		}
	}
	return nil
}

// decode makes the PCM frames [lo, hi) of one MPEG frame the next to give out.
func (d *Decoder) decode(h header, frame []byte, lo, hi int) error {
	if hi == 0 { // behind the end: nothing can depend on it
		return nil
	}
	if d.walk.gap {
		d.feed.gap()
	}
	err := d.feed.decode(h, frame, d.walk.suspect)
	if d.lead > 0 && errors.Is(err, errReservoir) {
		err = nil // not damage: we came from nowhere
	}
	d.lead = max(d.lead-1, 0)
	d.note(err)
	if d.run > maxBadFrames {
		d.err = fmt.Errorf("%w: %d frames in a row: %w", ErrDamaged, d.run, d.lastBad)
		return d.err
	}
	d.lo, d.hi = lo, hi
	return nil
}

// note counts the outcome of one frame.
func (d *Decoder) note(err error) {
	if err == nil {
		d.run = 0
		return
	}
	d.bad++
	d.run++
	d.lastBad = err
}

// next returns the next frame of sound; info tags begin a new segment.
func (d *Decoder) next() (header, []byte, error) {
	if h, frame := d.header, d.frame; frame != nil {
		d.frame = nil
		return h, frame, nil
	}
	for d.err == nil {
		var h header
		var frame []byte
		if h, frame, d.err = d.walk.next(); d.err != nil {
			break
		}
		t, ok := parseInfo(h, frame, d.first)
		d.first = false
		if !ok {
			return h, frame, nil
		}
		d.seg = newSegment(t)
		d.feed.gap() // another file begins, or the first
	}
	return header{}, nil, d.err
}

// copy converts n PCM frames. go-mp3 doubles mono to stereo.
func (d *Decoder) copy(dst []float32, n int) {
	const scale = 1.0 / 32768
	pcm := d.feed.pcm[4*d.lo : 4*(d.lo+n)]
	d.lo += n
	if d.channels == 2 {
		for i := range 2 * n {
			dst[i] = scale * float32(int16(binary.LittleEndian.Uint16(pcm[2*i:])))
		}
		return
	}
	for i := range n {
		l := int16(binary.LittleEndian.Uint16(pcm[4*i:]))
		r := int16(binary.LittleEndian.Uint16(pcm[4*i+2:]))
		dst[i] = scale / 2 * float32(int32(l)+int32(r))
	}
}

// isEnd is true for the error that ends every good file.
func isEnd(err error) bool { return errors.Is(err, io.EOF) }
