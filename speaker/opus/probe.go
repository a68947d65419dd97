package opus

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// Info is what a walk over a file's packets finds out, without decoding.
type Info struct {
	Rate      int           // Hz of what Decoder yields: 48000
	Channels  int           // 1 or 2, of the first link
	BitRate   int           // bit/s, mean over the packets
	Frames    int64         // that Decoder will yield
	Duration  time.Duration // Frames at Rate
	Packets   int64         // of sound
	Malformed int64         // packets that are none
	Lost      int64         // packets that are concealed, missing and malformed ones, as if of 20 ms each
	Damaged   int64         // bytes that belong to no page, or to one that cannot be placed or played
	Mended    int64         // pages of which one byte was wrong and put right
	Links     int           // of the chain; 1 as a rule
	NoEnd     bool          // the file, or a link of it, ends without its last page: probably cut short; streams captured live lack it too
	PreSkip   int           // frames dropped at the start of the first link
	GainDB    float64       // output gain of the first link, applied by Decoder
	InputRate int64         // Hz of what was encoded, of the first link; 0: not told
	Encoder   string        // vendor of the first link's comment header
	Mode      string        // "SILK", "hybrid", "CELT", or two or three of them, "SILK and CELT"
	Packet    time.Duration // duration of the longest packet
}

// Probe reads r to its end. Errors are those of NewDecoder and Decoder.Read; an
// error in mid-stream comes with what was found before it. Memory use does not
// depend on the length.
func Probe(r io.Reader) (Info, error) {
	s := newStream(newPager(r))
	u, err := s.next()
	if err != nil {
		return Info{}, err
	}
	i := Info{
		Rate: Rate, Channels: u.head.channels, PreSkip: u.head.preSkip,
		GainDB: float64(u.head.gain) / 256, InputRate: u.head.inputRate,
	}
	var modes [3]bool
	var bytes, coded, longest int64
	for {
		u, err := s.next()
		if err != nil {
			i.Malformed, i.Lost, i.Links, i.Encoder = s.malformed, s.lostPackets(), s.links, s.vendor
			i.NoEnd = s.endless()
			i.Damaged, i.Mended = s.pages.damaged, s.pages.mended
			i.Mode = modeNames(modes)
			i.finish(bytes, coded, longest)
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return i, err
		}
		i.Frames += int64(u.hi - u.lo)
		if u.packet == nil {
			continue
		}
		i.Packets++
		modes[mode(u.packet[0])] = true
		bytes += int64(len(u.packet))
		coded += int64(u.frames)
		longest = max(longest, int64(u.frames))
	}
}

// finish works out the means.
func (i *Info) finish(bytes, coded, longest int64) {
	i.Duration = time.Duration(i.Frames/Rate)*time.Second + time.Duration(i.Frames%Rate)*time.Second/Rate
	i.Packet = time.Duration(longest) * time.Second / Rate
	if coded > 0 {
		i.BitRate = int(float64(8*bytes) * Rate / float64(coded))
	}
}

func modeNames(used [3]bool) (names string) {
	for m, name := range [...]string{silk: "SILK", hybrid: "hybrid", celt: "CELT"} {
		switch {
		case !used[m]:
		case names == "":
			names = name
		default:
			names = fmt.Sprintf("%s and %s", names, name)
		}
	}
	return names
}
