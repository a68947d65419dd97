package device

import (
	"log/slog"
	"time"

	"loa/gpio"
)

// checkAmps is how often the lines are read back: a chip that vanished while
// nothing plays is to be known before something does.
const checkAmps = 15 * time.Second

// retryAmps is how long to wait between two tries to get missing lines.
const retryAmps = 5 * time.Second

// ampBank is the amplifiers as the player sees them: lines may be missing at
// the start, vanish and come again. Without amplifiers all is ready at once.
// The zero state is off.
type ampBank struct {
	amps   *gpio.Amplifiers // nil: a board without any
	log    *slog.Logger
	err    error // of the last try to open
	tried  time.Time
	wanted bool

	checked time.Time
	wrong   error // what the last reading back found
}

func newAmpBank(amps *gpio.Amplifiers, log *slog.Logger) *ampBank {
	return &ampBank{amps: amps, log: log}
}

// want says whether the amplifiers are to be on.
func (b *ampBank) want(on bool, t instant) {
	b.wanted = on
	if b.amps != nil {
		b.amps.Want(on, t.now())
	}
}

// step opens lines that are missing, carries out the switching that is due and
// returns when it must be called again.
func (b *ampBank) step(t instant) (wake time.Duration) {
	if b.amps == nil {
		return never
	}
	wake = never
	if b.amps.Missing() {
		b.reopen(t)
		if b.amps.Missing() {
			wake = t.until(b.tried.Add(retryAmps))
		}
	}
	if next, ok := b.amps.Step(t.now()); ok {
		wake = min(wake, t.until(next))
	}
	if t.now().Sub(b.checked) >= checkAmps {
		b.checked = t.now()
		b.wrong = b.amps.Check()
	}
	return min(wake, t.until(b.checked.Add(checkAmps)))
}

func (b *ampBank) reopen(t instant) {
	if !b.tried.IsZero() && t.now().Sub(b.tried) < retryAmps {
		return
	}
	b.tried = t.now()
	err := b.amps.Open()
	if err != nil && (b.err == nil || err.Error() != b.err.Error()) {
		b.log.Error("amplifier lines not available", "err", err)
	}
	b.err = err
}

// ready reports whether sound may begin. A bank none of whose lines can be had
// is ready: the fault is reported, and the sound may still be heard.
func (b *ampBank) ready(t instant) bool {
	return b.amps == nil || b.amps.Ready(t.now()) || b.hopeless()
}

// hopeless reports whether no line at all can be switched.
func (b *ampBank) hopeless() bool {
	for _, s := range b.state() {
		if s.Fault == "" {
			return false
		}
	}
	return true
}

// settle is how long from off to ready.
func (b *ampBank) settle() time.Duration {
	if b.amps == nil {
		return 0
	}
	return b.amps.SettleTotal()
}

// on counts the amplifiers that are on.
func (b *ampBank) on() (n int) {
	for _, s := range b.state() {
		if s.On {
			n++
		}
	}
	return n
}

func (b *ampBank) state() []gpio.AmpState {
	if b.amps == nil {
		return nil
	}
	return b.amps.State()
}

// missing says why there are no lines, "" when there are.
func (b *ampBank) missing() string {
	if b.amps == nil || b.err == nil || !b.amps.Missing() {
		return ""
	}
	return b.err.Error()
}

// faulty names an amplifier that does not switch, "" when all do.
func (b *ampBank) faulty() string {
	if b.missing() != "" {
		return ""
	}
	for _, s := range b.state() {
		if s.Fault != "" {
			return s.Label + ": " + s.Fault
		}
	}
	if b.wrong != nil {
		return oneLine(b.wrong)
	}
	return ""
}

// close switches everything off.
func (b *ampBank) close() error {
	if b.amps == nil {
		return nil
	}
	return b.amps.Close()
}
