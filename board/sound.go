package board

import (
	"slices"
	"strings"
)

// Sound says which sound card to take when the configuration leaves it open.
type Sound struct {
	// Prefer lists what to look for, best first: a substring, in any case, of
	// a card's id, driver, name or long name. A card that matches nothing here
	// is never taken: silence and a fault are better than the wrong output.
	Prefer []string `json:"prefer"`
	// Never excludes cards by the same match, before Prefer is asked. A USB
	// HDMI grabber is a USB-Audio card too.
	Never []string `json:"never"`
}

// Card is one line pair of /proc/asound/cards.
type Card struct {
	ID       string // in brackets: "Headphones"
	Driver   string // before the dash: "USB-Audio"
	Name     string // after the dash: "USB Audio Device"
	LongName string // second line
}

// Choose returns the index in cards of the best card, or false if none may be
// taken. Of several equally good ones the first wins.
func (s Sound) Choose(cards []Card) (int, bool) {
	for _, want := range s.Prefer {
		for i, c := range cards {
			if c.matches(want) && !slices.ContainsFunc(s.Never, c.matches) {
				return i, true
			}
		}
	}
	return 0, false
}

func (c Card) matches(part string) bool {
	part = strings.ToLower(part)
	if part == "" {
		return false
	}
	for _, s := range []string{c.ID, c.Driver, c.Name, c.LongName} {
		if strings.Contains(strings.ToLower(s), part) {
			return true
		}
	}
	return false
}

func (s Sound) clone() Sound {
	return Sound{Prefer: slices.Clone(s.Prefer), Never: slices.Clone(s.Never)}
}
