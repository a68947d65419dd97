package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"loa"
	"loa/cmd/internal/cli"
	"loa/cmd/internal/device"
)

type jsonFlag struct {
	JSON bool `name:"json" help:"Machine-readable, with stable member names."`
}

type statusCmd struct{ jsonFlag }

// Run prints the status.
func (v statusCmd) Run(ctx context.Context, c *client, w words, out io.Writer) error {
	b, err := c.call(ctx, http.MethodGet, "/v1/status", nil)
	if err != nil {
		return err
	}
	if v.JSON {
		_, err := out.Write(b)
		return err
	}
	var st loa.Status
	if err := json.Unmarshal(b, &st); err != nil {
		return fmt.Errorf("status: %w", err)
	}
	printStatus(out, w, st)
	return nil
}

type selftestCmd struct{ jsonFlag }

// errSelftest makes the exit code 1 when a line failed.
var errSelftest = errors.New("self-test: not everything is in order")

// Run sounds a tone through each amplifier and prints a line for each check.
func (v selftestCmd) Run(ctx context.Context, c *client, w words, out io.Writer) error {
	if !v.JSON {
		fmt.Fprintln(out, w.listen)
	}
	b, err := c.call(ctx, http.MethodPost, "/v1/selftest", nil)
	if err != nil {
		return err
	}
	var rep device.SelftestReport
	if err := json.Unmarshal(b, &rep); err != nil {
		return fmt.Errorf("self-test: %w", err)
	}
	if v.JSON {
		_, err = out.Write(b)
	} else {
		printSelftest(out, w, rep)
	}
	if err == nil && !rep.OK {
		err = errSelftest
	}
	return err
}

type clockCmd struct {
	Set clockSetCmd `cmd:"" help:"Set the clock by hand, when there is no network to set it."`
}

type clockSetCmd struct {
	Time string `arg:"" help:"RFC 3339 with zone, as 2026-11-22T05:00:00+07:00, or \"now\" for the time of this machine."`
}

// Run sets the device's clock.
func (v clockSetCmd) Run(ctx context.Context, c *client, w words, out io.Writer) error {
	t := time.Now()
	if v.Time != "now" {
		var err error
		if t, err = time.Parse(time.RFC3339, v.Time); err != nil {
			return fmt.Errorf("%w: time %q is not allowed; allowed: RFC 3339 with zone such as 2026-11-22T05:00:00+07:00, or now", cli.ErrUsage, v.Time)
		}
	}
	if _, err := c.call(ctx, http.MethodPost, "/v1/clock", map[string]time.Time{"time": t}); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "%s %s\n", w.clockSet, t.Format(time.RFC3339))
	return err
}

type scheduleCmd struct{ jsonFlag }

// Run prints what comes next.
func (v scheduleCmd) Run(ctx context.Context, c *client, w words, out io.Writer) error {
	b, err := c.call(ctx, http.MethodGet, "/v1/plan", nil)
	if err != nil {
		return err
	}
	if v.JSON {
		_, err := out.Write(b)
		return err
	}
	var items []device.ComingItem
	if err := json.Unmarshal(b, &items); err != nil {
		return fmt.Errorf("schedule: %w", err)
	}
	printSchedule(out, w, items)
	return nil
}

type logCmd struct{}

// Run prints the newest events, one JSON object a line.
func (logCmd) Run(ctx context.Context, c *client, out io.Writer) error {
	b, err := c.call(ctx, http.MethodGet, "/v1/log", nil)
	if err != nil {
		return err
	}
	_, err = out.Write(b)
	return err
}
