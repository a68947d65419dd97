package device

import (
	"cmp"
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
// Links to files are followed, links to folders are not. It is used by one
// goroutine.
type Folder struct {
	dir string
	// settle is how long a file must have been the same before it counts; one
	// that is younger is taken to be on its way. 0: files count as they are.
	settle time.Duration
	known  map[string]seen    // by path
	path   map[string]string  // by digest
	names  map[string]string  // digest of each file ever asked for by name
	left   map[string]leftOut // by path: what is there and does not count
	young  map[string]glimpse // by path: files that had not settled
}

// seen is what a file was when it was last hashed.
type seen struct {
	size   int64
	mod    time.Time
	digest string
}

// leftOut is why something in the folder is no sound to play.
type leftOut struct {
	large int64  // bytes, of a file over loa.MaxMediaLen
	why   string // follows the name in a sentence
}

// copying is said of a file that is not whole yet. It is no fault.
const copying = "is being copied"

// glimpse is a file that may still be written, and since when it has been so.
type glimpse struct {
	size  int64
	mod   time.Time
	since time.Time
}

// OpenFolder makes an index of dir, which may be "" for none. Files appear
// after Scan.
func OpenFolder(dir string) *Folder {
	return &Folder{dir: dir, known: map[string]seen{}, path: map[string]string{}, names: map[string]string{}}
}

// Scan reads the folder again and hashes what is new or changed. It reports
// whether anything did. Files over loa.MaxMediaLen and what cannot be read are
// left out.
func (f *Folder) Scan() (changed bool, err error) {
	if f.dir == "" {
		return false, nil
	}
	now, paths, left := map[string]seen{}, map[string]string{}, map[string]leftOut{}
	young := f.young
	f.young = map[string]glimpse{}
	root := f.dir + string(filepath.Separator) // so that it may be a link
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if path == root {
			return err
		}
		s, out := seen{}, leftOut{}
		if err != nil {
			out = unreadable(err) // a folder in it; the others count
		} else if s, out = f.look(path, d, young[path]); s.digest != "" {
			changed = changed || s != f.known[path]
			now[path], paths[s.digest] = s, path
		}
		if out != (leftOut{}) {
			left[path] = out
		}
		return nil
	})
	changed = changed || len(now) != len(f.known) || !maps.Equal(left, f.left)
	f.known, f.path, f.left = now, paths, left
	return changed, err
}

// look hashes a file unless it is as it was, or has not settled since it was
// last seen as young. Both answers are zero for one that has vanished.
func (f *Folder) look(path string, d fs.DirEntry, young glimpse) (seen, leftOut) {
	info, err := os.Stat(path)
	if out := unfit(d, info, err); err != nil || out != (leftOut{}) {
		return seen{}, out
	}
	if s, ok := f.known[path]; ok && s.size == info.Size() && s.mod.Equal(info.ModTime()) {
		return s, leftOut{}
	}
	if !f.settled(path, info, young) {
		return seen{}, leftOut{why: copying}
	}
	digest, err := hashFile(path)
	if err != nil {
		return seen{}, unreadable(err)
	}
	return seen{size: info.Size(), mod: info.ModTime(), digest: digest}, leftOut{}
}

// settled reports whether a file has been the same for long enough, by its own
// time or by what was seen of it: a clock that is wrong makes no file older.
func (f *Folder) settled(path string, info fs.FileInfo, last glimpse) bool {
	now := time.Now()
	g := glimpse{size: info.Size(), mod: info.ModTime(), since: now}
	if last.size == g.size && last.mod.Equal(g.mod) && !last.since.IsZero() {
		g.since = last.since
	}
	if now.Sub(g.mod) >= f.settle || now.Sub(g.since) >= f.settle {
		return true
	}
	f.young[path] = g
	return false
}

// unfit says why what is there is not opened.
func unfit(d fs.DirEntry, info fs.FileInfo, err error) leftOut {
	link := d.Type()&fs.ModeSymlink != 0
	switch {
	case errors.Is(err, fs.ErrNotExist) && link:
		return leftOut{why: "is a link to nothing"}
	case errors.Is(err, fs.ErrNotExist):
		return leftOut{}
	case err != nil:
		return unreadable(err)
	case info.IsDir() && link:
		return leftOut{why: "is a link to a folder, which is not followed"}
	case info.IsDir():
		return leftOut{why: "is a folder"}
	case !info.Mode().IsRegular():
		return leftOut{why: "is not a file with bytes in it"}
	case info.Size() > loa.MaxMediaLen:
		return leftOut{large: info.Size()}
	}
	return leftOut{}
}

// unreadable says in words why something could not be read.
func unreadable(err error) leftOut {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err
	}
	return leftOut{why: "cannot be read: " + err.Error()}
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

// Find is where a sound of a plan lies: the file that the plan names, or any
// with the same bytes.
func (f *Folder) Find(m loa.Media) (path string, ok bool) {
	if p := f.named(m); m.File != "" && m.SHA256 != "" && f.known[p].digest == m.SHA256 {
		return p, true
	}
	return f.Path(m.SHA256)
}

// named is the path that the plan names.
func (f *Folder) named(m loa.Media) string { return filepath.Join(f.dir, m.File) }

// tooLarge judges a file that is in the folder by that name and was left out.
func (f *Folder) tooLarge(m loa.Media) (v Verdict, ok bool) {
	size := f.left[f.named(m)].large
	return Verdict{Refusal: RefusedSize, Size: size}, size > 0
}

// absent is the news of a sound that has no digest or is not here.
func (f *Folder) absent(m loa.Media) soundNews {
	if v, ok := f.tooLarge(m); ok {
		return newsOf(m, v)
	}
	s := soundNews{File: m.File, Sound: scheduler.Sound{SHA256: scheduler.MediaKey(m), Absent: f.left[f.named(m)].why}}
	if at, here := f.known[f.named(m)]; here && at.digest != m.SHA256 {
		s.Absent = copying // whoever read the plan did not take it as it is
	}
	return s
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
func (s soundNews) name() string { return called(loa.Media{File: s.File, SHA256: s.SHA256}) }

// called is what people call a sound: as the plan does, or by its digest.
func called(m loa.Media) string {
	if m.File != "" {
		return m.File
	}
	return short(m.SHA256)
}

// trouble says why a sound, which a plan may know by another name than the news
// do, does not play; "" when it does or is on its way.
func (s soundNews) trouble(m loa.Media) string {
	switch {
	case s.Bad != "":
		return "sound " + called(m) + " cannot be played: " + s.Bad
	case s.Absent == copying:
		return ""
	case s.Absent != "":
		return "sound " + called(m) + " " + s.Absent
	case !s.Ready:
		return "sound " + cmp.Or(m.File, m.SHA256) + " is not on this device"
	}
	return ""
}
