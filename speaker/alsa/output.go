package alsa

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"syscall"

	"github.com/gen2brain/alsa"

	"loa/speaker"
)

// Output is a speaker.Output through one sound card.
type Output struct {
	conf   Config
	kernel kernel
	hasten func() (realTime bool, restore func())
	log    *slog.Logger

	running sync.Mutex // one Run at a time; guards before
	before  choice

	mu     sync.Mutex // guards status
	status Status
}

var _ speaker.Output = (*Output)(nil)

// New returns an output that has touched no hardware yet.
func New(c Config) *Output {
	return &Output{conf: c, kernel: linux{}, hasten: hasten, log: cmp.Or(c.Log, slog.New(slog.DiscardHandler))}
}

// String is "alsa:auto", or "alsa:", card, comma and device.
func (o *Output) String() string {
	if o.conf.Card == "" || o.conf.Card == Auto {
		return "alsa:" + Auto
	}
	return fmt.Sprintf("alsa:%s,%d", o.conf.Card, o.conf.Device)
}

// Status is what the output is doing, or did last. It may be called at any
// time, by any goroutine.
func (o *Output) Status() Status {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.status
}

// Run finds the card, opens it and plays until ctx ends. The error wraps
// ErrNoCard when the card is not there, ErrLost when it went away while it was
// opened or played; else the card could not be opened, and the error says why. What the
// card still held is dropped, so that Run ends within about a period.
func (o *Output) Run(ctx context.Context, s speaker.Stream) error {
	o.running.Lock()
	defer o.running.Unlock()
	if ctx.Err() != nil {
		return nil
	}
	cards, err := o.kernel.list()
	if err != nil {
		return fmt.Errorf("%s: %w", o, err)
	}
	card, device, err := choose(o.conf, o.before, cards)
	if err != nil {
		return fmt.Errorf("%s: %w", o, err)
	}
	open, err := negotiate(o.kernel, card.Number, device, o.conf)
	if err != nil {
		if errors.Is(err, syscall.ENODEV) {
			err = fmt.Errorf("%w: %w", ErrLost, err) // just now
		}
		return fmt.Errorf("%s: %w", o, explain(err, card, device))
	}
	o.before.remember(card, cards)
	o.report(card, device, open)
	err = o.play(ctx, s, open)
	o.set(func(st *Status) { st.Open = false })
	if err != nil {
		return fmt.Errorf("%s: %w", o, explain(err, card, device))
	}
	return nil
}

// play runs the loop and closes the device.
func (o *Output) play(ctx context.Context, s speaker.Stream, open *opened) error {
	defer open.Close() // dropped sound is all that closing could fail at
	p, err := newPlayer(open, s, func() { o.set(func(st *Status) { st.Xruns++ }) })
	if err != nil {
		return err
	}
	realTime, restore := o.hasten()
	defer restore()
	o.set(func(st *Status) { st.RealTime = realTime })
	if err := p.play(ctx); err != nil {
		return fmt.Errorf("%w: %w", ErrLost, err)
	}
	return nil
}

// report writes down what was opened, once its mixer is set.
func (o *Output) report(card Card, device int, open *opened) {
	problems := o.mix(card.Number)
	c := open.conf
	o.set(func(st *Status) {
		*st = Status{
			Open: true, Card: card.Number, ID: card.ID, Name: card.Name, Device: device,
			Format: alsa.PcmParamFormatNames[c.Format], Bits: open.format.bits,
			Rate: int(c.Rate), Channels: int(c.Channels),
			Period: int(c.PeriodSize), Buffer: int(c.PeriodSize * c.PeriodCount), Larger: open.larger,
			Xruns: st.Xruns, Mixer: problems,
		}
	})
	st := o.Status()
	log := o.log.With("card", st.Card, "id", st.ID, "name", st.Name)
	log.Info("sound card opened", "device", st.Device, "format", st.Format, "rate", st.Rate, "channels", st.Channels, "period", st.Period, "buffer", st.Buffer)
	if st.Larger {
		log.Warn("sound card refuses a buffer of 40 ms: cutting in takes longer", "buffer", st.Buffer, "rate", st.Rate)
	}
	for _, p := range problems {
		log.Warn("mixer setting not made", "why", p)
	}
}

// mix makes the mixer settings, as far as the card has them, and returns what
// could not be done.
func (o *Output) mix(card int) []string {
	if len(o.conf.Mixer) == 0 {
		return nil
	}
	m, err := o.kernel.mixer(card)
	if err != nil {
		return []string{fmt.Sprintf("mixer of card %d: %v", card, err)}
	}
	problems := apply(m, o.conf.Mixer)
	if err := m.Close(); err != nil {
		problems = append(problems, err.Error())
	}
	return problems
}

func (o *Output) set(change func(*Status)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	change(&o.status)
}

// explain puts the card, and what the error number means here, into an error.
func explain(err error, card Card, device int) error {
	hint := ""
	switch {
	case errors.Is(err, syscall.EBUSY):
		hint = " is in use by another program"
	case errors.Is(err, syscall.EACCES):
		hint = " may not be used by this user (group audio)"
	}
	return fmt.Errorf("sound card %s, device %d%s: %w", card, device, hint, err)
}
