package wav

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"loa/speaker"
	"loa/speaker/internal/pace"
)

// Config says what the file holds. The zero value is 48 kHz stereo.
type Config struct {
	Rate     int // frames per second, 8000 to 192000; 0 is 48000
	Channels int // 1 to 8; 0 is 2
}

// Output is a speaker.Output into one file, continuous in real time from the
// first Run on, silence included: frame n of the file left n/Rate after that.
//
// The file is written each 100 ms. When the process was stopped, up to 1 s of
// sound is caught up with, and what is missing beyond is silence. Time between
// two Runs is silence as well; it takes no space on disk.
type Output struct {
	path   string
	format Format

	mu     sync.Mutex // one Run at a time
	began  time.Time  // frame 0 of the file
	frames int64      // that the file has
}

var _ speaker.Output = (*Output)(nil)

// New returns an output that has not touched path yet. The first Run replaces
// what is there.
func New(path string, c Config) *Output {
	return &Output{path: path, format: Format{Rate: cmp.Or(c.Rate, 48000), Channels: cmp.Or(c.Channels, 2)}}
}

// String is "wav:" and the path.
func (o *Output) String() string { return "wav:" + o.path }

// Run writes until ctx ends, or until the file cannot be written: the error
// names the path. It may be called again, also when the disk is full no more.
func (o *Output) Run(ctx context.Context, s speaker.Stream) (err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f, w, err := o.open()
	if err != nil {
		return fmt.Errorf("%s: %w", o, err)
	}
	err = o.play(ctx, s, w)
	if closing := w.Close(); err == nil {
		err = closing
	}
	o.frames = w.Frames()
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("%s: %w", o, err)
	}
	return nil
}

// open makes the file, or goes on with it.
func (o *Output) open() (*os.File, *Writer, error) {
	if err := o.format.Validate(); err != nil {
		return nil, nil, err
	}
	flag := os.O_RDWR | os.O_CREATE
	first := o.began.IsZero()
	if first {
		flag |= os.O_TRUNC
	}
	f, err := os.OpenFile(o.path, flag, 0o644)
	if err != nil {
		return nil, nil, err
	}
	w, err := newWriter(f, o.format, rf64Limit)
	if err == nil && first {
		err = w.Flush()
	}
	if err != nil {
		return nil, nil, cmp.Or(err, f.Close())
	}
	if first {
		o.began = time.Now()
	}
	w.frames, w.solid = o.frames, o.frames
	return f, w, nil
}

func (o *Output) play(ctx context.Context, s speaker.Stream, w *Writer) error {
	// What passed since the last Run was silence.
	clock := pace.Clock{Rate: o.format.Rate, Epoch: o.began}
	if missing := clock.Frame(time.Now()) - w.Frames(); missing > 0 {
		if err := w.Skip(missing); err != nil {
			return err
		}
	}
	f := speaker.Format{Rate: o.format.Rate, Channels: o.format.Channels, Period: o.format.Rate / 100}
	return pace.Run(ctx, s, f, clock.When(w.Frames()), &file{Writer: w, flushed: w.Frames()})
}

// file is a pace.Sink.
type file struct {
	*Writer
	flushed int64
}

func (f *file) Take(frames []float32) error {
	if err := f.WriteFloat(frames); err != nil {
		return err
	}
	if f.Frames()-f.flushed < int64(f.format.Rate/10) {
		return nil
	}
	f.flushed = f.Frames()
	return f.Flush()
}

func (f *file) Gap(n int64) error { return f.Skip(n) }
