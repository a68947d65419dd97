// Command speakerd is the daemon of one loudspeaker cluster: it plays the
// schedule, switches the amplifiers and reports what was heard.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"text/tabwriter"

	"loa/board"
	"loa/cmd/internal/cli"
	"loa/cmd/internal/device"
)

type verbs struct {
	Run     runCmd     `cmd:"" help:"Run the cluster until a signal ends it."`
	Check   checkCmd   `cmd:"" help:"Check the configuration, the plan and the sounds, and say what is wrong."`
	Off     offCmd     `cmd:"" help:"Switch all amplifiers off, now. For systemd's ExecStopPost and for people."`
	Boards  boardsCmd  `cmd:"" help:"List the boards this build knows, with their pins."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

const description = `The daemon of one loudspeaker cluster (cụm loa truyền thanh).

Examples:
  speakerd check --config /etc/loa/speakerd.toml   is everything in order?
  speakerd run --config /etc/loa/speakerd.toml     run (systemd does this)
  speakerd off --config /etc/loa/speakerd.toml     all amplifiers off, now
  speakerd boards                                  which pins on which board

A commented configuration: speakerd check --reference`

func main() { program().Main() }

func program() cli.Program {
	return cli.Program{Name: "speakerd", Description: description, Grammar: &verbs{}, Usage: []error{device.ErrConfig}}
}

// configFlag is shared by the verbs that need a configuration.
type configFlag struct {
	Config string `required:"" placeholder:"FILE" help:"Configuration file (TOML)."`
}

// load reads the configuration and the board it names.
func (f configFlag) load() (device.Config, board.Board, error) {
	cfg, err := device.LoadConfig(f.Config)
	if err != nil {
		return cfg, board.Board{}, err
	}
	if err := device.CheckOutput(cfg); err != nil {
		return cfg, board.Board{}, err
	}
	b, err := device.FindBoard(cfg, os.DirFS("/"))
	return cfg, b, err
}

type runCmd struct {
	configFlag
	Supervise string `enum:"auto,yes,no" default:"auto" help:"Run below a parent that switches the amplifiers off should the daemon die: auto (unless systemd does it), yes or no."`
}

// Run runs the daemon, or the parent that watches over it.
func (c runCmd) Run(ctx context.Context) error {
	cfg, b, err := c.load()
	if err != nil {
		return err
	}
	log := logger(cfg)
	if c.supervised() {
		return supervise(log, cfg, b)
	}
	debug.SetGCPercent(50) // 512 MB boards: memory counts for more than the collector's time
	return device.New(cfg, b, log).Run(ctx)
}

func (c runCmd) supervised() bool {
	if os.Getenv(childEnv) != "" || c.Supervise == "no" {
		return false
	}
	return c.Supervise == "yes" || os.Getenv("NOTIFY_SOCKET") == ""
}

func logger(cfg device.Config) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(cfg.LogLevel)) // checked by the configuration
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
}

type offCmd struct{ configFlag }

// Run switches every amplifier of the board off.
func (c offCmd) Run() error {
	cfg, b, err := c.load()
	if err != nil {
		return err
	}
	return device.AllOff(cfg, b)
}

type boardsCmd struct {
	JSON bool `name:"json" help:"Machine-readable."`
}

// Run lists the profiles.
func (c boardsCmd) Run(out io.Writer) error {
	if c.JSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(board.All())
	}
	for _, b := range board.All() {
		fmt.Fprintf(out, "%s  (%s)\n", b.Name, b.Model)
		tw := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
		for _, a := range b.Amps {
			fmt.Fprintf(tw, "  %s\t%s %s\t%s\tsettle %s, tail %s\n", a.Label, b.ChipOf(a.Chip), a.Line, a.Pin, a.Settle, a.Tail)
		}
		for _, in := range b.Inputs {
			fmt.Fprintf(tw, "  %s\t%s %s\t%s\t\n", in.Kind, b.ChipOf(in.Chip), in.Line, in.Pin)
		}
		if err := tw.Flush(); err != nil {
			return err
		}
	}
	return nil
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(out io.Writer) error {
	_, err := fmt.Fprintln(out, "speakerd", device.Version)
	return err
}
