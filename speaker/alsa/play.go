package alsa

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"loa/speaker"
	"loa/speaker/sample"
)

const (
	// nap is the longest wait for the card, so that the end of the context is
	// seen soon after a period even when the card stands still.
	nap = 20 * time.Millisecond
	// patience is how long a card may take no sound before it counts as lost.
	// The longest buffer it may hold must be shorter.
	patience = 2 * time.Second
)

// player is the loop between a stream and an open device. It allocates nothing
// while the card takes whole periods.
type player struct {
	device  *opened
	stream  speaker.Stream
	convert func(dst []byte, src []float32) int
	sound   []float32
	raw     []byte
	boxed   any // raw as Write takes it: a slice put into an any allocates
	frame   int // bytes

	at   speaker.Frame // the next frame to be filled
	left speaker.Frame // the last that was reported
	hole func()        // called for each hole
	idle time.Duration // since the device took sound
}

// newPlayer opens s with the device's format.
func newPlayer(o *opened, s speaker.Stream, hole func()) (*player, error) {
	channels := int(o.conf.Channels)
	at, err := s.Open(speaker.Format{Rate: int(o.conf.Rate), Channels: channels, Period: o.quantum})
	if err != nil {
		return nil, err
	}
	p := &player{
		device: o, stream: s, hole: hole, at: at, left: at,
		convert: o.format.convert(&sample.Dither{}),
		sound:   make([]float32, o.quantum*channels),
		raw:     make([]byte, o.quantum*channels*o.format.bytes),
		frame:   channels * o.format.bytes,
	}
	p.boxed = p.raw
	return p, nil
}

// play turns until ctx ends or the device fails.
func (p *player) play(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := p.turn(ctx); err != nil {
			return err
		}
	}
	return nil
}

// turn waits for room and fills it with one period.
func (p *player) turn(ctx context.Context) error {
	ready, err := p.wait()
	if !ready || err != nil {
		return err
	}
	p.stream.Fill(p.sound, p.at)
	p.convert(p.raw, p.sound)
	if err := p.write(ctx); err != nil {
		return err
	}
	p.at += speaker.Frame(p.device.quantum)
	p.report()
	return nil
}

// wait reports whether there is room.
func (p *player) wait() (ready bool, err error) {
	ready, err = p.device.Wait(int(nap / time.Millisecond))
	switch {
	case err != nil:
		return true, p.recover(err)
	case ready:
		p.idle = 0
		return true, nil
	}
	if p.idle += nap; p.idle >= patience {
		return false, fmt.Errorf("it takes no sound for %v: %w", patience, syscall.EIO)
	}
	return false, nil
}

// write writes the whole period. There is room for it, so the loop is only for
// holes, and for cards that say so and then take less.
func (p *player) write(ctx context.Context) error {
	n, err := p.device.Write(p.boxed)
	for done := n * p.frame; err != nil && ctx.Err() == nil; done += n * p.frame {
		if errors.Is(err, syscall.EAGAIN) {
			_, err = p.wait()
		} else {
			err = p.recover(err)
		}
		if err != nil {
			return err
		}
		n, err = p.device.Write(p.raw[done:])
	}
	return nil
}

// recover counts the hole that err tells of and makes the device play again;
// any other error it returns.
func (p *player) recover(err error) error {
	if !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ESTRPIPE) {
		return err
	}
	p.stream.Xrun()
	p.hole()
	return p.device.Prepare()
}

// report says how far the card has come. The delay of some cards jitters by a
// few frames, in both directions; frames that have left do not come back.
func (p *player) report() {
	delay, err := p.device.Delay()
	now := time.Now()
	if errors.Is(err, syscall.EPIPE) {
		delay, err = 0, nil // it ran empty: all of it has left
	}
	if err != nil {
		return // the next wait says what is wrong
	}
	p.left = max(p.left, p.at-speaker.Frame(max(delay, 0)))
	p.stream.Left(p.left, now)
}
