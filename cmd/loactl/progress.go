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

// progress shows on a terminal how much of a file has been read. It is the
// reader of that file.
type progress struct {
	io.Reader
	out   notes
	name  string
	total int64
	n     int64 // bytes read
	next  time.Time
	shown bool
}

func newProgress(r io.Reader, out notes, name string, total int64) *progress {
	return &progress{Reader: r, out: out, name: name, total: total, next: time.Now().Add(progressAfter)}
}

func (p *progress) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	p.n += int64(n)
	if now := time.Now(); p.out.live && p.total > 0 && now.After(p.next) {
		fmt.Fprintf(p.out, "\r%s: %d %%", p.name, min(100, 100*p.n/p.total))
		p.next, p.shown = now.Add(progressEvery), true
	}
	return n, err
}

// done takes the line away again.
func (p *progress) done() {
	if p.shown {
		fmt.Fprintf(p.out, "\r\x1b[K")
	}
}
