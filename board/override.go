package board

import (
	"fmt"
	"slices"
	"strconv"
)

// Override is what the configuration changes of a profile. Zero members leave
// the profile as it is.
type Override struct {
	// Chip replaces Board.Chip. Lines of the profile stay the same offsets, so
	// a chip of another make wants Amps too.
	Chip string
	// Amps replaces all amplifiers; nil keeps them, empty and not nil means
	// there are none. A line that the profile keeps for an LED or an unwired
	// input may be taken: these give way. An amplifier begins as NewAmp(line), so that what the
	// configuration does not say is the default. "" as label becomes "amp N".
	Amps []Amp
	// Inputs says what is wired. One with a Line replaces the profile's of the
	// same kind or is added; one without takes the profile's as it stands.
	// Either is Fitted then. Kinds not listed stay as they are.
	Inputs []Input
	// Watchdog replaces the profile's; &Watchdog{} switches it off.
	Watchdog *Watchdog
	// Card replaces Sound.Prefer by this one card, and Sound.Never by nothing:
	// an explicit choice is never second-guessed and never falls through.
	Card string
}

// With returns a changed copy of b, valid, or an error that names the member
// ("amps[1].settle: ...") and what is allowed. b stays as it is.
func (b Board) With(o Override) (Board, error) {
	b = b.Clone()
	if o.Chip != "" {
		b.Chip = o.Chip
	}
	if o.Amps != nil {
		b.Amps = slices.Clone(o.Amps)
		for i := range b.Amps {
			if b.Amps[i].Label == "" {
				b.Amps[i].Label = ampLabel(i)
			}
		}
	}
	for i, in := range o.Inputs {
		if err := b.fit(in); err != nil {
			return Board{}, fmt.Errorf("inputs[%d]: %w", i, err)
		}
	}
	b.giveWay()
	if o.Watchdog != nil {
		b.Watchdog = *o.Watchdog
	}
	if o.Card != "" {
		b.Sound = Sound{Prefer: []string{o.Card}, Never: []string{}}
	}
	if err := b.Validate(); err != nil {
		return Board{}, err
	}
	return b, nil
}

// fit puts one input of an override in its place.
func (b *Board) fit(in Input) error {
	i := slices.IndexFunc(b.Inputs, func(have Input) bool { return have.Kind == in.Kind })
	switch {
	case i < 0 && !in.Line.IsSet():
		return fmt.Errorf("line: board %q has no %q input, so it must be given; allowed: %s", b.Name, in.Kind, lineAllowed)
	case i < 0:
		b.Inputs = append(b.Inputs, in)
		i = len(b.Inputs) - 1
	case in.Line.IsSet():
		b.Inputs[i] = in
	}
	b.Inputs[i].Fitted = true
	if b.Inputs[i].Bias == "" {
		b.Inputs[i].Bias = BiasAsIs
	}
	return nil
}

// giveWay drops the profile's LEDs and unwired inputs whose line the
// configuration uses for something that is there.
func (b *Board) giveWay() {
	type place struct {
		chip string
		line Line
	}
	used := map[place]bool{}
	for _, a := range b.Amps {
		used[place{b.ChipOf(a.Chip), a.Line}] = true
	}
	for _, in := range b.Fitted() {
		used[place{b.ChipOf(in.Chip), in.Line}] = true
	}
	b.LEDs = slices.DeleteFunc(b.LEDs, func(l LED) bool { return used[place{b.ChipOf(l.Chip), l.Line}] })
	b.Inputs = slices.DeleteFunc(b.Inputs, func(in Input) bool {
		return !in.Fitted && used[place{b.ChipOf(in.Chip), in.Line}]
	})
}

func ampLabel(i int) string { return "amp " + strconv.Itoa(i+1) }
