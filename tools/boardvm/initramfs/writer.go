package initramfs

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

// ErrName says that an entry's name is not a clean path inside the archive.
var ErrName = errors.New("not a path inside the archive")

// File types as cpio and stat(2) have them.
const (
	typeDir  = 0o040000
	typeFile = 0o100000
	typeLink = 0o120000
	typeChar = 0o020000
)

// Writer writes one archive. Directories above an entry are made on the way.
// Not safe for use by several goroutines.
type Writer struct {
	zip   *gzip.Writer
	inode uint32
	made  map[string]bool
}

// NewWriter returns a Writer to w. Close completes the archive; w stays the
// caller's.
func NewWriter(w io.Writer) *Writer {
	// The level that a kernel under emulation boots soonest with: what is
	// saved in size by a higher one is not felt.
	zip, _ := gzip.NewWriterLevel(w, gzip.BestSpeed)
	return &Writer{zip: zip, made: map[string]bool{".": true, "/": true}}
}

// Dir makes a directory, and those above it, with the mode 0755.
func (w *Writer) Dir(name string) error {
	name, err := clean(name)
	if err != nil {
		return err
	}
	return w.dir(name)
}

// File puts content at name with the permissions perm.
func (w *Writer) File(name string, perm fs.FileMode, content []byte) error {
	return w.entry(name, typeFile|uint32(perm.Perm()), 0, 0, content)
}

// Copy puts the host's file at name, with the file's own permissions.
func (w *Writer) Copy(name, hostPath string) error {
	info, err := os.Stat(hostPath)
	if err != nil {
		return err
	}
	content, err := os.ReadFile(hostPath)
	if err != nil {
		return err
	}
	return w.File(name, info.Mode(), content)
}

// Link makes a symbolic link at name that points to target.
func (w *Writer) Link(name, target string) error {
	return w.entry(name, typeLink|0o777, 0, 0, []byte(target))
}

// CharDevice makes a character device node, as mknod(1) with the type c does.
func (w *Writer) CharDevice(name string, perm fs.FileMode, major, minor uint32) error {
	return w.entry(name, typeChar|uint32(perm.Perm()), major, minor, nil)
}

// Close writes the trailer and flushes. It does not close the writer below.
func (w *Writer) Close() error {
	if err := w.write("TRAILER!!!", 0, 0, 0, nil); err != nil {
		return err
	}
	return w.zip.Close()
}

func (w *Writer) dir(name string) error {
	if w.made[name] {
		return nil
	}
	if err := w.dir(path.Dir(name)); err != nil {
		return err
	}
	w.made[name] = true
	return w.write(name, typeDir|0o755, 0, 0, nil)
}

func (w *Writer) entry(name string, mode, major, minor uint32, content []byte) error {
	name, err := clean(name)
	if err != nil {
		return err
	}
	if err := w.dir(path.Dir(name)); err != nil {
		return err
	}
	return w.write(name, mode, major, minor, content)
}

// clean turns a path in the guest ("/bin/x" or "bin/x") into an entry's name.
func clean(name string) (string, error) {
	short := strings.TrimPrefix(name, "/")
	if !fs.ValidPath(short) || short == "." {
		return "", fmt.Errorf("%q: %w", name, ErrName)
	}
	return short, nil
}

func (w *Writer) write(name string, mode, major, minor uint32, content []byte) error {
	w.inode++
	// ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor
	// rdevminor namesize check
	header := fmt.Sprintf("070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
		w.inode, mode, 0, 0, 1, 0, len(content), 0, 0, major, minor, len(name)+1, 0)
	head := pad([]byte(header + name + "\x00"))
	if _, err := w.zip.Write(head); err != nil {
		return fmt.Errorf("initramfs %s: %w", name, err)
	}
	if _, err := w.zip.Write(content); err != nil {
		return fmt.Errorf("initramfs %s: %w", name, err)
	}
	_, err := w.zip.Write(make([]byte, -len(content)&3))
	return err
}

func pad(b []byte) []byte { return append(b, make([]byte, -len(b)&3)...) }
