package alsa

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// choice remembers the card that played, so that it is found again after it
// was lost, and those that were there and did not play: a lost card must not
// be replaced by one that no horn is connected to.
type choice struct {
	made   bool
	card   Card
	passed []Card
}

// remember keeps what was chosen out of cards.
func (c *choice) remember(card Card, cards []Card) {
	passed := slices.DeleteFunc(slices.Clone(cards), card.same)
	if c.made && c.card.same(card) {
		// Cards seen with it before are still no substitutes.
		for _, p := range c.passed {
			if !slices.ContainsFunc(passed, p.same) {
				passed = append(passed, p)
			}
		}
	}
	*c = choice{made: true, card: card, passed: passed}
}

// choose finds the card that conf names among cards, and its device.
func choose(conf Config, before choice, cards []Card) (Card, int, error) {
	if len(cards) == 0 {
		return Card{}, 0, fmt.Errorf("%w: there is none at all, no driver found one", ErrNoCard)
	}
	if conf.Card == Auto || conf.Card == "" {
		return chooseAuto(conf, before, cards)
	}
	card, ok := find(conf.Card, before, cards)
	if !ok {
		return Card{}, 0, fmt.Errorf("%w: %q; there are %s", ErrNoCard, conf.Card, list(cards))
	}
	if _, ok := card.device(conf.Device); !ok {
		return Card{}, 0, fmt.Errorf("%w: card %s has no playback device %d; there are %s", ErrNoCard, card, conf.Device, list(cards))
	}
	return card, conf.Device, nil
}

// find looks for a card by number, id, name and part of a name. The card that
// played before comes first: it may have another number now.
func find(name string, before choice, cards []Card) (Card, bool) {
	if i := slices.IndexFunc(cards, before.card.same); before.made && i >= 0 {
		return cards[i], true
	}
	number, err := strconv.Atoi(name)
	tests := []func(Card) bool{
		func(c Card) bool { return err == nil && c.Number == number },
		func(c Card) bool { return strings.EqualFold(c.ID, name) },
		func(c Card) bool { return strings.EqualFold(c.Name, name) },
		func(c Card) bool {
			return err != nil && strings.Contains(strings.ToLower(c.LongName+"\n"+c.Name), strings.ToLower(name))
		},
	}
	for _, test := range tests {
		if i := slices.IndexFunc(cards, test); i >= 0 {
			return cards[i], true
		}
	}
	return Card{}, false
}

func chooseAuto(conf Config, before choice, cards []Card) (Card, int, error) {
	card, ok := pick(conf.Match, before, cards)
	switch {
	case ok:
		if _, has := card.device(conf.Device); has {
			return card, conf.Device, nil
		}
		return card, card.Devices[0].Number, nil
	case before.made:
		return Card{}, 0, fmt.Errorf("%w: %s is gone; there are %s", ErrNoCard, before.card, list(cards))
	}
	return Card{}, 0, fmt.Errorf("%w: none to choose; there are %s", ErrNoCard, list(cards))
}

func pick(match []string, before choice, cards []Card) (Card, bool) {
	if before.made {
		cards = slices.DeleteFunc(slices.Clone(cards), func(c Card) bool { return slices.ContainsFunc(before.passed, c.same) })
		if i := slices.IndexFunc(cards, before.card.same); i >= 0 && len(cards[i].Devices) > 0 {
			return cards[i], true
		}
	}
	for _, part := range match {
		part = strings.ToLower(part)
		for _, c := range cards {
			if len(c.Devices) > 0 && strings.Contains(c.names(), part) {
				return c, true
			}
		}
	}
	for _, c := range cards {
		if len(c.Devices) > 0 && !c.screen() {
			return c, true
		}
	}
	return Card{}, false
}

// list names cards in a message, with what speaks against each.
func list(cards []Card) string {
	names := make([]string, len(cards))
	for i, c := range cards {
		names[i] = c.String()
		switch {
		case len(c.Devices) == 0:
			names[i] += " (records only)"
		case c.screen():
			names[i] += " (screen)"
		}
	}
	return strings.Join(names, ", ")
}
