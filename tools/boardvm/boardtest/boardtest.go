// Package boardtest runs a package's own tests on emulated boards.
package boardtest

import (
	"errors"
	"os"
	"os/exec" // go test -c
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"loa/tools/boardvm/machine"
)

// targets are what the compiler is told for each board.
var targets = map[machine.Arch][]string{
	machine.ARMv7: {"GOARCH=arm", "GOARM=7"},
	machine.ARM64: {"GOARCH=arm64"},
}

// Boot builds the tests of the package under test, without the tag boardvm,
// and starts a board that has them as /bin/<program>. The board ends with the
// test. A host that lacks the parts skips with "not run: <why>".
func Boot(t *testing.T, arch machine.Arch, program string) *machine.VM {
	t.Helper()
	path := filepath.Join(t.TempDir(), program)
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-o", path, ".")
	build.Env = append(append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux"), targets[arch]...)
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	vm, err := machine.Boot(t.Context(), machine.Config{
		Arch: arch, Cache: filepath.Join(root(t), ".cache", "boardvm"),
		Files: map[string]string{"/bin/" + program: path}, Log: t.Output(),
	})
	if errors.Is(err, machine.ErrMissing) {
		t.Skipf("not run: %v", err)
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, vm.Close()) })
	return vm
}

// root is the folder of go.mod.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		require.NotEqual(t, up, dir, "no go.mod above the test")
		dir = up
	}
}
