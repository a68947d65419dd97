package speaker

import (
	"bytes"
	"unicode/utf8"
)

// Codec is what Sniff took the beginning of a file for. Its text is for people
// and for reports.
type Codec string

// The codecs and containers that are told apart. MP3, WAV and Opus can be
// played; what a WAV or an Ogg holds is known only once it is opened.
const (
	Unknown  Codec = ""
	MP3      Codec = "mp3"
	WAV      Codec = "wav"
	Opus     Codec = "opus"
	Ogg      Codec = "ogg" // with a first stream that is none of those below
	Vorbis   Codec = "vorbis"
	Speex    Codec = "speex"
	FLAC     Codec = "flac"
	AAC      Codec = "aac"
	MP4      Codec = "mp4"
	AMR      Codec = "amr"
	WMA      Codec = "wma"
	AIFF     Codec = "aiff"
	CAF      Codec = "caf"
	AU       Codec = "au"
	AC3      Codec = "ac3"
	APE      Codec = "ape"
	WavPack  Codec = "wavpack"
	MIDI     Codec = "midi"
	Matroska Codec = "matroska"
	AVI      Codec = "avi"
	MPEGPS   Codec = "mpeg" // program or transport stream
	FLV      Codec = "flv"
)

// SniffBytes is how much of the beginning Sniff looks at.
const SniffBytes = 64

// signature is how the files of one kind begin.
type signature struct {
	at    int // of magic
	magic string
	words string // as in "found a PNG picture"
	codec Codec  // Unknown: no sound at all
}

// signatures, the special before the general. They are those of the formats' own
// specifications and of IANA's media types.
var signatures = []signature{
	{0, "fLaC", "FLAC", FLAC},
	{4, "ftypM4A", "M4A (AAC or ALAC in MP4)", MP4},
	{4, "ftypheic", "a HEIC picture", Unknown},
	{4, "ftypmif1", "a HEIC picture", Unknown},
	{4, "ftypavif", "an AVIF picture", Unknown},
	{4, "ftypqt", "a QuickTime film", MP4},
	{4, "ftyp3g", "3GP", MP4},
	{4, "ftyp", "MP4", MP4},
	{0, "#!AMR", "AMR", AMR},
	{0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11", "WMA (ASF)", WMA},
	{0, "FORM????AIF", "AIFF", AIFF},
	{0, "caff\x00\x01", "CAF", CAF},
	{0, ".snd", "AU", AU},
	{0, "MAC ", "Monkey's Audio", APE},
	{0, "wvpk", "WavPack", WavPack},
	{0, "ADIF", "AAC", AAC},
	{0, "\x0b\x77", "Dolby AC-3", AC3},
	{0, "MThd\x00\x00", "MIDI", MIDI},
	{0, "RIFF????RMID", "MIDI", MIDI},
	{0, "RIFF????AVI ", "an AVI film", AVI},
	{0, "RIFF????WEBP", "a WebP picture", Unknown},
	{0, "\x1a\x45\xdf\xa3", "Matroska or WebM", Matroska},
	{0, "FLV\x01", "a Flash film", FLV},
	{0, "\x00\x00\x01\xba", "an MPEG film", MPEGPS},
	{0, "\x89PNG\r\n\x1a\n", "a PNG picture", Unknown},
	{0, "\xff\xd8\xff", "a JPEG picture", Unknown},
	{0, "GIF8", "a GIF picture", Unknown},
	{0, "II*\x00", "a TIFF picture", Unknown},
	{0, "MM\x00*", "a TIFF picture", Unknown},
	{0, "BM????\x00\x00\x00\x00", "a BMP picture", Unknown},
	{0, "%PDF", "a PDF document", Unknown},
	{0, "{\\rtf", "an RTF document", Unknown},
	{0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document", Unknown},
	{0, "PK\x03\x04", "a ZIP archive or Office document", Unknown},
	{0, "Rar!\x1a\x07", "a RAR archive", Unknown},
	{0, "7z\xbc\xaf\x27\x1c", "a 7z archive", Unknown},
	{0, "\x1f\x8b", "a gzip archive", Unknown},
	{0, "\x7fELF", "a program", Unknown},
	{0, "SQLite format 3\x00", "a database", Unknown},
}

// fits tells whether head begins so; a question mark stands for any byte.
func (s signature) fits(head []byte) bool {
	if len(head) < s.at+len(s.magic) {
		return false
	}
	for i := range len(s.magic) {
		if c := s.magic[i]; c != '?' && c != head[s.at+i] {
			return false
		}
	}
	return true
}

// Sniff names the codec by content; the name of a file is never asked. head is
// the first SniffBytes of the file or all of it; an ID3v2 tag that ends in it is
// looked past (NewDecoder and Probe look past any). MP3 means "possibly": MPEG
// audio has no signature, so only reading frames (Probe) settles it.
func Sniff(head []byte) Codec {
	for {
		n := id3Bytes(head)
		if n == 0 {
			break
		}
		if n >= int64(len(head)) {
			return MP3
		}
		head = head[n:]
	}
	codec, _ := sniff(head)
	return codec
}

// sniff names the codec, and in words what it is when it cannot be played.
func sniff(head []byte) (codec Codec, words string) {
	form := signature{magic: "????????WAVE"}
	switch {
	case len(head) == 0:
		return Unknown, ""
	case form.fits(head) && (string(head[:4]) == "RIFF" || string(head[1:4]) == "F64" || string(head[1:4]) == "W64"):
		return WAV, ""
	case bytes.HasPrefix(head, []byte("OggS")):
		return sniffOgg(head)
	case len(head) >= 2 && head[0] == 0xff && head[1]&0xf6 == 0xf0:
		return AAC, "AAC" // ADTS: the sync word of MPEG audio with layer 0 (14496-3, 1.A.2.2)
	}
	for _, s := range signatures {
		if s.fits(head) {
			return s.codec, s.words
		}
	}
	return MP3, ""
}

// sniffOgg looks at the first packet.
func sniffOgg(head []byte) (Codec, string) {
	for _, s := range []signature{
		{0, "OpusHead", "", Opus}, {0, "\x01vorbis", "Vorbis in Ogg", Vorbis},
		{0, "\x7fFLAC", "FLAC in Ogg", FLAC}, {0, "Speex   ", "Speex in Ogg", Speex},
	} {
		if bytes.Contains(head, []byte(s.magic)) {
			return s.codec, s.words
		}
	}
	return Ogg, "" // a film, perhaps with Opus beside it
}

// id3Bytes is the length of the ID3v2 tag that head begins with, with header and
// footer, 0 when there is none. The size has seven bits in each byte (id3.org,
// ID3v2.4 main structure, section 3.1).
func id3Bytes(head []byte) int64 {
	if len(head) < 10 || string(head[:3]) != "ID3" || head[3] == 0xff || head[4] == 0xff ||
		(head[6]|head[7]|head[8]|head[9])&0x80 != 0 {
		return 0
	}
	n := 10 + int64(head[6])<<21 + int64(head[7])<<14 + int64(head[8])<<7 + int64(head[9])
	const footerPresent = 0x10
	if head[5]&footerPresent != 0 {
		n += 10
	}
	return n
}

// unsound names what begins with head and proved to be no sound. A web page is
// what a download that went wrong often is.
func unsound(head []byte) string {
	text := head
	for range utf8.UTFMax - 1 { // the last letter may be cut
		if n := len(text); n > 0 && !utf8.Valid(text) {
			text = text[:n-1]
		}
	}
	control := func(r rune) bool { return r < ' ' && r != '\n' && r != '\r' && r != '\t' && r != '\f' }
	if len(text) < min(len(head), 4) || !utf8.Valid(text) || bytes.ContainsFunc(text, control) {
		return ""
	}
	start := bytes.ToLower(bytes.TrimLeft(text, "\ufeff \t\r\n"))
	for _, p := range []string{"<!doctype html", "<html", "<head", "<body"} {
		if bytes.HasPrefix(start, []byte(p)) {
			return "a web page (HTML)"
		}
	}
	for _, p := range []string{"#extm3u", "[playlist]"} {
		if bytes.HasPrefix(start, []byte(p)) {
			return "a playlist"
		}
	}
	return "text"
}
