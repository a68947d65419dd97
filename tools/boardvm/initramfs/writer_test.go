package initramfs

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/hex"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// entry is one decoded member of an archive.
type entry struct {
	name    string
	mode    uint32
	major   uint32
	minor   uint32
	content string
}

// read decodes an archive by the format's description, not by the Writer.
func read(t *testing.T, archive []byte) []entry {
	t.Helper()
	zip, err := gzip.NewReader(bytes.NewReader(archive))
	require.NoError(t, err)
	raw, err := io.ReadAll(zip)
	require.NoError(t, err)
	var entries []entry
	for at := 0; ; {
		require.Equal(t, "070701", string(raw[at:at+6]), "magic at %d", at)
		fields := make([]uint32, 13)
		for i := range fields {
			value, err := hex.DecodeString(string(raw[at+6+8*i : at+14+8*i]))
			require.NoError(t, err)
			fields[i] = binary.BigEndian.Uint32(value)
		}
		size, nameSize := int(fields[6]), int(fields[11])
		name := string(raw[at+110 : at+110+nameSize-1])
		require.Zero(t, raw[at+110+nameSize-1], "name ends with a zero byte")
		at = (at + 110 + nameSize + 3) &^ 3
		if name == "TRAILER!!!" {
			require.Len(t, raw, at)
			return entries
		}
		entries = append(entries, entry{name, fields[1], fields[9], fields[10], string(raw[at : at+size])})
		at = (at + size + 3) &^ 3
	}
}

func build(t *testing.T, fill func(w *Writer)) []byte {
	t.Helper()
	var out bytes.Buffer
	w := NewWriter(&out)
	fill(w)
	require.NoError(t, w.Close())
	return out.Bytes()
}

func TestArchiveHoldsWhatWasPutIn(t *testing.T) {
	host := filepath.Join(t.TempDir(), "program")
	require.NoError(t, os.WriteFile(host, []byte("\x7fELF"), 0o750))
	got := read(t, build(t, func(w *Writer) {
		require.NoError(t, w.File("/init", 0o755, []byte("#!/bin/sh\n")))
		require.NoError(t, w.Copy("/usr/bin/program", host))
		require.NoError(t, w.Link("bin/sh", "busybox"))
		require.NoError(t, w.CharDevice("/dev/console", 0o600, 5, 1))
		require.NoError(t, w.Dir("/proc"))
	}))
	assert.Equal(t, []entry{
		{"init", 0o100755, 0, 0, "#!/bin/sh\n"},
		{"usr", 0o040755, 0, 0, ""},
		{"usr/bin", 0o040755, 0, 0, ""},
		{"usr/bin/program", 0o100750, 0, 0, "\x7fELF"},
		{"bin", 0o040755, 0, 0, ""},
		{"bin/sh", 0o120777, 0, 0, "busybox"},
		{"dev", 0o040755, 0, 0, ""},
		{"dev/console", 0o020600, 5, 1, ""},
		{"proc", 0o040755, 0, 0, ""},
	}, got)
}

func TestContentOfEverySizeIsPaddedToFour(t *testing.T) {
	for size := range 9 {
		content := strings.Repeat("x", size)
		got := read(t, build(t, func(w *Writer) {
			require.NoError(t, w.File("/a", 0o644, []byte(content)))
			require.NoError(t, w.File("/"+strings.Repeat("n", size+1), 0o644, []byte("after")))
		}))
		require.Len(t, got, 2)
		assert.Equal(t, content, got[0].content)
		assert.Equal(t, "after", got[1].content)
	}
}

func TestSameContentGivesSameBytes(t *testing.T) {
	fill := func(w *Writer) { require.NoError(t, w.File("/etc/a", 0o644, []byte("a"))) }
	assert.Equal(t, build(t, fill), build(t, fill))
}

func TestNamesOutsideTheArchiveAreRefused(t *testing.T) {
	w := NewWriter(io.Discard)
	for _, name := range []string{"", "/", ".", "../etc/passwd", "/a/../../b", "a//b", "//a"} {
		err := w.File(name, 0o644, nil)
		require.ErrorIs(t, err, ErrName, "%q", name)
	}
}

func TestMissingHostFileIsNamed(t *testing.T) {
	err := NewWriter(io.Discard).Copy("/a", "/no/such/file")
	require.ErrorIs(t, err, os.ErrNotExist)
	assert.Contains(t, err.Error(), "/no/such/file")
}

func TestCpioReadsTheArchive(t *testing.T) {
	cpio, err := exec.LookPath("cpio")
	if err != nil {
		t.Skip("elsewhere: cpio is not installed; board-test has a kernel unpack such an archive")
	}
	archive := build(t, func(w *Writer) {
		require.NoError(t, w.File("/etc/name", 0o644, []byte("loa\n")))
		require.NoError(t, w.Link("/bin/sh", "busybox"))
	})
	zip, err := gzip.NewReader(bytes.NewReader(archive))
	require.NoError(t, err)
	cmd := exec.Command(cpio, "-t", "--quiet")
	cmd.Stdin = zip
	out, err := cmd.Output()
	require.NoError(t, err)
	assert.Equal(t, "etc\netc/name\nbin\nbin/sh\n", string(out))
}
