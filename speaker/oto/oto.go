//go:build oto

package oto

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hajimehoshi/oto/v2"

	"loa/speaker"
)

const (
	// driver is the buffer of the device that is asked for. The device may
	// round it; oto does not tell.
	driver = 40 * time.Millisecond
	// ahead is how many periods oto holds besides that.
	ahead       = 2
	sampleBytes = 4
)

// taken is set by the first Output that runs: oto has one context a process.
var taken atomic.Bool

// Output is a speaker.Output through oto.
type Output struct {
	format speaker.Format

	running sync.Mutex   // one Run at a time; guards context
	context *oto.Context // made by the first Run, kept for good
}

var _ speaker.Output = (*Output)(nil)

// New returns an output that has touched no device yet. It fails when the
// format is out of range.
func New(c Config) (*Output, error) {
	rate, channels := cmp.Or(c.Rate, 48000), cmp.Or(c.Channels, 2)
	if rate < 8000 || rate > 192000 {
		return nil, fmt.Errorf("oto rate %d: allowed are 8000 to 192000", rate)
	}
	if channels < 1 || channels > 2 {
		return nil, fmt.Errorf("oto channels %d: allowed are 1 and 2", channels)
	}
	return &Output{format: speaker.Format{Rate: rate, Channels: channels, Period: rate / 100}}, nil
}

// String is "oto".
func (o *Output) String() string { return "oto" }

// Run plays until ctx ends or the device fails, which oto does not get over:
// see the package's comment.
func (o *Output) Run(ctx context.Context, s speaker.Stream) error {
	o.running.Lock()
	defer o.running.Unlock()
	if err := o.open(ctx); err != nil {
		return fmt.Errorf("oto output: %w", err)
	}
	if ctx.Err() != nil {
		return nil
	}
	at, err := s.Open(o.format)
	if err != nil {
		return fmt.Errorf("oto output: %w", err)
	}
	if err := o.play(ctx, s, at); err != nil {
		return fmt.Errorf("oto output: %w", err)
	}
	return nil
}

// open makes the context once, and waits until its device is open.
func (o *Output) open(ctx context.Context) error {
	if o.context != nil {
		return o.context.Err()
	}
	if !taken.CompareAndSwap(false, true) {
		return errors.New("another output of this process has it, and it takes one")
	}
	c, ready, err := oto.NewContextWithOptions(&oto.NewContextOptions{
		SampleRate: o.format.Rate, ChannelCount: o.format.Channels, Format: oto.FormatFloat32LE, BufferSize: driver,
	})
	if err != nil {
		taken.Store(false)
		return err
	}
	o.context = c
	select {
	case <-ready:
	case <-ctx.Done():
		return nil
	}
	return c.Err()
}

// play feeds a player of its own from this goroutine alone: oto reads from
// several, one after the other, and the stream belongs to one.
func (o *Output) play(ctx context.Context, s speaker.Stream, at speaker.Frame) error {
	feed := &feeder{requests: make(chan []byte), filled: make(chan int), ended: make(chan struct{})}
	player := o.context.NewPlayer(feed)
	frame := o.format.Channels * sampleBytes
	if b, ok := player.(oto.BufferSizeSetter); ok {
		b.SetBufferSize(ahead * o.format.Period * frame)
	}
	started := make(chan struct{})
	go func() {
		defer close(started)
		player.Play() // reads before it returns
	}()
	defer func() {
		close(feed.ended)
		<-started
		_ = player.Close() // returns what Err has returned
	}()

	check := time.NewTicker(100 * time.Millisecond)
	defer check.Stop()
	w := writer{stream: s, at: at, left: at, sound: make([]float32, o.format.Period*o.format.Channels), frame: frame}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-check.C:
			if err := cmp.Or(o.context.Err(), player.Err()); err != nil {
				return err
			}
		case b := <-feed.requests:
			// What was filled before is in oto's buffer by now; b is not.
			w.report(player.UnplayedBufferSize()/frame + int(driver*time.Duration(o.format.Rate)/time.Second))
			feed.filled <- w.fill(b)
		}
	}
}

// writer turns the stream into bytes.
type writer struct {
	stream speaker.Stream
	at     speaker.Frame // the next to be filled
	left   speaker.Frame // reported last
	sound  []float32     // one period
	frame  int           // bytes
}

// fill writes at most a period into b and returns the bytes written.
func (w *writer) fill(b []byte) int {
	sound := w.sound[:min(len(w.sound), len(b)/w.frame*w.frame/sampleBytes)]
	if len(sound) == 0 {
		return 0
	}
	w.stream.Fill(sound, w.at)
	for i, v := range sound {
		binary.LittleEndian.PutUint32(b[sampleBytes*i:], math.Float32bits(v))
	}
	n := len(sound) * sampleBytes
	w.at += speaker.Frame(n / w.frame)
	return n
}

// report says that all has left but the last held frames.
func (w *writer) report(held int) {
	w.left = max(w.left, w.at-speaker.Frame(held))
	w.stream.Left(w.left, time.Now())
}

// feeder is the io.Reader that oto reads from. It hands each buffer to the
// goroutine of Run, which fills it and says how far.
type feeder struct {
	requests chan []byte
	filled   chan int
	ended    chan struct{}
}

func (f *feeder) Read(b []byte) (int, error) {
	select {
	case f.requests <- b:
		return <-f.filled, nil
	case <-f.ended:
		return 0, io.EOF
	}
}
