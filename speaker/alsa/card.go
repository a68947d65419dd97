package alsa

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Card is a sound card that the kernel knows.
type Card struct {
	Number   int
	ID       string // unique, up to 15 characters: "Headphones"
	Driver   string // "USB-Audio"
	Name     string // "QEMU USB Audio"
	LongName string // with the place where it is plugged in
	Devices  []Device
}

// Device is a playback device of a card.
type Device struct {
	Number int
	Name   string
	// What it takes is known only while nobody plays on it: Busy, and the
	// rest zero, otherwise.
	Busy                     bool
	Formats                  []string // "S16_LE"
	RateMin, RateMax         int      // frames per second
	ChannelsMin, ChannelsMax int
}

// String is how messages name a card: 1 [Audio] "QEMU USB Audio".
func (c Card) String() string { return fmt.Sprintf("%d [%s] %q", c.Number, c.ID, c.Name) }

// same reports whether c and d are the same piece of hardware. The number is
// no sign of it: a card plugged in again may get another.
func (c Card) same(d Card) bool { return c.ID == d.ID && c.Driver == d.Driver && c.Name == d.Name }

// device returns the playback device of that number.
func (c Card) device(number int) (Device, bool) {
	i := slices.IndexFunc(c.Devices, func(d Device) bool { return d.Number == number })
	if i < 0 {
		return Device{}, false
	}
	return c.Devices[i], true
}

// names is all a card is called, in lower case.
func (c Card) names() string {
	all := []string{c.ID, c.Driver, c.Name, c.LongName}
	for _, d := range c.Devices {
		all = append(all, d.Name)
	}
	return strings.ToLower(strings.Join(all, "\n"))
}

// screen reports whether the sound of c goes into a screen, where no horn is.
func (c Card) screen() bool {
	names := c.names()
	return strings.Contains(names, "hdmi") || strings.Contains(names, "displayport")
}

var (
	cardLine = regexp.MustCompile(`^ *(\d+) \[([^]]*)\]: (.*)$`)
	pcmLine  = regexp.MustCompile(`^(\d+)-(\d+): ([^:]*):([^:]*):(.*)$`)
)

// readCards reads asound/cards and asound/pcm of the proc file system:
//
//	 1 [Audio          ]: USB-Audio - QEMU USB Audio
//	                      QEMU QEMU USB Audio at usb-0000:00:02.0-1, full speed
//
//	01-00: USB Audio : USB Audio : playback 1
//
// A kernel without sound has no cards.
func readCards(proc fs.FS) ([]Card, error) {
	text, err := fs.ReadFile(proc, "asound/cards")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list sound cards: %w", err)
	}
	cards := parseCards(string(text))
	text, err = fs.ReadFile(proc, "asound/pcm")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list sound devices: %w", err)
	}
	addDevices(cards, string(text))
	return cards, nil
}

func parseCards(text string) []Card {
	var cards []Card
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		m := cardLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		number, err := strconv.Atoi(m[1])
		if err != nil {
			continue
		}
		card := Card{Number: number, ID: strings.TrimSpace(m[2])}
		card.Driver, card.Name, _ = strings.Cut(strings.TrimSpace(m[3]), " - ")
		if i+1 < len(lines) && cardLine.FindString(lines[i+1]) == "" {
			card.LongName = strings.TrimSpace(lines[i+1])
		}
		cards = append(cards, card)
	}
	slices.SortFunc(cards, func(a, b Card) int { return cmp.Compare(a.Number, b.Number) })
	return cards
}

func addDevices(cards []Card, text string) {
	for line := range strings.Lines(text) {
		m := pcmLine.FindStringSubmatch(strings.TrimRight(line, "\n"))
		if m == nil || !strings.Contains(m[5], "playback") {
			continue
		}
		number, err := strconv.Atoi(m[1])
		device, err2 := strconv.Atoi(m[2])
		if err != nil || err2 != nil {
			continue
		}
		for i := range cards {
			if cards[i].Number == number {
				d := Device{Number: device, Name: cmp.Or(strings.TrimSpace(m[4]), strings.TrimSpace(m[3]))}
				cards[i].Devices = append(cards[i].Devices, d)
			}
		}
	}
}
