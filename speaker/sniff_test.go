package speaker

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"loa/speaker/sniff"
)

func TestAllSoundAndVideoHasACodecAndNothingElseHas(t *testing.T) {
	known := map[string]bool{}
	for _, c := range sniff.All() {
		known[c.Format] = true
		_, ok := codecs[c.Format]
		assert.Equal(t, c.Kind == sniff.Sound || c.Kind == sniff.Video, ok, "%v", c)
		assert.NotEmpty(t, inWords(c, nil), "%v", c)
	}
	for format := range codecs {
		assert.True(t, known[format], "%q is in no table any more", format)
	}
	for format := range english {
		assert.True(t, known[format], "%q is in no table any more", format)
	}
}

func TestContentInWords(t *testing.T) {
	for words, c := range map[string]sniff.Content{
		"a GIF picture": {Kind: sniff.Picture, Format: "GIF"}, "an AVIF picture": {Kind: sniff.Picture, Format: "AVIF"},
		"a RAR archive": {Kind: sniff.Archive, Format: "RAR"}, "a program": {Kind: sniff.Program, Format: "ELF"},
		"a database": {Kind: sniff.Database, Format: "SQLite"}, "a Word document": {Kind: sniff.Document, Format: "Word"},
		"a playlist": {Kind: sniff.Playlist, Format: "M3U"}, "text": {Kind: sniff.Text}, "FLAC": {Kind: sniff.Sound, Format: "FLAC"}, "": {},
	} {
		assert.Equal(t, words, inWords(c, nil))
	}
	assert.Equal(t, "Speex in Ogg", inWords(sniff.Content{Kind: sniff.Sound, Format: "Speex"}, []byte("OggS")))
}
