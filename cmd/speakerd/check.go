package main

import (
	_ "embed"
	"fmt"
	"io"

	"loa"
	"loa/cmd/internal/device"
)

//go:embed reference.toml
var reference string

type checkCmd struct {
	Config    string `placeholder:"FILE" help:"Configuration file (TOML)."`
	Reference bool   `help:"Print a commented configuration with every key and its default."`
}

// Run checks all that can be checked without touching the hardware.
func (c checkCmd) Run(out io.Writer) error {
	if c.Reference {
		_, err := io.WriteString(out, reference)
		return err
	}
	if c.Config == "" {
		return fmt.Errorf("%w: --config: missing; allowed: a configuration file", device.ErrConfig)
	}
	cfg, b, err := configFlag{c.Config}.load()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "configuration  ok   %s\n", c.Config)
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

// checkSounds reads every sound that the plan names.
func checkSounds(out io.Writer, plan *loa.Plan, folder *device.Folder) error {
	bad := 0
	for _, it := range plan.Items {
		for _, m := range it.Media {
			info, err := device.ProbeSound(folder, m)
			if err != nil {
				bad++
				fmt.Fprintf(out, "sound          BAD  item %s: %v\n", it.ID, err)
				continue
			}
			fmt.Fprintf(out, "sound          ok   item %s: %s\n", it.ID, info)
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d sounds cannot be played; the other items will", bad)
	}
	return nil
}
