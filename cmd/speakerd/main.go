// Command speakerd is the daemon of one loudspeaker cluster: it plays the
// schedule, switches the amplifiers and reports what was heard.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"text/tabwriter"

	"loa/board"
	"loa/cmd/internal/device"
	"loa/cmd/internal/exit"
)

const description = `The daemon of one loudspeaker cluster (cụm loa truyền thanh).

Examples:
  speakerd check --config /etc/loa/speakerd.toml   is everything in order?
  speakerd run --config /etc/loa/speakerd.toml     run (systemd does this)
  speakerd off --config /etc/loa/speakerd.toml     all amplifiers off, now
  speakerd boards                                  which pins on which board

A commented configuration: speakerd check --reference`

func main() { exit.Main(speakerd) }

// configFlag is shared by the verbs that need a configuration.
type configFlag struct{ path string }

func (f *configFlag) flags(fs *flag.FlagSet) {
	fs.StringVar(&f.path, "config", "", "Configuration `FILE` (TOML). Required.")
}

// load reads the configuration and the board it names.
func (f configFlag) load() (device.Config, board.Board, error) {
	if f.path == "" {
		return device.Config{}, board.Board{}, fmt.Errorf("%w: --config: missing; allowed: a configuration file", exit.ErrUsage)
	}
	cfg, err := device.LoadConfig(f.path)
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
	supervise oneOf
}

func (c *runCmd) flags(fs *flag.FlagSet) {
	c.configFlag.flags(fs)
	c.supervise = oneOf{"auto", []string{"auto", "yes", "no"}}
	fs.Var(&c.supervise, "supervise", "Run below a parent that switches the amplifiers off should the\ndaemon die: `auto|yes|no`. auto, the default: unless systemd does it.")
}

// run runs the daemon, or the parent that watches over it.
func (c *runCmd) run(ctx context.Context, _ io.Writer) error {
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

func (c *runCmd) supervised() bool {
	if os.Getenv(childEnv) != "" || c.supervise.value == "no" {
		return false
	}
	return c.supervise.value == "yes" || os.Getenv("NOTIFY_SOCKET") == ""
}

func logger(cfg device.Config) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(cfg.LogLevel)) // checked by the configuration
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
}

type offCmd struct{ configFlag }

// run switches every amplifier of the board off.
func (c *offCmd) run(context.Context, io.Writer) error {
	cfg, b, err := c.load()
	if err != nil {
		return err
	}
	return device.AllOff(cfg, b)
}

type boardsCmd struct{ json bool }

func (c *boardsCmd) flags(fs *flag.FlagSet) {
	fs.BoolVar(&c.json, "json", false, "Machine-readable.")
}

// run lists the profiles.
func (c *boardsCmd) run(_ context.Context, out io.Writer) error {
	if c.json {
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

func (versionCmd) flags(*flag.FlagSet) {}

// run prints the version.
func (versionCmd) run(_ context.Context, out io.Writer) error {
	_, err := fmt.Fprintln(out, "speakerd", device.Version)
	return err
}
