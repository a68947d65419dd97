package speaker

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"loa/speaker/mp3"
	"loa/speaker/opus"
	"loa/speaker/riff"
	"loa/speaker/sniff"
)

// Decoder yields the sound of one source from its start to its end. NewDecoder
// makes one; those have a method Skip(n int64) (skipped int64, err error) too,
// which passes over n frames without decoding all of them: what Read yields then
// is what it would have yielded after n frames were read, and it returns fewer,
// and why, at the end.
type Decoder interface {
	// Format is the sampling rate in Hz and the number of channels, 1 or 2. They
	// change only where Read says ErrChanged.
	Format() (rate, channels int)
	// Read fills dst, which stays the caller's, with interleaved sound, full
	// scale +-1, and returns how many frames it wrote. It returns io.EOF, with no
	// frames, at the end, and ErrChanged, with none, where Format changes and
	// the sound goes on; any other error is final and says why the rest cannot
	// be played.
	Read(dst []float32) (frames int, err error)
}

// ErrChanged is wrapped by what a Decoder returns, once, where files of
// different formats were glued together: Format is the new one, and Read goes
// on.
var ErrChanged = mp3.ErrChanged

// skipper is a Decoder that can pass over sound without decoding all of it.
type skipper interface {
	Skip(n int64) (skipped int64, err error)
}

var (
	_ codecDecoder = (*mp3.Decoder)(nil)
	_ codecDecoder = (*opus.Decoder)(nil)
	_ codecDecoder = (*riff.Decoder)(nil)
	_ codecDecoder = limited{}
)

// playable is what every refusal ends with.
const playable = "can be played: MP3, Opus in Ogg, WAV"

// NewDecoder chooses a decoder by content; a WAV that wraps MP3 frames is MP3.
// It returns an error that wraps ErrUnsupported or ErrNotAudio, and says what was
// found, when nothing can be played, or the reader's own. What is no sound is given
// up 256 KiB behind its tags, tags and all else before the first sound, and bytes
// between one sound and the next, after 64 MiB: no source, however long, is
// searched for ever. r stays the caller's.
func NewDecoder(r io.Reader) (Decoder, Codec, error) { return newDecoder(r, quietBytes) }

func newDecoder(r io.Reader, quiet int64) (made Decoder, codec Codec, err error) {
	defer guard(&err)
	s := newSource(r, quiet)
	codec, err = s.sniff()
	if err != nil {
		return nil, codec, err
	}
	var d codecDecoder
	switch codec {
	case WAV:
		var f *riff.File
		if f, err = riff.Open(s); err == nil && f.Format().Tag == riff.MP3 {
			codec = MP3
			d, err = mp3.NewDecoder(f.Data())
		} else if err == nil {
			d, err = f.Decoder()
		}
	case Opus, Ogg:
		codec = Opus
		d, err = opus.NewDecoder(s)
	default:
		d, err = mp3.NewDecoder(s)
	}
	if err != nil {
		return nil, codec, s.refused(codec, err)
	}
	return limited{d, s}, codec, nil
}

// SoundInfo is what can be told of a file without decoding it.
type SoundInfo struct {
	Codec    Codec
	Rate     int           // Hz, at the beginning
	Channels int           // as in the file, at the beginning
	Duration time.Duration // of what would be played
	Frames   int64         // the same in frames, at whatever rate
	BitRate  int           // bit/s, mean
	BitRates BitRates      // whether they differ
	Damage   int64         // bytes that could not be used

	Detail    string // of the coding, for people: "MPEG-2 Layer III, joint stereo, VBR", "24-bit PCM"
	Encoder   string // as it names itself in the file; "" as a rule for WAV
	BadFrames int64  // of the codec, that are concealed because they are missing or broken
	NoEnd     bool   // an Opus file that ends without its last page: it was cut short, or recorded from a running stream
	// Missing is how long that would play which the header or the info tag
	// promises and the file lacks: it was cut short.
	Missing time.Duration
}

// BitRates is how the bit rates of the frames of a file compare.
type BitRates string

// The ways to spend bits. Opus does not tell its own.
const (
	BitRatesUnknown  BitRates = ""
	BitRatesConstant BitRates = "constant" // of every frame the same, free format and PCM included
	BitRatesVariable BitRates = "variable" // VBR and ABR, and files of several rates glued together
)

// Probe reads a whole source and says what it holds. It returns an error that
// wraps ErrUnsupported or ErrNotAudio when nothing can be played; an error in
// mid-stream comes with what lies before it. open is called once and what it
// returns is closed.
func Probe(open func() (io.ReadCloser, error)) (info SoundInfo, err error) {
	f, err := open()
	if err != nil {
		return SoundInfo{}, err
	}
	defer f.Close()
	defer guard(&err)
	s := newSource(f, math.MaxInt64) // it is read to its end in any case
	codec, err := s.sniff()
	if err != nil {
		return SoundInfo{}, err
	}
	switch codec {
	case WAV:
		info, err = probeWAV(s)
	case Opus, Ogg:
		info, err = probeOpus(s)
	default:
		info, err = probeMP3(s)
	}
	if err != nil {
		err = s.refused(codec, err)
	}
	return info, err
}

func probeMP3(r io.Reader) (SoundInfo, error) {
	m, err := mp3.Probe(r)
	info := SoundInfo{
		Codec: MP3, Rate: m.Rate, Channels: m.Channels, Duration: m.Duration,
		Frames: m.Frames, BitRate: m.BitRate, Damage: m.Damaged,
		Encoder: m.Encoder, BadFrames: m.BadFrames,
	}
	if m.MPEG == 0 {
		return info, err
	}
	kind := "CBR"
	info.BitRates = BitRatesConstant
	if m.VBR {
		kind, info.BitRates = "VBR", BitRatesVariable
	}
	if m.Free {
		kind = "free format"
	}
	info.Missing = m.MissingTime
	if m.Layer == 2 {
		info.Codec = MP2
	}
	info.Detail = fmt.Sprintf("%s, %s, %s", m.Version, m.Mode, kind)
	switch {
	case m.Changes == 1:
		info.Detail += ", the sampling rate changes once"
	case m.Changes > 1:
		info.Detail += fmt.Sprintf(", the sampling rate changes %d times", m.Changes)
	}
	return info, err
}

func probeWAV(r io.Reader) (SoundInfo, error) {
	f, err := riff.Open(r)
	if err != nil {
		return SoundInfo{Codec: WAV}, err
	}
	if f.Format().Tag == riff.MP3 {
		info, err := probeMP3(f.Data())
		info.Detail += ", in WAV"
		return info, err
	}
	w, err := f.Probe()
	lacks := time.Duration(0)
	if w.BitRate > 0 {
		lacks = time.Duration(8 * float64(w.Missing) / float64(w.BitRate) * float64(time.Second))
	}
	return SoundInfo{
		Codec: WAV, Rate: w.Rate, Channels: w.Channels, Duration: w.Duration,
		Frames: w.Frames, BitRate: w.BitRate, BitRates: BitRatesConstant, Damage: w.Damaged,
		Missing: lacks, Detail: w.Format.String(),
	}, err
}

func probeOpus(r io.Reader) (SoundInfo, error) {
	o, err := opus.Probe(r)
	info := SoundInfo{
		Codec: Opus, Rate: o.Rate, Channels: o.Channels, Duration: o.Duration,
		Frames: o.Frames, BitRate: o.BitRate, Damage: o.Damaged,
		Encoder: o.Encoder, BadFrames: o.Lost, NoEnd: o.NoEnd,
	}
	if o.Packets > 0 {
		info.Detail = fmt.Sprintf("%s, packets of %v", o.Mode, o.Packet)
	}
	if o.GainDB != 0 {
		info.Detail += fmt.Sprintf(", output gain %+.1f dB", o.GainDB)
	}
	if o.Links > 1 {
		info.Detail += fmt.Sprintf(", %d files in a chain", o.Links)
	}
	return info, err
}

const (
	// headBytes is how much of the beginning is kept to name what proved to be
	// no sound.
	headBytes = 512
	// emptyReads bounds a reader that returns nothing and no error.
	emptyReads = 100
)

// source is a file whose beginning was looked at: what was read for that comes
// again.
type source struct {
	r    io.Reader
	buf  [headBytes]byte
	head []byte // the beginning, behind the tags: a part of buf
	at   int    // how much of head was given out
	tags int64  // bytes of ID3v2 tags before it
	size int64  // bytes read behind the tags
	some bool   // one of the first of those was not zero

	quiet int64 // bytes that may be read without a sound
	left  int64 // of these
}

func newSource(r io.Reader, quiet int64) *source { return &source{r: r, quiet: quiet, left: quiet} }

// Read gives the file without the tags before it.
func (s *source) Read(p []byte) (n int, err error) {
	if s.at < len(s.head) {
		n = copy(p, s.head[s.at:])
		s.at += n
		return n, nil
	}
	if s.left <= 0 {
		return 0, s.silent()
	}
	n, err = s.r.Read(p[:min(int64(len(p)), s.left)])
	s.left -= int64(n)
	if len(s.head) < headBytes { // what follows head without a gap
		m := copy(s.buf[len(s.head):], p[:n])
		s.head = s.buf[:len(s.head)+m]
		s.at = len(s.head)
	}
	s.some = s.some || s.size < 1<<20 && len(bytes.TrimLeft(p[:n], "\x00")) > 0
	s.size += int64(n)
	return n, err
}

// fill reads until n bytes of head are there, or all.
func (s *source) fill(n int) error {
	m, err := io.ReadFull(&bounded{r: s.r}, s.buf[len(s.head):n])
	s.head = s.buf[:len(s.head)+m]
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("read sound: %w", err)
	}
	return nil
}

// bounded ends a reader that returns nothing and no error.
type bounded struct {
	r     io.Reader
	empty int
}

// Read reads, or fails with io.ErrNoProgress.
func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if n > 0 || err != nil || len(p) == 0 {
		b.empty = 0
		return n, err
	}
	if b.empty++; b.empty >= emptyReads {
		return 0, io.ErrNoProgress
	}
	return 0, nil
}

// sniff passes over the tags and names what follows, or says why it cannot be
// played.
func (s *source) sniff() (Codec, error) {
	for {
		if err := s.fill(SniffBytes); err != nil {
			return Unknown, err
		}
		n := sniff.TagBytes(s.head)
		if n == 0 {
			break
		}
		if err := s.pass(n); err != nil {
			return Unknown, err
		}
	}
	s.size, s.some = int64(len(s.head)), len(bytes.Trim(s.head, "\x00")) > 0
	switch {
	case len(s.head) == 0 && s.tags > 0:
		return Unknown, notAudio("the file holds nothing but tags, %d bytes of them", s.tags)
	case len(s.head) == 0:
		return Unknown, notAudio("the file is empty")
	}
	codec, words := sniffed(s.head)
	switch {
	case words == "":
		return codec, nil
	case codec == Unknown:
		return codec, notAudio("found %s", words)
	}
	return codec, unsupported(words)
}

func unsupported(words string) error {
	return fmt.Errorf("%w: found %s; %s", ErrUnsupported, words, playable)
}

func notAudio(format string, args ...any) error {
	return fmt.Errorf("%w: %s; %s", ErrNotAudio, fmt.Sprintf(format, args...), playable)
}

// pass drops n bytes, a tag.
func (s *source) pass(n int64) error {
	if n <= int64(len(s.head)) {
		m := copy(s.buf[:], s.head[n:])
		s.head = s.buf[:m]
		s.tags += n
		if s.left -= n; s.left <= 0 {
			return s.silent()
		}
		return nil
	}
	more := n - int64(len(s.head))
	m, err := io.CopyN(io.Discard, &bounded{r: s.r}, min(more, max(s.left, 0)))
	s.tags += int64(len(s.head)) + m
	s.left -= int64(len(s.head)) + m
	s.head = s.buf[:0]
	switch {
	case m < more && err == nil:
		return s.silent()
	case errors.Is(err, io.EOF):
		return notAudio("the file ends within an ID3 tag: a tag of %d bytes, a file of %d", n, s.tags)
	case err != nil:
		return fmt.Errorf("read sound: %w", err)
	}
	return nil
}

// refused gives a codec's error this package's meaning beside its own.
func (s *source) refused(codec Codec, err error) error {
	switch {
	case errors.Is(err, mp3.ErrUnsupported), errors.Is(err, opus.ErrUnsupported), errors.Is(err, riff.ErrUnsupported):
		return fmt.Errorf("%w: %w", ErrUnsupported, err)
	case errors.Is(err, opus.ErrNotAudio), errors.Is(err, riff.ErrNotAudio):
		return fmt.Errorf("%w: %w", ErrNotAudio, err)
	case !errors.Is(err, mp3.ErrNotAudio):
		return err
	case codec == WAV:
		return fmt.Errorf("%w: %w", ErrNotAudio, err)
	}
	c := sniff.Of(s.head)
	switch words := inWords(c, s.head); {
	case bytes.HasPrefix(s.head, []byte("TAG")), bytes.HasPrefix(s.head, []byte("APETAGEX")):
		return notAudio("the file holds nothing but tags, %d bytes of them", s.tags+s.size)
	case !s.some:
		return notAudio("nothing but zeros in the first %d bytes", s.size)
	case c.Kind == sniff.Sound, c.Kind == sniff.Video: // by more bytes than sniffed had
		return unsupported(words)
	case words != "":
		return notAudio("found %s", words)
	}
	return fmt.Errorf("%w: %w; the file begins with %q; %s", ErrNotAudio, err, s.head[:min(len(s.head), 8)], playable)
}
