// Command peers decodes an MP3 file with one of the Go decoders at hand and
// throws the sound away. It is what the benchmarks beside it start, so that our
// decoder and others are measured alike: as processes, by the processor time the
// kernel counted for them.
//
//	peers ours|go-mp3 file.mp3
//
// It prints how many PCM frames there were. Exit code 1 when the file could not
// be decoded, 2 for wrong arguments.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	gomp3 "github.com/hajimehoshi/go-mp3"

	"loa/speaker/mp3"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, out, complaints io.Writer) int {
	decoders := map[string]func(io.Reader) (int64, error){"ours": ours, "go-mp3": goMP3}
	if len(args) != 2 || decoders[args[0]] == nil {
		fmt.Fprintln(complaints, "usage: peers ours|go-mp3 file.mp3")
		return 2
	}
	frames, err := decode(decoders[args[0]], args[1])
	if err != nil {
		fmt.Fprintf(complaints, "peers: %s: %v\n", args[0], err)
		return 1
	}
	fmt.Fprintln(out, frames)
	return 0
}

func decode(with func(io.Reader) (int64, error), path string) (frames int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return with(f)
}

// ours plays as the device does: blocks of float32 until the end.
func ours(r io.Reader) (frames int64, err error) {
	d, err := mp3.NewDecoder(r)
	if err != nil {
		return 0, err
	}
	buf := make([]float32, 4096)
	for {
		n, err := d.Read(buf)
		frames += int64(n)
		switch {
		case errors.Is(err, io.EOF):
			return frames, nil
		case err != nil && !errors.Is(err, mp3.ErrChanged):
			return frames, err
		}
	}
}

// goMP3 gives 16-bit stereo, whatever the file holds.
func goMP3(r io.Reader) (frames int64, err error) {
	d, err := gomp3.NewDecoder(r)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(io.Discard, struct{ io.Reader }{d})
	return n / 4, err
}
