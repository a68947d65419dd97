package opus

import (
	"fmt"
	"io"

	"github.com/thesyncim/gopus"
)

const (
	// preRoll is decoded, and thrown away, before the first frame after a skip.
	// RFC 7845 section 4.6 asks for 80 ms at least, by which the difference is 20
	// to 40 dB below the sound only, measured; at 800 ms it is gone from CELT.
	preRoll = 40 * 960
	// concealFrames is how much is concealed at once. It must not be the size of
	// the largest packet: that asks gopus for as much as the last packet was.
	concealFrames = 960
	// fadeFrom and fadeTo are how far into a hole the concealment is taken back
	// until there is silence. By itself the codec goes over to noise after 100 ms,
	// at first as loud as the sound was.
	fadeFrom = 40 * Rate / 1000
	fadeTo   = 100 * Rate / 1000
	// returnFrames is how long the sound takes to come back behind a hole.
	returnFrames = 5 * Rate / 1000
)

// Decoder yields the sound of one Ogg Opus file. It is not safe for use by
// several goroutines.
type Decoder struct {
	stream   *stream
	dec      *gopus.Decoder
	channels int

	pcm    []float32
	lo, hi int   // frames of pcm not yet given out
	hole   int   // frames still to be concealed
	lost   int   // frames of concealment since the last packet, fadeTo at most
	bad    int64 // packets that were concealed
}

// NewDecoder reads up to the first page of an Opus stream. It returns an error
// that wraps ErrUnsupported or ErrNotAudio when the file cannot be played, or
// the reader's own. It reads ahead by 96 KiB at most and never seeks; r stays the
// caller's.
func NewDecoder(r io.Reader) (*Decoder, error) {
	s := newStream(newPager(r))
	u, err := s.next()
	if err != nil {
		return nil, err
	}
	d := &Decoder{stream: s, channels: u.head.channels}
	d.pcm = make([]float32, packetFrames*d.channels)
	d.dec, err = gopus.NewDecoder(gopus.DecoderConfig{
		SampleRate: Rate, Channels: d.channels, MaxPacketSamples: packetFrames, MaxPacketBytes: packetBytes,
	})
	if err != nil {
		return nil, fmt.Errorf("make an Opus decoder: %w", err)
	}
	return d, d.link(u.head)
}

// Format is 48000 Hz and the number of channels (1 or 2) of the first link of
// the file; later ones are mixed down or doubled to fit. It never changes.
func (d *Decoder) Format() (rate, channels int) { return Rate, d.channels }

// Read fills dst with interleaved float32 sound and returns how many frames it
// wrote; dst keeps a remainder of less than a frame. Full scale is +-1; the codec
// and the output gain of the file may go beyond. It returns io.EOF, with no
// frames, at the end. Any other error comes after the last good frame and is
// final: the reader's own, or one that wraps ErrUnsupported when a further link
// of a chain cannot be played. Missing packets are concealed and counted by
// Damage. It allocates nothing once it runs.
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
			continue
		}
		n := min(want-frames, d.hi-d.lo)
		copy(dst[frames*d.channels:], d.pcm[d.lo*d.channels:(d.lo+n)*d.channels])
		d.lo += n
		frames += n
	}
	return frames, nil
}

// Damage tells what was not played so far: bytes that belonged to no page, or
// to one that could not be placed or played, and packets that were missing, or
// could not be decoded, and were concealed. Of the missing the number is a guess,
// by the length of 20 ms.
func (d *Decoder) Damage() (bytes, frames int64) {
	return d.stream.pages.damaged, d.bad + d.stream.lostPackets()
}

// Skip passes over n frames, most of them without decoding. It returns how many
// it passed over, fewer than n only with the error that Read would have returned
// there. The position is exact to the frame. The sound after it is that of a
// codec that began 800 ms earlier: where it is CELT, the same to the bit; where
// it is SILK, whose rounding never forgets, some 35 dB below the sound apart.
func (d *Decoder) Skip(n int64) (skipped int64, err error) {
	jumped := false
	for skipped < n {
		if d.lo < d.hi {
			m := min(n-skipped, int64(d.hi-d.lo))
			d.lo += int(m)
			skipped += m
			continue
		}
		if d.hole > 0 {
			if n-skipped >= int64(d.hole)+preRoll {
				skipped, d.hole, jumped = skipped+int64(d.hole), 0, true
			} else {
				d.conceal()
			}
			continue
		}
		u, err := d.stream.next()
		if err != nil {
			return skipped, err
		}
		size := int64(u.hi - u.lo)
		if u.head == nil && n-skipped >= size+preRoll {
			skipped, jumped = skipped+size, true
			continue
		}
		if jumped {
			d.dec.Reset()
			jumped, d.lost = false, 0
		}
		if err := d.use(u); err != nil {
			return skipped, err
		}
	}
	return skipped, nil
}

// fill makes sound until there is some to give out.
func (d *Decoder) fill() error {
	for d.lo == d.hi {
		if d.hole > 0 {
			d.conceal()
			continue
		}
		u, err := d.stream.next()
		if err != nil {
			return err
		}
		if err := d.use(u); err != nil {
			return err
		}
	}
	return nil
}

// use makes a unit the next to give out.
func (d *Decoder) use(u unit) error {
	switch {
	case u.head != nil:
		return d.link(u.head)
	case u.packet == nil:
		d.hole = u.hi - u.lo
		return nil
	}
	n, err := d.decode(u.packet, d.pcm)
	if err != nil || n != u.frames {
		d.bad++
		d.hole = u.hi - u.lo
		return nil
	}
	if d.lost > 0 {
		d.comeBack(n)
	}
	d.lo, d.hi = u.lo, u.hi
	return nil
}

// comeBack brings the level from where concealment left it to what it is.
func (d *Decoder) comeBack(n int) {
	g := concealGain(d.lost)
	d.lost = 0
	step := (1 - g) / returnFrames
	for i := range min(n, returnFrames) {
		d.scale(i, g)
		g += step
	}
}

// concealGain is the level of the concealment n frames into a hole.
func concealGain(n int) float32 {
	return min(max(float32(fadeTo-n)/(fadeTo-fadeFrom), 0), 1)
}

// scale multiplies frame i of pcm.
func (d *Decoder) scale(i int, g float32) {
	for c := range d.channels {
		d.pcm[i*d.channels+c] *= g
	}
}

// link begins another link of a chain: nothing of the old one goes on.
func (d *Decoder) link(h *head) error {
	d.dec.Reset()
	d.lost = 0
	if err := d.dec.SetGain(h.gain); err != nil {
		return fmt.Errorf("output gain %d: %w", h.gain, err)
	}
	return nil
}

// conceal makes sound in the place of what is missing, then silence.
func (d *Decoder) conceal() {
	n := min(d.hole, concealFrames)
	d.hole -= n
	d.lo, d.hi = 0, n
	whole := (n + quantum - 1) / quantum * quantum
	to := d.pcm[:whole*d.channels]
	if d.lost >= fadeTo {
		clear(to)
		return
	}
	if got, err := d.decode(nil, to); err != nil || got < n {
		clear(to)
	}
	for i := range n {
		d.scale(i, concealGain(d.lost+i))
	}
	d.lost = min(d.lost+n, fadeTo)
}

// decode decodes a packet, or conceals as much as pcm holds when it is nil. A
// panic of the codec becomes an error and costs its state.
func (d *Decoder) decode(packet []byte, pcm []float32) (frames int, err error) {
	defer func() {
		if p := recover(); p != nil {
			d.dec.Reset()
			err = fmt.Errorf("decoder panicked: %v", p)
		}
	}()
	return d.dec.Decode(packet, pcm)
}
