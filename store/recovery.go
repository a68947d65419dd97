package store

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// What is one word for what happened to a file at opening.
type What string

// The happenings that Recovered reports.
const (
	// Restored: the file was damaged or gone, its last good copy took its
	// place. What was written after the copy is lost; events go to a new log.
	Restored What = "restored"
	// Emptied: the file was damaged and made anew. For state.db that means a
	// new identity, so the device must be paired again; for audio.db all sound
	// must be fetched again.
	Emptied What = "emptied"
	// RolledBack: one of the two headers was invalid, the other one is in use.
	// The last transaction may be missing; of state.db, events go to a new log.
	RolledBack What = "rolled-back"
	// ReadOnly: the disk takes no writes. What is stored can be read.
	ReadOnly What = "read-only"
	// InMemory: state.db can be neither read nor written. The state starts
	// empty, with an identity for the time being, and ends with the process.
	InMemory What = "memory"
	// Unavailable: audio.db can be neither read nor written. There is no cache.
	Unavailable What = "unavailable"
)

// Recovery is one thing that Open found wrong and what it did about it, for
// the fault list and the event log.
type Recovery struct {
	File  string // "state.db" or "audio.db"
	What  What
	Aside string // where the damaged file lies now, "" if it was not kept
	Err   error  // what was found
}

func (r Recovery) String() string {
	s := fmt.Sprintf("%s: %s", r.File, r.What)
	if r.Aside != "" {
		s += ", set aside as " + r.Aside
	}
	if r.Err != nil {
		s += ": " + r.Err.Error()
	}
	return s
}

// damagedMark stands between the name of a file that was set aside and its
// number.
const damagedMark = ".damaged-"

// setAside renames path to path.damaged-N, N one above the highest in use, and
// removes the oldest ones so that at most keep remain.
func setAside(path string, keep int) (string, error) {
	old := damagedFiles(path)
	next := 1
	if len(old) > 0 {
		next = old[len(old)-1] + 1
	}
	for len(old) >= keep {
		if err := os.Remove(damagedName(path, old[0])); err != nil {
			return "", err
		}
		old = old[1:]
	}
	name := damagedName(path, next)
	if err := os.Rename(path, name); err != nil {
		return "", err
	}
	return name, syncDir(filepath.Dir(path))
}

func damagedName(path string, n int) string {
	return path + damagedMark + strconv.Itoa(n)
}

// damagedFiles returns the numbers of what was set aside for path, rising.
func damagedFiles(path string) []int {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil
	}
	var ns []int
	for _, e := range entries {
		tail, ok := strings.CutPrefix(e.Name(), filepath.Base(path)+damagedMark)
		if n, err := strconv.Atoi(tail); ok && err == nil && n > 0 {
			ns = append(ns, n)
		}
	}
	slices.Sort(ns)
	return ns
}

// syncDir makes renames in dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// exists says whether path is a file with something in it, and how long. A file of no bytes
// is what a power cut leaves of one that was just made.
func exists(path string) (there bool, size int64, err error) {
	info, err := os.Stat(path)
	switch {
	case os.IsNotExist(err):
		return false, 0, nil
	case err != nil:
		return false, 0, err
	case !info.Mode().IsRegular():
		return false, 0, &fs.PathError{Op: "open", Path: path, Err: fs.ErrInvalid}
	}
	return info.Size() > 0, info.Size(), nil
}
