package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// outFile is a file under way: it takes its name only when it is whole, so that
// a failure leaves what was there before.
type outFile struct {
	out  io.Writer
	name string   // that the user gave
	file *os.File // nil: standard output
	path string   // to become; "": what is written to is no regular file
}

// createOut begins a file that is to be called name; "-" is out. What is there
// and is no regular file, a device or a pipe, is written to as it is; of a
// symbolic link, what it points to is written.
func createOut(name string, out io.Writer) (*outFile, error) {
	if name == "-" {
		return &outFile{out: out, name: name}, nil
	}
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		return &outFile{f, name, f, ""}, err
	}
	path := pointedTo(name)
	temp := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.%d.part", filepath.Base(path), os.Getpid()))
	f, err := os.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	o := &outFile{f, name, f, path}
	return o, o.named(err)
}

// mostLinks is how many symbolic links are followed.
const mostLinks = 40

// pointedTo is path, or what the symbolic link of that name points to, whether
// that is there or not.
func pointedTo(path string) string {
	for range mostLinks {
		to, err := os.Readlink(path)
		if err != nil {
			break
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
	}
	return path
}

// errOut is wrapped by what goes wrong with the file that is written.
var errOut = errors.New("write")

// named is err with the name that the user gave: that of the file under way is
// of no use to anybody.
func (o *outFile) named(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w %s: %w", errOut, o.name, bare(err))
}

// Write writes what comes next.
func (o *outFile) Write(p []byte) (int, error) {
	n, err := o.out.Write(p)
	return n, o.named(err)
}

// Seek goes back in a file; in a device, a pipe or standard output it fails.
func (o *outFile) Seek(offset int64, whence int) (int64, error) {
	if o.path == "" {
		return 0, fmt.Errorf("seek: %w", os.ErrInvalid)
	}
	n, err := o.file.Seek(offset, whence)
	return n, o.named(err)
}

// commit gives the file its name.
func (o *outFile) commit() error {
	if o.file == nil {
		return nil
	}
	err := o.file.Close()
	if err == nil && o.path != "" {
		err = os.Rename(o.file.Name(), o.path)
	}
	if err == nil {
		o.file = nil
	}
	return o.named(err)
}

// abort takes away what was not committed.
func (o *outFile) abort() {
	if o.file == nil {
		return
	}
	_ = o.file.Close()
	if o.path != "" {
		_ = os.Remove(o.file.Name())
	}
}
