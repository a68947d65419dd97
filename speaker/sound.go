package speaker

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"loa/speaker/mp3"
)

// Decoder yields the sound of one source from its start to its end.
type Decoder interface {
	// Format is the sampling rate in Hz and the number of channels; neither
	// ever changes.
	Format() (rate, channels int)
	// Read fills dst, which stays the caller's, with interleaved sound, full
	// scale +-1, and returns how many frames it wrote. It returns io.EOF, with no
	// frames, at the end; any other error is final too and says why the rest
	// cannot be played.
	Read(dst []float32) (frames int, err error)
}

// skipper is a Decoder that can pass over sound without decoding all of it.
type skipper interface {
	// Skip passes over n frames; what Read yields then is what it would have
	// yielded after n frames were read. It returns fewer, and why, at the end.
	Skip(n int64) (skipped int64, err error)
}

// Codec is what Sniff took the beginning of a file for. Its text is for people
// and for reports.
type Codec string

// The codecs that are told apart. Only MP3 can be played.
const (
	Unknown Codec = ""
	MP3     Codec = "mp3"
	WAV     Codec = "wav"
	Opus    Codec = "opus"
	Vorbis  Codec = "vorbis"
	FLAC    Codec = "flac"
	AAC     Codec = "aac"
	MP4     Codec = "mp4"
)

// SniffBytes is how much of the beginning Sniff looks at.
const SniffBytes = 64

// Sniff names the codec by content; the name of a file is never asked. head is
// the first SniffBytes of the file or all of it. MP3 means "possibly": MPEG
// audio has no signature, so only reading frames (Probe) settles it.
func Sniff(head []byte) Codec {
	has := func(at int, s string) bool {
		return len(head) >= at+len(s) && string(head[at:at+len(s)]) == s
	}
	switch {
	case has(0, "RIFF") && has(8, "WAVE"), has(0, "RF64") && has(8, "WAVE"):
		return WAV
	case has(0, "OggS") && bytes.Contains(head, []byte("OpusHead")):
		return Opus
	case has(0, "OggS") && bytes.Contains(head, []byte("\x01vorbis")):
		return Vorbis
	case has(0, "fLaC"), has(0, "OggS") && bytes.Contains(head, []byte("\x7fFLAC")):
		return FLAC
	case has(4, "ftyp"):
		return MP4
	case len(head) >= 2 && head[0] == 0xff && head[1]&0xf6 == 0xf0:
		return AAC // ADTS: the sync word of MPEG audio with layer 0 (14496-3, 1.A.2.2)
	case has(0, "\x89PNG"), has(0, "%PDF"), has(0, "PK\x03\x04"), has(0, "\xff\xd8\xff"),
		has(0, "\x1f\x8b"), has(0, "\x7fELF"), has(0, "OggS"), len(head) == 0:
		return Unknown
	}
	return MP3
}

// newDecoder chooses a decoder by content.
func newDecoder(r io.Reader) (Decoder, error) {
	b, err := sniffed(r)
	if err != nil {
		return nil, err
	}
	d, err := mp3.NewDecoder(b)
	if err != nil {
		return nil, refused(err)
	}
	return d, nil
}

// sniffed returns r with its beginning looked at, or why it cannot be played.
func sniffed(r io.Reader) (io.Reader, error) {
	head := make([]byte, SniffBytes)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("read sound: %w", err)
	}
	switch c := Sniff(head[:n]); c {
	case MP3:
		return io.MultiReader(bytes.NewReader(head[:n]), r), nil
	case Unknown:
		return nil, fmt.Errorf("%w: %s; can be played: mp3 (MPEG-1 Layer III)", ErrNotAudio, opening(head[:n]))
	default:
		return nil, fmt.Errorf("%w: found %s; can be played: mp3 (MPEG-1 Layer III)", ErrUnsupported, c)
	}
}

// opening shows the first bytes of a file that is no sound.
func opening(head []byte) string {
	if len(head) == 0 {
		return "the file is empty"
	}
	return fmt.Sprintf("the file begins with %q", head[:min(len(head), 8)])
}

// refused gives an mp3 error this package's meaning beside its own.
func refused(err error) error {
	switch {
	case errors.Is(err, mp3.ErrUnsupported):
		return fmt.Errorf("%w: %w", ErrUnsupported, err)
	case errors.Is(err, mp3.ErrNotAudio):
		return fmt.Errorf("%w: %w", ErrNotAudio, err)
	}
	return err
}

// SoundInfo is what can be told of a file without decoding it.
type SoundInfo struct {
	Codec    Codec
	Rate     int           // Hz
	Channels int           // as in the file
	Duration time.Duration // of what would be played
	Frames   int64         // the same in frames of Rate
	BitRate  int           // bit/s, mean
	Damage   int64         // bytes that could not be used
}

// Probe reads a whole source and says what it holds. It returns an error that
// wraps ErrUnsupported or ErrNotAudio when nothing can be played; an error in
// mid-stream comes with what lies before it. open is called once and what it
// returns is closed.
func Probe(open func() (io.ReadCloser, error)) (SoundInfo, error) {
	f, err := open()
	if err != nil {
		return SoundInfo{}, err
	}
	defer f.Close()
	r, err := sniffed(f)
	if err != nil {
		return SoundInfo{}, err
	}
	m, err := mp3.Probe(r)
	info := SoundInfo{
		Codec: MP3, Rate: m.Rate, Channels: m.Channels, Duration: m.Duration,
		Frames: m.Frames, BitRate: m.BitRate, Damage: m.Damaged,
	}
	return info, refused(err)
}
