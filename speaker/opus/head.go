package opus

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode"
)

const (
	headMagic = "OpusHead"
	tagsMagic = "OpusTags"
)

// head is the identification header, RFC 7845 section 5.1.
type head struct {
	channels  int
	preSkip   int   // frames to drop at the start
	gain      int   // to be applied, in 1/256 dB
	inputRate int64 // of what was encoded, Hz; 0: not told
}

// parseHead reads an OpusHead packet. Of the mapping families only 0, and those
// that say the same, can be played: one Opus stream of one or two channels.
func parseHead(b []byte) (head, error) {
	const least = 19
	if len(b) < least {
		return head{}, unsupported("an OpusHead of %d bytes", len(b))
	}
	le := binary.LittleEndian
	h := head{
		channels: int(b[9]), preSkip: int(le.Uint16(b[10:])),
		inputRate: int64(le.Uint32(b[12:])), gain: int(int16(le.Uint16(b[16:]))),
	}
	if version := b[8]; version > 15 {
		return head{}, unsupported("Opus in Ogg of version %d", version)
	}
	family := b[18]
	if h.channels < 1 || h.channels > 2 {
		return head{}, unsupported("Opus of %d channels, mapping family %d", h.channels, family)
	}
	if family != 0 {
		plain := []byte{1, byte(h.channels - 1), 0, 1}[:2+h.channels]
		if family != 1 && family != 255 || !bytes.HasPrefix(b[least:], plain) {
			return head{}, unsupported("Opus of mapping family %d", family)
		}
	}
	return h, nil
}

// vendor is the name of the encoder in an OpusTags packet, RFC 7845 section 5.2,
// which b may be the beginning of.
func vendor(b []byte) string {
	const at, longest = len(tagsMagic) + 4, 60
	if len(b) < at {
		return ""
	}
	n := min(int64(binary.LittleEndian.Uint32(b[len(tagsMagic):])), int64(len(b)-at), longest)
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(string(b[at:at+int(n)]), "")))
}

// codecs are the first bytes of the first packets of what else lives in Ogg
// (the media type registrations and mappings of xiph.org).
var codecs = []struct{ magic, name string }{
	{"\x01vorbis", "Vorbis"}, {"\x80theora", "Theora"}, {"\x7fFLAC", "FLAC"}, {"Speex   ", "Speex"},
	{"fishead\x00", "Skeleton"}, {"PCM     ", "PCM"}, {"\x80kate", "Kate"}, {"BBCD\x00", "Dirac"},
	{"OVP80", "VP8"}, {"CELT    ", "CELT"}, {"\x01video", "video (OGM)"},
}

// codecName names the stream that begins with packet.
func codecName(packet []byte) string {
	for _, c := range codecs {
		if bytes.HasPrefix(packet, []byte(c.magic)) {
			return c.name
		}
	}
	return "an unknown codec"
}
