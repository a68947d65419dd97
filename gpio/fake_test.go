package gpio_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"loa/gpio"
)

func TestTheFakeIsAChip(t *testing.T) {
	testChip(t, func(*testing.T) rig {
		fake := &gpio.Fake{Chips: map[string]gpio.FakeChip{
			"gpiochip0": {Label: "expander", Lines: 16},
			"gpiochip1": {Label: "sim", Lines: 8, Names: []string{"", "", "", "", "", "RELAY"}},
		}}
		return rig{
			opener: fake, chip: "sim", lines: []int{4, 5, 6}, count: 8, named: "RELAY",
			high:  func(line int) bool { return fake.High("gpiochip1", line) },
			drive: func(line int, high bool) { fake.Drive("gpiochip1", line, high) },
		}
	})
}

func TestTheZeroFakeHasEveryChip(t *testing.T) {
	fake := &gpio.Fake{}
	for _, name := range []string{"sim", "gpiochip3"} {
		c, err := fake.Open(name)
		require.NoError(t, err)
		out, err := c.Output(gpio.Line{Offset: 63}, "x")
		require.NoError(t, err)
		require.NoError(t, out.Set(true))
		assert.True(t, fake.High(name, 63))
	}
	assert.False(t, fake.High("sim", 62), "lines are low before anybody drives them")
}

func TestTheRecordHasEachChangeOfAnOutputOnce(t *testing.T) {
	now := start
	var got []gpio.Level
	fake := &gpio.Fake{Now: func() time.Time { return now }, Record: func(l gpio.Level) { got = append(got, l) }}
	c, err := fake.Open("sim")
	require.NoError(t, err)
	out, err := c.Output(gpio.Line{Offset: 1, ActiveLow: true}, "horn")
	require.NoError(t, err)
	now = now.Add(time.Second)
	require.NoError(t, out.Set(true))
	require.NoError(t, out.Set(true))
	fake.Drive("sim", 1, true) // an output is not overcome
	require.NoError(t, out.Close())
	again, err := c.Output(gpio.Line{Offset: 1, ActiveLow: false}, "horn")
	require.NoError(t, err)
	require.NoError(t, again.Set(false))
	assert.Equal(t, []gpio.Level{
		{At: start, Chip: "sim", Line: 1, Consumer: "horn", High: true, Active: false},
		{At: now, Chip: "sim", Line: 1, Consumer: "horn", High: false, Active: true},
	}, got, "off, on; the second request finds the pin low already")
}

func TestAReleasedLineKeepsItsLevel(t *testing.T) {
	fake := &gpio.Fake{}
	c, err := fake.Open("sim")
	require.NoError(t, err)
	out, err := c.Output(gpio.Line{Offset: 1}, "horn")
	require.NoError(t, err)
	require.NoError(t, out.Set(true))
	require.NoError(t, out.Close())
	assert.True(t, fake.High("sim", 1), "this is why AllOff exists")
}

func TestAnUnpluggedChipDropsItsRelays(t *testing.T) {
	var got []gpio.Level
	fake := &gpio.Fake{}
	c, err := fake.Open("usb")
	require.NoError(t, err)
	out, err := c.Output(gpio.Line{Offset: 1}, "horn")
	require.NoError(t, err)
	require.NoError(t, out.Set(true))
	fake.Record = func(l gpio.Level) { got = append(got, l) }
	fake.Unplug("usb")
	assert.Equal(t, []gpio.Level{{Chip: "usb", Line: 1}}, got)
	assert.ErrorIs(t, out.Set(true), gpio.ErrGone)
	_, err = c.Output(gpio.Line{Offset: 2}, "horn")
	assert.ErrorIs(t, err, gpio.ErrGone, "a chip that was open is gone too")
	_, err = fake.Open("usb")
	assert.ErrorIs(t, err, gpio.ErrNoChip)
	fake.Plug("usb")
	assert.ErrorIs(t, out.Set(true), gpio.ErrGone, "the old request does not come back")
	_, err = fake.Open("usb")
	assert.NoError(t, err)
}

func TestTheFakeFailsWhereItIsTold(t *testing.T) {
	boom := errors.New("boom")
	open := func(string) error { return boom }
	line := func(string, int) error { return boom }
	set := func(string, int, bool) error { return boom }

	_, err := (&gpio.Fake{FailOpen: open}).Open("sim")
	assert.ErrorIs(t, err, boom)

	fake := &gpio.Fake{FailRequest: line}
	c, err := fake.Open("sim")
	require.NoError(t, err)
	_, err = c.Output(gpio.Line{Offset: 3}, "x")
	assert.ErrorIs(t, err, boom)
	assert.ErrorContains(t, err, "line 3")
	_, err = c.Input(gpio.Line{Offset: 3}, "x", gpio.InputOptions{}, nil)
	assert.ErrorIs(t, err, boom)

	fake.FailRequest, fake.FailSet, fake.FailGet = nil, set, line
	out, err := c.Output(gpio.Line{Offset: 3}, "x")
	require.NoError(t, err)
	assert.ErrorIs(t, out.Set(true), boom)
	assert.False(t, fake.High("sim", 3), "a failed switch leaves the level")
	_, err = out.Get()
	assert.ErrorIs(t, err, boom)

	fake.NoEdges = true
	_, err = c.Input(gpio.Line{Offset: 4}, "x", gpio.InputOptions{}, func(gpio.Edge) {})
	assert.ErrorIs(t, err, gpio.ErrNoEdges)
}
