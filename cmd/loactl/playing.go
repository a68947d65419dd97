package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"loa/speaker"
)

// playing runs a file through the device's own speaker, as fast as it goes.
type playing struct {
	ctx            context.Context
	open           func() (io.ReadCloser, error)
	rate, channels int
	skip           int64   // seconds of the file to begin at
	gain           float64 // dB
	sink           func([]float32) error
}

// run gives what would leave the sound card, from the file's first frame to its
// last, to the sink, in whose hands it stays until it returns.
func (p playing) run() error {
	spk := speaker.New(speaker.Config{Synchronous: true})
	f := speaker.Format{Rate: p.rate, Channels: p.channels, Period: max(1, p.rate/100)}
	at, err := spk.Open(f)
	if err != nil {
		return err
	}
	var epoch time.Time
	spk.Left(at, epoch)
	track, err := spk.Load(speaker.Program{
		Sources: []speaker.Source{{Name: "file", Open: p.open}}, GainDB: p.gain, Skip: time.Duration(p.skip) * time.Second,
	})
	if err != nil {
		return err
	}
	defer track.Close()
	spk.Pump()
	spk.Start(track, at)
	buf := make([]float32, f.Period*f.Channels)
	for {
		if err := p.ctx.Err(); err != nil {
			return err
		}
		spk.Pump()
		spk.Fill(buf, at)
		from := at
		at += speaker.Frame(f.Period)
		epoch = epoch.Add(10 * time.Millisecond)
		spk.Left(at, epoch)
		pr := track.Progress()
		if lo, hi := span(pr, from, at); lo < hi {
			if err := p.sink(buf[int(lo-from)*f.Channels : int(hi-from)*f.Channels]); err != nil {
				return err
			}
		}
		if pr.Underruns > 0 {
			return fmt.Errorf("%d frames were not decoded in time", pr.Underruns)
		}
		if pr.State == speaker.Ended {
			return ended(pr)
		}
	}
}

// span is the part of [from, to) in which the track sounds.
func span(pr speaker.Progress, from, to speaker.Frame) (lo, hi speaker.Frame) {
	if pr.First < 0 {
		return from, from
	}
	lo, hi = max(from, pr.First), to
	if pr.End >= 0 {
		hi = min(to, pr.End)
	}
	return lo, hi
}

// ended says why nothing was heard, nil when something was.
func ended(pr speaker.Progress) error {
	if pr.Played > 0 {
		return nil
	}
	if len(pr.Failures) > 0 {
		return pr.Failures[0].Err
	}
	return pr.Err
}
