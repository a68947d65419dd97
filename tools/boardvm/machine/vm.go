package machine

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Run runs a shell command in the guest and returns what it wrote, standard
// error included. A status other than 0 is an *ExitError. Several commands may
// run at once. A program that shall go on in the background needs its output
// redirected and "&".
func (vm *VM) Run(ctx context.Context, command string) (string, error) {
	return vm.agent.run(ctx, command)
}

// Stream is Run for a command that takes its time: what it writes goes to w,
// line by line, as it comes. One such command runs at a time; more wait.
func (vm *VM) Stream(ctx context.Context, w io.Writer, command string) error {
	return vm.agent.runTo(ctx, w, command)
}

// ReadFile fetches a file of the guest, up to a few MB.
func (vm *VM) ReadFile(ctx context.Context, path string) ([]byte, error) {
	out, err := vm.Run(ctx, "base64 "+Quote(path))
	if err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(strings.ReplaceAll(strings.TrimSpace(out), "\n", ""))
}

// WriteFile puts content at path in the guest, up to some 100 KB; larger files
// are given to Boot.
func (vm *VM) WriteFile(ctx context.Context, path string, content []byte) error {
	_, err := vm.Run(ctx, fmt.Sprintf("base64 -d >%s <<E\n%s\nE\n", Quote(path), base64.StdEncoding.EncodeToString(content)))
	return err
}

// Quote makes one word of s for the guest's shell.
func Quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// Pins returns every change of the GPIO outputs since the start, in order.
func (vm *VM) Pins() ([]PinChange, error) {
	trace, err := os.Open(vm.path("trace.log"))
	if err != nil {
		return nil, fmt.Errorf("pin trace: %w", err)
	}
	defer trace.Close()
	return parsePins(trace)
}

// Sound returns what the card has played since the start. The newest 21 ms may
// be missing: QEMU writes in blocks of 4096 bytes.
func (vm *VM) Sound() Sound { return vm.tap.snapshot() }

// Unplug pulls the USB sound card and returns when the guest has lost it.
func (vm *VM) Unplug(ctx context.Context) error {
	pulled := vm.monitor.expect("DEVICE_DELETED", "card")
	if _, err := vm.monitor.execute(ctx, "device_del", map[string]any{"id": "card"}); err != nil {
		return err
	}
	select {
	case <-pulled:
		return nil
	case <-vm.exited:
		return fmt.Errorf("unplug the sound card: %w", ErrGone)
	case <-ctx.Done():
		return fmt.Errorf("unplug the sound card: %w", context.Cause(ctx))
	}
}

// Replug plugs a sound card in again. The guest needs a moment to see it.
func (vm *VM) Replug(ctx context.Context) error {
	_, err := vm.monitor.execute(ctx, "device_add",
		map[string]any{"driver": "usb-audio", "id": "card", "bus": "usb.0", "audiodev": "sound", "buffer": cardBuffer})
	return err
}

// PressPower presses and releases the power button, which is line 3 of the
// board's GPIO chip (hw/arm/virt.c: 100 ms).
func (vm *VM) PressPower(ctx context.Context) error {
	_, err := vm.monitor.execute(ctx, "system_powerdown", nil)
	return err
}

// Console returns the last lines of the serial console: kernel messages and
// what /init said.
func (vm *VM) Console(lines int) string {
	text, err := os.ReadFile(vm.path("console.log"))
	if err != nil {
		return fmt.Sprintf("no console: %v", err)
	}
	all := strings.Split(strings.TrimSpace(strings.ReplaceAll(string(text), "\r", "")), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// Starved is how long the emulator's threads have waited for a processor of the
// host since the start, all added up: what the board could not do in time then
// was the host's fault. Zero when the kernel does not say.
func (vm *VM) Starved() time.Duration {
	var total time.Duration
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", vm.process.Process.Pid))
	for _, file := range files {
		text, _ := os.ReadFile(file) // a thread may end meanwhile
		total += waited(string(text))
	}
	return total
}

// waited is the second number of a schedstat file, nanoseconds spent waiting
// on a run queue (Documentation/scheduler/sched-stats.rst in the kernel).
func waited(schedstat string) time.Duration {
	fields := strings.Fields(schedstat)
	if len(fields) < 2 {
		return 0
	}
	ns, _ := strconv.ParseInt(fields[1], 10, 64)
	return time.Duration(ns)
}
