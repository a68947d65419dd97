package main

import (
	"context"
	_ "embed"
	"flag"
	"fmt"
	"io"

	"loa"
	"loa/cmd/internal/device"
)

//go:embed reference.toml
var reference string

type checkCmd struct {
	configFlag
	reference bool
}

func (c *checkCmd) flags(fs *flag.FlagSet) {
	c.configFlag.flags(fs)
	fs.BoolVar(&c.reference, "reference", false, "Print a commented configuration with every key and its default.")
}

// run checks all that can be checked without touching the hardware.
func (c *checkCmd) run(_ context.Context, out io.Writer) error {
	if c.reference {
		_, err := io.WriteString(out, reference)
		return err
	}
	cfg, b, err := c.load()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "configuration  ok   %s\n", c.path)
	fmt.Fprintf(out, "board          ok   %s (%s), %d amplifiers\n", b.Name, b.Model, len(b.Amps))
	fmt.Fprintf(out, "output         ok   %s\n", cfg.Audio)
	if cfg.Local.Plan == "" {
		return nil
	}
	folder := device.OpenFolder(cfg.Local.MediaDir)
	if _, err := folder.Scan(); err != nil {
		return fmt.Errorf("local.media_dir: %w", err)
	}
	plan, err := device.ReadPlan(cfg.Local.Plan, folder)
	if err != nil {
		return fmt.Errorf("%w: local.plan: %w", device.ErrConfig, err)
	}
	fmt.Fprintf(out, "plan           ok   %s, %d items\n", cfg.Local.Plan, len(plan.Items))
	for _, u := range plan.Unknown {
		fmt.Fprintf(out, "plan           note %s is not a member of a plan and is ignored\n", u)
	}
	return checkSounds(out, plan, folder)
}

// checkSounds judges every sound that the plan names.
func checkSounds(out io.Writer, plan *loa.Plan, folder *device.Folder) error {
	bad := 0
	for _, it := range plan.Items {
		for _, m := range it.Media {
			path, v, err := device.JudgeSound(folder, m)
			switch {
			case err != nil:
				bad++
				fmt.Fprintf(out, "sound          BAD  item %s: %v\n", it.ID, err)
			case v.Damage() != "":
				fmt.Fprintf(out, "sound          note item %s: %s: %s\n", it.ID, path, v)
			default:
				fmt.Fprintf(out, "sound          ok   item %s: %s: %s\n", it.ID, path, v)
			}
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d sounds cannot be played; the other items will", bad)
	}
	return nil
}
