package device

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"loa"
	"loa/scheduler"
	"loa/store"
)

// Names of values in the state database.
const (
	keyMemory = "scheduler.memory" // JSON of scheduler.Memory
	keyBoot   = "boot.count"
	keyNames  = "local.names" // JSON: digest of each file that the plan names
	keyClean  = "boot.clean"  // "yes" while the daemon is down in good order
)

// openStore opens the databases and reads what earlier runs left.
func (d *Device) openStore() error {
	s, err := store.Open(d.cfg.DataDir, store.Options{Log: d.log, AudioBudget: d.cfg.Store.AudioBudget})
	if err != nil {
		return fmt.Errorf("data_dir: %w", err)
	}
	d.store = s
	d.clean = string(d.load(keyClean)) == "yes"
	if d.boot, err = s.Increment(keyBoot); err != nil {
		d.log.Error("start not counted", "err", err)
	}
	d.reason = d.bootReason()
	if err := s.Put(keyClean, []byte("no")); err != nil {
		d.log.Error("start not noted", "err", err)
	}
	d.trust = trust{source: clockNone, floor: d.loadTime(keyTrusted), rtc: d.rtc()}
	if d.trust.floor.Before(buildTime) {
		d.trust.floor = buildTime
	}
	d.trust.rtcOK = !d.loadTime(keyRTC).IsZero()
	if d.board.Name == simBoard {
		d.trust.source = clockGiven
	}
	return nil
}

// lasting are the happenings at opening that stay true while the store is
// open.
var lasting = map[store.What]string{
	store.ReadOnly:    "the disk takes no writes",
	store.InMemory:    "nothing can be stored: the state ends with the daemon",
	store.Unavailable: "there is no sound cache; sounds are played from their folder",
}

// storageTrouble says what is wrong with the databases and the cache.
func (d *Device) storageTrouble() string {
	for _, r := range d.store.Recovered() {
		if text, ok := lasting[r.What]; ok {
			return r.File + ": " + text
		}
	}
	return d.cache.trouble()
}

// rtc is the clock chip to believe and to set, "" for none.
func (d *Device) rtc() string {
	if d.cfg.Clock.RTC != "auto" {
		return d.cfg.Clock.RTC
	}
	if !d.board.RTC.Battery {
		return ""
	}
	return d.board.RTC.Path
}

func (d *Device) closeStore() {
	if err := d.store.Put(keyClean, []byte("yes")); err != nil {
		d.log.Error("end not noted", "err", err)
	}
	if err := d.store.Close(); err != nil {
		d.log.Error("store not closed", "err", err)
	}
}

// load reads a value; one that is not there or cannot be read is empty.
func (d *Device) load(name string) []byte {
	b, err := d.store.Get(name)
	if err != nil {
		return nil
	}
	return b
}

func (d *Device) loadTime(name string) time.Time {
	t, err := time.Parse(time.RFC3339, string(d.load(name)))
	if err != nil {
		return time.Time{}
	}
	return t
}

// saveTrusted remembers a time that was right, so that no clock may show less
// after a restart, and whether the RTC agrees with it.
func (d *Device) saveTrusted(now time.Time) error {
	d.saved = now
	text := []byte(now.UTC().Format(time.RFC3339))
	return d.store.Update(func(tx *store.Tx) error {
		if err := tx.Put(keyTrusted, text); err != nil {
			return err
		}
		if d.trust.rtcAgrees(now) {
			return tx.Put(keyRTC, text)
		}
		return tx.Delete(keyRTC) // a clock that ran wrong is not believed after the next start
	})
}

func (d *Device) saveMemory(m scheduler.Memory) error {
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return d.store.Put(keyMemory, b)
}

func (d *Device) loadMemory() (m scheduler.Memory) {
	if b := d.load(keyMemory); len(b) > 0 {
		if err := json.Unmarshal(b, &m); err != nil {
			d.log.Error("the schedule's memory is damaged; it starts empty", "err", err)
			return scheduler.Memory{}
		}
	}
	return m
}

// loadNames are the digests of the plan's files as last seen.
func (d *Device) loadNames() (names map[string]string) {
	if err := json.Unmarshal(d.load(keyNames), &names); err != nil {
		return nil // never saved, or damaged: the files themselves will tell
	}
	return names
}

// saveNames stores them when they have changed.
func (d *Device) saveNames(names map[string]string) {
	b, err := json.Marshal(names)
	if err != nil || len(names) == 0 || string(b) == string(d.load(keyNames)) {
		return
	}
	if err := d.store.Put(keyNames, b); err != nil {
		d.log.Error("names of sounds not saved", "err", err)
	}
}

var _ Journal = (*Device)(nil)

// Record writes an event to the outbox.
func (d *Device) Record(at time.Time, typ loa.EventType, detail any) error {
	e := store.Event{Type: typ, At: at, Members: detail}
	err := d.store.Update(func(tx *store.Tx) error {
		_, err := tx.Append(e)
		return err
	})
	if d.Tee != nil {
		if err := d.Tee.Record(at, typ, detail); err != nil {
			return err
		}
	}
	return err
}

// recentEvents are the newest n events that wait in the outbox.
func (d *Device) recentEvents(n int) ([][]byte, error) {
	last, err := d.store.Last()
	if err != nil {
		return nil, err
	}
	from := last.Acked
	if last.N > from+uint64(n) {
		from = last.N - uint64(n)
	}
	entries, err := d.store.Pending(last.Log, from, n)
	if err != nil {
		return nil, err
	}
	out := make([][]byte, len(entries))
	for i, e := range entries {
		out[i] = e.JSON
	}
	return out, nil
}

// bootReason says why this run began: for the first time, after power came, after an orderly end
// of the daemon, or after it died while the board went on.
func (d *Device) bootReason() string {
	switch up := uptime(); {
	case d.boot <= 1:
		return "first"
	case up > 0 && up < 3*time.Minute:
		return "power"
	case d.clean:
		return "restart"
	}
	return "crash"
}

// uptime of the machine, 0 when it is not known (proc(5)).
func uptime() time.Duration {
	b, err := os.ReadFile("/proc/uptime")
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(b), " ")
	d, err := time.ParseDuration(first + "s")
	if err != nil {
		return 0
	}
	return d
}
