package main

import (
	"context"
	"io"
	"os"

	"loa"
)

// pipeName is the FILE that stands for standard input.
const pipeName = "-"

// spool copies standard input into a file without a name, because a file is
// read more than once. What is larger than the device takes is not read to its
// end.
func spool(ctx context.Context, a audioWords) (soundFile, error) {
	f, err := os.CreateTemp("", "loactl-*")
	if err != nil {
		return soundFile{}, err
	}
	_ = os.Remove(f.Name()) // where that is not possible it stays behind
	done := make(chan error, 1)
	go func() { // a read from a terminal or a pipe cannot be broken off
		_, err := io.Copy(f, io.LimitReader(os.Stdin, loa.MaxMediaLen+1<<20))
		done <- err
	}()
	select {
	case <-ctx.Done():
		return soundFile{}, ctx.Err()
	case err = <-done:
	}
	if err != nil {
		_ = f.Close()
		return soundFile{}, a.mistake("closed", a.input, bare(err))
	}
	info, err := f.Stat()
	return soundFile{path: pipeName, info: info, spooled: f}, err
}

// close gives back what spool took.
func (f soundFile) close() {
	if f.spooled != nil {
		_ = f.spooled.Close()
	}
}
