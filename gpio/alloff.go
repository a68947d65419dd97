package gpio

import (
	"errors"
	"fmt"
)

// AllOff requests each line as an inactive output and releases it: for
// `speakerd off`, the supervising parent and ExecStopPost, which hold no lines
// themselves. It takes the lines in reverse order, tries all of them whatever
// fails, and joins the errors; a line that a living process still holds is a
// BusyError with its name.
func AllOff(opener Opener, consumer string, specs []AmpSpec) error {
	r := newRequest(opener)
	defer r.close()
	var errs []error
	for i := len(specs) - 1; i >= 0; i-- {
		s := specs[i]
		c, err := r.chip(s.Chip)
		if err == nil {
			err = offOnce(c, s, consumer)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("amplifier %q: %w", s.Label, err))
		}
	}
	return errors.Join(errs...)
}

func offOnce(c Chip, s AmpSpec, consumer string) error {
	out, err := c.Output(s.Line, consumerName(consumer, s.Label))
	if err != nil {
		return err
	}
	return out.Close()
}
