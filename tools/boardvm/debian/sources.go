package debian

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// ErrNoSources says that the host has no apt source of Debian packages.
var ErrNoSources = errors.New("no Debian source in the host's apt configuration")

var (
	archOption = regexp.MustCompile(`\barch[+-]?=\S*?(\s|\])`)
	emptyOpts  = regexp.MustCompile(`\[\s*\]\s*`)
)

// copySources writes the host's Debian sources, found under etc (normally
// /etc/apt), into the directory to. A source counts as Debian's when its
// address says so; a restriction to the host's own architecture is left out.
func copySources(etc, to string) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	found := false
	for _, path := range sourceFiles(etc) {
		text, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read apt source: %w", err)
		}
		keep := debianLines(string(text))
		if filepath.Ext(path) == ".sources" {
			keep = debianStanzas(string(text))
		}
		if keep == "" {
			continue
		}
		found = true
		if err := os.WriteFile(filepath.Join(to, filepath.Base(path)), []byte(keep), 0o644); err != nil {
			return err
		}
	}
	if !found {
		return fmt.Errorf("%w: %s", ErrNoSources, etc)
	}
	return nil
}

// sourceFiles lists what apt reads: sources.list and the files in
// sources.list.d that end in .list or .sources (sources.list(5)).
func sourceFiles(etc string) []string {
	var files []string
	main := filepath.Join(etc, "sources.list")
	if _, err := os.Stat(main); !errors.Is(err, fs.ErrNotExist) {
		files = append(files, main)
	}
	for _, pattern := range []string{"*.list", "*.sources"} {
		more, _ := filepath.Glob(filepath.Join(etc, "sources.list.d", pattern))
		files = append(files, more...)
	}
	return files
}

// debianLines keeps the binary Debian sources of a one-line-style file.
func debianLines(text string) string {
	var keep strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "deb ") || !isDebian(line) {
			continue
		}
		line = archOption.ReplaceAllString(line, "$1")
		keep.WriteString(emptyOpts.ReplaceAllString(line, "") + "\n")
	}
	return keep.String()
}

// debianStanzas keeps the binary Debian sources of a deb822-style file.
func debianStanzas(text string) string {
	var keep strings.Builder
	for _, stanza := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
		var lines []string
		uris, types := "", ""
		for line := range strings.Lines(stanza) {
			name, value, _ := strings.Cut(line, ":")
			switch strings.ToLower(strings.TrimSpace(name)) {
			case "uris":
				uris = value
			case "types":
				types = value
			case "architectures":
				continue
			}
			lines = append(lines, strings.TrimRight(line, "\n"))
		}
		if !isDebian(uris) || !slices.Contains(strings.Fields(types), "deb") {
			continue
		}
		keep.WriteString(strings.Join(lines, "\n") + "\n\n")
	}
	return keep.String()
}

func isDebian(source string) bool {
	return strings.Contains(source, "debian") && !strings.Contains(source, "cdrom:")
}
