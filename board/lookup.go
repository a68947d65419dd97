package board

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// ErrUnknown means that no profile fits: a name that is not in the table, or a
// device tree that names none of its boards.
var ErrUnknown = errors.New("unknown board")

// Auto is the board name that asks for Detect.
const Auto = "auto"

// Names returns the profile names in alphabetical order, without Auto.
func Names() []string {
	var names []string
	for _, b := range profiles() {
		names = append(names, b.Name)
	}
	slices.Sort(names)
	return names
}

// All returns every profile, Raspberry Pi first; the caller owns them.
func All() []Board { return profiles() }

// Lookup returns the profile of that name. The error wraps ErrUnknown and
// lists the allowed names.
func Lookup(name string) (Board, error) {
	all := profiles()
	if i := slices.IndexFunc(all, func(b Board) bool { return b.Name == name }); i >= 0 {
		return all[i], nil
	}
	return Board{}, fmt.Errorf("board %q: %w; allowed: %s, %s", clip(name), ErrUnknown, Auto, strings.Join(Names(), ", "))
}

// Resolve is Lookup, or Detect for Auto and "". fsys is the root of the file
// system.
func Resolve(name string, fsys fs.FS) (Board, error) {
	if name == "" || name == Auto {
		return Detect(fsys)
	}
	return Lookup(name)
}
