package gpio

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// resync is how often an input that reports edges is read all the same:
	// an edge lost in the kernel's queue is repaired, and a chip that was
	// unplugged is noticed, which its edge watcher does not tell.
	resync = 5 * time.Second
	// An input without edges is read four times in its debounce time, within
	// these bounds.
	pollFastest = 5 * time.Millisecond
	pollSlowest = 50 * time.Millisecond
)

// InputSpec is one contact.
type InputSpec struct {
	Name     string // unique: "tamper", "mains", "button"
	Chip     string
	Line     Line
	Bias     Bias
	Debounce time.Duration
}

// InputState is what is known of a contact.
type InputState struct {
	Name   string
	Known  bool // false: not held or not read yet, Active says nothing
	Active bool
	Fault  string // "" is none
}

// InputChange is what Take returns for one input.
type InputChange struct {
	Name   string
	Active bool // the newest level
	// Activations counts how often it became active since the last Take, so
	// that a press is not lost when press and release come together.
	Activations int
	// First is set once after Open: the level found, not a change.
	First bool
}

// Inputs reads contacts. Debouncing is the kernel's where the line can raise
// an interrupt; a line that cannot is read by Step and debounced here.
//
// Changes has room for one wake-up and is never waited for by the kernel's
// watcher; what changed stands in Take, where for each input the newest level
// wins and activations are counted. So nothing is queued and nothing is lost.
// All methods but the watcher's note belong to one goroutine.
type Inputs struct {
	opener   Opener
	consumer string
	inputs   []input
	changes  chan struct{}

	mu    sync.Mutex // guards notes, nothing is called under it
	notes []note
}

// input is the owner's side of one contact.
type input struct {
	spec  InputSpec
	in    Input // nil: not held
	poll  *debouncer
	due   time.Time // next read
	fault error
}

// note is what the watcher and the owner share about one contact.
type note struct {
	known, active bool
	changed       bool
	first         bool
	activations   int
	generation    uint64 // counts edges, to find a read overtaken by one
}

// NewInputs touches no hardware; Open does.
func NewInputs(opener Opener, consumer string, specs []InputSpec) (*Inputs, error) {
	in := &Inputs{opener: opener, consumer: consumer, changes: make(chan struct{}, 1), notes: make([]note, len(specs))}
	for i, s := range specs {
		if s.Chip == "" {
			return nil, fmt.Errorf("input %d %q: chip: not given", i, s.Name)
		}
		for _, b := range specs[:i] {
			if b.Name == s.Name {
				return nil, fmt.Errorf("input %d %q: name: is there twice", i, s.Name)
			}
		}
		in.inputs = append(in.inputs, input{spec: s, fault: errNotOpen})
	}
	return in, nil
}

// Open requests every line that is not held and reads its level, which Take
// then reports with First. Like Amplifiers.Open it may be called again; the
// error joins what failed.
func (in *Inputs) Open() error {
	r := newRequest(in.opener)
	defer r.close()
	var errs []error
	for i := range in.inputs {
		p := &in.inputs[i]
		if p.in != nil {
			continue
		}
		if p.fault = in.open(r, i); p.fault != nil {
			errs = append(errs, fmt.Errorf("input %q: %w", p.spec.Name, p.fault))
		}
	}
	return errors.Join(errs...)
}

func (in *Inputs) open(r *request, i int) error {
	p := &in.inputs[i]
	c, err := r.chip(p.spec.Chip)
	if err != nil {
		return err
	}
	consumer := consumerName(in.consumer, p.spec.Name)
	options := InputOptions{Bias: p.spec.Bias, Debounce: p.spec.Debounce}
	before := in.generation(i)
	p.poll = nil
	line, err := c.Input(p.spec.Line, consumer, options, func(e Edge) { in.edge(i, e.Active) })
	if errors.Is(err, ErrNoEdges) {
		p.poll = &debouncer{period: p.spec.Debounce}
		line, err = c.Input(p.spec.Line, consumer, options, nil)
	}
	if err != nil {
		return err
	}
	active, err := line.Get()
	if err != nil {
		return errors.Join(err, line.Close())
	}
	p.in, p.due = line, time.Time{}
	if p.poll != nil {
		p.poll.start(active)
	}
	in.found(i, before, active)
	return nil
}

// Changes wakes the owner when Take has something. Its size is 1.
func (in *Inputs) Changes() <-chan struct{} { return in.changes }

// Take returns the inputs that changed since the last Take, in order.
func (in *Inputs) Take() []InputChange {
	in.mu.Lock()
	defer in.mu.Unlock()
	var list []InputChange
	for i := range in.notes {
		n := &in.notes[i]
		if n.changed {
			list = append(list, InputChange{in.inputs[i].spec.Name, n.active, n.activations, n.first})
			n.changed, n.first, n.activations = false, false, 0
		}
	}
	return list
}

// State returns all inputs in order.
func (in *Inputs) State() []InputState {
	in.mu.Lock()
	defer in.mu.Unlock()
	states := make([]InputState, len(in.inputs))
	for i := range in.inputs {
		p, n := &in.inputs[i], in.notes[i]
		states[i] = InputState{Name: p.spec.Name, Known: n.known, Active: n.active}
		if p.fault != nil {
			states[i].Fault = p.fault.Error()
		}
	}
	return states
}

// Missing says whether a line is not held; then call Open every few seconds.
func (in *Inputs) Missing() bool {
	for i := range in.inputs {
		if in.inputs[i].in == nil {
			return true
		}
	}
	return false
}

// Step reads what must be read at now and returns when to be called again; ok
// is false if no line is held.
func (in *Inputs) Step(now time.Time) (next time.Time, ok bool) {
	for i := range in.inputs {
		p := &in.inputs[i]
		if p.in == nil {
			continue
		}
		if !now.Before(p.due) {
			in.read(i, now)
		}
		if p.in != nil {
			next = soonest(next, p.due)
		}
	}
	return next, !next.IsZero()
}

// read reads one line, by poll or to compare it with what its edges said.
func (in *Inputs) read(i int, now time.Time) {
	p := &in.inputs[i]
	before := in.generation(i)
	active, err := p.in.Get()
	p.fault = err
	p.due = now.Add(p.interval())
	if err != nil {
		if errors.Is(err, ErrGone) {
			in.letGo(i)
		}
		return
	}
	if p.poll == nil {
		in.found(i, before, active)
		return
	}
	if p.poll.sample(active, now) {
		in.edge(i, active)
	}
}

func (p *input) interval() time.Duration {
	if p.poll == nil {
		return resync
	}
	return min(max(p.spec.Debounce/4, pollFastest), pollSlowest)
}

// letGo closes a line that can be used no more. Not under the lock: Close
// waits for a running handler, which takes it.
func (in *Inputs) letGo(i int) {
	_ = in.inputs[i].in.Close() // it is gone
	in.inputs[i].in = nil
	in.mu.Lock()
	defer in.mu.Unlock()
	in.notes[i].known = false
}

// Close releases the lines. Changes is never closed.
func (in *Inputs) Close() error {
	var errs []error
	for i := range in.inputs {
		p := &in.inputs[i]
		if p.in != nil {
			errs = append(errs, p.in.Close())
			p.in, p.fault = nil, errNotOpen
		}
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	for i := range in.notes {
		in.notes[i].known = false
	}
	return errors.Join(errs...)
}

// edge notes a debounced edge. It runs on the watcher's goroutine too.
func (in *Inputs) edge(i int, active bool) {
	in.mu.Lock()
	in.notes[i].generation++
	wake := in.notes[i].set(active)
	in.mu.Unlock()
	if wake {
		in.wake()
	}
}

// found notes a level that was read, unless an edge came in between, which is
// newer.
func (in *Inputs) found(i int, before uint64, active bool) {
	in.mu.Lock()
	n := &in.notes[i]
	wake := n.generation == before && n.set(active)
	in.mu.Unlock()
	if wake {
		in.wake()
	}
}

func (in *Inputs) generation(i int) uint64 {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.notes[i].generation
}

func (in *Inputs) wake() {
	select {
	case in.changes <- struct{}{}:
	default: // a wake-up is waiting already
	}
}

// set takes a level and says whether that is news.
func (n *note) set(active bool) bool {
	if n.known && n.active == active {
		return false
	}
	if n.known && active {
		n.activations++
	}
	n.first = n.first || !n.known
	n.known, n.active, n.changed = true, active, true
	return true
}
