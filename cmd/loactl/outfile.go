package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// outFile is a file under way: it takes its name only when it is whole, so that
// a failure leaves what was there before.
type outFile struct {
	io.Writer
	file *os.File // nil: standard output
	path string   // to become; "": what is written to is no regular file
}

// createOut begins a file that is to be called path; "-" is out. What is there
// and is no regular file, a device or a pipe, is written to as it is.
func createOut(path string, out io.Writer) (*outFile, error) {
	if path == "-" {
		return &outFile{Writer: out}, nil
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		return &outFile{Writer: f, file: f}, err
	}
	temp := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.%d.part", filepath.Base(path), os.Getpid()))
	f, err := os.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		var at *fs.PathError
		if errors.As(err, &at) { // its path is of no use to anybody
			err = at.Err
		}
		return nil, fmt.Errorf("write %s: %w", path, err)
	}
	return &outFile{f, f, path}, nil
}

// Seek goes back in a file; in a device, a pipe or standard output it fails.
func (o *outFile) Seek(offset int64, whence int) (int64, error) {
	if o.path == "" {
		return 0, fmt.Errorf("seek: %w", os.ErrInvalid)
	}
	return o.file.Seek(offset, whence)
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
	return err
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
