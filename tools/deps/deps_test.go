// Package deps holds the house's rules of who may import whom.
package deps

import (
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pkg is what go list says of a package.
type pkg struct {
	ImportPath string
	Imports    []string
	Standard   bool
}

func list(t *testing.T) []pkg {
	t.Helper()
	look(t)
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,Standard", "loa/...")
	cmd.Env = append(cmd.Environ(), "GOOS=linux", "GOFLAGS=-tags=oto")
	out, err := cmd.Output()
	require.NoError(t, err)
	var all []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := d.Decode(&p); err == io.EOF {
			break
		} else {
			require.NoError(t, err)
		}
		all = append(all, p)
	}
	require.NotEmpty(t, all)
	return all
}

// look opens every Go file itself. go test keeps results by the files a test
// has opened, not by those a program it started has read: without this a rule
// broken in another room would go unnoticed until the cache is cold.
func look(t *testing.T) {
	t.Helper()
	require.NoError(t, filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		_, err = os.ReadFile(path)
		return err
	}))
}

// room is the top-level folder of a package, "" for the root and for foreign ones.
func room(path string) string {
	rest, ok := strings.CutPrefix(path, "loa/")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return name
}

func TestSiblingsDoNotKnowEachOther(t *testing.T) {
	siblings := map[string]bool{"board": true, "gpio": true, "speaker": true, "scheduler": true, "store": true, "transport": true}
	for _, p := range list(t) {
		for _, i := range p.Imports {
			from, to := room(p.ImportPath), room(i)
			if siblings[from] && to != "" {
				assert.Equal(t, from, to, "%s imports %s", p.ImportPath, i)
			}
		}
	}
}

func TestTheRootPackageKnowsTheStandardLibraryOnly(t *testing.T) {
	for _, p := range list(t) {
		if p.ImportPath != "loa" {
			continue
		}
		for _, i := range p.Imports {
			first, _, _ := strings.Cut(i, "/")
			assert.NotContains(t, first, ".", "loa imports %s", i)
			assert.NotEqual(t, "loa", first, "loa imports %s", i)
		}
	}
}

func TestTheSchedulerTouchesNoWorld(t *testing.T) {
	for _, p := range list(t) {
		if p.ImportPath != "loa/scheduler" {
			continue
		}
		for _, banned := range []string{"os", "net", "net/http", "sync", "sync/atomic", "log/slog"} {
			assert.NotContains(t, p.Imports, banned)
		}
	}
}

func TestEachForeignModuleHasOneDoor(t *testing.T) {
	doors := map[string]string{
		"go.etcd.io/bbolt":                    "loa/store",
		"github.com/warthog618/go-gpiocdev":   "loa/gpio",
		"github.com/gen2brain/alsa":           "loa/speaker/alsa",
		"github.com/hajimehoshi/go-mp3":       "", // a second opinion in tests and benchmarks
		"github.com/pion/opus":                "", // likewise
		"github.com/thesyncim/gopus":          "loa/speaker/opus",
		"github.com/hajimehoshi/oto/v2":       "loa/speaker/oto",
		"github.com/teambition/rrule-go":      "loa/scheduler",
		"github.com/alecthomas/kong":          "loa/cmd/internal/cli",
		"github.com/pelletier/go-toml/v2":     "loa/cmd/internal/device",
		"github.com/coreos/go-systemd/v22":    "loa/cmd/internal/device",
		"github.com/stretchr/testify/require": "",
	}
	used := map[string]bool{}
	for _, p := range list(t) {
		if room(p.ImportPath) == "tools" { // tests and what helps them
			continue
		}
		for _, i := range p.Imports {
			for module, door := range doors {
				if i == module || strings.HasPrefix(i, module+"/") {
					used[module] = true
					assert.Equal(t, door, p.ImportPath, "%s imports %s", p.ImportPath, i)
				}
			}
		}
	}
	for module, door := range doors {
		assert.Equal(t, door != "", used[module], "is %s used?", module)
	}
}

// Programs are started by tools and tests only: a device that runs programs
// can be made to run others.
func TestOnlyToolsStartPrograms(t *testing.T) {
	for _, p := range list(t) {
		if room(p.ImportPath) != "tools" {
			assert.NotContains(t, p.Imports, "os/exec", p.ImportPath)
		}
	}
}
