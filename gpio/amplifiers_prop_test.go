package gpio_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"loa/gpio"
)

// world drives amplifiers through any sequence of orders and looks at nothing
// but the pins: what was switched when.
type world struct {
	*stage
	specs    []gpio.AmpSpec
	selected []bool // in force since the last Want(true)
	chosen   []bool // by the last Select
	onSince  []time.Time
	sending  bool
	stopped  time.Time
}

func newWorld(t *rapid.T) *world {
	n := rapid.IntRange(1, 5).Draw(t, "amplifiers")
	span := rapid.Custom(func(t *rapid.T) time.Duration {
		return time.Duration(rapid.SampledFrom([]int{0, 1, 49, 50, 51, 300, 1000, 5000}).Draw(t, "ms")) * ms
	})
	var specs []gpio.AmpSpec
	for i := range n {
		s := horn(i, span.Draw(t, "settle"), span.Draw(t, "tail"))
		s.Line.ActiveLow = rapid.Bool().Draw(t, "active low")
		specs = append(specs, s)
	}
	w := &world{specs: specs, onSince: make([]time.Time, n), chosen: slices.Repeat([]bool{true}, n), selected: make([]bool, n)}
	w.stage = &stage{now: start}
	w.fake = &gpio.Fake{Now: func() time.Time { return w.now }, Record: func(l gpio.Level) { w.switched(t, l) }}
	amps, err := gpio.NewAmplifiers(w.fake, "speakerd", specs)
	if err != nil {
		t.Fatal(err)
	}
	w.amps = amps
	if err := amps.Open(); err != nil {
		t.Fatal(err)
	}
	return w
}

// switched checks the order at each change of a pin.
func (w *world) switched(t *rapid.T, l gpio.Level) {
	if !l.Active {
		w.onSince[l.Line] = time.Time{}
		for i := l.Line + 1; i < len(w.specs); i++ {
			if w.onSince[i] != (time.Time{}) && !w.selected[l.Line] == !w.selected[i] {
				t.Fatalf("%s: line %d went off before line %d", l.At.Sub(start), l.Line, i)
			}
		}
		return
	}
	if !w.sending || !w.selected[l.Line] {
		t.Fatalf("%s: line %d came on unasked", l.At.Sub(start), l.Line)
	}
	for i := range w.specs {
		since := w.onSince[i]
		if i < l.Line && w.selected[i] && since.IsZero() {
			t.Fatalf("%s: line %d came on before line %d", l.At.Sub(start), l.Line, i)
		}
		if !since.IsZero() && l.At.Sub(since) < w.specs[i].Settle {
			t.Fatalf("%s: line %d came on while line %d was settling", l.At.Sub(start), l.Line, i)
		}
	}
	w.onSince[l.Line] = l.At
}

// check looks at Ready from the pins alone.
func (w *world) check(t *rapid.T) {
	if !w.amps.Ready(w.now) {
		return
	}
	for i, since := range w.onSince {
		switch {
		case w.selected[i] != !since.IsZero():
			t.Fatalf("%s: ready with line %d on: %v, selected: %v", w.now.Sub(start), i, !since.IsZero(), w.selected[i])
		case w.selected[i] && w.now.Sub(since) < w.specs[i].Settle:
			t.Fatalf("%s: ready %s after line %d came on, which needs %s", w.now.Sub(start), w.now.Sub(since), i, w.specs[i].Settle)
		}
	}
}

func (w *world) orders(t *rapid.T) map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"": w.check,
		"want": func(*rapid.T) {
			w.sending = true
			copy(w.selected, w.chosen)
			w.want(true)
		},
		"stop": func(*rapid.T) {
			if w.sending {
				w.stopped = w.now
			}
			w.sending = false
			w.want(false)
		},
		"step": func(*rapid.T) { w.amps.Step(w.now) },
		"late": func(t *rapid.T) {
			w.now = w.now.Add(time.Duration(rapid.IntRange(0, 7000).Draw(t, "ms")) * ms)
		},
		"run": func(t *rapid.T) {
			w.advance(t, time.Duration(rapid.IntRange(0, 7000).Draw(t, "ms"))*ms)
		},
		"next": func(t *rapid.T) {
			if next, ok := w.amps.Step(w.now); ok {
				if next.Before(w.now) {
					t.Fatalf("next step in the past: %s", next.Sub(w.now))
				}
				w.now = next
			}
		},
		"select": func(t *rapid.T) {
			var some []int
			for i := range w.chosen {
				w.chosen[i] = rapid.Bool().Draw(t, "selected")
				if w.chosen[i] {
					some = append(some, i)
				}
			}
			if len(some) == 0 {
				w.chosen = slices.Repeat([]bool{true}, len(w.specs))
			}
			if err := w.amps.Select(some...); err != nil {
				t.Fatal(err)
			}
		},
	}
}

// longest is after which nothing can be left to do once sound is wanted no
// more.
func (w *world) longest() time.Duration {
	var tail time.Duration
	for _, s := range w.specs {
		tail = max(tail, s.Tail)
	}
	return tail + time.Duration(len(w.specs))*50*ms
}

func TestAnySequenceKeepsOrderAndSettleTimes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		t.Repeat(w.orders(t))
		if rapid.Bool().Draw(t, "close at once") {
			w.selected = slices.Repeat([]bool{true}, len(w.specs)) // Close asks in reverse order, whatever was selected
			if err := w.amps.Close(); err != nil {
				t.Fatal(err)
			}
		} else {
			w.sending = false
			w.want(false)
			w.advance(t, w.longest())
			if _, ok := w.amps.Step(w.now); ok {
				t.Fatal("something is left to do")
			}
		}
		for i, since := range w.onSince {
			if !since.IsZero() {
				t.Fatalf("line %d is still on", i)
			}
		}
	})
}

func TestSoundWantedLongEnoughIsAlwaysReady(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		t.Repeat(w.orders(t))
		w.sending = true
		copy(w.selected, w.chosen)
		w.want(true)
		w.advance(t, w.amps.SettleTotal()+time.Duration(len(w.specs))*50*ms+5*time.Second) // and what was still settling
		if !w.ready() {
			t.Fatalf("not ready: %+v", w.amps.State())
		}
		w.check(t)
	})
}

func TestFromAllOffTheSettleTotalIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.sending = true
		copy(w.selected, w.chosen)
		total := w.amps.SettleTotal()
		w.want(true)
		if total > 0 {
			w.advance(t, total-1)
			if w.ready() {
				t.Fatal("ready too early")
			}
			w.advance(t, 1)
		}
		w.advance(t, 0)
		if !w.ready() {
			t.Fatal("not ready")
		}
	})
}

// TestNoFaultKeepsAHealthyAmplifierOn: lines refuse at random, chips come and
// go; what works must be off when it should be.
func TestNoFaultKeepsAHealthyAmplifierOn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.fake.Record = nil // order means little among faults
		broken := make([]bool, len(w.specs))
		unplugged := false
		w.fake.FailSet = func(_ string, line int, _ bool) error {
			if broken[line] {
				return errors.New("input/output error")
			}
			return nil
		}
		orders := w.orders(t)
		delete(orders, "")
		orders["break"] = func(t *rapid.T) {
			i := rapid.IntRange(0, len(broken)-1).Draw(t, "line")
			broken[i] = !broken[i]
		}
		orders["unplug"] = func(*rapid.T) { w.fake.Unplug("gpiochip0"); unplugged = true }
		orders["plug"] = func(t *rapid.T) {
			w.fake.Plug("gpiochip0")
			unplugged = false
			_ = w.amps.Check() // notices what was unplugged while nothing switched
			if err := w.amps.Open(); err != nil {
				t.Fatal(err)
			}
		}
		orders["off"] = func(*rapid.T) { _ = w.amps.Off(); w.sending = false } // its error is what broken says
		t.Repeat(orders)

		byClose := rapid.Bool().Draw(t, "by Close")
		if byClose {
			_ = w.amps.Close() // as above
		} else {
			w.want(false)
			w.advance(t, w.longest()+100*ms) // 100 ms: one that was broken until now is tried again
		}
		for i, a := range w.amps.State() {
			high := w.fake.High("gpiochip0", i)
			if !unplugged && !broken[i] && (high != w.specs[i].Line.ActiveLow || a.On) {
				t.Fatalf("line %d is still on", i)
			}
			if _, held := w.fake.Consumer("gpiochip0", i); byClose && held {
				t.Fatalf("line %d is still held", i)
			}
		}
	})
}

// TestReadyNeverFallsBackWhileWanted: once sound may leave, no fault and no
// repair of a single amplifier takes that back, as long as one is on.
func TestReadyNeverFallsBackWhileWanted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.fake.Record = nil
		broken := make([]bool, len(w.specs))
		for i := range broken {
			broken[i] = i > 0 && rapid.Bool().Draw(t, "broken")
		}
		w.fake.FailSet = func(_ string, line int, _ bool) error {
			if broken[line] {
				return errors.New("input/output error")
			}
			return nil
		}
		w.want(true)
		w.advance(t, w.amps.SettleTotal())
		assert.True(t, w.ready())
		for range 50 {
			if i := rapid.IntRange(0, len(broken)-1).Draw(t, "line"); i > 0 {
				broken[i] = !broken[i]
			}
			w.advance(t, time.Duration(rapid.IntRange(0, 2000).Draw(t, "ms"))*ms)
			if !w.ready() {
				t.Fatalf("%s: no longer ready: %+v", w.now.Sub(start), w.amps.State())
			}
		}
	})
}
