package mp3

import (
	"io"
	"time"
)

// Info is what a walk over a file's frames finds out, without decoding.
type Info struct {
	Rate      int           // Hz
	Channels  int           // 1 or 2, of the first frame
	BitRate   int           // bit/s, mean over the frames
	Constant  bool          // all frames have one bit rate
	Frames    int64         // PCM frames that Decoder will yield
	Duration  time.Duration // Frames at Rate
	MPEG      int64         // MPEG frames of sound, the info frame not counted
	Damaged   int64         // bytes that belong to no frame and no tag
	Tags      int64         // bytes of ID3 and APE tags
	Delay     int           // PCM frames trimmed at the start, by the info tag
	Gapless   bool          // the info tag told delay and padding
	Intensity int64         // frames with intensity stereo
}

// Probe reads r to its end. Errors are those of NewDecoder and Decoder.Read; an
// error in mid-stream comes with what was found before it. Memory use does not
// depend on the length.
func Probe(r io.Reader) (Info, error) {
	d := &Decoder{walk: newWalker(r), first: true}
	var info Info
	var bits, rates int64
	for {
		h, frame, err := d.next()
		if err != nil {
			info.Damaged, info.Tags = d.walk.damaged, d.walk.tags
			info.Rate = d.walk.kind.rate
			info.finish(bits)
			if isEnd(err) {
				err = nil
			}
			return info, err
		}
		if info.MPEG == 0 {
			info.Channels = h.channels()
			info.Delay, info.Gapless = int(d.seg.from), d.seg.from > 0
			info.Constant, rates = true, int64(h.bitRate)
		}
		lo, hi := d.seg.next()
		info.Frames += int64(hi - lo)
		info.MPEG++
		info.Constant = info.Constant && rates == int64(h.bitRate)
		bits += 8 * int64(len(frame))
		if h.mode == 1 && h.joint&1 != 0 {
			info.Intensity++
		}
	}
}

// finish works out the means.
func (i *Info) finish(bits int64) {
	if i.MPEG == 0 {
		return
	}
	i.Duration = time.Duration(float64(i.Frames) / float64(i.Rate) * float64(time.Second))
	i.BitRate = int(float64(bits) * float64(i.Rate) / float64(i.MPEG*frameLen))
}
