package device

import (
	"time"

	"loa"
	"loa/gpio"
)

// How the light of the box speaks to a person below the pole.
var (
	lightReady   = gpio.Steady()
	lightPlaying = gpio.Pattern{On: 100 * time.Millisecond, Off: 100 * time.Millisecond}
	lightFault   = gpio.Pattern{On: time.Second, Off: time.Second}
)

// light is the board's first LED; a nil one is dark.
type light struct {
	led   *gpio.LED
	tried time.Time
}

// openLight prepares the LED. A simulated board has none: its lines are the
// record of its amplifiers.
func (d *Device) openLight() {
	if len(d.board.LEDs) == 0 || d.board.Name == simBoard {
		return
	}
	l := d.board.LEDs[0]
	led, err := gpio.NewLED(d.lines, consumer, gpio.LEDSpec{Label: l.Label, Chip: d.board.ChipOf(l.Chip), Line: line(l.Line, l.ActiveLow)})
	if err != nil {
		d.log.Warn("no light", "err", err)
		return
	}
	d.light = &light{led: led}
}

// showLight has the light follow the state and returns when to step it again.
func (d *Device) showLight(t instant) (wake time.Duration) {
	l := d.light
	if l == nil {
		return never
	}
	if l.led.Missing() {
		if !l.tried.IsZero() && t.now().Sub(l.tried) < retryAmps {
			return never
		}
		l.tried = t.now()
		if err := l.led.Open(); err != nil {
			d.log.Debug("no light", "err", err)
			return never
		}
	}
	l.led.Show(lightOf(d.core.state()))
	if next, ok := l.led.Step(t.now()); ok {
		return t.until(next)
	}
	return never
}

func lightOf(s loa.State) gpio.Pattern {
	switch s {
	case loa.StatePlaying:
		return lightPlaying
	case loa.StateFault:
		return lightFault
	}
	return lightReady
}

func (l *light) close() {
	if l != nil {
		_ = l.led.Close() // that a light fails stops nothing
	}
}
