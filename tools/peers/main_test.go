package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

const bulletin = "../../testdata/bulletin/ban-tin-sang.mp3"

func peers(args ...string) (code int, out, complaint string) {
	var o, c bytes.Buffer
	code = run(args, &o, &c)
	return code, strings.TrimSpace(o.String()), c.String()
}

func TestBothDecodersPlayTheBulletin(t *testing.T) {
	for _, with := range []string{"ours", "go-mp3"} {
		code, frames, complaint := peers(with, bulletin)
		assert.Zero(t, code, complaint)
		assert.Regexp(t, `^\d{6,}$`, frames, with)
	}
}

func TestWhatCannotBePlayedIsNamed(t *testing.T) {
	code, _, complaint := peers("ours", "main.go")
	assert.Equal(t, 1, code)
	assert.Contains(t, complaint, "not MPEG audio")
	code, _, complaint = peers("ours", "missing.mp3")
	assert.Equal(t, 1, code)
	assert.Contains(t, complaint, "missing.mp3")
}

func TestUnknownDecoderIsAUsageError(t *testing.T) {
	for _, args := range [][]string{nil, {"ours"}, {"theirs", bulletin}, {"ours", bulletin, bulletin}} {
		code, _, complaint := peers(args...)
		assert.Equal(t, 2, code)
		assert.Contains(t, complaint, "usage: peers ours|go-mp3 file.mp3")
	}
}
