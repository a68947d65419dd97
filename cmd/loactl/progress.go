package main

import (
	"fmt"
	"io"
	"os"
	"time"
)

// notes is where people are told what does not belong to the result: standard
// error. live is true for a terminal, which also shows how far long work has
// come.
type notes struct {
	io.Writer
	live bool
}

// notesTo tells to w, and live when w is a terminal.
func notesTo(w io.Writer) notes {
	f, ok := w.(*os.File)
	return notes{w, ok && terminal(f)}
}

// terminal is true for a character device other than the null one: near enough
// without asking the kernel, and right on every system.
func terminal(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

const (
	progressAfter = 500 * time.Millisecond // shorter work needs none
	progressEvery = 200 * time.Millisecond
)

// progress shows on a terminal how much of a file has been read. It is that
// file for its reader; Close takes the line away again.
type progress struct {
	io.ReadCloser
	out   notes
	name  string
	total int64
	n     int64 // bytes read
	next  time.Time
	shown bool
}

// watched opens a file and shows how far it has been read.
func (f soundFile) watched(out notes) (*progress, error) {
	r, err := f.open()
	if err != nil {
		return nil, err
	}
	return newProgress(r, out, f.path, f.info.Size()), nil
}

func newProgress(r io.ReadCloser, out notes, name string, total int64) *progress {
	return &progress{ReadCloser: r, out: out, name: name, total: total, next: time.Now().Add(progressAfter)}
}

func (p *progress) Read(b []byte) (int, error) {
	n, err := p.ReadCloser.Read(b)
	p.n += int64(n)
	if now := time.Now(); p.out.live && p.total > 0 && now.After(p.next) {
		fmt.Fprintf(p.out, "\r%s: %d %%", p.name, min(100, 100*p.n/p.total))
		p.next, p.shown = now.Add(progressEvery), true
	}
	return n, err
}

// Close takes the line away and closes the file.
func (p *progress) Close() error {
	if p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
	return p.ReadCloser.Close()
}
