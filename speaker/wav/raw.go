package wav

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"loa/speaker/sample"
)

// Samples is how a RawWriter writes one sample. All are little-endian; floats
// of full scale +-1 come in.
type Samples uint8

// The kinds of samples. What lies outside full scale is clipped in integers and
// kept in Float32. A NaN is silence in integers.
const (
	Dithered16 Samples = iota // as a sound card gets it, see sample.Dither
	Rounded16                 // to the nearest, no dither: to compare with reference PCM
	Rounded24                 // to the nearest, three bytes each
	Float32                   // IEEE 754, WAVE_FORMAT_IEEE_FLOAT
)

// bytes of one sample.
func (s Samples) bytes() int { return [...]int{2, 2, 3, 4}[s] }

// rawBytes is how much a RawWriter gathers before it writes.
const rawBytes = 64 << 10

// riffMost is the most data that the 32-bit sizes of a plain file can count;
// above it the header is RF64. Writer changes earlier, for the sake of players;
// what is written here is for tools.
const riffMost = math.MaxUint32 - rawHeader

// rawHeader is the size of the header in bytes:
//
//	 0  "RIFF" size4 "WAVE"           "RF64" FFFFFFFF "WAVE" once it is large
//	12  "JUNK" 28  28 zero bytes      "ds64" 28  riff8 data8 frames8 table4=0
//	48  "fmt " 18  tag2 channels2 rate4 bytes/s4 block2 bits2 0:2
//	74  "fact" 4   frames4
//	86  "data" size4
//	94  samples
const rawHeader = 94

// floatTag is WAVE_FORMAT_IEEE_FLOAT (mmreg.h).
const floatTag = 3

// RawWriter writes one file of any kind of samples to any writer. To one that
// cannot seek, a pipe, it writes a header with sizes of FFFFFFFF, which players
// and tools take for "until the end". Not for use by two goroutines at a time.
type RawWriter struct {
	w      io.Writer
	seek   io.Seeker // nil: a pipe
	start  int64     // of the header
	format Format
	kind   Samples
	dither sample.Dither
	buf    []byte
	data   int64 // bytes of samples written, without buf
}

// NewRawWriter writes the header of a file without sound to w, which the caller
// closes after Close.
func NewRawWriter(w io.Writer, f Format, kind Samples) (*RawWriter, error) {
	if err := f.Validate(); err != nil {
		return nil, err
	}
	if kind > Float32 {
		return nil, fmt.Errorf("wav samples of kind %d: allowed are 0 to %d", kind, Float32)
	}
	out := &RawWriter{w: w, format: f, kind: kind, buf: make([]byte, 0, rawBytes)}
	if s, ok := w.(io.Seeker); ok {
		if at, err := s.Seek(0, io.SeekCurrent); err == nil {
			out.seek, out.start = s, at
		}
	}
	_, err := w.Write(out.header())
	return out, err
}

// Frames is how many frames were taken.
func (w *RawWriter) Frames() int64 { return (w.data + int64(len(w.buf))) / w.block() }

func (w *RawWriter) block() int64 { return int64(w.format.Channels * w.kind.bytes()) }

// WriteFloat takes interleaved frames, any number of them; len(frames) must be
// a multiple of the channels. They are in the file after Close at the latest.
func (w *RawWriter) WriteFloat(frames []float32) error {
	if len(frames)%w.format.Channels != 0 {
		return fmt.Errorf("%d samples are no whole frames of %d channels", len(frames), w.format.Channels)
	}
	for len(frames) > 0 {
		n := min(len(frames), (cap(w.buf)-len(w.buf))/w.kind.bytes())
		if n == 0 {
			if err := w.flush(); err != nil {
				return err
			}
			continue
		}
		at := len(w.buf)
		w.buf = w.buf[:at+n*w.kind.bytes()]
		w.encode(w.buf[at:], frames[:n])
		frames = frames[n:]
	}
	return nil
}

func (w *RawWriter) encode(dst []byte, src []float32) {
	switch w.kind {
	case Dithered16:
		w.dither.S16(dst, src)
	case Rounded16:
		for i, v := range src {
			binary.LittleEndian.PutUint16(dst[2*i:], uint16(rounded(v, 16)))
		}
	case Rounded24:
		for i, v := range src {
			q := rounded(v, 24)
			dst[3*i], dst[3*i+1], dst[3*i+2] = byte(q), byte(q>>8), byte(q>>16)
		}
	case Float32:
		for i, v := range src {
			binary.LittleEndian.PutUint32(dst[4*i:], math.Float32bits(v))
		}
	}
}

// rounded is v as an integer of that many bits.
func rounded(v float32, bits int) int32 {
	full := float64(int64(1) << (bits - 1))
	q := math.Round(float64(v) * full)
	switch {
	case q >= full:
		return int32(full) - 1
	case q < -full:
		return int32(-full)
	case q != q:
		return 0
	}
	return int32(q)
}

func (w *RawWriter) flush() error {
	n, err := w.w.Write(w.buf)
	w.data += int64(n)
	w.buf = w.buf[:0]
	return err
}

// Close writes what is left and, where w can seek, the header that counts it.
func (w *RawWriter) Close() error {
	if err := w.flush(); err != nil || w.seek == nil {
		return err
	}
	if w.data%2 == 1 { // chunks are even (RIFF, "pad byte")
		if _, err := w.w.Write([]byte{0}); err != nil {
			return err
		}
	}
	if _, err := w.seek.Seek(w.start, io.SeekStart); err != nil {
		return err
	}
	_, err := w.w.Write(w.header())
	_, end := w.seek.Seek(0, io.SeekEnd)
	return errors.Join(err, end)
}

// header counts the data written so far; of a pipe, nothing is known.
func (w *RawWriter) header() []byte {
	le := binary.LittleEndian
	riff, data, frames := uint32(unknown), uint32(unknown), uint32(unknown)
	var b []byte
	if w.seek != nil && w.data > riffMost {
		b = le.AppendUint32([]byte("RF64"), unknown)
		b = le.AppendUint32(append(b, "WAVEds64"...), junkSize)
		b = le.AppendUint64(b, uint64(w.data+w.data%2+rawHeader-8))
		b = le.AppendUint64(b, uint64(w.data))
		b = le.AppendUint64(b, uint64(w.data/w.block()))
		b = le.AppendUint32(b, 0)
	} else {
		if w.seek != nil {
			riff, data, frames = uint32(w.data+w.data%2+rawHeader-8), uint32(w.data), uint32(w.data/w.block())
		}
		b = le.AppendUint32([]byte("RIFF"), riff)
		b = le.AppendUint32(append(b, "WAVEJUNK"...), junkSize)
		b = append(b, make([]byte, junkSize)...)
	}
	b = w.appendFmt(b)
	b = le.AppendUint32(le.AppendUint32(append(b, "fact"...), 4), frames)
	return le.AppendUint32(append(b, "data"...), data)
}

func (w *RawWriter) appendFmt(b []byte) []byte {
	le := binary.LittleEndian
	tag := uint16(pcm)
	if w.kind == Float32 {
		tag = floatTag
	}
	b = le.AppendUint32(append(b, "fmt "...), 18)
	b = le.AppendUint16(b, tag)
	b = le.AppendUint16(b, uint16(w.format.Channels))
	b = le.AppendUint32(b, uint32(w.format.Rate))
	b = le.AppendUint32(b, uint32(int64(w.format.Rate)*w.block()))
	b = le.AppendUint16(b, uint16(w.block()))
	b = le.AppendUint16(b, uint16(8*w.kind.bytes()))
	return le.AppendUint16(b, 0)
}
