package gpio

import (
	"maps"
	"slices"
	"time"
)

// Drive puts a level on a pin from outside, as a contact would, and reports
// the edge to who holds it as an input. Debouncing is the caller's: each call
// is an edge that stayed. Outputs are not overcome. chip is the device name.
func (f *Fake) Drive(chip string, line int, high bool) {
	f.mu.Lock()
	l := f.line(fakeKey{chip, line})
	h := l.holder
	if h != nil && h.output {
		f.mu.Unlock()
		return
	}
	changed := l.high != high
	l.high = high
	f.mu.Unlock()
	if changed && h != nil && h.handler != nil {
		h.handler(Edge{Active: high != h.activeLow, At: f.sinceStart()})
	}
}

func (f *Fake) sinceStart() time.Duration {
	now := f.now()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.start.IsZero() {
		return 0
	}
	return now.Sub(f.start)
}

// High returns the level on a pin.
func (f *Fake) High(chip string, line int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.line(fakeKey{chip, line}).high
}

// Consumer returns who holds a line; ok is false if nobody does.
func (f *Fake) Consumer(chip string, line int) (consumer string, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if h := f.line(fakeKey{chip, line}).holder; h != nil {
		return h.consumer, true
	}
	return "", false
}

// Unplug takes a chip away: its lines are gone for who holds them, and what
// they switched drops to low. Plug brings it back.
func (f *Fake) Unplug(chip string) {
	f.mu.Lock()
	if f.gone == nil {
		f.gone = map[string]bool{}
	}
	f.gone[chip] = true
	var fell []Level
	for _, key := range f.sortedLines(chip) {
		l := f.lines[key]
		if l.driven && l.high {
			fell = append(fell, Level{Chip: chip, Line: key.line})
		}
		*l = fakeLine{driven: l.driven}
	}
	f.mu.Unlock()
	for _, level := range fell {
		if f.Record != nil {
			level.At = f.now()
			f.Record(level)
		}
	}
}

// sortedLines returns the pins of a chip that were ever used. Under the lock.
func (f *Fake) sortedLines(chip string) []fakeKey {
	keys := slices.DeleteFunc(slices.Collect(maps.Keys(f.lines)), func(k fakeKey) bool { return k.chip != chip })
	slices.SortFunc(keys, func(a, b fakeKey) int { return a.line - b.line })
	return keys
}

// Plug brings an unplugged chip back, all lines free and low.
func (f *Fake) Plug(chip string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.gone, chip)
}
