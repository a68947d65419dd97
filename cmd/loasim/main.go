// Command loasim runs clusters without hardware: one in virtual time to see
// what a plan does, or in real time as a demonstration.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"loa/cmd/internal/device"
)

type cli struct {
	Render  renderCmd  `cmd:"" help:"Play a plan in virtual time, faster than real time, into files."`
	Demo    demoCmd    `cmd:"" help:"Run one simulated cluster in real time and show what it does."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

const description = `Clusters without hardware, with the device's own code.

Examples:
  loasim render --plan plan.json --media sounds --from 2026-11-22T00:00:00+07:00 --for 24h --out day
      what would a device do on that day? Writes day/sound.csv, day/gpio.csv, day/events.jsonl and a WAV for each stretch of sound.
  loasim render --plan plan.json --air alert.json --media sounds --from 2026-11-22T05:00:00+07:00 --for 2h --out night
      the same with an alert; it arrives at the moment of its "iat".
  loasim demo --out demo
      one cluster in real time for a minute`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// errUsage is wrapped by errors about what was typed or what a file holds.
var errUsage = errors.New("usage")

// run is main with its world passed in. It returns the exit code: 0 done,
// 1 failed, 2 usage.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	var c cli
	exit := -1
	p, err := kong.New(&c, kong.Name("loasim"), kong.Description(description), kong.UsageOnError(),
		kong.Writers(out, errOut), kong.Exit(func(code int) { exit = code }),
		kong.BindTo(out, (*io.Writer)(nil)), kong.BindTo(ctx, (*context.Context)(nil)))
	if err != nil {
		fmt.Fprintln(errOut, "loasim:", err)
		return 1
	}
	k, err := p.Parse(args)
	if exit >= 0 {
		return exit
	}
	if err != nil {
		fmt.Fprintf(errOut, "loasim: %v\nTry: loasim --help\n", err)
		return 2
	}
	if err := k.Run(); err != nil {
		fmt.Fprintln(errOut, "loasim:", err)
		if errors.Is(err, errUsage) {
			return 2
		}
		return 1
	}
	return 0
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(out io.Writer) error {
	_, err := fmt.Fprintln(out, "loasim", device.Version)
	return err
}
