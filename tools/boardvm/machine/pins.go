package machine

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"time"
)

// PinChange is one change of an output of the board's PL061 GPIO chip.
type PinChange struct {
	At   time.Time // the host's clock, to the microsecond
	Line int       // 0 to 7, the line's offset on the chip
	High bool      // the level now
}

// pinEvent is QEMU's trace event pl061_set_output as its log backend writes it
// with -msg timestamp=on: "<thread>@<seconds>.<microseconds>:pl061_set_output
// <device> setting output <line> to <level>".
var pinEvent = regexp.MustCompile(`^\d+@(\d+)\.(\d{6}):pl061_set_output .*setting output (\d+) to (\d+)\s*$`)

// parsePins reads a trace. What is no pin's event is passed over, an
// unfinished last line too.
func parsePins(trace io.Reader) ([]PinChange, error) {
	var pins []PinChange
	lines := bufio.NewScanner(trace)
	for lines.Scan() {
		m := pinEvent.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		var n [4]int64
		for i := range n {
			// Digits only, by the expression; too many of them is damage.
			v, err := strconv.ParseInt(m[i+1], 10, 64)
			if err != nil {
				return nil, fmt.Errorf("pin trace: %w", err)
			}
			n[i] = v
		}
		pins = append(pins, PinChange{time.Unix(n[0], n[1]*1000), int(n[2]), n[3] != 0})
	}
	return pins, lines.Err()
}

// WritePins writes the changes as CSV: t_ns since start, line, value.
func WritePins(w io.Writer, start time.Time, pins []PinChange) error {
	if _, err := fmt.Fprintln(w, "t_ns,line,value"); err != nil {
		return err
	}
	for _, p := range pins {
		value := 0
		if p.High {
			value = 1
		}
		if _, err := fmt.Fprintf(w, "%d,%d,%d\n", p.At.Sub(start).Nanoseconds(), p.Line, value); err != nil {
			return err
		}
	}
	return nil
}
