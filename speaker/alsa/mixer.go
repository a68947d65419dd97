package alsa

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gen2brain/alsa"
)

// mixer is the controls of one card.
type mixer interface {
	controls() []control
	// set writes one value into every channel of a control.
	set(c control, value int) error
	Close() error
}

// control is one control of a mixer. For integers min and max are the range,
// for enumerations items are the choices.
type control struct {
	id       uint32 // numid
	name     string
	kind     alsa.MixerCtlType
	channels int
	min, max int
	items    []string
}

// apply makes the settings in their order and returns what could not be done.
func apply(m mixer, settings []MixerSetting) []string {
	var problems []string
	all := m.controls()
	for _, s := range settings {
		found := false
		for _, c := range all {
			if c.name != s.Name {
				continue
			}
			found = true
			value, err := c.value(s.Value)
			if err == nil {
				err = m.set(c, value)
			}
			if err != nil {
				problems = append(problems, fmt.Sprintf("control %q = %q: %v", s.Name, s.Value, err))
			}
		}
		if !found {
			problems = append(problems, fmt.Sprintf("no control %q; there are %s", s.Name, names(all)))
		}
	}
	return problems
}

func names(all []control) string {
	if len(all) == 0 {
		return "none"
	}
	quoted := make([]string, len(all))
	for i, c := range all {
		quoted[i] = strconv.Quote(c.name)
	}
	return strings.Join(slices.Compact(quoted), ", ")
}

// value is the number that stands for text in c.
func (c control) value(text string) (int, error) {
	switch c.kind {
	case alsa.SNDRV_CTL_ELEM_TYPE_BOOLEAN:
		switch text {
		case "off", "0%":
			return 0, nil
		case "on", "100%":
			return 1, nil
		}
		return 0, errors.New("allowed are on, off, 100%, 0%")
	case alsa.SNDRV_CTL_ELEM_TYPE_ENUMERATED:
		i := slices.Index(c.items, text)
		if i < 0 {
			return 0, fmt.Errorf("allowed are %s", strings.Join(c.items, ", "))
		}
		return i, nil
	case alsa.SNDRV_CTL_ELEM_TYPE_INTEGER:
		return c.integer(text)
	}
	return 0, errors.New("it is no switch, number or choice")
}

func (c control) integer(text string) (int, error) {
	number, percent := strings.CutSuffix(text, "%")
	n, err := strconv.Atoi(number)
	switch {
	case percent && err == nil && n >= 0 && n <= 100:
		// Rounded; in int64, because ranges are up to 32 bits wide.
		width := int64(c.max) - int64(c.min)
		return int(int64(c.min) + (width*int64(n)+50)/100), nil
	case !percent && err == nil && n >= c.min && n <= c.max:
		return n, nil
	}
	return 0, fmt.Errorf("allowed are %d to %d, 0%% to 100%%", c.min, c.max)
}
