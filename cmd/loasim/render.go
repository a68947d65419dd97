package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sort"
	"time"

	"loa"
	"loa/board"
	"loa/cmd/internal/cli"
	"loa/cmd/internal/device"
	"loa/scheduler"
)

type renderCmd struct {
	Plan  string        `required:"" placeholder:"FILE" help:"Plan (loa-plan payload, JSON, unsigned)."`
	Media string        `required:"" placeholder:"DIR" help:"Folder with the sounds; they are found by digest."`
	From  string        `required:"" placeholder:"TIME" help:"Where time begins, RFC 3339."`
	For   time.Duration `required:"" placeholder:"DURATION" help:"How long, as 24h or 90m; at most 8784h."`
	Out   string        `required:"" placeholder:"DIR" help:"Folder for what comes out; made when missing."`
	Board string        `default:"sim" help:"Board whose amplifiers are switched (speakerd boards)."`
	Air   []string      `placeholder:"FILE" help:"What comes on air (loa-air payload); each at the moment of its iat. May be repeated." sep:"none"`
}

const maxRender = 366 * 24 * time.Hour

// Run renders one device in virtual time.
func (c renderCmd) Run(ctx context.Context, out io.Writer) error {
	from, err := time.Parse(time.RFC3339, c.From)
	if err != nil {
		return fmt.Errorf("%w: --from %q is not allowed; allowed: RFC 3339 such as 2026-11-22T00:00:00+07:00", cli.ErrUsage, c.From)
	}
	if c.For <= 0 || c.For > maxRender {
		return fmt.Errorf("%w: --for %s is not allowed; allowed: 1ns to %s", cli.ErrUsage, c.For, maxRender)
	}
	b, err := board.Lookup(c.Board)
	if err != nil {
		return fmt.Errorf("%w: --board: %w", cli.ErrUsage, err)
	}
	folder := device.OpenFolder(c.Media)
	if _, err := folder.Scan(); err != nil {
		return fmt.Errorf("%w: --media: %w", cli.ErrUsage, err)
	}
	plan, err := device.ReadPlan(c.Plan, folder)
	if err != nil {
		return fmt.Errorf("%w: --plan: %w", cli.ErrUsage, err)
	}
	airs, err := readAirs(c.Air)
	if err != nil {
		return fmt.Errorf("%w: --air: %w", cli.ErrUsage, err)
	}
	began := time.Now()
	r, err := newRendering(c.Out, b, folder, from)
	if err != nil {
		return err
	}
	err = r.run(ctx, plan, airs, c.For)
	if err := errors.Join(err, r.close()); err != nil {
		return err
	}
	took := time.Since(began)
	_, err = fmt.Fprintf(out, "%s rendered in %s: %d stretches of sound, %s in all; see %s\n",
		c.For, took.Round(time.Millisecond), r.sound.count, r.sound.total.Round(time.Millisecond), filepath.Join(c.Out, "sound.csv"))
	return err
}

// readAirs reads what comes on air, in the order in which it was issued.
func readAirs(paths []string) ([]*loa.Air, error) {
	var out []*loa.Air
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			return nil, err
		}
		a, err := loa.ParseAir(b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p, err)
		}
		out = append(out, a)
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Iat.Before(out[j].Iat) })
	return out, nil
}

// rendering is one device in virtual time. Nothing in it waits: time jumps to
// the next wake of the core while nothing sounds, and advances by what was
// pulled while something does.
type rendering struct {
	*device.Virtual
	from   time.Time
	sound  *soundFiles
	gpio   *os.File
	events *os.File
}

func newRendering(dir string, b board.Board, folder *device.Folder, from time.Time) (*rendering, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	r := &rendering{from: from}
	var err error
	if r.sound, err = newSoundFiles(dir); err != nil {
		return nil, err
	}
	if r.gpio, err = os.Create(filepath.Join(dir, "gpio.csv")); err != nil {
		return nil, err
	}
	if r.events, err = os.Create(filepath.Join(dir, "events.jsonl")); err != nil {
		return nil, err
	}
	fmt.Fprintln(r.gpio, "t_ns,line,value")
	r.Virtual, err = device.NewVirtual(device.VirtualConfig{
		Board: b, Folder: folder, From: from, Log: slog.New(slog.DiscardHandler),
		Journal: &device.Lines{Device: "sim", W: r.events},
		Pin: func(at time.Duration, line string, value int) {
			fmt.Fprintf(r.gpio, "%d,%s,%d\n", at.Nanoseconds(), line, value)
		},
		Sound: r.sound.add,
	})
	return r, err
}

// localOrigin is what the plan and what is on air are known by.
func origin(aud string) scheduler.Origin { return scheduler.Origin{KID: "local", Aud: aud} }

func (r *rendering) run(ctx context.Context, plan *loa.Plan, airs []*loa.Air, length time.Duration) error {
	if err := r.ApplyPlan(origin(""), plan); err != nil {
		return fmt.Errorf("%w: --plan: %w", cli.ErrUsage, err)
	}
	for _, a := range airs {
		if at := a.Iat.Sub(r.from); at < length {
			if err := r.Advance(ctx, max(at, 0)); err != nil {
				return err
			}
			if err := r.ApplyAir(origin(a.Aud), a); err != nil {
				return fmt.Errorf("%w: --air: %w", cli.ErrUsage, err)
			}
		}
	}
	return r.Advance(ctx, length)
}

func (r *rendering) close() error {
	return errors.Join(r.Close(), r.sound.close(), r.gpio.Close(), r.events.Close())
}
