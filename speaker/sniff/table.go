package sniff

import "strings"

// signature is how the files of one format begin.
type signature struct {
	Content
	at    int    // of magic
	magic string // a question mark stands for any byte
	also  string // further bytes, anywhere in the beginning; "" for none
}

// packet is how long a packet of a transport stream is (ISO/IEC 13818-1,
// 2.4.3.2); each begins with a G.
const packet = 188

// signatures, the special before the general. They are those of the formats' own
// specifications and of IANA's media types; streams in Ogg go by their first
// packet (RFC 5334, 4), ISO base media by their brand (ISO/IEC 14496-12, 4.3).
var signatures = append([]signature{
	{Content{Picture, "PNG"}, 0, "\x89PNG\r\n\x1a\n", ""},
	{Content{Picture, "JPEG"}, 0, "\xff\xd8\xff", ""},
	{Content{Picture, "GIF"}, 0, "GIF8", ""},
	{Content{Picture, "WebP"}, 0, "RIFF????WEBP", ""},
	{Content{Picture, "TIFF"}, 0, "II*\x00", ""},
	{Content{Picture, "TIFF"}, 0, "MM\x00*", ""},
	{Content{Picture, "BMP"}, 0, "BM????\x00\x00\x00\x00", ""},
	{Content{Picture, "HEIC"}, 4, "ftyphei", ""},
	{Content{Picture, "HEIC"}, 4, "ftypmif1", ""},
	{Content{Picture, "AVIF"}, 4, "ftypavif", ""},
	{Content{Document, "PDF"}, 0, "%PDF", ""},
	{Content{Document, "Office"}, 0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ""},
	{Content{Document, "Word"}, 0, "PK\x03\x04", "word/"},
	{Content{Document, "Excel"}, 0, "PK\x03\x04", "xl/"},
	{Content{Document, "RTF"}, 0, "{\\rtf", ""},
	{Content{Archive, "ZIP"}, 0, "PK\x03\x04", ""},
	{Content{Archive, "RAR"}, 0, "Rar!\x1a\x07", ""},
	{Content{Archive, "7z"}, 0, "7z\xbc\xaf\x27\x1c", ""},
	{Content{Archive, "gzip"}, 0, "\x1f\x8b", ""},
	{Content{Program, "ELF"}, 0, "\x7fELF", ""},
	{Content{Program, "Windows"}, 0, "MZ?\x00" + strings.Repeat("?", 60), ""}, // fewer than 256 bytes in the last page
	{Content{Program, "Windows"}, 0, "MZ?\x01" + strings.Repeat("?", 60), ""}, // up to 511
	{Content{Database, "SQLite"}, 0, "SQLite format 3\x00", ""},
	{Content{Sound, "AMR"}, 0, "#!AMR", ""},
	{Content{Sound, "WMA"}, 0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11", ""},
	{Content{Sound, "FLAC"}, 0, "fLaC", ""},
	{Content{Sound, "AIFF"}, 0, "FORM????AIF", ""},
	{Content{Sound, "CAF"}, 0, "caff\x00\x01", ""},
	{Content{Sound, "AU"}, 0, ".snd", ""},
	{Content{Sound, "MIDI"}, 0, "MThd\x00\x00", ""},
	{Content{Sound, "MIDI"}, 0, "RIFF????RMID", ""},
	{Content{Sound, "AC-3"}, 0, "\x0b\x77", ""},
	{Content{Sound, "Monkey's Audio"}, 0, "MAC ", ""},
	{Content{Sound, "WavPack"}, 0, "wvpk", ""},
	{aac, 0, "ADIF", ""},
	{Content{Sound, "Opus"}, 0, "OggS", "OpusHead"},
	{Content{Sound, "Vorbis"}, 0, "OggS", "\x01vorbis"},
	{Content{Sound, "Speex"}, 0, "OggS", "Speex   "},
	{Content{Sound, "FLAC"}, 0, "OggS", "\x7fFLAC"},
	{Content{Video, "Ogg"}, 0, "OggS", "\x80theora"},
	{Content{Sound, "Ogg"}, 0, "OggS", ""},
	{Content{Sound, "WAV"}, 0, "RIFF????WAVE", ""},
	{Content{Sound, "WAV"}, 0, "RF64????WAVE", ""},
	{Content{Sound, "WAV"}, 0, "BW64????WAVE", ""},
	{Content{Sound, "M4A"}, 4, "ftypM4A", ""},
	{Content{Sound, "M4A"}, 4, "ftypM4B", ""},
	{Content{Video, "3GP"}, 4, "ftyp3g", ""},
	{Content{Video, "QuickTime"}, 4, "ftypqt", ""},
	{Content{Sound, "MP4"}, 4, "ftyp", ""},
	{Content{Video, "AVI"}, 0, "RIFF????AVI ", ""},
	{Content{Video, "Matroska/WebM"}, 0, "\x1a\x45\xdf\xa3", ""},
	{Content{Video, "FLV"}, 0, "FLV\x01", ""},
	{Content{Video, "MPEG"}, 0, "\x00\x00\x01\xba", ""},
	{Content{Video, "MPEG-TS"}, 0, "G" + strings.Repeat("?", packet-1) + "G" + strings.Repeat("?", packet-1) + "G", ""},
}, playlists...)

// playlists are looked for once more in what is text: behind a byte order mark,
// in letters of either case.
var playlists = []signature{
	{Content{Playlist, "M3U"}, 0, "#EXTM3U", ""},
	{Content{Playlist, "PLS"}, 0, "[playlist]", ""},
}
