package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCheckJudgesEachSoundAsTheDeviceWill(t *testing.T) {
	mp3, err := os.ReadFile("../../testdata/sound/mpeg2-24k.mp3")
	require.NoError(t, err)
	for _, c := range []struct {
		name, bytes string
		code        int
		want        string
	}{
		{"24 kHz", string(mp3), 0, "sound          ok   item sang: "},
		{"a hole", string(mp3[:1500]) + strings.Repeat("\x00", 700) + string(mp3[1500:]), 0, "sound          note item sang: "},
		{"damage in words", string(mp3[:1500]) + strings.Repeat("\x00", 700) + string(mp3[1500:]), 0, "bytes are damaged and left out"},
		{"a picture", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", 1, "sound          BAD  item sang: "},
		{"a picture in words", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", 1, "it is no sound but a picture (PNG)"},
		{"empty", "", 1, "the file is empty"},
		{"FLAC", "fLaC\x00\x00\x00\x22", 1, "FLAC is not played; allowed: MP3, Opus (.opus) and WAV"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := site(t, goodPlan, "")
			require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(config), "sounds", "tin.mp3"), []byte(c.bytes), 0o600))
			code, out := typed("check", "--config", config)
			assert.Equal(t, c.code, code, out)
			assert.Contains(t, out, c.want)
		})
	}
}

func TestCheckSaysThatASoundIsTooLarge(t *testing.T) {
	config := site(t, goodPlan, "")
	require.NoError(t, os.Truncate(filepath.Join(filepath.Dir(config), "sounds", "tin.mp3"), 2<<30))
	code, out := typed("check", "--config", config)
	assert.Equal(t, 1, code)
	assert.Contains(t, out, "tin.mp3: 2048 MiB are too large; allowed: at most 64 MiB")
}
