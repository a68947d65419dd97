package mp3

import (
	"errors"
	"fmt"
	"io"

	gomp3 "github.com/hajimehoshi/go-mp3"
)

// pcmBytes is what go-mp3 makes of one MPEG-1 frame: 16-bit little-endian
// stereo, whatever the stream holds.
const pcmBytes = frameLen * 4

// reservoirBytes is how far main_data_begin, nine bits, can reach back.
const reservoirBytes = 511

var (
	errReservoir = errors.New("main data of earlier frames are missing")
	errSuspect   = errors.New("bytes of the frame were lost")
	errSide      = errors.New("side information is invalid")
	errLength    = errors.New("decoder did not take the whole frame")
)

// feeder is go-mp3 on a short lead: one whole frame in, its PCM out. It keeps
// away from it what it would turn into noise:
//
//   - A frame whose main data begin in frames that are missing (a cut, damage):
//     go-mp3 would decode other bits in their place.
//   - A frame after an error: go-mp3 forgets the reservoir and decodes from the
//     wrong place.
//   - The read-ahead and whole-file scan that it does on an io.Seeker: it only
//     ever sees this reader.
//
// Instead of such a frame it is fed the same frame with empty side information:
// silence of the right length, which still carries main data on to the next.
type feeder struct {
	dec       *gomp3.Decoder
	in        []byte // what is left of the frame being read
	patched   []byte
	reservoir int // bytes of main data that go-mp3 holds and that are sound
	pcm       [pcmBytes]byte
}

// Read gives the current frame and no byte more.
func (f *feeder) Read(p []byte) (int, error) {
	if len(f.in) == 0 {
		return 0, io.EOF
	}
	n := copy(p, f.in)
	f.in = f.in[n:]
	return n, nil
}

// decode leaves the PCM of the frame in f.pcm. When the frame could not be
// decoded, or is suspect, that is silence, and the error says why; the next frame
// may be fed.
func (f *feeder) decode(h header, frame []byte, suspect bool) error {
	side := parseSide(h, frame)
	mainBytes := len(frame) - h.mainStart()
	switch {
	case suspect:
		return errors.Join(errSuspect, f.silence(h, frame))
	case !side.sane || side.dataBits > 8*(side.mainDataBegin+mainBytes):
		return errors.Join(errSide, f.silence(h, frame))
	case side.mainDataBegin > f.reservoir:
		return errors.Join(errReservoir, f.silence(h, frame))
	}
	if err := f.run(h, frame); err != nil {
		f.reservoir = 0 // go-mp3 drops it with the error
		return errors.Join(err, f.silence(h, frame))
	}
	f.reservoir = side.mainDataBegin + mainBytes
	return nil
}

// silence runs the frame with empty side information, its main data kept.
func (f *feeder) silence(h header, frame []byte) error {
	begin := min(f.reservoir, reservoirBytes)
	f.patched = append(f.patched[:0], frame...)
	side := f.patched[h.mainStart()-h.sideBytes() : h.mainStart()]
	clear(side)
	side[0], side[1] = byte(begin>>1), byte(begin<<7)
	if err := f.run(h, f.patched); err != nil {
		f.reset()
		clear(f.pcm[:])
		return err
	}
	f.reservoir = begin + len(frame) - h.mainStart()
	return nil
}

// run decodes one frame. A panic of go-mp3 (it has some, on bits that no
// encoder writes) becomes an error and costs the decoder's state.
func (f *feeder) run(h header, frame []byte) (err error) {
	defer func() {
		if p := recover(); p != nil {
			f.reset()
			err = fmt.Errorf("decoder panicked: %v", p)
		}
	}()
	if f.dec == nil {
		if err := f.open(h, frame); err != nil {
			return err
		}
	}
	f.in = frame
	if _, err := io.ReadFull(f.dec, f.pcm[:]); err != nil {
		return fmt.Errorf("decode frame: %w", err)
	}
	if len(f.in) != 0 {
		f.reset()
		return errLength
	}
	return nil
}

// gap says that frames are missing before the next: what go-mp3 holds of main
// data is not what that frame reaches back to.
func (f *feeder) gap() { f.reservoir = 0 }

// reset forgets all that was decoded: the next frame does not follow the last.
func (f *feeder) reset() { f.dec, f.reservoir = nil, 0 }

// open makes a decoder. go-mp3 decodes a first frame in doing so; it gets a
// silent one of the same kind, so that a bad first frame is no special case.
func (f *feeder) open(h header, frame []byte) error {
	first := make([]byte, len(frame))
	copy(first, frame[:headerBytes])
	f.in, f.reservoir = first, 0
	dec, err := gomp3.NewDecoder(f)
	if err != nil {
		return fmt.Errorf("open decoder: %w", err)
	}
	if _, err := io.ReadFull(dec, f.pcm[:]); err != nil {
		return fmt.Errorf("open decoder: %w", err)
	}
	f.dec = dec
	return nil
}
