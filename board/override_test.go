package board_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pelletier/go-toml/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"loa/board"
)

func lookup(t *testing.T, name string) board.Board {
	t.Helper()
	b, err := board.Lookup(name)
	require.NoError(t, err)
	return b
}

func TestOverrideReplacesTheAmplifiers(t *testing.T) {
	b := lookup(t, "qemu-virt")
	horn := board.NewAmp(board.At(4))
	horn.Label, horn.Settle, horn.ActiveLow = "horn 1", 500*time.Millisecond, true
	got, err := b.With(board.Override{Chip: "gpiochip0", Amps: []board.Amp{horn, board.NewAmp(board.Named("PA7"))}})
	require.NoError(t, err)
	assert.Equal(t, "gpiochip0", got.Chip)
	require.Len(t, got.Amps, 2)
	assert.Equal(t, horn, got.Amps[0])
	assert.Equal(t, "amp 2", got.Amps[1].Label)
	assert.Equal(t, board.DefaultSettle, got.Amps[1].Settle)
	assert.Equal(t, board.DefaultTail, got.Amps[1].Tail)
	assert.Equal(t, "PA7", got.Amps[1].Line.Name())
	assert.Equal(t, lookup(t, "qemu-virt"), b, "the profile itself must not change")
}

func TestOverrideOfNothingChangesNothing(t *testing.T) {
	b := lookup(t, "rpi4")
	got, err := b.With(board.Override{})
	require.NoError(t, err)
	assert.Equal(t, b, got)
}

func TestOverrideCanSayThatThereIsNoAmplifier(t *testing.T) {
	got, err := lookup(t, "rpi4").With(board.Override{Amps: []board.Amp{}})
	require.NoError(t, err)
	assert.Empty(t, got.Amps)
}

// GPIO5 is where the profile would have the door contact; who wires an
// amplifier there has no door contact there.
func TestAWiredAmplifierTakesTheLineOfWhatIsNotWired(t *testing.T) {
	got, err := lookup(t, "rpi4").With(board.Override{Amps: []board.Amp{board.NewAmp(board.At(5)), board.NewAmp(board.At(26))}})
	require.NoError(t, err)
	_, tamper := got.Input(board.InputTamper)
	assert.False(t, tamper)
	assert.Empty(t, got.LEDs)
	_, mains := got.Input(board.InputMains)
	assert.True(t, mains, "the other inputs stay")
}

func TestOverrideSaysWhichInputsAreWired(t *testing.T) {
	got, err := lookup(t, "rpi4").With(board.Override{Inputs: []board.Input{
		{Kind: board.InputTamper},
		{Kind: board.InputMains, Line: board.At(25), Debounce: time.Second},
	}})
	require.NoError(t, err)
	fitted := got.Fitted()
	require.Len(t, fitted, 2)
	assert.Equal(t, board.At(5), fitted[0].Line, "as in the profile")
	assert.Equal(t, board.BiasUp, fitted[0].Bias)
	assert.Equal(t, board.At(25), fitted[1].Line)
	assert.False(t, fitted[1].ActiveLow)
	assert.Equal(t, board.BiasAsIs, fitted[1].Bias)
}

func TestOverrideOfTheCardIsNotSecondGuessed(t *testing.T) {
	got, err := lookup(t, "rpi4").With(board.Override{Card: "vc4hdmi0"})
	require.NoError(t, err)
	i, ok := got.Sound.Choose([]board.Card{{ID: "Device", Driver: "USB-Audio"}, {ID: "vc4hdmi0"}})
	assert.True(t, ok)
	assert.Equal(t, 1, i)
	_, ok = got.Sound.Choose([]board.Card{{ID: "Device", Driver: "USB-Audio"}})
	assert.False(t, ok, "the card is missing, and no other may stand in for it")
}

func TestOverrideSwitchesTheWatchdogOff(t *testing.T) {
	got, err := lookup(t, "rpi4").With(board.Override{Watchdog: &board.Watchdog{}})
	require.NoError(t, err)
	assert.Empty(t, got.Watchdog.Path)
}

func TestAWrongOverrideNamesTheMemberAndWhatIsAllowed(t *testing.T) {
	amp := func(change func(*board.Amp)) board.Override {
		good, bad := board.NewAmp(board.At(20)), board.NewAmp(board.At(21))
		change(&bad)
		return board.Override{Amps: []board.Amp{good, bad}}
	}
	nine := make([]board.Amp, 9)
	for i := range nine {
		nine[i] = board.NewAmp(board.At(i))
	}
	for name, c := range map[string]struct {
		o    board.Override
		says []string
	}{
		"settle too long":      {amp(func(a *board.Amp) { a.Settle = 31 * time.Second }), []string{"amps[1].settle", "31s", "0s to 30s"}},
		"settle negative":      {amp(func(a *board.Amp) { a.Settle = -1 }), []string{"amps[1].settle", "0s to 30s"}},
		"tail too long":        {amp(func(a *board.Amp) { a.Tail = 61 * time.Second }), []string{"amps[1].tail", "1m1s", "0s to 1m0s"}},
		"line twice":           {amp(func(a *board.Amp) { a.Line = board.At(20) }), []string{"amps[1].line", "20", "amps[0]"}},
		"line forgotten":       {amp(func(a *board.Amp) { a.Line = board.Line{} }), []string{"amps[1].line", "not set", "0 to 1023"}},
		"line too large":       {amp(func(a *board.Amp) { a.Line = board.At(1024) }), []string{"amps[1].line", "1024", "0 to 1023"}},
		"line negative":        {amp(func(a *board.Amp) { a.Line = board.At(-3) }), []string{"amps[1].line", "-3", "0 to 1023"}},
		"line name too long":   {amp(func(a *board.Amp) { a.Line = board.Named(strings.Repeat("x", 32)) }), []string{"amps[1].line", "1 to 31"}},
		"line name unreadable": {amp(func(a *board.Amp) { a.Line = board.Named("a\x00b") }), []string{"amps[1].line", "printable"}},
		"label twice":          {amp(func(a *board.Amp) { a.Label = "amp 1" }), []string{"amps[1].label", "twice"}},
		"label too long":       {amp(func(a *board.Amp) { a.Label = strings.Repeat("x", 33) }), []string{"amps[1].label", "1 to 32 bytes"}},
		"chip unreadable":      {amp(func(a *board.Amp) { a.Chip = "a\nb" }), []string{"amps[1].chip", "printable"}},
		"nine amplifiers":      {board.Override{Amps: nine}, []string{"amps", "9", "0 to 8"}},
		"board chip too long":  {board.Override{Chip: strings.Repeat("x", 65)}, []string{"chip", "1 to 64"}},
		"input of no kind":     {board.Override{Inputs: []board.Input{{Kind: "flood", Line: board.At(20)}}}, []string{"inputs[3].kind", "flood", "tamper, mains, button"}},
		"input without line":   {board.Override{Inputs: []board.Input{{Kind: "flood"}}}, []string{"inputs[0]", "flood", "0 to 1023"}},
		"input bias":           {board.Override{Inputs: []board.Input{{Kind: "mains", Line: board.At(20), Bias: "up"}}}, []string{"inputs[1].bias", "up", "as-is, pull-up, pull-down"}},
		"input debounce":       {board.Override{Inputs: []board.Input{{Kind: "mains", Line: board.At(20), Debounce: 6 * time.Second}}}, []string{"inputs[1].debounce", "0s to 5s"}},
		"input on an amp":      {board.Override{Inputs: []board.Input{{Kind: "mains", Line: board.At(23)}}}, []string{"inputs[1].line", "23", "amps[0]"}},
		"watchdog path":        {board.Override{Watchdog: &board.Watchdog{Path: "watchdog", Timeout: 15 * time.Second}}, []string{"watchdog.path", "/dev/"}},
		"watchdog timeout":     {board.Override{Watchdog: &board.Watchdog{Path: "/dev/watchdog", Timeout: 2 * time.Minute}}, []string{"watchdog.timeout", "5s to 1m0s"}},
		"watchdog fraction":    {board.Override{Watchdog: &board.Watchdog{Path: "/dev/watchdog", Timeout: 5500 * time.Millisecond}}, []string{"watchdog.timeout", "whole seconds"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := lookup(t, "rpi4").With(c.o)
			require.Error(t, err)
			assert.Equal(t, board.Board{}, got)
			for _, part := range c.says {
				assert.ErrorContains(t, err, part)
			}
		})
	}
}

func TestTheSameOffsetOnTwoChipsIsTwoLines(t *testing.T) {
	second := board.NewAmp(board.At(20))
	second.Chip = "gpiochip2"
	_, err := lookup(t, "rpi4").With(board.Override{Amps: []board.Amp{board.NewAmp(board.At(20)), second}})
	require.NoError(t, err)
}

func TestALineIsReadFromTOMLAsOffsetOrName(t *testing.T) {
	var config struct {
		Amps []struct{ Line board.Line }
	}
	require.NoError(t, toml.Unmarshal([]byte(`amps = [{line=5}, {line="GPIO17"}, {line="6"}, {}]`), &config))
	assert.Equal(t, board.At(5), config.Amps[0].Line)
	assert.Equal(t, board.Named("GPIO17"), config.Amps[1].Line)
	assert.Equal(t, board.At(6), config.Amps[2].Line)
	assert.False(t, config.Amps[3].Line.IsSet(), "a line left out is no line, never offset 0")
	for _, bad := range []string{"-1", "1024", `""`, `"a\u0000b"`} {
		err := toml.Unmarshal([]byte("amps = [{line="+bad+"}]"), &config)
		assert.ErrorContains(t, err, "0 to 1023", bad)
	}
}

func TestALineSurvivesJSON(t *testing.T) {
	for text, want := range map[string]board.Line{"0": board.At(0), "110": board.At(110), `"GPIO17"`: board.Named("GPIO17"), "null": {}} {
		var got board.Line
		require.NoError(t, got.UnmarshalJSON([]byte(text)))
		assert.Equal(t, want, got)
		back, err := got.MarshalJSON()
		require.NoError(t, err)
		assert.Equal(t, text, string(back))
	}
	var l board.Line
	assert.ErrorContains(t, l.UnmarshalJSON([]byte("1024")), "0 to 1023")
	assert.ErrorContains(t, l.UnmarshalJSON([]byte(`"`+strings.Repeat("x", 32)+`"`)), "1 to 31")
}

func TestALineKnowsWhichKindItIs(t *testing.T) {
	offset, ok := board.At(0).Offset()
	assert.True(t, ok)
	assert.Zero(t, offset)
	_, ok = board.Named("GPIO17").Offset()
	assert.False(t, ok)
	_, ok = board.Line{}.Offset()
	assert.False(t, ok)
	assert.Equal(t, "0", board.At(0).String())
	assert.Equal(t, "GPIO17", board.Named("GPIO17").String())
	assert.Equal(t, "not set", board.Line{}.String())
}
