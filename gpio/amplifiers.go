package gpio

import (
	"errors"
	"fmt"
	"time"
)

// The fixed times of the sequence.
const (
	// offStep lies between two relays that switch off, so that the pops come
	// one after the other and the mains see one inrush at a time when they
	// come back.
	offStep = 50 * time.Millisecond
	// retryOff is how soon a relay that did not switch off is tried again.
	retryOff = 100 * time.Millisecond
	// retryOn is how soon one that did not switch on is tried again.
	retryOn = time.Second
)

// AmpSpec is one amplifier. The zero value is refused: it names no chip.
type AmpSpec struct {
	Label  string        // for people and for the consumer name; unique
	Chip   string        // device name or label
	Line   Line          //
	Settle time.Duration // from switching on to the first sound, >= 0
	Tail   time.Duration // from the last sound to switching off, >= 0
}

// AmpState is one amplifier as the status reports it.
type AmpState struct {
	Label string
	On    bool   // as far as known; true when switching off failed
	Fault string // "" is none
}

// Amplifiers is an ordered set of relays and the sequence that switches them:
// on in order, each followed by its own settle time; off in reverse after the
// tail, 50 ms apart. It belongs to one goroutine, starts none and holds no
// clock: call Step when it said, and after each Want, Select and Open.
//
//	Want(true)   Step          Step      Ready        Want(false)      Step  Step
//	   |          |             |          |              |              |     |
//	   amp 1 on --settle 1--- amp 2 on --settle 2-- sound --longest tail-- 2 off -50ms- 1 off
type Amplifiers struct {
	opener   Opener
	consumer string
	amps     []amp
	selected []bool // takes part in the next Want(true)

	want    bool
	tailing bool
	offAt   time.Time // end of the tail
	gate    time.Time // no relay switches before: the last off plus offStep
	readyAt time.Time // when the last of the amplifiers waited for has settled
}

// amp is one amplifier's state.
type amp struct {
	spec    AmpSpec
	out     Output // nil: not held
	target  bool   // should be on
	on      bool   // is on, as far as known
	dirty   bool   // a failed switch left the level unknown: off must be sent
	skip    bool   // failed or came late in this broadcast: Ready does not wait for it
	settled time.Time

	onAgain, offAgain time.Time // no further try before, after one that failed

	lost, offErr, onErr error // why the line is not held; what the last off and on said
}

// NewAmplifiers checks the specs and touches no hardware; Open does. consumer
// is the program's name, shown by gpioinfo before each label.
func NewAmplifiers(opener Opener, consumer string, specs []AmpSpec) (*Amplifiers, error) {
	a := &Amplifiers{opener: opener, consumer: consumer}
	for i, s := range specs {
		if err := s.check(specs[:i]); err != nil {
			return nil, fmt.Errorf("amplifier %d %q: %w", i, s.Label, err)
		}
		a.amps = append(a.amps, amp{spec: s, lost: errNotOpen})
		a.selected = append(a.selected, true)
	}
	return a, nil
}

var errNotOpen = errors.New("line not opened yet")

func (s AmpSpec) check(before []AmpSpec) error {
	if s.Chip == "" {
		return errors.New("chip: not given")
	}
	if s.Settle < 0 || s.Tail < 0 {
		return fmt.Errorf("settle %s, tail %s: must not be negative", s.Settle, s.Tail)
	}
	for _, b := range before {
		if b.Chip == s.Chip && b.Line.Name == s.Line.Name && b.Line.Offset == s.Line.Offset {
			return fmt.Errorf("chip %q line %s: is %q already", s.Chip, s.Line, b.Label)
		}
		if b.Label == s.Label {
			return errors.New("label: is there twice")
		}
	}
	return nil
}

// Open requests every line that is not held, inactive at once, so that what a
// dead process left on goes off here. It may be called at any time and as
// often as wanted: at start, and every few seconds while Missing. The lines
// that can be had are held even if others fail; the error joins the failures,
// each naming chip and line. Wanted amplifiers that came back join the
// sequence at the next Step.
func (a *Amplifiers) Open() error {
	r := newRequest(a.opener)
	defer r.close()
	var errs []error
	reported := map[string]bool{}
	late := a.want && a.anyOn()
	for i := range a.amps {
		p := &a.amps[i]
		if p.out != nil {
			continue
		}
		c, err := r.chip(p.spec.Chip)
		if err != nil {
			p.lost = err
			if !reported[p.spec.Chip] {
				errs = append(errs, fmt.Errorf("amplifier %q: %w", p.spec.Label, err))
			}
			reported[p.spec.Chip] = true
			continue
		}
		out, err := c.Output(p.spec.Line, consumerName(a.consumer, p.spec.Label))
		if err != nil {
			p.lost = err
			errs = append(errs, fmt.Errorf("amplifier %q: %w", p.spec.Label, err))
			continue
		}
		*p = amp{spec: p.spec, out: out, target: p.target, skip: late}
	}
	return errors.Join(errs...)
}

// anyOn says whether sound may be leaving, or may leave at once, through an
// amplifier. One that joins then is not waited for.
func (a *Amplifiers) anyOn() bool {
	for i := range a.amps {
		if p := &a.amps[i]; p.on && p.target {
			return true
		}
	}
	return false
}

// Missing says whether a line is not held: never opened, or its chip vanished.
// Then call Open every few seconds.
func (a *Amplifiers) Missing() bool {
	for i := range a.amps {
		if a.amps[i].out == nil {
			return true
		}
	}
	return false
}

// Select says which amplifiers, by index, take part from the next Want(true)
// on; none given means all. The self-test sounds each alone with it. Those
// that are on and no longer selected go off at that Want(true) without a tail.
func (a *Amplifiers) Select(indices ...int) error {
	for _, i := range indices {
		if i < 0 || i >= len(a.amps) {
			return fmt.Errorf("amplifier %d: there is none; allowed: 0 to %d", i, len(a.amps)-1)
		}
	}
	for i := range a.selected {
		a.selected[i] = len(indices) == 0
	}
	for _, i := range indices {
		a.selected[i] = true
	}
	return nil
}

// Want says whether sound is wanted; it switches nothing, Step does. Saying
// the same again changes nothing, the tail included. Want(true) during the
// tail cancels it and Ready is true at once; during the switching off, those
// already off come on again in order, each with its settle time.
func (a *Amplifiers) Want(on bool, now time.Time) {
	if !on {
		a.wantOff(now)
		return
	}
	fresh := !a.anyOn()
	first := !a.want
	a.want, a.tailing = true, false
	for i := range a.amps {
		p := &a.amps[i]
		if a.selected[i] && (first || !p.target) {
			p.onAgain = time.Time{} // a new broadcast is a new try
			p.skip = p.skip && !fresh
		}
		p.target = a.selected[i]
	}
}

// wantOff starts the tail: what is on stays on until it ends, what is not yet
// on stays off.
func (a *Amplifiers) wantOff(now time.Time) {
	if !a.want {
		return
	}
	a.want, a.tailing = false, true
	var tail time.Duration
	for i := range a.amps {
		p := &a.amps[i]
		p.target = p.target && p.on
		if p.target {
			tail = max(tail, p.spec.Tail)
		}
	}
	a.offAt = now.Add(tail)
}

// Ready says whether sound may leave now: it is wanted, every selected
// amplifier that could be switched on is on and has settled, at least one is,
// and none that is not selected is still to be switched off. One that failed
// and comes on later makes Ready false no more. With no amplifiers at all it
// is what Want said.
func (a *Amplifiers) Ready(now time.Time) bool {
	if !a.want || len(a.amps) == 0 {
		return a.want
	}
	some := false
	for i := range a.amps {
		p := &a.amps[i]
		if p.on && p.target {
			some = true
		} else if p.out != nil && p.on != p.target && !p.skip {
			return false // about to be switched
		}
	}
	return some && !now.Before(a.readyAt)
}

// SettleTotal is how long before the first sound Want(true) must come when all
// are off: the settle times of the selected amplifiers one after the other.
func (a *Amplifiers) SettleTotal() time.Duration {
	var sum time.Duration
	for i := range a.amps {
		if a.selected[i] {
			sum += a.amps[i].spec.Settle
		}
	}
	return sum
}

// State returns the amplifiers in order.
func (a *Amplifiers) State() []AmpState {
	states := make([]AmpState, len(a.amps))
	for i := range a.amps {
		p := &a.amps[i]
		states[i] = AmpState{Label: p.spec.Label, On: p.on}
		if err := p.fault(); err != nil {
			states[i].Fault = err.Error()
		}
	}
	return states
}

// fault is what is wrong with the amplifier, the most dangerous first. A relay
// that would not switch on stays faulty until it does.
func (p *amp) fault() error {
	for _, err := range []error{p.lost, p.offErr, p.onErr} {
		if err != nil {
			return err
		}
	}
	return nil
}

// Check reads back every held line and returns what does not stand as it was
// set: a pin shorted to its neighbour, a relay driver that pulls the line
// down. It is also how a chip that was unplugged while nothing switched is
// noticed: its lines are Missing afterwards. Call it in the self-test and every
// 10 s or so; it switches nothing.
func (a *Amplifiers) Check() error {
	var errs []error
	for i := range a.amps {
		p := &a.amps[i]
		if p.out == nil {
			continue
		}
		if err := p.check(); err != nil {
			errs = append(errs, fmt.Errorf("amplifier %q: %w", p.spec.Label, err))
		}
	}
	return errors.Join(errs...)
}

func (p *amp) check() error {
	active, err := p.out.Get()
	if errors.Is(err, ErrGone) {
		p.letGo(err)
	}
	if err == nil && active != p.on && !p.dirty {
		err = fmt.Errorf("line %s of chip %q reads %s after it was set %s", p.spec.Line, p.spec.Chip, activity(active), activity(p.on))
	}
	return err
}

// letGo gives up a line that can be used no more; Open asks for it again.
func (p *amp) letGo(why error) {
	_ = p.out.Close() // it is gone
	p.out, p.on, p.dirty, p.lost = nil, false, false, why
}

func activity(active bool) string {
	if active {
		return "active"
	}
	return "inactive"
}

// Off switches every held line off now, in reverse order, without waiting and
// whatever it is believed to be: for exit, panic and stop orders. Nothing is
// wanted any more. The error joins what failed; Step goes on trying.
func (a *Amplifiers) Off() error {
	a.want, a.tailing = false, false
	var errs []error
	for i := len(a.amps) - 1; i >= 0; i-- {
		p := &a.amps[i]
		p.target, p.offAgain = false, time.Time{}
		if p.out == nil {
			continue
		}
		if err := p.set(false); err != nil {
			errs = append(errs, fmt.Errorf("amplifier %q: %w", p.spec.Label, err))
		}
	}
	return errors.Join(errs...)
}

// Close switches off like Off, then releases the lines. Open may follow.
func (a *Amplifiers) Close() error {
	errs := []error{a.Off()}
	for i := range a.amps {
		p := &a.amps[i]
		if p.out != nil {
			errs = append(errs, p.out.Close())
			*p = amp{spec: p.spec, lost: errNotOpen}
		}
	}
	return errors.Join(errs...)
}
