package debian

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// etcApt makes an apt configuration directory of the named files.
func etcApt(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	return dir
}

func TestDebianSourcesAreTakenFromTheHost(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		want  map[string]string
	}{
		{
			name: "one-line style, restricted to the host's architecture",
			files: map[string]string{"sources.list": "# comment\n" +
				"deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main\n" +
				"deb [arch=amd64] http://mirror.example/debian bookworm-updates main\n" +
				"deb-src http://mirror.example/debian bookworm main\n" +
				"deb cdrom:[Debian 12]/ bookworm main\n" +
				"deb http://other.example/apt stable main\n"},
			want: map[string]string{"sources.list": "deb [ signed-by=/k.gpg] http://mirror.example/debian bookworm main\n" +
				"deb http://mirror.example/debian bookworm-updates main\n"},
		},
		{
			name: "deb822 style, of which a disabled file is not read",
			files: map[string]string{
				"sources.list.d/debian.sources": "Types: deb deb-src\n# snapshot\nURIs: http://mirror.example/debian\n" +
					"Suites: bookworm\nComponents: main\nArchitectures: amd64\nSigned-By: /k.gpg\n\n" +
					"Types: deb-src\nURIs: http://mirror.example/debian\nSuites: bookworm\nComponents: main\n",
				"sources.list.d/other.sources":           "Types: deb\nURIs: http://other.example/apt\nSuites: a\nComponents: main\n",
				"sources.list.d/debian.sources.disabled": "Types: deb\nURIs: http://mirror.example/debian\nSuites: sid\nComponents: main\n",
			},
			want: map[string]string{"debian.sources": "Types: deb deb-src\n# snapshot\nURIs: http://mirror.example/debian\n" +
				"Suites: bookworm\nComponents: main\nSigned-By: /k.gpg\n\n"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			to := filepath.Join(t.TempDir(), "sources")
			require.NoError(t, copySources(etcApt(t, c.files), to))
			got := map[string]string{}
			entries, err := os.ReadDir(to)
			require.NoError(t, err)
			for _, e := range entries {
				text, err := os.ReadFile(filepath.Join(to, e.Name()))
				require.NoError(t, err)
				got[e.Name()] = string(text)
			}
			assert.Equal(t, c.want, got)
		})
	}
}

func TestHostWithoutDebianSourcesIsNamed(t *testing.T) {
	etc := etcApt(t, map[string]string{"sources.list": "deb http://other.example/apt stable main\n"})
	err := copySources(etc, t.TempDir())
	require.ErrorIs(t, err, ErrNoSources)
	assert.Contains(t, err.Error(), etc)
}

func TestMissingProgramNamesItsPackage(t *testing.T) {
	_, err := Need("no-such-program-here", "no-such-package")
	require.ErrorIs(t, err, ErrMissing)
	assert.Contains(t, err.Error(), "no-such-program-here (Debian package no-such-package)")
}

func TestPrivateConfigurationTakesOnlyTheHostsWayToTheArchive(t *testing.T) {
	host := `Acquire::http::Proxy "http://proxy.example:3142";
Acquire::https "";
Acquire::https::Verify-Peer "true";
Acquire::Languages "en";
APT::Update::Post-Invoke:: "rm -f /var/cache/apt/archives/*.deb";
Dir::State::status "/var/lib/dpkg/status";
`
	r := Root{Dir: "/private", Arch: "armhf"}
	conf := r.config(host)
	assert.Contains(t, conf, `Acquire::http::Proxy "http://proxy.example:3142";`)
	assert.Contains(t, conf, `Acquire::https::Verify-Peer "true";`)
	assert.NotContains(t, conf, "Post-Invoke", "the host's hooks must not run")
	assert.NotContains(t, conf, "/var/lib/dpkg", "the host's dpkg must not be read")
	assert.Contains(t, conf, `Dir::State::status "/private/state/status";`)
	assert.Contains(t, conf, `APT::Architectures "armhf";`)
}

func TestDependenciesAreReadFromAptCache(t *testing.T) {
	out := "linux-image-armmp\n  Depends: linux-image-6.1.0-50-armmp\n |Depends: a\n  Depends: <b>\n  Recommends: c\n"
	assert.Equal(t, []string{"linux-image-6.1.0-50-armmp", "a", "<b>"}, parseDepends(out))
}
