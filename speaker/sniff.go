package speaker

import (
	"bytes"

	"loa/speaker/sniff"
)

// Codec is what Sniff took the beginning of a file for. Its text is for people
// and for reports.
type Codec string

// The codecs and containers that are told apart. MP3, WAV and Opus can be
// played; what a WAV or an Ogg holds is known only once it is opened.
const (
	Unknown  Codec = ""
	MP3      Codec = "mp3"
	MP2      Codec = "mp2" // Layer II, which only Probe tells from MP3
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

// codecs are what the formats of sound and video are to Sniff.
var codecs = map[string]Codec{
	"WAV": WAV, "Opus": Opus, "Ogg": Ogg, "Vorbis": Vorbis, "Speex": Speex, "FLAC": FLAC, "AAC": AAC,
	"M4A": MP4, "MP4": MP4, "3GP": MP4, "QuickTime": MP4, "AMR": AMR, "WMA": WMA, "AIFF": AIFF, "CAF": CAF,
	"AU": AU, "AC-3": AC3, "Monkey's Audio": APE, "WavPack": WavPack, "MIDI": MIDI, "Matroska/WebM": Matroska,
	"AVI": AVI, "MPEG": MPEGPS, "MPEG-TS": MPEGPS, "FLV": FLV,
}

// Sniff names the codec by content; the name of a file is never asked. head is
// the first SniffBytes of the file or all of it; an ID3v2 tag that ends in it is
// looked past (NewDecoder and Probe look past any). MP3 means "possibly": MPEG
// audio has no signature, so only reading frames (Probe) settles it.
func Sniff(head []byte) Codec {
	for {
		n := sniff.TagBytes(head)
		if n == 0 {
			break
		}
		if n >= int64(len(head)) {
			return MP3
		}
		head = head[n:]
	}
	if len(head) == 0 {
		return Unknown
	}
	codec, _ := sniffed(head)
	return codec
}

// sniffed names the codec, and in words what it is when it cannot be played.
func sniffed(head []byte) (codec Codec, words string) {
	c := sniff.Of(head)
	switch c.Kind {
	case sniff.Unknown, sniff.Text, sniff.Page, sniff.Playlist: // settled when no frame is found
		return MP3, ""
	}
	switch codec = codecs[c.Format]; codec {
	case WAV, Opus, Ogg: // a film in Ogg perhaps has Opus beside it
		return codec, ""
	}
	return codec, inWords(c, head)
}

// inWords is content as in "found a PNG picture", "" for what is unknown.
func inWords(c sniff.Content, head []byte) string {
	if words, ok := english[c.Format]; ok {
		return words
	}
	switch c.Kind {
	case sniff.Sound, sniff.Video:
		if bytes.HasPrefix(head, []byte("OggS")) {
			return c.Format + " in Ogg"
		}
		return c.Format
	case sniff.Picture, sniff.Document, sniff.Archive:
		return "a " + c.Format + " " + string(c.Kind)
	case sniff.Program, sniff.Database, sniff.Playlist:
		return "a " + string(c.Kind)
	}
	return string(c.Kind)
}

// english are formats that have a name of their own.
var english = map[string]string{
	"M4A": "M4A (AAC or ALAC in MP4)", "WMA": "WMA (ASF)", "AC-3": "Dolby AC-3",
	"QuickTime": "a QuickTime film", "Matroska/WebM": "Matroska or WebM", "AVI": "an AVI film", "FLV": "a Flash film",
	"MPEG": "an MPEG film", "MPEG-TS": "an MPEG film", "AVIF": "an AVIF picture", "RTF": "an RTF document",
	"Office": "an old Office document", "Excel": "an Excel document", "ZIP": "a ZIP archive or Office document",
	"HTML": "a web page (HTML)",
}
