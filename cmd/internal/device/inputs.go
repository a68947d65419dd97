package device

import (
	"time"

	"loa"
	"loa/board"
	"loa/gpio"
)

// inputs are the contacts that are wired on this pole. A nil one has none.
type inputs struct {
	in    *gpio.Inputs
	tried time.Time
}

// openInputs prepares the wired contacts; lines are requested by the first
// watch.
func (d *Device) openInputs() error {
	var specs []gpio.InputSpec
	for _, in := range d.board.Fitted() {
		specs = append(specs, gpio.InputSpec{Name: string(in.Kind), Chip: d.board.ChipOf(in.Chip),
			Line: line(in.Line, in.ActiveLow), Bias: biases[in.Bias], Debounce: in.Debounce})
	}
	if len(specs) == 0 {
		return nil
	}
	in, err := gpio.NewInputs(d.lines, consumer, specs)
	if err != nil {
		return err
	}
	d.inputs = &inputs{in: in}
	return nil
}

var biases = map[board.Bias]gpio.Bias{
	board.BiasAsIs: gpio.BiasAsIs, board.BiasUp: gpio.BiasPullUp, board.BiasDown: gpio.BiasPullDown,
}

// changes wakes the control goroutine; nil when there is nothing to wake it.
func (in *inputs) changes() <-chan struct{} {
	if in == nil {
		return nil
	}
	return in.in.Changes()
}

// inputDetail is the JSON of the event of a contact.
type inputDetail struct {
	Input  string `json:"input"`
	Active bool   `json:"active"`
	Times  int    `json:"times,omitempty"` // it became active more than once
}

// watchInputs takes in what the contacts say: an open door and missing mains
// are faults, and each change is an event. It returns when to look again.
func (d *Device) watchInputs(t instant) (wake time.Duration) {
	if d.inputs == nil {
		return never
	}
	in := d.inputs
	if in.in.Missing() && (in.tried.IsZero() || t.now().Sub(in.tried) >= retryAmps) {
		in.tried = t.now()
		text := ""
		if err := in.in.Open(); err != nil {
			text = oneLine(err)
		}
		d.core.faults.set(t.Wall, faultContacts, text)
	}
	next, ok := in.in.Step(t.now())
	for _, ch := range in.in.Take() {
		d.inputChanged(t, ch)
	}
	if !ok {
		return never
	}
	return t.until(next)
}

func (d *Device) inputChanged(t instant, ch gpio.InputChange) {
	switch board.InputKind(ch.Name) {
	case board.InputTamper:
		d.core.faults.set(t.Wall, faultTamper, when(ch.Active, "the box is open"))
	case board.InputMains:
		d.core.faults.set(t.Wall, faultMains, when(!ch.Active, "mains power is off"))
	}
	if ch.First {
		return // how it was found is in the status, not in the log
	}
	det := inputDetail{Input: ch.Name, Active: ch.Active}
	if ch.Activations > 1 || (ch.Activations == 1 && !ch.Active) {
		det.Times = ch.Activations
	}
	d.core.record(t.Wall, loa.EventLocal, det)
}

func when(yes bool, text string) string {
	if yes {
		return text
	}
	return ""
}

// fill adds the contacts to a status.
func (in *inputs) fill(st *loa.Status) {
	if in == nil {
		return
	}
	for _, s := range in.in.State() {
		if !s.Known {
			continue
		}
		active := s.Active
		if board.InputKind(s.Name) == board.InputMains {
			if st.Power == nil {
				st.Power = &loa.Power{}
			}
			st.Power.Mains = &active
			continue
		}
		if st.Inputs == nil {
			st.Inputs = map[string]bool{}
		}
		st.Inputs[s.Name] = active
	}
}

func (in *inputs) close() {
	if in != nil {
		_ = in.in.Close()
	}
}
