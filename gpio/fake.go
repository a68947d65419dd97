package gpio

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// Fake is an Opener in memory with the kernel's rules: lines are exclusive, a
// released line keeps its level (the worst the kernel may do), a closed one is
// gone. The simulator and the tests use it. The zero Fake has every chip that
// is asked for, with 64 unnamed lines.
//
// Set the exported members before the first Open, or between calls from the
// goroutine that makes them. The functions among them are never called under a
// lock. Methods may be called from any goroutine.
type Fake struct {
	// Chips are those that exist, by device name; nil: every name does.
	Chips map[string]FakeChip
	// Now stamps Levels and edges; nil stamps nothing.
	Now func() time.Time
	// Record is called for each level of an output: when it is first driven,
	// and at each change, in order.
	Record func(Level)

	// FailOpen, FailRequest, FailSet and FailGet make the call fail with what
	// they return, if not nil. A failed Set leaves the level as it was.
	FailOpen    func(chip string) error
	FailRequest func(chip string, line int) error
	FailSet     func(chip string, line int, active bool) error
	FailGet     func(chip string, line int) error
	// Shorted makes a pin read what it returns whatever drives it, if ok.
	Shorted func(chip string, line int) (high, ok bool)
	// NoEdges makes lines that cannot report changes.
	NoEdges bool

	mu    sync.Mutex
	lines map[fakeKey]*fakeLine
	gone  map[string]bool
	start time.Time
}

// FakeChip is one chip of a Fake.
type FakeChip struct {
	Label string
	Lines int      // 0 means 64
	Names []string // by offset, as far as lines have names
}

// Level is one level of an output line.
type Level struct {
	At       time.Time // Fake.Now
	Chip     string    // device name
	Line     int       // offset
	Consumer string    // who drives it
	High     bool      // on the pin
	Active   bool      // for its user
}

type fakeKey struct {
	chip string
	line int
}

// fakeLine is one pin.
type fakeLine struct {
	high   bool
	driven bool      // was an output once
	holder *fakeHeld // nil: free
}

// fakeHeld is one request; it is gone when its line has another holder.
type fakeHeld struct {
	f         *Fake
	key       fakeKey
	consumer  string
	activeLow bool
	output    bool
	handler   func(Edge)
}

var (
	_ Opener = (*Fake)(nil)
	_ Output = (*fakeHeld)(nil)
	_ Input  = (*fakeHeld)(nil)
)

const fakeLines = 64

// Open opens a chip by device name or label.
func (f *Fake) Open(name string) (Chip, error) {
	if f.FailOpen != nil {
		if err := f.FailOpen(name); err != nil {
			return nil, fmt.Errorf("gpio chip %q: %w", name, err)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.start.IsZero() && f.Now != nil {
		f.start = f.Now()
	}
	device, chip, ok := f.find(name)
	if !ok || f.gone[device] {
		return nil, fmt.Errorf("gpio chip %q: %w", name, ErrNoChip)
	}
	return &fakeChip{f: f, device: device, asked: name, FakeChip: chip}, nil
}

func (f *Fake) find(name string) (device string, chip FakeChip, ok bool) {
	chip, ok = f.Chips[name]
	device = name
	if f.Chips == nil {
		ok = name != ""
	}
	for _, d := range slices.Sorted(maps.Keys(f.Chips)) {
		if c := f.Chips[d]; !ok && name != "" && c.Label == name {
			device, chip, ok = d, c, true
		}
	}
	if chip.Lines == 0 {
		chip.Lines = fakeLines
	}
	return device, chip, ok
}

type fakeChip struct {
	FakeChip
	f             *Fake
	device, asked string
}

var _ Chip = (*fakeChip)(nil)

func (c *fakeChip) Close() error { return nil }

func (c *fakeChip) Output(line Line, consumer string) (Output, error) {
	h, err := c.request(line, consumer, true, nil)
	if err != nil {
		return nil, err
	}
	c.f.drive(h, false)
	return h, nil
}

func (c *fakeChip) Input(line Line, consumer string, _ InputOptions, handler func(Edge)) (Input, error) {
	if handler != nil && c.f.NoEdges {
		return nil, fmt.Errorf("gpio chip %q line %s: %w", c.asked, line, ErrNoEdges)
	}
	return asInput(c.request(line, consumer, false, handler))
}

// asInput keeps a nil request from becoming an Input that is not nil.
func asInput(h *fakeHeld, err error) (Input, error) {
	if err != nil {
		return nil, err
	}
	return h, nil
}

// request takes a line, if it is free.
func (c *fakeChip) request(line Line, consumer string, output bool, handler func(Edge)) (*fakeHeld, error) {
	offset := line.Offset
	if line.Name != "" {
		offset = slices.Index(c.Names, line.Name)
	}
	if offset < 0 || offset >= c.Lines {
		return nil, fmt.Errorf("gpio chip %q line %s: %w; allowed: 0 to %d", c.asked, line, ErrNoLine, c.Lines-1)
	}
	if c.f.FailRequest != nil {
		if err := c.f.FailRequest(c.device, offset); err != nil {
			return nil, fmt.Errorf("gpio chip %q line %s: request: %w", c.asked, line, err)
		}
	}
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	if c.f.gone[c.device] {
		return nil, fmt.Errorf("gpio chip %q line %s: request: %w", c.asked, line, ErrGone)
	}
	h := &fakeHeld{
		f: c.f, key: fakeKey{c.device, offset}, consumer: consumer,
		activeLow: line.ActiveLow, output: output, handler: handler,
	}
	l := c.f.line(h.key)
	if l.holder != nil {
		return nil, &BusyError{Chip: c.asked, Line: line.String(), Consumer: l.holder.consumer}
	}
	l.holder = h
	return h, nil
}

// line returns a pin, which is low before anybody drives it. Under the lock.
func (f *Fake) line(key fakeKey) *fakeLine {
	if f.lines == nil {
		f.lines = map[fakeKey]*fakeLine{}
	}
	if f.lines[key] == nil {
		f.lines[key] = &fakeLine{}
	}
	return f.lines[key]
}

// drive puts an output's level on the pin and records a change.
func (f *Fake) drive(h *fakeHeld, active bool) {
	f.mu.Lock()
	l := f.line(h.key)
	high := active != h.activeLow
	news := !l.driven || l.high != high
	l.driven, l.high = true, high
	f.mu.Unlock()
	if news && f.Record != nil {
		f.Record(Level{At: f.now(), Chip: h.key.chip, Line: h.key.line, Consumer: h.consumer, High: high, Active: active})
	}
}

func (f *Fake) now() time.Time {
	if f.Now == nil {
		return time.Time{}
	}
	return f.Now()
}

// held says whether the request still stands, or returns ErrGone.
func (h *fakeHeld) held(doing string) error {
	h.f.mu.Lock()
	defer h.f.mu.Unlock()
	if h.f.line(h.key).holder == h && !h.f.gone[h.key.chip] {
		return nil
	}
	return fmt.Errorf("gpio chip %q line %d: %s: %w", h.key.chip, h.key.line, doing, ErrGone)
}

func (h *fakeHeld) Set(active bool) error {
	if err := h.held("set"); err != nil {
		return err
	}
	if h.f.FailSet != nil {
		if err := h.f.FailSet(h.key.chip, h.key.line, active); err != nil {
			return fmt.Errorf("gpio chip %q line %d: set: %w", h.key.chip, h.key.line, err)
		}
	}
	h.f.drive(h, active)
	return nil
}

func (h *fakeHeld) Get() (bool, error) {
	if err := h.held("read"); err != nil {
		return false, err
	}
	if h.f.FailGet != nil {
		if err := h.f.FailGet(h.key.chip, h.key.line); err != nil {
			return false, fmt.Errorf("gpio chip %q line %d: read: %w", h.key.chip, h.key.line, err)
		}
	}
	if h.f.Shorted != nil {
		if high, ok := h.f.Shorted(h.key.chip, h.key.line); ok {
			return high != h.activeLow, nil
		}
	}
	h.f.mu.Lock()
	defer h.f.mu.Unlock()
	return h.f.line(h.key).high != h.activeLow, nil
}

// Close releases the line, which keeps its level.
func (h *fakeHeld) Close() error {
	if err := h.held("release"); err != nil {
		return err
	}
	h.f.mu.Lock()
	defer h.f.mu.Unlock()
	h.f.line(h.key).holder = nil
	return nil
}
