package riff

import (
	"encoding/binary"
	"errors"
	"fmt"
)

var (
	// ErrUnsupported is wrapped when the file is a WAV of a kind that cannot be
	// played; the error names the kind found and those allowed.
	ErrUnsupported = errors.New("unsupported WAV")
	// ErrNotAudio is wrapped when the file is no WAV or holds no samples.
	ErrNotAudio = errors.New("no WAV sound")
)

// playable is what every refusal ends with.
const playable = "can be played: PCM of 8 to 32 bits, float, A-law, mu-law, 1 or 2 channels, 8000 to 192000 Hz"

func unsupported(format string, args ...any) error {
	return fmt.Errorf("%w: found %s; %s", ErrUnsupported, fmt.Sprintf(format, args...), playable)
}

func notAudio(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrNotAudio, fmt.Sprintf(format, args...))
}

// Tag says how the samples are coded: wFormatTag of RFC 2361 and of mmreg.h.
type Tag uint16

// The tags that mean something here.
const (
	PCM        Tag = 0x0001 // WAVE_FORMAT_PCM
	Float      Tag = 0x0003 // WAVE_FORMAT_IEEE_FLOAT
	ALaw       Tag = 0x0006 // WAVE_FORMAT_ALAW
	MuLaw      Tag = 0x0007 // WAVE_FORMAT_MULAW
	MP3        Tag = 0x0055 // WAVE_FORMAT_MPEGLAYER3
	extensible Tag = 0xFFFE // WAVE_FORMAT_EXTENSIBLE
)

// String names the coding, also of those that are not played.
func (t Tag) String() string {
	names := map[Tag]string{
		PCM: "PCM", Float: "float", ALaw: "A-law", MuLaw: "mu-law", MP3: "MP3",
		0x0002: "Microsoft ADPCM", 0x0011: "IMA ADPCM", 0x0022: "TrueSpeech", 0x0031: "GSM 6.10",
		0x0040: "G.721 ADPCM", 0x0042: "G.723.1", 0x0045: "G.726 ADPCM", 0x0050: "MPEG Layer I or II",
		0x0064: "G.726 ADPCM", 0x0083: "G.729", 0x00FF: "AAC", 0x0160: "WMA 1", 0x0161: "WMA 2",
		0x0162: "WMA 9 Professional", 0x0163: "WMA 9 Lossless", 0x0092: "Dolby AC-3 over S/PDIF",
		0x1600: "AAC", 0x1610: "AAC", 0x2000: "Dolby AC-3", 0x566F: "Vorbis", 0x674F: "Vorbis",
		0x6750: "Vorbis", 0x6751: "Vorbis", 0x704F: "Opus", 0xF1AC: "FLAC",
	}
	if name, ok := names[t]; ok {
		return name
	}
	return fmt.Sprintf("format %#04x", uint16(t))
}

// Format is what the fmt chunk says.
type Format struct {
	Tag      Tag
	Rate     int // Hz
	Channels int
	Bits     int // of a sample that mean something
	size     int // bytes of a sample
}

// String is such as "24-bit PCM" or "A-law".
func (f Format) String() string {
	switch f.Tag {
	case PCM, Float:
		return fmt.Sprintf("%d-bit %v", f.Bits, f.Tag)
	}
	return f.Tag.String()
}

const (
	minRate, maxRate = 8000, 192000
	fmtBytes         = 16 // of the shortest fmt chunk
	guidAt           = 24 // of the sub-format in an extensible one
	validBitsAt      = 18
)

// guidTail is what follows the tag in the sub-formats that stand for a tag:
// KSDATAFORMAT_SUBTYPE_WAVEFORMATEX of ksmedia.h.
const guidTail = "\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"

// parseFormat reads a fmt chunk. Only MP3 may come with any format: its frames know better.
func parseFormat(b []byte) (Format, error) {
	if len(b) < fmtBytes {
		return Format{}, notAudio("fmt chunk of %d bytes, at least %d are needed", len(b), fmtBytes)
	}
	le := binary.LittleEndian
	f := Format{
		Tag: Tag(le.Uint16(b)), Channels: int(le.Uint16(b[2:])),
		Rate: int(int32(le.Uint32(b[4:]))), Bits: int(le.Uint16(b[14:])),
	}
	if f.Tag == extensible && len(b) >= guidAt+2 {
		f.Tag = Tag(le.Uint16(b[guidAt:]))
		if tail := string(b[guidAt+2 : min(len(b), guidAt+16)]); len(tail) == 14 && tail != guidTail {
			return Format{}, unsupported("WAV of an unknown sub-format")
		}
		if valid := int(le.Uint16(b[validBitsAt:])); valid > 0 && valid < f.Bits {
			f.Bits = valid
		}
	}
	if f.Tag == MP3 {
		return f, nil
	}
	return f, f.check(frame{
		bits: int(le.Uint16(b[14:])), block: int(le.Uint16(b[12:])), perSecond: int64(le.Uint32(b[8:])),
	})
}

// frame is what the chunk says of the size of a frame, three times over.
type frame struct {
	bits      int   // of a sample
	block     int   // bytes
	perSecond int64 // bytes
}

// check refuses what cannot be played.
func (f *Format) check(says frame) error {
	container := says.bits
	switch f.Tag {
	case PCM:
		f.size = (container + 7) / 8
		if f.Bits < 1 || f.size < 1 || f.size > 4 {
			return unsupported("WAV of %d-bit PCM", f.Bits)
		}
		if err := f.widen(says); err != nil {
			return err
		}
	case Float:
		f.size = container / 8
		if container != 32 && container != 64 {
			return unsupported("WAV of %d-bit floats", container)
		}
		f.Bits = container
	case ALaw, MuLaw:
		if container != 8 && container != 0 && container != 16 { // some write what it unfolds to
			return unsupported("WAV of %d-bit %v", container, f.Tag)
		}
		f.Bits, f.size = 8, 1
	default:
		return unsupported("WAV of %v", f.Tag)
	}
	if f.Channels < 1 || f.Channels > 2 {
		return unsupported("WAV of %d channels", f.Channels)
	}
	if f.Rate < minRate || f.Rate > maxRate {
		return unsupported("WAV of %d Hz", f.Rate)
	}
	return nil
}

// widen has samples of three bytes stand in four, where the chunk says so. The
// bits know best otherwise: a frame that they do not fill is a writer's mistake,
// and so is the rate in bytes that was made from it; taken at its word the sound
// has double speed. Only 24 bits are met in four bytes, and there the rate in
// bytes decides.
func (f *Format) widen(says frame) error {
	four := 4 * f.Channels
	if f.size != 3 || says.block != four {
		return nil
	}
	switch says.perSecond {
	case int64(f.Rate) * int64(four):
		f.size = 4
	case int64(f.Rate) * int64(3*f.Channels):
	default:
		return unsupported("WAV of %d-bit PCM in frames of %d bytes, %d bytes a second", f.Bits, says.block, says.perSecond)
	}
	return nil
}

// block is the bytes of a frame.
func (f Format) block() int { return f.size * f.Channels }
