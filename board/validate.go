package board

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The ranges of a profile.
const (
	// MaxAmps: a pole has one to four; relay boards come with up to eight.
	MaxAmps = 8
	// MaxSettle is how long any amplifier may need: the slowest seen in the
	// field is switched on 30 s ahead.
	MaxSettle = 30 * time.Second
	// MaxTail is how long an amplifier may stay on after the sound.
	MaxTail = 60 * time.Second
	// MaxDebounce is far beyond any contact and far below any event.
	MaxDebounce = 5 * time.Second

	maxLabel    = 32 // bytes; a label becomes part of a kernel consumer name
	maxChip     = 64 // bytes of a chip's name or label
	minWatchdog = 5 * time.Second
	maxWatchdog = 60 * time.Second
)

// Validate checks every member. The error names the first wrong one as the
// configuration writes it, "amps[0].settle", and the allowed range.
func (b Board) Validate() error {
	used := map[string]string{} // chip and line -> member
	checks := []func() error{
		func() error { return text("chip", b.Chip, maxChip) },
		func() error { return b.validateAmps(used) },
		func() error { return b.validateInputs(used) },
		func() error { return b.validateLEDs(used) },
		b.Watchdog.validate,
	}
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (b Board) validateAmps(used map[string]string) error {
	if len(b.Amps) > MaxAmps {
		return fmt.Errorf("amps: %d are too many; allowed: 0 to %d", len(b.Amps), MaxAmps)
	}
	labels := map[string]bool{}
	for i, a := range b.Amps {
		at := fmt.Sprintf("amps[%d]", i)
		if err := b.place(used, at, a.Chip, a.Line); err != nil {
			return err
		}
		if err := text(at+".label", a.Label, maxLabel); err != nil {
			return err
		}
		if labels[a.Label] {
			return fmt.Errorf("%s.label: %q is there twice; each amplifier needs its own", at, a.Label)
		}
		labels[a.Label] = true
		if err := span(at+".settle", a.Settle, 0, MaxSettle); err != nil {
			return err
		}
		if err := span(at+".tail", a.Tail, 0, MaxTail); err != nil {
			return err
		}
	}
	return nil
}

func (b Board) validateInputs(used map[string]string) error {
	kinds := []InputKind{InputTamper, InputMains, InputButton}
	biases := []Bias{BiasAsIs, BiasUp, BiasDown}
	seen := map[InputKind]bool{}
	for i, in := range b.Inputs {
		at := fmt.Sprintf("inputs[%d]", i)
		if !slices.Contains(kinds, in.Kind) {
			return fmt.Errorf("%s.kind: %q is not allowed; allowed: %s", at, clip(string(in.Kind)), join(kinds))
		}
		if seen[in.Kind] {
			return fmt.Errorf("%s.kind: %q is there twice; allowed: each of %s once", at, in.Kind, join(kinds))
		}
		seen[in.Kind] = true
		if err := b.place(used, at, in.Chip, in.Line); err != nil {
			return err
		}
		if !slices.Contains(biases, in.Bias) {
			return fmt.Errorf("%s.bias: %q is not allowed; allowed: %s", at, clip(string(in.Bias)), join(biases))
		}
		if err := span(at+".debounce", in.Debounce, 0, MaxDebounce); err != nil {
			return err
		}
	}
	return nil
}

func (b Board) validateLEDs(used map[string]string) error {
	for i, l := range b.LEDs {
		at := fmt.Sprintf("leds[%d]", i)
		if err := b.place(used, at, l.Chip, l.Line); err != nil {
			return err
		}
		if err := text(at+".label", l.Label, maxLabel); err != nil {
			return err
		}
	}
	return nil
}

// place checks a line and that nothing else has it. An offset and a name of
// the same line are only found out by the kernel, which then says busy.
func (b Board) place(used map[string]string, at, chip string, line Line) error {
	if chip != "" {
		if err := text(at+".chip", chip, maxChip); err != nil {
			return err
		}
	}
	if err := line.check(); err != nil {
		return fmt.Errorf("%s.line: %w", at, err)
	}
	key := b.ChipOf(chip) + "\x00" + line.String()
	if before, taken := used[key]; taken {
		return fmt.Errorf("%s.line: %s of chip %q is already %s; allowed: each line once", at, line, b.ChipOf(chip), before)
	}
	used[key] = at
	return nil
}

func (w Watchdog) validate() error {
	if w.Path == "" {
		return nil
	}
	if !strings.HasPrefix(w.Path, "/dev/") || !printable(w.Path) {
		return fmt.Errorf("watchdog.path: %q is not allowed; allowed: a device under /dev/, or nothing", clip(w.Path))
	}
	if w.Timeout%time.Second != 0 {
		return fmt.Errorf("watchdog.timeout: %s is not allowed; allowed: whole seconds", w.Timeout)
	}
	return span("watchdog.timeout", w.Timeout, minWatchdog, maxWatchdog)
}

func span(at string, d, low, high time.Duration) error {
	if d < low || d > high {
		return fmt.Errorf("%s: %s is not allowed; allowed: %s to %s", at, d, low, high)
	}
	return nil
}

func text(at, s string, most int) error {
	if s == "" || len(s) > most || !printable(s) {
		return fmt.Errorf("%s: %q is not allowed; allowed: 1 to %d bytes of printable text", at, clip(s), most)
	}
	return nil
}

func join[T ~string](list []T) string {
	var parts []string
	for _, s := range list {
		parts = append(parts, string(s))
	}
	return strings.Join(parts, ", ")
}
