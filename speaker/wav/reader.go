package wav

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"loa/speaker/sample"
)

// Limits of what a reader walks through before the samples.
const (
	maxChunks = 64
	maxChunk  = 1 << 20 // bytes in one chunk that is passed over
)

// ErrFormat is wrapped by every error that is the file's fault: it is no WAV,
// not of 16-bit PCM, or its sizes contradict each other. A file that is
// shorter than it says gives io.ErrUnexpectedEOF.
var ErrFormat = errors.New("not a 16-bit PCM WAV file")

func bad(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrFormat, fmt.Sprintf(format, args...))
}

// Info is what the header says.
type Info struct {
	Format
	Frames int64
	RF64   bool
}

// Reader reads the samples of one file. It is strict: it takes RIFF and RF64
// of 16-bit PCM, rates and channels as in Format, and says what else it met.
type Reader struct {
	r    io.Reader
	info Info
	left int64 // bytes of samples
	buf  []byte
}

// NewReader reads the header from r up to the first sample.
func NewReader(r io.Reader) (*Reader, error) {
	p := parser{r: r}
	if err := p.head(); err != nil {
		return nil, noEOF(err)
	}
	return &Reader{r: r, info: p.info, left: p.data}, nil
}

// Info is what the header says.
func (r *Reader) Info() Info { return r.info }

// ReadFloat fills dst with interleaved frames of full scale +-1 and returns
// how many frames; less than len(dst)/Channels only at the end or with an
// error. After the last frame it returns 0, io.EOF.
func (r *Reader) ReadFloat(dst []float32) (frames int, err error) {
	b, err := r.next(len(dst))
	sample.Float16(dst, b)
	return len(b) / int(r.info.block()), err
}

// ReadInt16 is ReadFloat with the file's own numbers.
func (r *Reader) ReadInt16(dst []int16) (frames int, err error) {
	b, err := r.next(len(dst))
	for i := range len(b) / bytes16 {
		dst[i] = int16(binary.LittleEndian.Uint16(b[bytes16*i:]))
	}
	return len(b) / int(r.info.block()), err
}

// next reads whole frames of at most that many samples.
func (r *Reader) next(samples int) ([]byte, error) {
	block := r.info.block()
	n := min(int64(samples)*bytes16/block*block, r.left)
	if r.left == 0 {
		return nil, io.EOF
	}
	if int64(cap(r.buf)) < n {
		r.buf = make([]byte, n)
	}
	got, err := io.ReadFull(r.r, r.buf[:n])
	whole := int64(got) / block * block
	r.left -= whole
	return r.buf[:whole], noEOF(err)
}

// Parse reads a whole file that is in memory.
func Parse(file []byte) (Info, []int16, error) {
	r, err := NewReader(bytes.NewReader(file))
	if err != nil {
		return Info{}, nil, err
	}
	if r.left > int64(len(file)) {
		return r.info, nil, io.ErrUnexpectedEOF
	}
	samples := make([]int16, r.left/bytes16)
	if len(samples) > 0 {
		_, err = r.ReadInt16(samples)
	}
	return r.info, samples, err
}

// ReadFile reads a whole file into memory.
func ReadFile(path string) (Info, []int16, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return Info{}, nil, err
	}
	info, samples, err := Parse(b)
	if err != nil {
		return info, samples, fmt.Errorf("%s: %w", path, err)
	}
	return info, samples, nil
}

// parser walks through the chunks before the samples.
type parser struct {
	r      io.Reader
	info   Info
	data   int64 // bytes of samples
	riff   int64 // size of the RIFF chunk, less what was read of it
	data64 int64 // of ds64
	hasFmt bool
}

func (p *parser) head() error {
	id, size, err := p.chunk()
	if err != nil {
		return err
	}
	if id != "RIFF" && id != "RF64" {
		return bad("it begins with %q", id)
	}
	p.info.RF64 = id == "RF64"
	p.riff = int64(size)
	form, err := p.read(4)
	if err != nil {
		return err
	}
	if string(form) != "WAVE" {
		return bad("form %q", form)
	}
	if p.info.RF64 {
		if err := p.ds64(size); err != nil {
			return err
		}
	}
	for range maxChunks {
		found, err := p.step()
		if found || err != nil {
			return err
		}
	}
	return bad("no samples within %d chunks", maxChunks)
}

// step reads one chunk, and reports whether it was the samples'.
func (p *parser) step() (found bool, err error) {
	id, size, err := p.chunk()
	switch {
	case err != nil:
		return false, err
	case id == "data":
		return true, p.samples(size)
	case size > maxChunk:
		return false, bad("chunk %q of %d bytes: allowed are %d", id, size, maxChunk)
	}
	body, err := p.read(int(size) + int(size)&1) // chunks are padded to even
	if err != nil || id != "fmt " {
		return false, err
	}
	if p.hasFmt {
		return false, bad("two fmt chunks")
	}
	p.hasFmt = true
	return false, p.format(body[:size])
}

// ds64 reads the 64-bit sizes: EBU Tech 3306 wants them first.
func (p *parser) ds64(riffSize uint32) error {
	id, size, err := p.chunk()
	if err != nil {
		return err
	}
	if riffSize != unknown || id != "ds64" || size < junkSize || size > maxChunk {
		return bad("RF64 without ds64")
	}
	body, err := p.read(int(size) + int(size)&1)
	if err != nil {
		return err
	}
	riff, data := binary.LittleEndian.Uint64(body), binary.LittleEndian.Uint64(body[8:])
	if riff > math.MaxInt64 || data > riff {
		return bad("RF64 of %d bytes with %d bytes of samples", riff, data)
	}
	p.riff = int64(riff) - 4 - 8 - int64(len(body))
	p.data64 = int64(data)
	return nil
}

// format reads the fmt chunk. The rate in bytes is ignored: it is often wrong.
func (p *parser) format(b []byte) error {
	if len(b) < 16 {
		return bad("fmt chunk of %d bytes", len(b))
	}
	le := binary.LittleEndian
	tag, block, bits := le.Uint16(b), le.Uint16(b[12:]), le.Uint16(b[14:])
	if tag == extensible && len(b) >= 26 {
		tag = le.Uint16(b[24:]) // the sub-format's GUID begins with the tag
	}
	if tag != pcm || bits != 16 {
		return bad("format %#x of %d bits", tag, bits)
	}
	channels, rate := le.Uint16(b[2:]), le.Uint32(b[4:])
	if rate > math.MaxInt32 {
		return bad("rate %d", rate)
	}
	p.info.Format = Format{Rate: int(rate), Channels: int(channels)}
	if err := p.info.Validate(); err != nil {
		return bad("%v", err)
	}
	if int64(block) != p.info.block() {
		return bad("frames of %d bytes for %d channels", block, channels)
	}
	return nil
}

func (p *parser) samples(size uint32) error {
	p.data = int64(size)
	if p.info.RF64 && size == unknown {
		p.data = p.data64
	}
	switch {
	case !p.hasFmt:
		return bad("samples before the fmt chunk")
	case p.data > p.riff:
		return bad("%d bytes of samples in a file that has %d left", p.data, p.riff)
	case p.data%p.info.block() != 0:
		return bad("%d bytes of samples are no whole frames", p.data)
	}
	p.info.Frames = p.data / p.info.block()
	return nil
}

func (p *parser) chunk() (id string, size uint32, err error) {
	b, err := p.read(8)
	if err != nil {
		return "", 0, err
	}
	return string(b[:4]), binary.LittleEndian.Uint32(b[4:]), nil
}

func (p *parser) read(n int) ([]byte, error) {
	b := make([]byte, n)
	_, err := io.ReadFull(p.r, b)
	p.riff -= int64(n)
	return b, err
}

// noEOF tells a file that ends too soon from one that was read to its end.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
