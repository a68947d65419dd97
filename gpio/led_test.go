package gpio_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"loa/gpio"
)

func newLED(t *testing.T) (*gpio.LED, *gpio.Fake) {
	t.Helper()
	fake := &gpio.Fake{}
	led, err := gpio.NewLED(fake, "speakerd", gpio.LEDSpec{Label: "status", Chip: "sim", Line: gpio.Line{Offset: 5}})
	require.NoError(t, err)
	require.NoError(t, led.Open())
	require.NoError(t, led.Open(), "twice is fine")
	return led, fake
}

func TestALEDIsDarkUntilItIsToldOtherwise(t *testing.T) {
	led, fake := newLED(t)
	led.Step(start)
	assert.False(t, fake.High("sim", 5))
}

func TestALEDBlinksItsPattern(t *testing.T) {
	led, fake := newLED(t)
	led.Show(gpio.Pattern{On: 100 * ms, Off: 900 * ms})
	now := start
	var lit []bool
	for range 4 {
		next, ok := led.Step(now)
		require.True(t, ok)
		lit = append(lit, fake.High("sim", 5))
		led.Show(gpio.Pattern{On: 100 * ms, Off: 900 * ms}) // said again: no stutter
		now = next
	}
	assert.Equal(t, []bool{true, false, true, false}, lit)
	assert.Equal(t, 2*time.Second, now.Sub(start))
}

func TestALEDChangesItsPatternAtTheNextStep(t *testing.T) {
	led, fake := newLED(t)
	led.Show(gpio.Steady())
	led.Step(start)
	assert.True(t, fake.High("sim", 5))
	led.Step(start.Add(time.Hour))
	assert.True(t, fake.High("sim", 5), "steady stays steady")
	led.Show(gpio.Pattern{})
	led.Step(start.Add(time.Hour))
	assert.False(t, fake.High("sim", 5))
}

func TestABrokenLEDIsAFaultAndNothingMore(t *testing.T) {
	led, fake := newLED(t)
	fake.FailSet = func(string, int, bool) error { return errors.New("bus error") }
	led.Show(gpio.Steady())
	next, ok := led.Step(start)
	require.True(t, ok)
	assert.ErrorContains(t, led.Fault(), "bus error")
	fake.FailSet = nil
	led.Step(next)
	assert.NoError(t, led.Fault())
	assert.True(t, fake.High("sim", 5), "tried again")

	fake.Unplug("sim")
	led.Show(gpio.Pattern{})
	_, ok = led.Step(next)
	assert.False(t, ok)
	assert.True(t, led.Missing())
	assert.ErrorIs(t, led.Open(), gpio.ErrNoChip)
	fake.Plug("sim")
	require.NoError(t, led.Open())
	led.Show(gpio.Steady())
	led.Step(next)
	assert.True(t, fake.High("sim", 5))
}

func TestALEDIsDarkAfterClose(t *testing.T) {
	led, fake := newLED(t)
	led.Show(gpio.Steady())
	led.Step(start)
	require.NoError(t, led.Close())
	assert.False(t, fake.High("sim", 5))
	_, held := fake.Consumer("sim", 5)
	assert.False(t, held)
	require.NoError(t, led.Close())
	_, ok := led.Step(start)
	assert.False(t, ok)
}

func TestALEDWithoutAChipIsRefused(t *testing.T) {
	_, err := gpio.NewLED(&gpio.Fake{}, "speakerd", gpio.LEDSpec{Label: "status"})
	assert.ErrorContains(t, err, "chip")
}
