package gpio

import (
	"errors"
	"fmt"
	"time"
)

// Pattern is how a light blinks: On, then Off, again and again. The zero
// Pattern is dark; one without Off is steady.
type Pattern struct {
	On, Off time.Duration
}

// Steady is a light that is on.
func Steady() Pattern { return Pattern{On: time.Second} }

// LEDSpec is one light.
type LEDSpec struct {
	Label string
	Chip  string
	Line  Line
}

// LED is a light, driven by its owner's steps like Amplifiers. That it fails
// is never a reason to stop anything.
type LED struct {
	opener   Opener
	consumer string
	spec     LEDSpec
	out      Output // nil: not held
	pattern  Pattern
	lit      bool
	turn     time.Time // when the pattern goes on; zero: at the next Step
	fault    error
}

// NewLED touches no hardware; Open does.
func NewLED(opener Opener, consumer string, spec LEDSpec) (*LED, error) {
	if spec.Chip == "" {
		return nil, fmt.Errorf("led %q: chip: not given", spec.Label)
	}
	return &LED{opener: opener, consumer: consumer, spec: spec, fault: errNotOpen}, nil
}

// Open requests the line, dark, if it is not held. It may be called again.
func (l *LED) Open() error {
	if l.out != nil {
		return nil
	}
	r := newRequest(l.opener)
	defer r.close()
	c, err := r.chip(l.spec.Chip)
	if err == nil {
		l.out, err = c.Output(l.spec.Line, consumerName(l.consumer, l.spec.Label))
	}
	l.lit, l.turn, l.fault = false, time.Time{}, err
	if err != nil {
		l.out = nil
		return fmt.Errorf("led %q: %w", l.spec.Label, err)
	}
	return nil
}

// Missing says whether the line is not held; then call Open now and then.
func (l *LED) Missing() bool { return l.out == nil }

// Fault is what is wrong with the light, or nil.
func (l *LED) Fault() error { return l.fault }

// Show sets the pattern, which begins with its lit part at the next Step. The
// same pattern again changes nothing.
func (l *LED) Show(p Pattern) {
	if p != l.pattern {
		l.pattern, l.lit, l.turn = p, false, time.Time{}
	}
}

// Step lights or darkens what is due at now and returns when to be called
// again; ok is false if the line is not held. A late call keeps the rhythm
// from now on, it does not catch up.
func (l *LED) Step(now time.Time) (next time.Time, ok bool) {
	if l.out == nil {
		return time.Time{}, false
	}
	if l.turn.IsZero() || !now.Before(l.turn) {
		blinks := l.pattern.On > 0 && l.pattern.Off > 0
		l.lit = l.pattern.On > 0 && !(blinks && l.lit)
		l.set(l.lit)
		l.turn = now.Add(l.hold())
	}
	return l.turn, l.out != nil
}

// refresh is how often a light that does not blink is set again, so that one
// failed write does not leave it wrong.
const refresh = time.Minute

func (l *LED) hold() time.Duration {
	switch {
	case l.pattern.On <= 0 || l.pattern.Off <= 0:
		return refresh
	case l.lit:
		return l.pattern.On
	}
	return l.pattern.Off
}

func (l *LED) set(on bool) {
	l.fault = l.out.Set(on)
	if errors.Is(l.fault, ErrGone) {
		_ = l.out.Close() // it is gone
		l.out = nil
	}
}

// Close darkens the light and releases the line.
func (l *LED) Close() error {
	if l.out == nil {
		return nil
	}
	err := errors.Join(l.out.Set(false), l.out.Close())
	l.out, l.fault = nil, errNotOpen
	return err
}
