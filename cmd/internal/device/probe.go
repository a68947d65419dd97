package device

import (
	"fmt"
	"io"

	"loa"
)

// JudgeSound judges a sound of the folder as the device will, and says where it
// is.
func JudgeSound(folder *Folder, m loa.Media) (path string, v Verdict, err error) {
	if v, ok := folder.tooLarge(m); ok {
		return m.File, v, fmt.Errorf("%s: %s", m.File, v.Reason())
	}
	path, ok := folder.Find(m)
	switch why := folder.left[folder.named(m)].why; {
	case ok:
	case m.File != "" && why != "":
		return m.File, v, fmt.Errorf("%w: %s %s", ErrNoSound, folder.named(m), why)
	case m.File != "":
		return m.File, v, fmt.Errorf("%w: no file %s in %s", ErrNoSound, m.File, folder.dir)
	default:
		return path, v, fmt.Errorf("%w: no file in %s has the digest %s", ErrNoSound, folder.dir, short(m.SHA256))
	}
	v = Judge(folder.size(m.SHA256), func() (io.ReadCloser, error) { return folder.Open(m.SHA256) })
	if !v.Playable() {
		err = fmt.Errorf("%s: %s", path, v.Reason())
	}
	return path, v, err
}
