package gpio_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"loa/gpio"
)

// rig is a chip to be tested: the fake, or lines of a real one that nothing is
// wired to.
type rig struct {
	opener gpio.Opener
	chip   string // as Open takes it
	lines  []int  // at least three that may be driven
	count  int    // lines of the chip
	named  string // a line's name; "" if the chip has none
	// high reads a pin past the chip, drive moves one from outside; nil where
	// that cannot be done.
	high  func(line int) bool
	drive func(line int, high bool)
}

// testChip is what every Chip must do. The same body runs on the fake and on
// the kernel's chips.
func testChip(t *testing.T, open func(t *testing.T) rig) {
	for name, test := range map[string]func(*testing.T, rig){
		"an unknown chip is named":                     unknownChip,
		"a line out of range is named":                 unknownLine,
		"a line by name":                               lineByName,
		"an output begins inactive and follows":        outputFollows,
		"active low is the other level":                activeLow,
		"a line has one holder, who is named":          oneHolder,
		"a closed line is gone":                        closedIsGone,
		"lines outlive their chip":                     linesOutliveChip,
		"an input can be read and closed":              inputReads,
		"an input reports edges":                       inputEdges,
		"an input without a handler":                   inputWithoutHandler,
		"amplifiers switch in order":                   ampsSwitch,
		"all off leaves lines that others hold, named": allOffBusy,
		"all off releases what it switched":            allOffReleases,
		"inputs and LED run beside the amplifiers":     besideEachOther,
	} {
		t.Run(name, func(t *testing.T) {
			defer goleak.VerifyNone(t)
			test(t, open(t))
		})
	}
}

func (r rig) open(t *testing.T) gpio.Chip {
	t.Helper()
	c, err := r.opener.Open(r.chip)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func (r rig) output(t *testing.T, line gpio.Line) gpio.Output {
	t.Helper()
	out, err := r.open(t).Output(line, "loa test")
	require.NoError(t, err)
	t.Cleanup(func() { _ = out.Set(false); _ = out.Close() })
	return out
}

func (r rig) assertPin(t *testing.T, line int, high bool) {
	t.Helper()
	if r.high != nil {
		assert.Equal(t, high, r.high(line), "pin of line %d", line)
	}
}

func (r rig) specs() []gpio.AmpSpec {
	var specs []gpio.AmpSpec
	for i, line := range r.lines[:3] {
		s := horn(line, time.Duration(i+1)*100*ms, time.Second)
		s.Chip = r.chip
		specs = append(specs, s)
	}
	return specs
}

func unknownChip(t *testing.T, r rig) {
	for _, name := range []string{"gpiochip250", "no such label", "/dev/null", ""} {
		_, err := r.opener.Open(name)
		require.ErrorIs(t, err, gpio.ErrNoChip, name)
		assert.ErrorContains(t, err, name)
	}
}

func unknownLine(t *testing.T, r rig) {
	c := r.open(t)
	for _, l := range []gpio.Line{{Offset: r.count}, {Offset: -1}, {Name: "NO_SUCH_LINE"}} {
		_, err := c.Output(l, "loa test")
		require.ErrorIs(t, err, gpio.ErrNoLine)
		assert.ErrorContains(t, err, l.String())
		_, err = c.Input(l, "loa test", gpio.InputOptions{}, nil)
		require.ErrorIs(t, err, gpio.ErrNoLine)
	}
}

func lineByName(t *testing.T, r rig) {
	if r.named == "" {
		t.Skip("not run: the lines of this chip have no names")
	}
	out := r.output(t, gpio.Line{Name: r.named})
	require.NoError(t, out.Set(true))
}

func outputFollows(t *testing.T, r rig) {
	out := r.output(t, gpio.Line{Offset: r.lines[0]})
	for _, want := range []bool{false, true, false} {
		if want {
			require.NoError(t, out.Set(want))
		}
		active, err := out.Get()
		require.NoError(t, err)
		assert.Equal(t, want, active)
		r.assertPin(t, r.lines[0], want)
		require.NoError(t, out.Set(false))
	}
}

func activeLow(t *testing.T, r rig) {
	out := r.output(t, gpio.Line{Offset: r.lines[0], ActiveLow: true})
	active, err := out.Get()
	require.NoError(t, err)
	assert.False(t, active)
	r.assertPin(t, r.lines[0], true)
	require.NoError(t, out.Set(true))
	active, err = out.Get()
	require.NoError(t, err)
	assert.True(t, active)
	r.assertPin(t, r.lines[0], false)
}

func oneHolder(t *testing.T, r rig) {
	r.output(t, gpio.Line{Offset: r.lines[0]})
	c := r.open(t)
	for _, ask := range []func() error{
		func() error { _, err := c.Output(gpio.Line{Offset: r.lines[0]}, "second"); return err },
		func() error {
			_, err := c.Input(gpio.Line{Offset: r.lines[0]}, "second", gpio.InputOptions{}, nil)
			return err
		},
		func() error {
			_, err := c.Input(gpio.Line{Offset: r.lines[0]}, "second", gpio.InputOptions{}, func(gpio.Edge) {})
			return err
		},
	} {
		var busy *gpio.BusyError
		require.ErrorAs(t, ask(), &busy)
		assert.Equal(t, "loa test", busy.Consumer)
	}
}

func closedIsGone(t *testing.T, r rig) {
	c := r.open(t)
	out, err := c.Output(gpio.Line{Offset: r.lines[0]}, "loa test")
	require.NoError(t, err)
	require.NoError(t, out.Close())
	assert.ErrorIs(t, out.Set(true), gpio.ErrGone)
	_, err = out.Get()
	assert.ErrorIs(t, err, gpio.ErrGone)
	assert.ErrorIs(t, out.Close(), gpio.ErrGone)
	r.assertPin(t, r.lines[0], false)
}

func linesOutliveChip(t *testing.T, r rig) {
	c, err := r.opener.Open(r.chip)
	require.NoError(t, err)
	out, err := c.Output(gpio.Line{Offset: r.lines[0]}, "loa test")
	require.NoError(t, err)
	require.NoError(t, c.Close())
	require.NoError(t, out.Set(true))
	require.NoError(t, out.Set(false))
	require.NoError(t, out.Close())
}

func inputReads(t *testing.T, r rig) {
	in, err := r.open(t).Input(gpio.Line{Offset: r.lines[2]}, "loa test", gpio.InputOptions{Bias: gpio.BiasPullDown, Debounce: 5 * ms}, func(gpio.Edge) {})
	require.NoError(t, err)
	first, err := in.Get()
	require.NoError(t, err)
	require.NoError(t, in.Close())
	_, err = in.Get()
	assert.ErrorIs(t, err, gpio.ErrGone)

	low, err := r.open(t).Input(gpio.Line{Offset: r.lines[2], ActiveLow: true}, "loa test", gpio.InputOptions{Bias: gpio.BiasPullDown}, nil)
	require.NoError(t, err)
	second, err := low.Get()
	require.NoError(t, err)
	assert.NotEqual(t, first, second, "active low reads the other way round")
	require.NoError(t, low.Close())
}

func inputEdges(t *testing.T, r rig) {
	if r.drive == nil {
		t.Skip("not run: nothing drives this pin from outside")
	}
	edges := make(chan gpio.Edge, 10)
	in, err := r.open(t).Input(gpio.Line{Offset: r.lines[2], ActiveLow: true}, "loa test", gpio.InputOptions{}, func(e gpio.Edge) { edges <- e })
	require.NoError(t, err)
	r.drive(r.lines[2], true)
	r.drive(r.lines[2], false)
	assert.False(t, (<-edges).Active)
	assert.True(t, (<-edges).Active)
	require.NoError(t, in.Close())
	r.drive(r.lines[2], true)
	assert.Empty(t, edges, "no handler runs after Close")
}

func inputWithoutHandler(t *testing.T, r rig) {
	in, err := r.open(t).Input(gpio.Line{Offset: r.lines[2]}, "loa test", gpio.InputOptions{}, nil)
	require.NoError(t, err)
	_, err = in.Get()
	require.NoError(t, err)
	require.NoError(t, in.Close())
}

func ampsSwitch(t *testing.T, r rig) {
	specs := r.specs()
	specs[1].Line.ActiveLow = true
	amps, err := gpio.NewAmplifiers(r.opener, "loa test", specs)
	require.NoError(t, err)
	require.NoError(t, amps.Open())
	now := time.Now() // real or not: only differences count
	on := func() (n int) {
		for i, s := range amps.State() {
			r.assertPin(t, r.lines[i], s.On != specs[i].Line.ActiveLow)
			if s.On {
				n++
			}
		}
		require.NoError(t, amps.Check())
		return n
	}
	assert.Zero(t, on())
	amps.Want(true, now)
	for want := 1; want <= 3; want++ {
		next, ok := amps.Step(now)
		require.True(t, ok)
		assert.Equal(t, want, on())
		now = next
	}
	assert.True(t, amps.Ready(now))
	amps.Want(false, now)
	for next, ok := amps.Step(now); ok; next, ok = amps.Step(now) {
		now = next
	}
	assert.Zero(t, on())
	amps.Want(true, now)
	amps.Step(now)
	require.NoError(t, amps.Close())
	for i := range 3 {
		r.assertPin(t, r.lines[i], specs[i].Line.ActiveLow)
	}
}

func allOffBusy(t *testing.T, r rig) {
	r.output(t, gpio.Line{Offset: r.lines[1]})
	err := gpio.AllOff(r.opener, "loa off", r.specs())
	require.ErrorIs(t, err, gpio.ErrBusy)
	assert.ErrorContains(t, err, `held by "loa test"`)
}

func allOffReleases(t *testing.T, r rig) {
	out, err := r.open(t).Output(gpio.Line{Offset: r.lines[0]}, "loa test")
	require.NoError(t, err)
	require.NoError(t, out.Set(true))
	require.NoError(t, out.Close()) // a process that died while sounding
	require.NoError(t, gpio.AllOff(r.opener, "loa off", r.specs()))
	r.assertPin(t, r.lines[0], false)
	require.NoError(t, gpio.AllOff(r.opener, "loa off", r.specs()), "the lines are free again")
}

func besideEachOther(t *testing.T, r rig) {
	specs := r.specs()
	amps, err := gpio.NewAmplifiers(r.opener, "loa test", specs[:1])
	require.NoError(t, err)
	led, err := gpio.NewLED(r.opener, "loa test", gpio.LEDSpec{Label: "status", Chip: r.chip, Line: specs[1].Line})
	require.NoError(t, err)
	inputs, err := gpio.NewInputs(r.opener, "loa test", []gpio.InputSpec{{Name: "tamper", Chip: r.chip, Line: specs[2].Line, Debounce: 20 * ms}})
	require.NoError(t, err)
	now := time.Now()
	require.NoError(t, amps.Open())
	require.NoError(t, led.Open())
	require.NoError(t, inputs.Open())
	amps.Want(true, now)
	led.Show(gpio.Steady())
	amps.Step(now)
	led.Step(now)
	_, ok := inputs.Step(now)
	assert.True(t, ok)
	<-inputs.Changes()
	change := inputs.Take()
	require.Len(t, change, 1)
	assert.True(t, change[0].First)
	require.NoError(t, led.Fault())
	require.NoError(t, inputs.Close())
	require.NoError(t, led.Close())
	require.NoError(t, amps.Close())
}
