package machine

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestVersionedKernelIsFoundBehindTheMetaPackage(t *testing.T) {
	version, err := kernelVersion([]string{"linux-base", "linux-image-6.1.0-50-armmp-lpae", "linux-image-6.1.0-50-armmp"}, "armmp")
	require.NoError(t, err)
	assert.Equal(t, "6.1.0-50-armmp", version)

	_, err = kernelVersion([]string{"linux-image-armmp"}, "armmp")
	require.Error(t, err)
}

func TestCachedKernelIsNotFetchedAgain(t *testing.T) {
	cache := t.TempDir()
	want := Kernel{Version: "1.2.3-test", Root: filepath.Join(cache, "armv7", "root")}
	require.NoError(t, os.MkdirAll(filepath.Dir(want.Image()), 0o755))
	require.NoError(t, os.WriteFile(want.Image(), nil, 0o644))
	// The cache may have been moved since: what it was called then is not used.
	record, err := json.Marshal(Kernel{Version: want.Version, Root: "/elsewhere"})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(cache, "armv7", "kernel.json"), record, 0o644))

	got, err := FetchKernel(t.Context(), ARMv7, cache, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

func TestUnpackedUsrIsMerged(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(root, "usr/lib/modules"), 0o755))
	require.NoError(t, os.MkdirAll(filepath.Join(root, "bin"), 0o755))
	require.NoError(t, mergeUsr(root))
	assert.DirExists(t, filepath.Join(root, "lib/modules"))
	assert.NoFileExists(t, filepath.Join(root, "usr/bin"))
}

func TestUnknownBoardNamesTheKnownOnes(t *testing.T) {
	_, err := ParseArch("mips")
	require.Error(t, err)
	assert.Contains(t, err.Error(), "[armv7 arm64]")
	arch, err := ParseArch("arm64")
	require.NoError(t, err)
	assert.Equal(t, ARM64, arch)
	_, err = Boot(t.Context(), Config{Arch: "mips"})
	require.Error(t, err)
}

func TestWaitingForTheHostIsReadFromSchedstat(t *testing.T) {
	assert.Equal(t, 2500*time.Millisecond, waited("1234567 2500000000 99\n"))
	assert.Zero(t, waited(""), "the thread has ended")
}
