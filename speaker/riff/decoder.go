package riff

import (
	"io"
	"time"
)

// bufferBytes is how much is read at once: 85 ms of 48 kHz stereo.
const bufferBytes = 16 << 10

// emptyReads bounds a reader that returns nothing and no error.
const emptyReads = 100

// Decoder yields the sound of one WAV file. It is not safe for use by several
// goroutines.
type Decoder struct {
	file    *File
	convert converter
	buf     []byte
	lo, hi  int   // buf[lo:hi] is read and not yet given out
	got     int64 // bytes of samples read
	lost    int64 // bytes of a last frame cut short
	err     error
}

// NewDecoder is Open and File.Decoder in one.
func NewDecoder(r io.Reader) (*Decoder, error) {
	f, err := Open(r)
	if err != nil {
		return nil, err
	}
	return f.Decoder()
}

// Decoder returns the decoder of the file's samples. It fails with an error that
// wraps ErrUnsupported when they are frames of MP3.
func (f *File) Decoder() (*Decoder, error) {
	if f.format.Tag == MP3 {
		return nil, unsupported("WAV of %v", f.format.Tag)
	}
	return &Decoder{file: f, convert: f.format.converter(), buf: make([]byte, bufferBytes)}, nil
}

// Format is the sampling rate in Hz, 8000 to 192000, and the number of channels,
// 1 or 2. They never change.
func (d *Decoder) Format() (rate, channels int) { return d.file.format.Rate, d.file.format.Channels }

// Read fills dst with interleaved float32 sound and returns how many frames it
// wrote; dst keeps a remainder of less than a frame. Full scale is +-1; floats
// may go beyond, up to +-16. It returns io.EOF, with no frames, at the end, also
// of a file that was cut short; any other error is the reader's own and final.
// It allocates nothing.
func (d *Decoder) Read(dst []float32) (frames int, err error) {
	f := d.file.format
	want := len(dst) / f.Channels
	for frames < want {
		n := min(want-frames, (d.hi-d.lo)/f.block())
		if n == 0 {
			if err := d.fill(); err != nil {
				if frames > 0 {
					return frames, nil
				}
				return 0, err
			}
			continue
		}
		d.convert(dst[frames*f.Channels:], d.buf[d.lo:d.lo+n*f.block()])
		d.lo += n * f.block()
		frames += n
	}
	return frames, nil
}

// Skip passes over n frames. What Read yields then is bit for bit what it would
// have yielded after reading them. It returns how many it passed over, fewer
// than n only with the error that Read would have returned there.
func (d *Decoder) Skip(n int64) (skipped int64, err error) {
	block := d.file.format.block()
	for skipped < n {
		m := min(n-skipped, int64((d.hi-d.lo)/block))
		if m == 0 {
			if err := d.fill(); err != nil {
				return skipped, err
			}
		}
		d.lo += int(m) * block
		skipped += m
	}
	return skipped, nil
}

// Damage tells what was not played so far: bytes that made no whole frame at
// the end of a file cut short. frames is always 0: nothing is put in their place.
func (d *Decoder) Damage() (bytes, frames int64) { return d.lost, 0 }

// fill reads on until there is a whole frame. It does not wait for more: a slow
// source must be played as it comes.
func (d *Decoder) fill() error {
	if d.err != nil {
		return d.err
	}
	d.hi = copy(d.buf, d.buf[d.lo:d.hi])
	d.lo = 0
	for empty := 0; d.hi < d.file.format.block(); {
		n, err := d.file.data.Read(d.buf[d.hi:])
		d.hi += n
		d.got += int64(n)
		if n == 0 && err == nil {
			if empty++; empty < emptyReads {
				continue
			}
			err = io.ErrNoProgress
		}
		if err != nil {
			d.err = err
			if d.hi < d.file.format.block() {
				d.lost = int64(d.hi)
				d.lo = d.hi
				return err
			}
		}
	}
	return nil
}

// Info is what can be told of a file without playing it.
type Info struct {
	Format
	Frames   int64         // that Decoder will yield
	Duration time.Duration // Frames at Rate
	BitRate  int           // bit/s
	Missing  int64         // bytes of samples that the header promises and the file lacks; below 2 GiB
	Damaged  int64         // bytes that make no whole frame at the end
}

// Probe reads r to the end of the samples. Errors are those of NewDecoder and
// Decoder.Read; an error in mid-stream comes with what was found before it.
func Probe(r io.Reader) (Info, error) {
	f, err := Open(r)
	if err != nil {
		return Info{}, err
	}
	return f.Probe()
}

// Probe is what the function of that name does, of a file that is open. It uses
// the samples up.
func (f *File) Probe() (Info, error) {
	d, err := f.Decoder()
	if err != nil {
		return Info{Format: f.format}, err
	}
	n, err := d.Skip(toEnd)
	if err == io.EOF {
		err = nil
	}
	i := Info{Format: f.format, Frames: n, Damaged: d.lost, BitRate: 8 * f.format.block() * f.format.Rate}
	rate := int64(f.format.Rate)
	i.Duration = time.Duration(n/rate)*time.Second + time.Duration(n%rate)*time.Second/time.Duration(rate)
	if f.size < openEnded {
		i.Missing = f.size - d.got
	}
	return i, err
}
