package gpio_test

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/warthog618/go-gpiocdev"

	"loa/gpio"
)

// TestTheKernelIsAChip runs the same body on real lines: set LOA_GPIO_CHIP to
// a chip and LOA_GPIO_LINES to at least three of its lines that nothing is
// wired to. They are driven both ways. In the emulated board:
//
//	GOOS=linux GOARCH=arm GOARM=7 CGO_ENABLED=0 go test -c -o gpio.test ./gpio
//	LOA_GPIO_CHIP=gpiochip0 LOA_GPIO_LINES=4,5,6 ./gpio.test -test.v -test.run Kernel
func TestTheKernelIsAChip(t *testing.T) {
	chip, list := os.Getenv("LOA_GPIO_CHIP"), os.Getenv("LOA_GPIO_LINES")
	if chip == "" || list == "" {
		t.Skip("elsewhere: board-test drives the lines of an emulated board; on a real one set LOA_GPIO_CHIP=gpiochip0 and LOA_GPIO_LINES=4,5,6 to lines with nothing on them")
	}
	var lines []int
	for field := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(field)
		require.NoError(t, err, "LOA_GPIO_LINES")
		lines = append(lines, n)
	}
	require.GreaterOrEqual(t, len(lines), 3, "LOA_GPIO_LINES needs three")

	c, err := gpiocdev.NewChip(chip)
	require.NoError(t, err)
	t.Logf("%s is %q with %d lines, uAPI v%d", c.Name, c.Label, c.Lines(), c.UapiAbiVersion())
	info, err := c.LineInfo(lines[0])
	require.NoError(t, err)
	count, label := c.Lines(), c.Label
	require.NoError(t, c.Close())

	for _, name := range []string{chip, "/dev/" + chip, label} {
		t.Run("opened as "+strings.ReplaceAll(name, "/", "_"), func(t *testing.T) {
			testChip(t, func(*testing.T) rig {
				return rig{opener: gpio.Kernel{}, chip: name, lines: lines, count: count, named: info.Name}
			})
		})
	}
}

func TestTheKernelNamesAChipThatIsNotThere(t *testing.T) {
	for _, name := range []string{"gpiochip250", "no such label", ""} {
		_, err := gpio.Kernel{}.Open(name)
		require.ErrorIs(t, err, gpio.ErrNoChip)
		require.ErrorContains(t, err, strconv.Quote(name))
	}
}

// TestTheKernelReportsPresses waits for somebody to pulse the line
// LOA_GPIO_PULSED of LOA_GPIO_CHIP a few times. On the emulated board that is
// line 3, the power button: `system_powerdown` on QEMU's monitor, where no
// driver has taken the line.
func TestTheKernelReportsPresses(t *testing.T) {
	chip, line := os.Getenv("LOA_GPIO_CHIP"), os.Getenv("LOA_GPIO_PULSED")
	if chip == "" || line == "" {
		t.Skip("elsewhere: board-test presses the button of an emulated board; on a real one set LOA_GPIO_CHIP=gpiochip0 and LOA_GPIO_PULSED=3 and pulse it")
	}
	offset, err := strconv.Atoi(line)
	require.NoError(t, err, "LOA_GPIO_PULSED")
	for _, debounce := range []time.Duration{0, 20 * ms} {
		in, err := gpio.NewInputs(gpio.Kernel{}, "loa test", []gpio.InputSpec{
			{Name: "button", Chip: chip, Line: gpio.Line{Offset: offset}, Debounce: debounce},
		})
		require.NoError(t, err)
		require.NoError(t, in.Open())
		t.Logf("pulse line %d now", offset)
		presses, patience := 0, time.After(time.Minute)
		for presses < 2 {
			select {
			case <-in.Changes():
			case <-patience:
				t.Fatalf("no two presses in a minute: %+v", in.State())
			}
			for _, c := range in.Take() {
				presses += c.Activations
			}
		}
		require.NoError(t, in.Close())
	}
}
