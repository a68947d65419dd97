package board

import (
	"encoding/json"
	"slices"
	"time"
)

// What an amplifier gets that says nothing else. Relay amplifiers of 25-100 W
// thump for 100-250 ms after power comes on; a second of tail lets the last
// word and the limiter's release leave the horn.
const (
	DefaultSettle = 300 * time.Millisecond
	DefaultTail   = time.Second
)

// Board is one profile. It is a plain value: a copy made by assignment shares
// its slices, Clone does not, and every function of this package returns a
// clone.
type Board struct {
	Name       string   `json:"name"`       // as in the configuration, e.g. "rpi4"
	Model      string   `json:"model"`      // as on the box
	Compatible []string `json:"compatible"` // device-tree strings that mean this board and no other
	Chip       string   `json:"chip"`       // GPIO chip of every line that names none: "gpiochip0" or its label
	Amps       []Amp    `json:"amps"`       // in the order of switching on; off is in reverse
	Inputs     []Input  `json:"inputs"`
	LEDs       []LED    `json:"leds"`
	Sensors    []Sensor `json:"sensors"`
	Sound      Sound    `json:"sound"`
	Watchdog   Watchdog `json:"watchdog"`
	RTC        RTC      `json:"rtc"`
	Notes      []string `json:"notes"` // for the installer, one sentence each
}

// Amp is one amplifier behind one relay line.
type Amp struct {
	Label     string        // unique on the board, 1 to 32 bytes; "" becomes "amp N"
	Chip      string        // "" means Board.Chip
	Line      Line          //
	ActiveLow bool          // the relay pulls in when the line is low
	Settle    time.Duration // from switching on to the first sound, 0 to 30 s
	Tail      time.Duration // from the last sound to switching off, 0 to 60 s
	Pin       string        // where it is on the header, for people; may be ""
}

// NewAmp is an amplifier at line with the default settle and tail times, the
// start for one that a configuration describes.
func NewAmp(line Line) Amp {
	return Amp{Line: line, Settle: DefaultSettle, Tail: DefaultTail}
}

// InputKind is what an input means to the daemon.
type InputKind string

// The inputs a cluster may have. Active means: the door is open; the mains are
// there; the button is pressed.
const (
	InputTamper InputKind = "tamper"
	InputMains  InputKind = "mains"
	InputButton InputKind = "button"
)

// Bias is the resistor that the chip itself connects to an input.
type Bias string

// What a chip can be asked for. A chip without resistors ignores it, so the
// box needs its own on such boards (see Board.Notes).
const (
	BiasAsIs Bias = "as-is"
	BiasUp   Bias = "pull-up"
	BiasDown Bias = "pull-down"
)

// Input is a contact. The profiles put it so that a cut cable is the alarm:
// pulled up, the closed door and the energised mains relay hold the line to
// GND. That is also why one that nobody wired must not be read: Fitted is
// false until the configuration says that it is there.
type Input struct {
	Kind      InputKind
	Fitted    bool   // wired on this pole; only then it is read and reported
	Chip      string // "" means Board.Chip
	Line      Line
	ActiveLow bool
	Bias      Bias
	Debounce  time.Duration // 0 to 5 s
	Pin       string
}

// LED is a light that the daemon may use.
type LED struct {
	Label     string `json:"label"`
	Chip      string `json:"chip,omitempty"` // "" means Board.Chip
	Line      Line   `json:"line"`
	ActiveLow bool   `json:"active_low"`
	Pin       string `json:"pin,omitempty"`
}

// Watchdog is the board's hardware watchdog. The zero value is none.
type Watchdog struct {
	Path    string        // character device; "" is none
	Timeout time.Duration // whole seconds, 5 to 60 s; at most what the chip counts
}

// RTC is the clock that Linux reads at boot. The zero value is none.
type RTC struct {
	Path    string `json:"path"`    // "" is none
	Battery bool   `json:"battery"` // it keeps the time without mains; else its time is worth nothing after a cut
}

// Input returns the profile's input of that kind.
func (b Board) Input(kind InputKind) (Input, bool) {
	i := slices.IndexFunc(b.Inputs, func(in Input) bool { return in.Kind == kind })
	if i < 0 {
		return Input{}, false
	}
	return b.Inputs[i], true
}

// Fitted returns the inputs that are wired, in the profile's order.
func (b Board) Fitted() []Input {
	return slices.DeleteFunc(slices.Clone(b.Inputs), func(in Input) bool { return !in.Fitted })
}

// ChipOf is the chip of a line that may name its own.
func (b Board) ChipOf(own string) string {
	if own != "" {
		return own
	}
	return b.Chip
}

// Clone returns a copy that shares nothing with b.
func (b Board) Clone() Board {
	b.Compatible = slices.Clone(b.Compatible)
	b.Amps = slices.Clone(b.Amps)
	b.Inputs = slices.Clone(b.Inputs)
	b.LEDs = slices.Clone(b.LEDs)
	b.Sensors = slices.Clone(b.Sensors)
	b.Sound = b.Sound.clone()
	b.Notes = slices.Clone(b.Notes)
	return b
}

// MarshalJSON writes settle and tail as whole milliseconds.
func (a Amp) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Label     string `json:"label"`
		Chip      string `json:"chip,omitempty"`
		Line      Line   `json:"line"`
		ActiveLow bool   `json:"active_low"`
		SettleMS  int64  `json:"settle_ms"`
		TailMS    int64  `json:"tail_ms"`
		Pin       string `json:"pin,omitempty"`
	}{a.Label, a.Chip, a.Line, a.ActiveLow, a.Settle.Milliseconds(), a.Tail.Milliseconds(), a.Pin})
}

// MarshalJSON writes the debounce time as whole milliseconds.
func (in Input) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Kind       InputKind `json:"kind"`
		Fitted     bool      `json:"fitted"`
		Chip       string    `json:"chip,omitempty"`
		Line       Line      `json:"line"`
		ActiveLow  bool      `json:"active_low"`
		Bias       Bias      `json:"bias"`
		DebounceMS int64     `json:"debounce_ms"`
		Pin        string    `json:"pin,omitempty"`
	}{in.Kind, in.Fitted, in.Chip, in.Line, in.ActiveLow, in.Bias, in.Debounce.Milliseconds(), in.Pin})
}

// MarshalJSON writes the timeout as whole milliseconds.
func (w Watchdog) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Path      string `json:"path"`
		TimeoutMS int64  `json:"timeout_ms"`
	}{w.Path, w.Timeout.Milliseconds()})
}
