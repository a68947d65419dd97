//go:build boardvm

package gpio_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"loa/tools/boardvm/boardtest"
	"loa/tools/boardvm/machine"
)

// The tests of kernel_linux_test.go on emulated boards, whose PL061 has lines
// with nothing on them and a power button that can be pressed.

func TestOnAnEmulatedARMv7Board(t *testing.T) { onBoard(t, machine.ARMv7) }
func TestOnAnEmulatedARM64Board(t *testing.T) { onBoard(t, machine.ARM64) }

func onBoard(t *testing.T, arch machine.Arch) {
	vm := boardtest.Boot(t, arch, "gpio.test")
	t.Run("lines are driven and read back", func(t *testing.T) {
		var log bytes.Buffer
		err := vm.Stream(t.Context(), &log, "LOA_GPIO_CHIP=gpiochip0 LOA_GPIO_LINES=4,5,6 gpio.test -test.v -test.run IsAChip")
		require.NoError(t, err, log.String())
		pins, err := vm.Pins()
		require.NoError(t, err)
		require.NotEmpty(t, pins, "the chip's own trace shows the levels")
	})
	t.Run("presses are counted", func(t *testing.T) {
		_, err := vm.Run(t.Context(), "for d in /sys/bus/platform/drivers/gpio-keys/*keys*; do [ -e $d ] && basename $d > ${d%/*}/unbind; done; true")
		require.NoError(t, err)
		ctx, stop := context.WithCancel(t.Context())
		pressed := make(chan struct{})
		go func() { // a finger, until the test in the guest has seen enough
			defer close(pressed)
			tick := time.NewTicker(300 * time.Millisecond)
			defer tick.Stop()
			for ctx.Err() == nil {
				_ = vm.PressPower(ctx)
				select {
				case <-tick.C:
				case <-ctx.Done():
				}
			}
		}()
		var log bytes.Buffer
		err = vm.Stream(t.Context(), &log, "LOA_GPIO_CHIP=gpiochip0 LOA_GPIO_PULSED=3 gpio.test -test.v -test.run ReportsPresses")
		stop()
		<-pressed
		require.NoError(t, err, log.String())
	})
}
