package sniff

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// page is the beginning of a page of Ogg that holds a first packet.
func page(packet string) string {
	return "OggS\x00\x02" + strings.Repeat("\x00", 20) + "\x01" + string(rune(len(packet))) + packet
}

func TestContentIsNamedByTheFirstBytes(t *testing.T) {
	stream := strings.Repeat("G\x40\x00\x10"+strings.Repeat("\xff", 184), 3)
	for _, tc := range []struct {
		head string
		want Content
	}{
		{"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", Content{Picture, "PNG"}},
		{"\xff\xd8\xff\xe0\x00\x10JFIF", Content{Picture, "JPEG"}},
		{"RIFF\x24\x00\x00\x00WEBPVP8 ", Content{Picture, "WebP"}},
		{"BM\x36\x10\x0e\x00\x00\x00\x00\x00\x36", Content{Picture, "BMP"}},
		{"\x00\x00\x00\x18ftypheic", Content{Picture, "HEIC"}},
		{"\x00\x00\x00\x18ftypheix", Content{Picture, "HEIC"}},
		{"\x00\x00\x00\x18ftypavif", Content{Picture, "AVIF"}},
		{"%PDF-1.7", Content{Document, "PDF"}},
		{"PK\x03\x04\x14\x00[Content_Types].xml word/document.xml", Content{Document, "Word"}},
		{"PK\x03\x04\x14\x00[Content_Types].xml xl/workbook.xml", Content{Document, "Excel"}},
		{"PK\x03\x04\x14\x00tin.mp3", Content{Archive, "ZIP"}},
		{"\x7fELF\x02", Content{Program, "ELF"}},
		{"MZ\x90\x00 This program cannot be run" + strings.Repeat("\x00", 40), Content{Program, "Windows"}},
		{"MZ\x90\x00" + strings.Repeat("\x00", 60), Content{Program, "Windows"}},
		{"MZ tin nhắn " + strings.Repeat("a", 60), Content{Kind: Text}},
		{"MZ\x90\x00", Content{}},
		{"SQLite format 3\x00", Content{Database, "SQLite"}},
		{"RIFF\x24\x00\x00\x00WAVEfmt ", Content{Sound, "WAV"}},
		{"RF64\xff\xff\xff\xffWAVEds64", Content{Sound, "WAV"}},
		{"BW64\xff\xff\xff\xffWAVEds64", Content{Sound, "WAV"}},
		{"RIFF\x24\x00\x00\x00RMIDdata", Content{Sound, "MIDI"}},
		{"RIFF\x24\x00\x00\x00AVI LIST", Content{Video, "AVI"}},
		{"RIFF\x24\x00\x00\x00????", Content{}},
		{"FORM\x00\x00\x10\x00AIFFCOMM", Content{Sound, "AIFF"}},
		{"FORM\x00\x00\x10\x00AIFCCOMM", Content{Sound, "AIFF"}},
		{"caff\x00\x01\x00\x00", Content{Sound, "CAF"}},
		{"caffeine is no sound", Content{Kind: Text}},
		{page("OpusHead\x01\x01"), Content{Sound, "Opus"}},
		{page("\x01vorbis"), Content{Sound, "Vorbis"}},
		{page("\x7fFLAC\x01"), Content{Sound, "FLAC"}},
		{page("\x80theora"), Content{Video, "Ogg"}},
		{page("fishead"), Content{Sound, "Ogg"}},
		{"\x00\x00\x00\x20ftypM4A ", Content{Sound, "M4A"}},
		{"\x00\x00\x00\x20ftyp3gp4", Content{Video, "3GP"}},
		{"\x00\x00\x00\x20ftypqt  ", Content{Video, "QuickTime"}},
		{"\x00\x00\x00\x20ftypisom", Content{Sound, "MP4"}},
		{"\xff\xf1\x50\x80\x03\xff\xfc", Content{Sound, "AAC"}},
		{"\xff\xf9", Content{Sound, "AAC"}},
		{"ADIF", Content{Sound, "AAC"}},
		{stream, Content{Video, "MPEG-TS"}},
		{stream[:2*packet], Content{}},
		{"Good morning to all", Content{Kind: Text}},
		{"\n<!DOCTYPE html><html>", Content{Page, "HTML"}},
		{"\ufeff<HTML><body>", Content{Page, "HTML"}},
		{"\n\n<?xml version=\"1.0\"?>\n<html xmlns=\"http://www.w3.org/1999/xhtml\">", Content{Page, "HTML"}},
		{"<!-- cached --><html><svg/></html>", Content{Page, "HTML"}},
		{"<script>location=\"/login\"</script>", Content{Page, "HTML"}},
		{"\xff\xfe<\x00h\x00t\x00m\x00l\x00>\x00\xc0\x1e", Content{Page, "HTML"}},
		{"\xfe\xff\x00<\x00h\x00t\x00m\x00l\x00>\x1e\xc0", Content{Page, "HTML"}},
		{"\xff\xfe\x00\x00\x00\x00", Content{}},
		{"<svg xmlns=\"http://www.w3.org/2000/svg\">", Content{Picture, "SVG"}},
		{"<?xml version=\"1.0\"?><svg>", Content{Picture, "SVG"}},
		{"<?xml version=\"1.0\"?><rss>", Content{Kind: Text}},
		{"#EXTM3U\n1.mp3\n", Content{Playlist, "M3U"}},
		{"#EXTM3U\nth\xf4ng b\xe1o.mp3\n", Content{Playlist, "M3U"}},
		{"\ufeff#extm3u\n1.mp3\n", Content{Playlist, "M3U"}},
		{"[playlist]\nFile1=a", Content{Playlist, "PLS"}},
		{"[Playlist]\nFile1=a", Content{Playlist, "PLS"}},
		{"Bản tin sáng", Content{Kind: Text}},
		{"xin ch\xc3", Content{Kind: Text}}, // a letter cut in two
		{"xin \x01\x02", Content{}},
		{"a\xff\xff\xff", Content{}},
		{strings.Repeat("\xff\xfe", 9), Content{}},
		{"\xff\xfb\x90\x64", Content{}}, // MP3
		{"ID3\x04\x00\x00\x00\x00\x00\x00", Content{}},
		{"\xff", Content{}},
		{"", Content{}},
	} {
		assert.Equal(t, tc.want, Of([]byte(tc.head)), "%q", tc.head[:min(len(tc.head), 40)])
	}
}

func TestFilesOfSoundAreNamed(t *testing.T) {
	for name, want := range map[string]Content{
		"aac.aac": {Sound, "AAC"}, "alaw.wav": {Sound, "WAV"}, "silk-12k.opus": {Sound, "Opus"}, "mono44-cbr48.mp3": {}, "layer2.mp2": {},
	} {
		b, err := os.ReadFile("../../testdata/sound/" + name)
		require.NoError(t, err)
		assert.Equal(t, want, Of(b[:64]), name)
		assert.Equal(t, want, Of(b), name)
	}
}

// An entry that comes behind one which takes all its files is never found.
func TestEverySignatureCanBeReached(t *testing.T) {
	for _, s := range signatures {
		assert.Equal(t, s.Content, Of([]byte(s.sample())), "%q", s.magic[:min(len(s.magic), 40)])
		assert.NotEqual(t, Unknown, s.Kind)
		assert.NotEmpty(t, s.Format)
	}
}

// sample is the shortest file of the format.
func (s signature) sample() string {
	return strings.Repeat("\x01", s.at) + strings.ReplaceAll(s.magic, "?", "\x01") + s.also
}

func TestAllNamesEachContentOnce(t *testing.T) {
	seen := map[Content]bool{}
	for _, c := range All() {
		assert.False(t, seen[c], "%v", c)
		seen[c] = true
	}
	assert.True(t, seen[Content{Sound, "WAV"}])
	assert.True(t, seen[Content{Page, "HTML"}])
	assert.False(t, seen[Content{}])
}

func TestTagsAreMeasured(t *testing.T) {
	for _, tc := range []struct {
		head string
		want int64
	}{
		{"ID3\x04\x00\x00\x00\x00\x00\x00", 10},
		{"ID3\x03\x00\x00\x00\x00\x02\x01", 10 + 257},
		{"ID3\x04\x00\x10\x00\x00\x00\x05", 10 + 5 + 10}, // with a footer
		{"ID3\x04\x00\x00\x7f\x7f\x7f\x7f", 10 + 1<<28 - 1},
		{"ID3\x04\x00\x00\x80\x00\x00\x00", 0},
		{"ID3\xff\x00\x00\x00\x00\x00\x00", 0},
		{"ID3\x04\x00\x00\x00\x00\x00", 0},
		{"TAGsong of the morning", 0},
		{"", 0},
	} {
		assert.Equal(t, tc.want, TagBytes([]byte(tc.head)), "%q", tc.head)
	}
}

func FuzzOf(f *testing.F) {
	for _, s := range signatures {
		f.Add([]byte(s.sample()))
	}
	known := map[Content]bool{{}: true}
	for _, c := range All() {
		known[c] = true
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		before := fmt.Sprintf("%x", b)
		if c := Of(b); !known[c] {
			t.Errorf("%v", c)
		}
		if n := TagBytes(b); n < 0 || n > 20+1<<28 {
			t.Errorf("a tag of %d bytes", n)
		}
		if fmt.Sprintf("%x", b) != before {
			t.Error("the bytes were changed")
		}
	})
}
