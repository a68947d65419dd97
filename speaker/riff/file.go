package riff

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// Limits of what is walked through before the samples. A picture in a tag may be
// megabytes.
const (
	maxChunks = 256
	maxHead   = 64 << 20
)

// unknown is a 32-bit size that was not known, or that stands in ds64.
const unknown = math.MaxUint32

// toEnd is a data size that says nothing: the samples go to the end.
const toEnd = math.MaxInt64

// openEnded and a little more is what programs write that cannot know the size
// (sox on a pipe, arecord): the samples are those there are.
const openEnded = 0x7FFFF000

// File is a WAV opened up to its samples.
type File struct {
	format Format
	form   string // "RIFF", "RF64" or "BW64"
	size   int64  // bytes of samples as the header has them, or toEnd
	data   io.Reader
}

// Open reads the header from r up to the first sample. It returns an error that
// wraps ErrUnsupported or ErrNotAudio when the file cannot be played, or the
// reader's own. r stays the caller's.
func Open(r io.Reader) (*File, error) {
	p := parser{r: r}
	if err := p.head(); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, notAudio("WAV of %d bytes ends in its header", p.at)
		}
		return nil, err
	}
	return &File{format: p.format, form: p.form, size: p.size, data: io.LimitReader(p.r, p.size)}, nil
}

// Format is what the header says.
func (f *File) Format() Format { return f.format }

// Data is the rest of the file as far as it is samples, or frames of MP3.
func (f *File) Data() io.Reader { return f.data }

// parser walks through the chunks before the samples.
type parser struct {
	r      io.Reader
	at     int64 // bytes read
	end    int64 // of the RIFF chunk, as it says, or toEnd
	form   string
	format Format
	known  bool // there was a fmt chunk
	data64 int64
	size   int64
}

func (p *parser) head() error {
	b, err := p.read(12)
	if err != nil {
		return err
	}
	p.form = string(b[:4])
	if p.form != "RIFF" && p.form != "RF64" && p.form != "BW64" || string(b[8:]) != "WAVE" {
		return notAudio("file begins with %q, not RIFF and WAVE", b)
	}
	p.data64, p.end = toEnd, toEnd
	if size := binary.LittleEndian.Uint32(b[4:]); size != unknown && size != 0 {
		p.end = int64(size) + 8
	}
	for range maxChunks {
		if found, err := p.chunk(); found || err != nil {
			return err
		}
		if p.at > maxHead {
			break
		}
	}
	return notAudio("no samples in the first %d bytes", p.at)
}

// chunk reads one chunk, and reports whether it was the samples'.
func (p *parser) chunk() (found bool, err error) {
	b, err := p.read(8)
	if err != nil {
		return false, err
	}
	id, size := string(b[:4]), binary.LittleEndian.Uint32(b[4:])
	switch id {
	case "data":
		return true, p.samples(size)
	case "fmt ", "ds64":
		if size > 1<<16 {
			return false, notAudio("chunk %q of %d bytes", id, size)
		}
		body, err := p.read(int(size))
		if err != nil {
			return false, err
		}
		if err := p.use(id, body); err != nil {
			return false, err
		}
	default:
		if err := p.pass(int64(size)); err != nil {
			return false, err
		}
	}
	return false, p.pad(size)
}

// use takes what a chunk says. The first fmt chunk counts.
func (p *parser) use(id string, body []byte) (err error) {
	switch {
	case id == "fmt " && !p.known:
		p.known = true
		p.format, err = parseFormat(body)
	case id == "ds64" && p.form != "RIFF" && len(body) >= 16:
		le := binary.LittleEndian
		if n := le.Uint64(body[8:]); n > 0 && n < math.MaxInt64 {
			p.data64 = int64(n)
		}
		if n := le.Uint64(body); n > 0 && n < math.MaxInt64-8 {
			p.end = int64(n) + 8
		}
	}
	return err
}

// pad passes the byte that follows an odd chunk. Some programs forget it, and no
// chunk's name begins with a zero.
func (p *parser) pad(size uint32) error {
	if size%2 == 0 {
		return nil
	}
	b, err := p.read(1)
	if err == nil && b[0] != 0 {
		p.back(b)
	}
	return err
}

// samples decides how far the samples go. A size of 0 is the truth when the RIFF
// chunk ends or goes on with another chunk, and otherwise a recorder's that was
// never put right. Where the samples have no end of their own, chunks behind them
// are taken out.
func (p *parser) samples(size uint32) error {
	if !p.known {
		return notAudio("samples before the fmt chunk")
	}
	switch {
	case size == unknown:
		p.size = p.data64
	case size > 0:
		p.size = int64(size)
	case p.end == toEnd || p.end <= p.at:
		p.size = toEnd
	default:
		other, err := p.atChunk()
		if err != nil {
			return err
		}
		if !other {
			p.size = toEnd
		}
	}
	if p.size == 0 {
		return notAudio("WAV without samples")
	}
	if p.size >= openEnded {
		p.r = newOpenEnd(p.r)
	}
	b, err := p.read(1)
	if err != nil {
		return ignoreEOF(err)
	}
	p.back(b)
	return nil
}

// atChunk is true when the next bytes begin a chunk that fits into the RIFF
// chunk, and so are no samples.
func (p *parser) atChunk() (bool, error) {
	b, err := p.read(8)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return false, err
	}
	end := p.at
	p.back(b)
	if err != nil {
		return false, nil // too short for one
	}
	for _, c := range b[:4] {
		if c < ' ' || c > '~' {
			return false, nil
		}
	}
	return end+int64(binary.LittleEndian.Uint32(b[4:])) <= p.end, nil
}

// back puts bytes back that were read.
func (p *parser) back(b []byte) {
	p.r = io.MultiReader(bytes.NewReader(b), p.r)
	p.at -= int64(len(b))
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return notAudio("WAV without samples")
	}
	return err
}

// pass reads n bytes and forgets them.
func (p *parser) pass(n int64) error {
	m, err := io.CopyN(io.Discard, p.r, n)
	p.at += m
	return err
}

// read returns n bytes, fewer only with an error.
func (p *parser) read(n int) ([]byte, error) {
	b := make([]byte, n)
	m, err := io.ReadFull(p.r, b)
	p.at += int64(m)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("read sound: %w", err)
	}
	return b[:m], err
}
