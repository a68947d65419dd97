package device

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"loa"
	"loa/scheduler"
)

// localOrigin is what the plan file of the device is known by.
var localOrigin = scheduler.Origin{KID: "local"}

// localPlan is what reading the plan file gave.
type localPlan struct {
	plan *loa.Plan
	err  error
}

// planEvery is how often the plan file is looked at. Reading its time costs
// nothing, and people expect a changed schedule to count soon.
const planEvery = 5 * time.Second

// copySettles is how long a file must have been the same before it counts: long
// enough for the pauses of a copy over a mobile network. A file whose time is
// older counts at once.
const copySettles = 10 * time.Second

// watchPlan reads the plan file, and again whenever it or the folder of sounds
// changes.
func (d *Device) watchPlan(ctx context.Context) error {
	if d.cfg.Local.Plan == "" {
		return nil
	}
	tick := time.NewTicker(planEvery)
	defer tick.Stop()
	folder := OpenFolder(d.cfg.Local.MediaDir)
	folder.settle = copySettles
	folder.Remember(d.loadNames())
	last, sounds := "", ""
	for {
		changed, err := folder.Scan()
		if err != nil {
			d.log.Debug("folder of sounds not read", "dir", d.cfg.Local.MediaDir, "err", err) // the cache says it once
		}
		stamp := fileStamp(d.cfg.Local.Plan)
		if changed || stamp != last {
			plan, err := ReadPlan(d.cfg.Local.Plan, folder)
			d.saveNames(folder.Names())
			if keys := soundKeys(plan); stamp != last || keys != sounds {
				last, sounds = stamp, keys
				select {
				case d.plans <- localPlan{plan, err}:
				case <-ctx.Done():
				}
			}
			d.cache.rescan()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// soundKeys tells plans of one file apart by the sounds they got, so that what
// else happens in the folder does not put the same plan in force again.
func soundKeys(p *loa.Plan) string {
	var b strings.Builder
	if p != nil {
		for _, it := range p.Items {
			for _, m := range it.Media {
				b.WriteString(scheduler.MediaKey(m) + "\n")
			}
		}
	}
	return b.String()
}

func fileStamp(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(info.Size(), info.ModTime().UnixNano())
}

// ReadPlan reads a plan file (a loa-plan payload, unsigned). Media named by
// "file" get the digest of that file in the folder; one that is not there
// keeps its name only, so the item is reported missing and the others play.
func ReadPlan(path string, folder *Folder) (*loa.Plan, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	if info.Size() > loa.MaxDocument {
		return nil, fmt.Errorf("plan %s: %w: %d bytes; allowed: at most %d", path, loa.ErrTooLarge, info.Size(), loa.MaxDocument)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	plan, err := loa.ParsePlan(b)
	if err == nil {
		err = scheduler.CheckPlan(plan)
	}
	if err != nil {
		return nil, fmt.Errorf("plan %s: %w", path, err)
	}
	for i := range plan.Items {
		nameDigests(plan.Items[i].Media, folder)
	}
	return plan, nil
}

func nameDigests(media []loa.Media, folder *Folder) {
	for i, m := range media {
		if m.SHA256 != "" {
			continue
		}
		if sha, ok := folder.Digest(m.File); ok {
			media[i].SHA256 = sha
		}
	}
}

// applyLocal puts a plan that was read in force; a wrong one leaves the old.
func (d *Device) applyLocal(t instant, p localPlan) {
	err := p.err
	if err == nil {
		err = d.core.ApplyLocal(t.Now, p.plan)
	}
	if err != nil {
		d.core.faults.set(t.Wall, faultPlan, oneLine(err))
		d.core.record(t.Wall, loa.EventRefused, struct {
			Kind   string `json:"kind"`
			Reason string `json:"reason"`
		}{"plan", oneLine(err)})
		return
	}
	d.core.faults.set(t.Wall, faultPlan, "")
	d.core.record(t.Wall, loa.EventAccepted, struct {
		Kind    string   `json:"kind"`
		Seq     uint64   `json:"seq"`
		Items   int      `json:"items"`
		Ignored []string `json:"ignored,omitempty"`
	}{"plan", p.plan.Seq, len(p.plan.Items), p.plan.Unknown})
}

// oneLine makes one line of an error that joins several.
func oneLine(err error) string {
	if errors.Is(err, os.ErrNotExist) {
		return err.Error() + " (write the plan there; it is read again every " + planEvery.String() + ")"
	}
	return strings.ReplaceAll(err.Error(), "\n", "; ")
}
