package board_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"loa/board"
)

var pinForm = regexp.MustCompile(`^header pin (\d+) \((GPIO\d+|P[A-I]\d+)\)$`)

// pinText takes "header pin 29 (PA7)" apart.
func pinText(t *testing.T, pin string) (number int, name string) {
	t.Helper()
	m := pinForm.FindStringSubmatch(pin)
	require.NotNil(t, m, "pin text %q", pin)
	number, err := strconv.Atoi(m[1])
	require.NoError(t, err)
	return number, m[2]
}

// socOffset is the offset of "GPIO23" or "PC11".
func socOffset(t *testing.T, name string) int {
	t.Helper()
	if digits, ok := strings.CutPrefix(name, "GPIO"); ok {
		n, err := strconv.Atoi(digits)
		require.NoError(t, err)
		return n
	}
	n, err := strconv.Atoi(name[2:])
	require.NoError(t, err)
	return int(name[1]-'A')*32 + n
}

// The notes offer lines for more amplifiers;
// they must not be in use and must be on the header where the note says.
func TestNotesOfferFreeLines(t *testing.T) {
	offer := regexp.MustCompile(`line (\d+) \(header pin (\d+)\)`)
	onHeader := map[string]map[int]int{ // header pin -> offset
		"rpi":            {22: 25, 15: 22},
		"orangepi-pc":    {33: 9, 35: 10},
		"orangepi-zero3": {8: 7*32 + 2, 10: 7*32 + 3},
		"nanopi-neo":     {16: 6*32 + 8, 18: 6*32 + 9},
	}
	for _, b := range board.All() {
		header := onHeader[b.Name]
		if strings.HasPrefix(b.Name, "rpi") {
			header = onHeader["rpi"]
		}
		found := 0
		for _, note := range b.Notes {
			for _, m := range offer.FindAllStringSubmatch(note, -1) {
				line, _ := strconv.Atoi(m[1])
				pin, _ := strconv.Atoi(m[2])
				require.Equal(t, header[pin], line, "%s: %s", b.Name, note)
				for text, used := range pins(b) {
					offset, _ := used.Offset()
					require.NotEqual(t, line, offset, "%s: line %d is %s already", b.Name, line, text)
				}
				found++
			}
		}
		require.Equal(t, len(header), found, b.Name)
	}
}
