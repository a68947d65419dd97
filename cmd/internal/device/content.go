package device

import (
	"bytes"
	"unicode/utf8"
)

// ContentKind is the sort of thing that a file holds.
type ContentKind string

// The kinds that are told apart when a file is no sound that can be played.
const (
	ContentUnknown  ContentKind = ""
	ContentSound    ContentKind = "sound"
	ContentVideo    ContentKind = "video"
	ContentPicture  ContentKind = "picture"
	ContentDocument ContentKind = "document"
	ContentArchive  ContentKind = "archive"
	ContentProgram  ContentKind = "program"
	ContentPage     ContentKind = "page"
	ContentPlaylist ContentKind = "playlist"
	ContentText     ContentKind = "text"
)

// Content is what a file holds by its first bytes: a kind and the name of the
// format, "" when there is none.
type Content struct {
	Kind   ContentKind
	Format string
}

// signature is how the files of one format begin.
type signature struct {
	Content
	at   int // offset of magic
	text string
	also string // further text, anywhere in the beginning; "" for none
}

// signatures, the special ones before the general. Sources: the formats' own
// specifications and IANA's media types; OggS streams by their first packet
// (RFC 5334, 4), ISO base media by their brand (ISO/IEC 14496-12, 4.3).
var signatures = []signature{
	{Content{ContentPicture, "PNG"}, 0, "\x89PNG\r\n\x1a\n", ""},
	{Content{ContentPicture, "JPEG"}, 0, "\xff\xd8\xff", ""},
	{Content{ContentPicture, "GIF"}, 0, "GIF8", ""},
	{Content{ContentPicture, "WebP"}, 8, "WEBP", ""},
	{Content{ContentPicture, "TIFF"}, 0, "II*\x00", ""},
	{Content{ContentPicture, "TIFF"}, 0, "MM\x00*", ""},
	{Content{ContentPicture, "BMP"}, 6, "\x00\x00\x00\x00", "BM"},
	{Content{ContentPicture, "HEIC"}, 4, "ftyphei", ""},
	{Content{ContentPicture, "HEIC"}, 4, "ftypmif1", ""},
	{Content{ContentPicture, "AVIF"}, 4, "ftypavif", ""},
	{Content{ContentDocument, "PDF"}, 0, "%PDF", ""},
	{Content{ContentDocument, "Office"}, 0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ""},
	{Content{ContentDocument, "Word"}, 0, "PK\x03\x04", "word/"},
	{Content{ContentDocument, "Excel"}, 0, "PK\x03\x04", "xl/"},
	{Content{ContentDocument, "RTF"}, 0, "{\\rtf", ""},
	{Content{ContentArchive, "ZIP"}, 0, "PK\x03\x04", ""},
	{Content{ContentArchive, "RAR"}, 0, "Rar!\x1a\x07", ""},
	{Content{ContentArchive, "7z"}, 0, "7z\xbc\xaf\x27\x1c", ""},
	{Content{ContentArchive, "gzip"}, 0, "\x1f\x8b", ""},
	{Content{ContentProgram, "ELF"}, 0, "\x7fELF", ""},
	{Content{ContentProgram, "Windows"}, 0, "MZ", "This program"},
	{Content{ContentSound, "AMR"}, 0, "#!AMR", ""},
	{Content{ContentSound, "WMA"}, 0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11", ""},
	{Content{ContentSound, "FLAC"}, 0, "fLaC", ""},
	{Content{ContentSound, "AIFF"}, 8, "AIF", "FORM"},
	{Content{ContentSound, "CAF"}, 0, "caff", ""},
	{Content{ContentSound, "AU"}, 0, ".snd", ""},
	{Content{ContentSound, "MIDI"}, 0, "MThd", ""},
	{Content{ContentSound, "AC-3"}, 0, "\x0b\x77", ""},
	{Content{ContentSound, "Monkey's Audio"}, 0, "MAC ", ""},
	{Content{ContentSound, "WavPack"}, 0, "wvpk", ""},
	{Content{ContentSound, "AAC"}, 0, "ADIF", ""},
	{Content{ContentSound, "Opus"}, 0, "OggS", "OpusHead"},
	{Content{ContentSound, "Vorbis"}, 0, "OggS", "\x01vorbis"},
	{Content{ContentSound, "Speex"}, 0, "OggS", "Speex   "},
	{Content{ContentSound, "FLAC"}, 0, "OggS", "\x7fFLAC"},
	{Content{ContentVideo, "Ogg"}, 0, "OggS", "\x80theora"},
	{Content{ContentSound, "Ogg"}, 0, "OggS", ""},
	{Content{ContentSound, "WAV"}, 8, "WAVE", "R"},
	{Content{ContentSound, "M4A"}, 4, "ftypM4A", ""},
	{Content{ContentSound, "M4A"}, 4, "ftypM4B", ""},
	{Content{ContentVideo, "3GP"}, 4, "ftyp3g", ""},
	{Content{ContentVideo, "QuickTime"}, 4, "ftypqt", ""},
	{Content{ContentSound, "MP4"}, 4, "ftyp", ""},
	{Content{ContentVideo, "AVI"}, 8, "AVI ", "RIFF"},
	{Content{ContentVideo, "Matroska/WebM"}, 0, "\x1a\x45\xdf\xa3", ""},
	{Content{ContentVideo, "FLV"}, 0, "FLV\x01", ""},
	{Content{ContentVideo, "MPEG"}, 0, "\x00\x00\x01\xba", ""},
	{Content{ContentVideo, "MPEG-TS"}, 188, "G", "G"},
	{Content{ContentPlaylist, "M3U"}, 0, "#EXTM3U", ""},
	{Content{ContentPlaylist, "PLS"}, 0, "[playlist]", ""},
}

// contentOf names what a file is that begins with head: a few KiB of it, or
// all.
func contentOf(head []byte) Content {
	for _, s := range signatures {
		if s.fits(head) {
			return s.Content
		}
	}
	if len(head) > 2 && head[0] == 0xff && head[1]&0xf6 == 0xf0 {
		return Content{ContentSound, "AAC"} // ADTS (ISO/IEC 14496-3, 1.A.2.2)
	}
	return textOf(head)
}

func (s signature) fits(head []byte) bool {
	if len(head) < s.at+len(s.text) || string(head[s.at:s.at+len(s.text)]) != s.text {
		return false
	}
	if s.at > 0 && s.also != "" { // the file's own first bytes
		return bytes.HasPrefix(head, []byte(s.also))
	}
	return s.also == "" || bytes.Contains(head, []byte(s.also))
}

// textOf tells a web page, which a download that went wrong often is, from
// other text.
func textOf(head []byte) Content {
	if len(head) > 3 { // the last letter may be cut
		for i := 0; i < utf8.UTFMax-1 && !utf8.Valid(head); i++ {
			head = head[:len(head)-1]
		}
	}
	if len(head) == 0 || !utf8.Valid(head) || bytes.ContainsFunc(head, func(r rune) bool { return r < ' ' && r != '\n' && r != '\r' && r != '\t' && r != '\f' }) {
		return Content{}
	}
	start := bytes.ToLower(bytes.TrimLeft(head, "\ufeff \t\r\n"))
	for _, p := range []string{"<!doctype html", "<html", "<head", "<body"} {
		if bytes.HasPrefix(start, []byte(p)) {
			return Content{ContentPage, "HTML"}
		}
	}
	return Content{Kind: ContentText}
}
