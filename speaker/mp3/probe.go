package mp3

import (
	"io"
	"time"
)

// Info is what a walk over a file's frames finds out, without decoding.
type Info struct {
	Version   string        // "MPEG-1 Layer III", with 2 or 2.5 for the lower rates; of the first frame
	Layer     int           // 2 or 3, of the first frame
	Mode      string        // "mono", "stereo", "joint stereo" or "dual channel", of the first frame
	Encoder   string        // what the info tag says wrote it, as "LAME3.100"; "" when it does not
	Rate      int           // Hz, of the first frame
	Channels  int           // 1 or 2, of the first frame
	BitRate   int           // bit/s, mean over the frames
	Constant  bool          // all frames have one bit rate
	VBR       bool          // they have not
	Free      bool          // the bit rate is none of the standard's: free format
	Frames    int64         // PCM frames that Decoder will yield, at whatever rate
	Duration  time.Duration // of these
	Changes   int           // how often the sampling rate changes
	MPEG      int64         // MPEG frames of sound, info frames not counted
	BadFrames int64         // of these, what can be told to be damaged without decoding
	Damaged   int64         // bytes that belong to no frame and no tag
	Tags      int64         // bytes of ID3, APE and Lyrics3 tags
	Delay     int           // PCM frames trimmed at the start, by the info tag
	Padding   int           // PCM frames that the info tag says the encoder put behind
	Gapless   bool          // the info tag told delay and padding
	Intensity int64         // frames with intensity stereo
	Missing   int64         // MPEG frames that the info tag counted and that are not there; 0 when there is none, or more than one
	// MissingTime is how long they would play.
	MissingTime time.Duration
}

// Probe reads r to its end. Errors are those of NewDecoder and Decoder.Read but
// for ErrChanged, which Info.Changes counts; an error in mid-stream comes with
// what was found before it. Memory use does not depend on the length.
func Probe(r io.Reader) (Info, error) {
	d := &Decoder{walk: newWalker(r), dec: newFrameDecoder()}
	p := prober{}
	for {
		h, frame, err := d.next()
		if err != nil {
			p.Damaged, p.Tags = d.walk.damaged, d.walk.tags
			if p.MPEG == 0 && d.walk.locked { // an info tag and nothing behind it
				p.begin(d.walk.kind, d)
			}
			p.finish()
			if isEnd(err) {
				p.Missing, err = d.missing(), nil
				lost := float64(p.Missing*int64(p.last.samples())) / float64(max(p.Rate, 1))
				p.MissingTime = time.Duration(lost * float64(time.Second))
			}
			return p.Info, err
		}
		if p.MPEG == 0 {
			p.begin(h, d)
		}
		lo, hi := d.seg.next(h.samples())
		p.count(h, len(frame), hi-lo)
		if d.pass(h, frame) != nil {
			p.BadFrames++
		}
	}
}

// missing is how many frames of a file of one segment are not there, at its end:
// the link broke before they came. One is not told: some encoders count the info
// tag's own frame.
func (d *Decoder) missing() int64 {
	if n := d.tag.frames - d.seg.n; d.segments == 1 && n > 1 {
		return n
	}
	return 0
}

// prober sums up.
type prober struct {
	Info
	last    header
	bits    int64
	seconds float64 // of what is yielded
	played  float64 // of all frames
}

// begin notes what the first frame says.
func (p *prober) begin(h header, d *Decoder) {
	p.Version, p.Layer, p.Mode = h.kind(), int(h.layer), h.modeName()
	p.Channels, p.Rate = h.channels(), h.rate
	p.Delay, p.Gapless = int(d.seg.from), d.seg.from > 0
	p.Padding, p.Encoder = d.tag.padding, d.tag.encoder
	p.Constant, p.Free = true, h.bitRate == 0
	p.last = h
}

// count adds a frame of size bytes, of which n PCM frames are yielded.
func (p *prober) count(h header, size, n int) {
	p.Constant = p.Constant && p.last.bitRate == h.bitRate
	if h.rate != p.last.rate {
		p.Changes++
	}
	p.last = h
	p.MPEG++
	p.Frames += int64(n)
	p.seconds += float64(n) / float64(h.rate)
	p.played += float64(h.samples()) / float64(h.rate)
	p.bits += 8 * int64(size)
	if h.mode == modeJoint && h.joint&jointIntensity != 0 {
		p.Intensity++
	}
}

// finish works out the means.
func (p *prober) finish() {
	if p.MPEG == 0 {
		return
	}
	p.VBR = !p.Constant
	p.Duration = time.Duration(p.seconds * float64(time.Second))
	p.BitRate = int(float64(p.bits) / p.played)
}
