package gpio_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"loa/gpio"
)

func contacts() []gpio.InputSpec {
	return []gpio.InputSpec{
		{Name: "tamper", Chip: "sim", Line: gpio.Line{Offset: 2}, Debounce: 50 * ms},
		{Name: "mains", Chip: "sim", Line: gpio.Line{Offset: 3, ActiveLow: true}, Debounce: 200 * ms},
		{Name: "button", Chip: "sim", Line: gpio.Line{Offset: 4}, Debounce: 0},
	}
}

func newInputs(t *testing.T, fake *gpio.Fake) *gpio.Inputs {
	t.Helper()
	in, err := gpio.NewInputs(fake, "speakerd", contacts())
	require.NoError(t, err)
	require.NoError(t, in.Open())
	t.Cleanup(func() { require.NoError(t, in.Close()) })
	return in
}

func woken(in *gpio.Inputs) bool {
	select {
	case <-in.Changes():
		return true
	default:
		return false
	}
}

func TestTheLevelsFoundAtTheStartAreToldOnce(t *testing.T) {
	fake := &gpio.Fake{}
	fake.Drive("sim", 2, true)
	in := newInputs(t, fake)
	require.True(t, woken(in))
	assert.Equal(t, []gpio.InputChange{
		{Name: "tamper", Active: true, First: true},
		{Name: "mains", Active: true, First: true},
		{Name: "button", Active: false, First: true},
	}, in.Take())
	assert.Empty(t, in.Take())
	assert.False(t, woken(in))
}

func TestAnEdgeWakesTheOwner(t *testing.T) {
	fake := &gpio.Fake{}
	in := newInputs(t, fake)
	in.Take()
	woken(in)
	fake.Drive("sim", 3, true)
	require.True(t, woken(in))
	assert.Equal(t, []gpio.InputChange{{Name: "mains", Active: false}}, in.Take())
	assert.Equal(t, []gpio.InputState{
		{Name: "tamper", Known: true, Active: false},
		{Name: "mains", Known: true, Active: false},
		{Name: "button", Known: true, Active: false},
	}, in.State())
}

// The control goroutine is busy while somebody presses, releases, and plays
// with the door: nothing blocks, the newest level counts, no press is lost.
func TestAStormOfEdgesBlocksNobodyAndLosesNoPress(t *testing.T) {
	fake := &gpio.Fake{}
	in := newInputs(t, fake)
	in.Take()
	var watcher sync.WaitGroup
	watcher.Go(func() {
		for i := range 1000 {
			fake.Drive("sim", 4, i%2 == 0)
			fake.Drive("sim", 2, i%3 == 0)
		}
		fake.Drive("sim", 2, true)
	})
	watcher.Wait()
	require.True(t, woken(in))
	changes := in.Take()
	require.Len(t, changes, 2)
	assert.Equal(t, "tamper", changes[0].Name)
	assert.True(t, changes[0].Active)
	assert.Equal(t, gpio.InputChange{Name: "button", Active: false, Activations: 500}, changes[1])
}

func TestEdgesAndStepsFromTwoGoroutines(t *testing.T) {
	fake := &gpio.Fake{}
	in := newInputs(t, fake)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 2001 {
			fake.Drive("sim", 4, i%2 == 0)
		}
	}()
	now, presses := start, 0
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		now = now.Add(5 * time.Second) // each step reads the line against its edges
		in.Step(now)
		for _, c := range in.Take() {
			presses += c.Activations
		}
	}
	in.Step(now.Add(time.Minute))
	for _, c := range in.Take() {
		presses += c.Activations
	}
	assert.True(t, in.State()[2].Active, "the last edge was a press")
	assert.Positive(t, presses)
}

func TestALineWithoutInterruptsIsReadAndDebouncedHere(t *testing.T) {
	fake := &gpio.Fake{NoEdges: true}
	in := newInputs(t, fake)
	in.Take()
	woken(in)
	now := start
	run := func(d time.Duration) {
		for end := now.Add(d); ; {
			next, ok := in.Step(now)
			require.True(t, ok)
			if next.After(end) {
				now = end
				return
			}
			now = next
		}
	}
	for range 10 { // chatter, never 50 ms long
		fake.Drive("sim", 2, true)
		run(30 * ms)
		fake.Drive("sim", 2, false)
		run(30 * ms)
	}
	assert.False(t, woken(in), "chatter is no door")
	fake.Drive("sim", 2, true)
	run(100 * ms)
	require.True(t, woken(in))
	assert.Equal(t, []gpio.InputChange{{Name: "tamper", Active: true, Activations: 1}}, in.Take())
	fake.Drive("sim", 4, true) // no debounce time: the next reading counts
	run(10 * ms)
	assert.Equal(t, []gpio.InputChange{{Name: "button", Active: true, Activations: 1}}, in.Take())
}

func TestAnEdgeThatGotLostIsFoundByReading(t *testing.T) {
	blind := &gpio.Fake{}
	in := newInputs(t, blind)
	in.Take()
	woken(in)
	lie := true
	blind.Shorted = func(_ string, line int) (bool, bool) { return true, lie && line == 2 } // high without an edge
	in.Step(start)
	require.True(t, woken(in))
	assert.Equal(t, []gpio.InputChange{{Name: "tamper", Active: true, Activations: 1}}, in.Take())
	lie = false
	next, ok := in.Step(start)
	require.True(t, ok)
	assert.Equal(t, 5*time.Second, next.Sub(start))
	in.Step(next)
	assert.Equal(t, []gpio.InputChange{{Name: "tamper", Active: false}}, in.Take())
}

// While the owner reads a line, its watcher reports an edge: what was read is
// older.
func TestAReadThatAnEdgeOvertookCountsForNothing(t *testing.T) {
	fake := &gpio.Fake{}
	in := newInputs(t, fake)
	in.Take()
	fake.Shorted = func(_ string, line int) (high, ok bool) {
		if line == 2 {
			fake.Drive("sim", 2, true) // the door opens just now
		}
		return false, line == 2 // and the reading is from before
	}
	in.Step(start)
	assert.Equal(t, []gpio.InputChange{{Name: "tamper", Active: true, Activations: 1}}, in.Take())
}

func TestAnUnpluggedChipLeavesInputsUnknownUntilItIsBack(t *testing.T) {
	fake := &gpio.Fake{}
	in := newInputs(t, fake)
	in.Take()
	in.Step(start)
	fake.Unplug("sim")
	_, ok := in.Step(start.Add(5 * time.Second))
	assert.False(t, ok)
	assert.True(t, in.Missing())
	for _, s := range in.State() {
		assert.False(t, s.Known, s.Name)
		assert.Contains(t, s.Fault, "gone")
	}
	assert.ErrorIs(t, in.Open(), gpio.ErrNoChip)
	fake.Plug("sim")
	require.NoError(t, in.Open())
	assert.False(t, in.Missing())
	changes := in.Take()
	require.Len(t, changes, 3)
	for _, c := range changes {
		assert.True(t, c.First, "%s: told again", c.Name)
		assert.Zero(t, c.Activations)
	}
}

func TestAReadErrorIsAFaultAndTheLineIsTriedAgain(t *testing.T) {
	fake := &gpio.Fake{}
	in := newInputs(t, fake)
	fake.FailGet = func(string, int) error { return errors.New("bus error") }
	next, ok := in.Step(start)
	require.True(t, ok)
	assert.Contains(t, in.State()[0].Fault, "bus error")
	assert.True(t, in.State()[0].Known, "the last level still stands")
	fake.FailGet = nil
	in.Step(next)
	assert.Empty(t, in.State()[0].Fault)
}

func TestOneInputThatCannotBeHadDoesNotKeepTheOthersFrom(t *testing.T) {
	fake := &gpio.Fake{}
	chip, err := fake.Open("sim")
	require.NoError(t, err)
	_, err = chip.Output(gpio.Line{Offset: 3}, "somebody")
	require.NoError(t, err)
	in, err := gpio.NewInputs(fake, "speakerd", contacts())
	require.NoError(t, err)
	err = in.Open()
	require.ErrorIs(t, err, gpio.ErrBusy)
	assert.ErrorContains(t, err, `input "mains"`)
	assert.ErrorContains(t, err, "somebody")
	assert.True(t, in.Missing())
	assert.Len(t, in.Take(), 2)
	assert.False(t, in.State()[1].Known)
	require.NoError(t, in.Close())

	fake.FailGet = func(string, int) error { return errors.New("bus error") }
	assert.ErrorContains(t, in.Open(), "bus error")
	_, held := fake.Consumer("sim", 2)
	assert.False(t, held, "a line that cannot be read is not kept")
}

func TestWrongInputSpecsAreRefused(t *testing.T) {
	for _, bad := range []gpio.InputSpec{{Name: "tamper", Chip: "sim"}, {Name: "x"}} {
		_, err := gpio.NewInputs(&gpio.Fake{}, "speakerd", []gpio.InputSpec{contacts()[0], bad})
		assert.ErrorContains(t, err, "input 1")
	}
}

func TestNoInputsAskForNothing(t *testing.T) {
	in, err := gpio.NewInputs(&gpio.Fake{}, "speakerd", nil)
	require.NoError(t, err)
	require.NoError(t, in.Open())
	_, ok := in.Step(start)
	assert.False(t, ok)
	assert.Empty(t, in.State())
	assert.False(t, in.Missing())
}
