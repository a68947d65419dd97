// Command loasim runs clusters without hardware: one in virtual time to see
// what a plan does, or in real time as a demonstration.
package main

import (
	"fmt"
	"io"

	"loa/cmd/internal/cli"
	"loa/cmd/internal/device"
)

type verbs struct {
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

func main() { program().Main() }

func program() cli.Program {
	return cli.Program{Name: "loasim", Description: description, Grammar: &verbs{}}
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(out io.Writer) error {
	_, err := fmt.Fprintln(out, "loasim", device.Version)
	return err
}
