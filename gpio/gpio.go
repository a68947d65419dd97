package gpio

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// What can go wrong with a line; errors wrap these and name chip and line.
var (
	// ErrNoChip means that no chip has that name or label now.
	ErrNoChip = errors.New("no such gpio chip")
	// ErrNoLine means that the chip has no line of that offset or name.
	ErrNoLine = errors.New("no such gpio line")
	// ErrBusy means that somebody else holds the line; see BusyError.
	ErrBusy = errors.New("gpio line is held by another user")
	// ErrNoEdges means that the line cannot report changes (no interrupt);
	// it can still be read.
	ErrNoEdges = errors.New("gpio line reports no edges")
	// ErrGone means that the line can be used no more: the chip was unplugged
	// or the line was closed. Requesting it again may help.
	ErrGone = errors.New("gpio line is gone")
)

// BusyError is ErrBusy with the holder's name, as far as the kernel knows it.
type BusyError struct {
	Chip, Line string
	Consumer   string // may be ""
}

// Error names chip, line and holder.
func (e *BusyError) Error() string {
	return fmt.Sprintf("gpio chip %q line %s: held by %q: %v", e.Chip, e.Line, e.Consumer, ErrBusy)
}

// Unwrap makes errors.Is(err, ErrBusy) true.
func (e *BusyError) Unwrap() error { return ErrBusy }

// Line says which line of a chip, and which level means active.
type Line struct {
	Offset    int    // 0 up to the chip's count, used when Name is ""
	Name      string // as the device tree calls it, e.g. "GPIO17"
	ActiveLow bool   // active is the low level
}

// String is the name, or the offset in decimal.
func (l Line) String() string {
	if l.Name != "" {
		return l.Name
	}
	return strconv.Itoa(l.Offset)
}

// Bias is the chip's own resistor at an input. A chip that has none ignores it.
type Bias uint8

// The zero Bias leaves the resistor as it is.
const (
	BiasAsIs Bias = iota
	BiasPullUp
	BiasPullDown
)

// InputOptions is how to read a line.
type InputOptions struct {
	Bias     Bias
	Debounce time.Duration // by the kernel, whole microseconds; 0 is none; only with a handler
}

// Edge is one change of an input after debouncing.
type Edge struct {
	Active bool
	At     time.Duration // since boot, CLOCK_MONOTONIC; for intervals only
}

// Opener finds chips.
type Opener interface {
	// Open opens the chip with that name ("gpiochip0", "/dev/gpiochip0") or
	// label ("pinctrl-bcm2711", see gpiodetect). ErrNoChip names it.
	Open(chip string) (Chip, error)
}

// Chip is an open chip. Its lines stay usable after Close.
type Chip interface {
	// Output requests a line as an output and drives it inactive at once,
	// without a glitch to active. consumer is what gpioinfo shows, cut to 31
	// bytes. Errors: ErrNoLine, ErrBusy, ErrGone, or the driver's.
	Output(line Line, consumer string) (Output, error)
	// Input requests a line as an input. With a handler both edges are
	// reported from a goroutine of the kernel's watcher: the handler must not
	// block and must not close the input. ErrNoEdges: this line can only be
	// read, ask again without a handler.
	Input(line Line, consumer string, o InputOptions, handler func(Edge)) (Input, error)
	// Close closes the chip, not its lines.
	Close() error
}

// Output is a requested output line.
type Output interface {
	// Set drives the line active or inactive. ErrGone: never again.
	Set(active bool) error
	// Get reads what the chip sees on the line, not what was set: a pin held
	// by a short circuit is found on chips that read the pad.
	Get() (active bool, err error)
	// Close releases the line as it stands: set it inactive first.
	Close() error
}

// Input is a requested input line.
type Input interface {
	// Get reads the line, debounced if the kernel debounces it.
	Get() (active bool, err error)
	// Close releases the line after a running handler returned; no handler
	// runs after it.
	Close() error
}

// maxConsumer is GPIO_MAX_NAME_SIZE less its NUL (linux/gpio.h).
const maxConsumer = 31

// consumerName joins program and label to what the kernel can hold, without
// cutting a character in half.
func consumerName(program, label string) string {
	s := program
	if label != "" {
		s += " " + label
	}
	if len(s) <= maxConsumer {
		return s
	}
	cut := 0
	for i := range s {
		if i <= maxConsumer {
			cut = i
		}
	}
	return s[:cut]
}

// request opens chips once each while lines are being requested.
type request struct {
	opener Opener
	chips  map[string]Chip
	failed map[string]error
}

func newRequest(o Opener) *request {
	return &request{opener: o, chips: map[string]Chip{}, failed: map[string]error{}}
}

// chip opens a chip or repeats why it could not be opened.
func (r *request) chip(name string) (Chip, error) {
	if c, ok := r.chips[name]; ok {
		return c, nil
	}
	if err, ok := r.failed[name]; ok {
		return nil, err
	}
	c, err := r.opener.Open(name)
	if err != nil {
		r.failed[name] = err
		return nil, err
	}
	r.chips[name] = c
	return c, nil
}

// close closes the chips; a chip that will not close is no trouble of its
// lines.
func (r *request) close() {
	for _, c := range r.chips {
		_ = c.Close()
	}
}

// soonest returns the earlier of two times, where a zero time is never.
func soonest(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
