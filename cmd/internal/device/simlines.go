package device

import (
	"strconv"

	"loa/gpio"
)

// simLines are lines that switch nothing but tell pin of each level: first
// when a line is taken (off), then at each change. Lines are named by offset;
// 1 is active, whatever the level on the pin.
func simLines(pin func(line string, value int)) gpio.Opener {
	return &gpio.Fake{Record: func(l gpio.Level) {
		v := 0
		if l.Active {
			v = 1
		}
		pin(strconv.Itoa(l.Line), v)
	}}
}
