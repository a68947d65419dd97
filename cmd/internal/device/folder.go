package device

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"time"

	"loa"
	"loa/scheduler"
)

// Folder finds sound files in a folder by their digest; names do not matter.
// It is used by one goroutine.
type Folder struct {
	dir   string
	known map[string]seen   // by path
	path  map[string]string // by digest
	names map[string]string // digest of each file ever asked for by name
	large map[string]int64  // by path: size of what is left out
}

// seen is what a file was when it was last hashed.
type seen struct {
	size   int64
	mod    time.Time
	digest string
}

// OpenFolder makes an index of dir, which may be "" for none. Files appear
// after Scan.
func OpenFolder(dir string) *Folder {
	return &Folder{dir: dir, known: map[string]seen{}, path: map[string]string{}, names: map[string]string{}}
}

// Scan reads the folder again and hashes what is new or changed. It reports
// whether anything did. Files over loa.MaxMediaLen are left out.
func (f *Folder) Scan() (changed bool, err error) {
	if f.dir == "" {
		return false, nil
	}
	now, paths := map[string]seen{}, map[string]string{}
	f.large = map[string]int64{}
	err = filepath.WalkDir(f.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		s, err := f.look(path, d)
		if err != nil || s.digest == "" {
			return nil // a file that vanishes or cannot be read is not there
		}
		changed = changed || s != f.known[path]
		now[path], paths[s.digest] = s, path
		return nil
	})
	changed = changed || len(now) != len(f.known)
	f.known, f.path = now, paths
	return changed, err
}

func (f *Folder) look(path string, d fs.DirEntry) (seen, error) {
	info, err := d.Info()
	if err != nil || !info.Mode().IsRegular() {
		return seen{}, err
	}
	if info.Size() > loa.MaxMediaLen {
		f.large[path] = info.Size()
		return seen{}, nil
	}
	if s, ok := f.known[path]; ok && s.size == info.Size() && s.mod.Equal(info.ModTime()) {
		return s, nil
	}
	digest, err := hashFile(path)
	return seen{size: info.Size(), mod: info.ModTime(), digest: digest}, err
}

func hashFile(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Path is where the sound with a digest lies.
func (f *Folder) Path(sha string) (string, bool) {
	p, ok := f.path[sha]
	return p, ok
}

// tooLarge judges a file that is in the folder by that name and was left out.
func (f *Folder) tooLarge(name string) (v Verdict, ok bool) {
	size, ok := f.large[filepath.Join(f.dir, name)]
	return Verdict{Refusal: RefusedSize, Size: size}, ok
}

// absent is the news of a sound that has no digest or is not here.
func (f *Folder) absent(m loa.Media) soundNews {
	if v, ok := f.tooLarge(m.File); ok {
		return newsOf(m, v)
	}
	return soundNews{File: m.File, Sound: scheduler.Sound{SHA256: scheduler.MediaKey(m)}}
}

// Digest is that of a file in the folder, by its name; of one that is gone,
// what it was when last asked for: its sound may be in the cache.
func (f *Folder) Digest(name string) (string, bool) {
	if s, ok := f.known[filepath.Join(f.dir, name)]; ok {
		f.names[name] = s.digest
	}
	digest, ok := f.names[name]
	return digest, ok
}

// Names are the digests of the files that were asked for by name, for
// Remember after a restart. The map is the caller's.
func (f *Folder) Names() map[string]string { return maps.Clone(f.names) }

// Remember takes in what Names returned earlier.
func (f *Folder) Remember(names map[string]string) { maps.Copy(f.names, names) }

// ErrNoSound is returned for a sound that is in no place known.
var ErrNoSound = errors.New("sound not found")

// size is how many bytes the sound with a digest had when it was seen.
func (f *Folder) size(sha string) int64 { return f.known[f.path[sha]].size }

// Open opens the file with the digest.
func (f *Folder) Open(sha string) (io.ReadCloser, error) {
	p, ok := f.path[sha]
	if !ok {
		return nil, fmt.Errorf("%w: no file in %s has the digest %s", ErrNoSound, f.dir, short(sha))
	}
	return os.Open(p)
}

// Direct is the Library of the simulator: sound straight from a folder, known
// at once.
type Direct struct {
	*Folder
	Report func(soundNews)
	told   map[string]bool
}

var _ Library = (*Direct)(nil)

// Want reports what of the needs is in the folder.
func (d *Direct) Want(needs []scheduler.Need, _ time.Time) {
	if d.told == nil {
		d.told = map[string]bool{}
	}
	for _, n := range needs {
		sha := scheduler.MediaKey(n.Media)
		if n.Media.Inline != nil || d.told[sha] {
			continue
		}
		d.told[sha] = true
		if _, ok := d.Path(sha); ok {
			d.Report(newsOf(n.Media, Judge(d.size(sha), func() (io.ReadCloser, error) { return d.Open(sha) })))
		} else {
			d.Report(d.absent(n.Media))
		}
	}
}

// soundNews is what a library reports of a sound: what the scheduler must know,
// and what people want to.
type soundNews struct {
	scheduler.Sound
	File   string  // its name in the plan; "" when it is named by its digest
	Code   Refusal // why it is Bad
	Damage string  // what of it is lost although it can be played
}

// newsOf is a verdict as news.
func newsOf(m loa.Media, v Verdict) soundNews {
	s := soundNews{File: m.File, Code: v.Refusal, Damage: v.Damage()}
	s.SHA256, s.Bad = scheduler.MediaKey(m), v.Reason()
	if v.Playable() {
		s.Ready, s.Duration = true, v.Sound.Duration
	}
	return s
}

// name is what people call the sound.
func (s soundNews) name() string {
	if s.File != "" {
		return s.File
	}
	return short(s.SHA256)
}
