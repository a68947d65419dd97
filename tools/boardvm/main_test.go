package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"loa/tools/boardvm/machine"
)

func TestWrongUseIsExplained(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		says string
	}{
		{"nothing at all", nil, "usage: boardvm run"},
		{"an unknown verb", []string{"fly"}, "usage: boardvm run"},
		{"no command to run", []string{"run"}, "usage: boardvm run"},
		{"an unknown flag", []string{"run", "--speed", "9"}, "-speed"},
		{"a file without a place on the board", []string{"run", "--file", "speakerd", "--", "true"}, "want FROM:TO"},
		{"an unknown board", []string{"run", "--arch", "mips", "--", "true"}, "[armv7 arm64]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out, log bytes.Buffer
			status, err := command(t.Context(), c.args, strings.NewReader(""), &out, &log)
			assert.Equal(t, 2, status)
			said := log.String()
			if err != nil {
				said += err.Error()
			}
			assert.Contains(t, said, c.says)
			assert.Empty(t, out.String())
		})
	}
}

func TestHostWithoutAnEmulatorIsToldWhatToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	var out, log bytes.Buffer
	status, err := command(t.Context(), []string{"run", "--out", t.TempDir(), "--", "true"}, strings.NewReader(""), &out, &log)
	assert.Equal(t, statusNoBoard, status)
	require.ErrorIs(t, err, machine.ErrMissing)
	assert.Contains(t, err.Error(), "qemu-system-arm")
}

func TestKernelsAreKeptBesideGoMod(t *testing.T) {
	dir := cacheDir()
	assert.Equal(t, filepath.Join(".cache", "boardvm"), filepath.Join(filepath.Base(filepath.Dir(dir)), filepath.Base(dir)))
	assert.FileExists(t, filepath.Join(dir, "../../go.mod"))
}
