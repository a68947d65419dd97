// Package board says what a cluster's hardware is, as data: which GPIO chip
// switches which amplifier after how long, where tamper contact, mains relay
// and button are wired, which sound card to take, which sensors and which
// watchdog there are. It touches no hardware: gpio and speaker do, with what
// stands here.
//
// A profile is found by name (Lookup), by the device tree of the running
// kernel (Detect), or either as the configuration says (Resolve), and changed
// by the configuration (Board.With). Header pins are written out beside each
// line for the person on the ladder; `speakerd boards` prints them.
//
//	lines of one board            wired to
//	amps[0], amps[1], ...         relay drivers, in the order of switching on
//	inputs: tamper mains button   contacts against GND, see Input
//	leds: status                  an LED with its resistor against GND
//
// The JSON form (`speakerd boards --json`) has the same members in
// snake_case, durations as whole milliseconds (`settle_ms`), and a line as a
// number (its offset) or a string (its name).
package board
