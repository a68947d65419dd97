package board_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"loa/board"
)

func TestEveryProfileIsValidAndComplete(t *testing.T) {
	for _, b := range board.All() {
		t.Run(b.Name, func(t *testing.T) {
			require.NoError(t, b.Validate())
			assert.NotEmpty(t, b.Model)
			assert.NotEmpty(t, b.Chip)
			assert.NotEmpty(t, b.Notes, "the installer gets no hint")
			assert.Len(t, b.Amps, 2)
			for _, a := range b.Amps {
				assert.Equal(t, board.DefaultSettle, a.Settle, a.Label)
				assert.Equal(t, board.DefaultTail, a.Tail, a.Label)
				assert.False(t, a.ActiveLow, "an amplifier must be off while its line floats low: %s", a.Label)
				assert.NotEmpty(t, a.Pin, "%s: the installer cannot find the line", a.Label)
			}
			for _, kind := range []board.InputKind{board.InputTamper, board.InputMains, board.InputButton} {
				in, ok := b.Input(kind)
				require.True(t, ok, kind)
				assert.Positive(t, in.Debounce, kind)
				assert.NotEmpty(t, in.Pin, kind)
			}
			require.NotEmpty(t, b.LEDs)
			assert.True(t, slices.Contains(b.Sound.Never, "hdmi"), "HDMI must never be taken")
		})
	}
}

func TestOnlyTheSimulatorHasWiredInputs(t *testing.T) {
	for _, b := range board.All() {
		if b.Name == "sim" {
			assert.Len(t, b.Fitted(), 3)
			continue
		}
		assert.Empty(t, b.Fitted(), "%s would report contacts that nobody wired", b.Name)
	}
}

// The header pin in the text, the SoC's name of the line and the offset must
// say the same thing: a person wires by the first and the daemon switches the
// last.
func TestOffsetsAreThoseOfTheHeaderPins(t *testing.T) {
	// From the pin tables: 40-pin J8; linux-sunxi's Orange Pi PC; Orange Pi
	// Zero 2 and 3; NanoPi NEO.
	headers := map[string]map[string]int{
		"rpi":            {"GPIO5": 29, "GPIO6": 31, "GPIO22": 15, "GPIO23": 16, "GPIO24": 18, "GPIO25": 22, "GPIO26": 37, "GPIO27": 13},
		"orangepi-pc":    {"PA6": 7, "PA7": 29, "PA8": 31, "PA9": 33, "PA10": 35, "PA20": 37, "PA21": 26, "PD14": 12},
		"orangepi-zero3": {"PC7": 22, "PC8": 15, "PC10": 26, "PC11": 12, "PC14": 18, "PC15": 16},
		"nanopi-neo":     {"PA0": 11, "PA1": 22, "PA2": 13, "PA3": 15, "PA6": 12, "PG11": 7},
	}
	for _, b := range board.All() {
		header := headers[b.Name]
		if strings.HasPrefix(b.Name, "rpi") {
			header = headers["rpi"]
		}
		if header == nil {
			continue
		}
		for pin, line := range pins(b) {
			number, name := pinText(t, pin)
			assert.Equal(t, header[name], number, "%s: %s", b.Name, pin)
			offset, ok := line.Offset()
			require.True(t, ok, "%s: %s", b.Name, pin)
			assert.Equal(t, socOffset(t, name), offset, "%s: %s", b.Name, pin)
		}
	}
}

func TestOffsetsAreExact(t *testing.T) {
	offsets := func(name string) (out []int) {
		b, err := board.Lookup(name)
		require.NoError(t, err)
		for _, a := range b.Amps {
			o, _ := a.Line.Offset()
			out = append(out, o)
		}
		return out
	}
	assert.Equal(t, []int{23, 24}, offsets("rpi4"))
	assert.Equal(t, []int{7, 8}, offsets("orangepi-pc"))
	assert.Equal(t, []int{2*32 + 11, 2*32 + 14}, offsets("orangepi-zero3"))
	assert.Equal(t, []int{6*32 + 11, 6}, offsets("nanopi-neo"))
	assert.Equal(t, []int{5, 6}, offsets("qemu-virt"))
}

func TestRaspberryAmplifiersAreOnPinsPulledDownAtReset(t *testing.T) {
	for _, name := range []string{"rpi3", "rpi4", "rpi-zero2w"} {
		b, err := board.Lookup(name)
		require.NoError(t, err)
		for _, a := range b.Amps {
			offset, _ := a.Line.Offset()
			assert.GreaterOrEqual(t, offset, 9, "%s: GPIO 0 to 8 are pulled up while the board boots", name)
			assert.LessOrEqual(t, offset, 27, name)
		}
	}
}

// On the H3 only banks A and G can raise an interrupt; without one an input
// has to be polled.
func TestH3InputsCanRaiseInterrupts(t *testing.T) {
	for _, name := range []string{"orangepi-pc", "nanopi-neo"} {
		b, err := board.Lookup(name)
		require.NoError(t, err)
		for _, in := range b.Inputs {
			offset, _ := in.Line.Offset()
			bank := 'A' + rune(offset/32)
			assert.Contains(t, "AG", string(bank), "%s: %s on %s", name, in.Kind, in.Pin)
		}
	}
}

func TestProfilesStayClearOfTheBusesOnTheHeader(t *testing.T) {
	taken := map[string][]int{
		"rpi":            {0, 1, 2, 3, 7, 8, 9, 10, 11, 14, 15, 18, 19, 20, 21}, // ID, I2C, SPI0, UART, I2S
		"orangepi-pc":    {11, 12, 13, 14, 64, 65, 66, 67},                      // I2C0, UART3, SPI0
		"orangepi-zero3": {64, 66, 67, 68, 73, 228, 229, 230, 231, 232, 233},    // flash, PMIC, I2C3, SPI1
		"nanopi-neo":     {11, 12, 64, 65, 66, 67, 198, 199, 10},                // I2C0, SPI0, UART1, LED
		"qemu-virt":      {3},                                                   // power button
	}
	for _, b := range board.All() {
		list := taken[b.Name]
		if strings.HasPrefix(b.Name, "rpi") {
			list = taken["rpi"]
		}
		for pin, line := range pins(b) {
			offset, _ := line.Offset()
			assert.NotContains(t, list, offset, "%s: %s", b.Name, pin)
		}
	}
}

func TestNoTwoBoardsClaimTheSameDeviceTree(t *testing.T) {
	owner := map[string]string{}
	for _, b := range board.All() {
		for _, c := range b.Compatible {
			assert.Empty(t, owner[c], "%s and %s both claim %q", b.Name, owner[c], c)
			owner[c] = b.Name
		}
	}
	for _, soc := range []string{"brcm,bcm2837", "brcm,bcm2711", "allwinner,sun8i-h3", "allwinner,sun50i-h618"} {
		assert.Empty(t, owner[soc], "a chip is no board")
	}
}

func TestJSONOfAllBoardsHasStableMembers(t *testing.T) {
	b, err := board.Lookup("orangepi-pc")
	require.NoError(t, err)
	got, err := json.Marshal(b)
	require.NoError(t, err)
	var m map[string]any
	require.NoError(t, json.Unmarshal(got, &m))
	assert.ElementsMatch(t, []string{"name", "model", "compatible", "chip", "amps", "inputs", "leds", "sensors", "sound", "watchdog", "rtc", "notes"}, keys(m))
	assert.JSONEq(t, `{"label":"amp 1","line":7,"active_low":false,"settle_ms":300,"tail_ms":1000,"pin":"header pin 29 (PA7)"}`, member(t, m, "amps", 0))
	assert.JSONEq(t, `{"kind":"mains","fitted":false,"line":21,"active_low":true,"bias":"pull-up","debounce_ms":200,"pin":"header pin 26 (PA21)"}`, member(t, m, "inputs", 1))
	assert.JSONEq(t, `{"label":"status","line":110,"active_low":false,"pin":"header pin 12 (PD14)"}`, member(t, m, "leds", 0))
	assert.JSONEq(t, `{"kind":"temperature","path":"sys/class/thermal/thermal_zone*/temp","file":"type","text":"cpu"}`, member(t, m, "sensors", 0))
	assert.Equal(t, map[string]any{"path": "/dev/watchdog", "timeout_ms": 15000.0}, m["watchdog"])
	assert.Equal(t, map[string]any{"path": "/dev/rtc0", "battery": false}, m["rtc"])

	all, err := json.Marshal(board.All())
	require.NoError(t, err)
	assert.NotContains(t, string(all), "null", "a list without elements is [], not null")
}

func TestWhatOneCallerChangesAnotherDoesNotSee(t *testing.T) {
	first, err := board.Lookup("rpi4")
	require.NoError(t, err)
	twin := first.Clone()
	first.Amps[0].Settle = time.Hour
	first.Inputs[0].Fitted = true
	first.Sound.Prefer[0] = "hdmi"
	first.Compatible[0] = "x"
	first.Notes[0] = "x"
	first.LEDs[0].Label = "x"
	first.Sensors[0].Path = "x"
	second, err := board.Lookup("rpi4")
	require.NoError(t, err)
	assert.Equal(t, second, twin)
	assert.NotEqual(t, second, first)
}

// pins returns all lines of a board by their text.
func pins(b board.Board) map[string]board.Line {
	m := map[string]board.Line{}
	for _, a := range b.Amps {
		m[a.Pin] = a.Line
	}
	for _, in := range b.Inputs {
		m[in.Pin] = in.Line
	}
	for _, l := range b.LEDs {
		m[l.Pin] = l.Line
	}
	return m
}

func keys(m map[string]any) (out []string) {
	for k := range m {
		out = append(out, k)
	}
	return out
}

func member(t *testing.T, m map[string]any, list string, i int) string {
	t.Helper()
	b, err := json.Marshal(m[list].([]any)[i])
	require.NoError(t, err)
	return string(b)
}
