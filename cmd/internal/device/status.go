package device

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"loa"
	"loa/board"
	"loa/scheduler"
	"loa/speaker/alsa"
)

// snapshot is what the core knows of itself.
func (c *Core) snapshot(t instant) loa.Status {
	st := loa.Status{
		V: 1, At: t.Wall, State: c.state(),
		Have: loa.Have{Plan: maps.Clone(c.have.Plan), Air: maps.Clone(c.have.Air)}, GainDB: c.Options.GainDB,
		Faults: slices.Clone(c.faults.list), Amps: []loa.AmpStatus{},
		Cache: c.cacheCount(), Audio: c.audio(),
	}
	if st.Faults == nil {
		st.Faults = []loa.Fault{}
	}
	for _, a := range c.player.amps.state() {
		st.Amps = append(st.Amps, loa.AmpStatus{Label: a.Label, On: a.On, Fault: a.Fault})
	}
	if ps, ok := c.player.sounding(); ok {
		pr := ps.track.Progress()
		st.Playing = &loa.Playing{
			ID: ps.Item.ID, Class: ps.Item.Class, Level: ps.Item.Level, Title: ps.Item.Title,
			Since:    c.player.records[ps.Play].wall(t),
			Position: pr.Position.Seconds(),
		}
	}
	if up := c.coming(1); len(up) > 0 {
		st.Next = &loa.Upcoming{ID: up[0].ID, Title: up[0].Title, At: up[0].At}
	}
	return st
}

// state is what the device does, in one word.
func (c *Core) state() loa.State {
	if _, ok := c.player.sounding(); ok {
		return loa.StatePlaying
	}
	if len(c.faults.list) > 0 {
		return loa.StateFault
	}
	return loa.StateReady
}

// wall is the wall time at which a play began, by the clock as it is now.
func (r *record) wall(t instant) time.Time {
	if r.started.IsZero() {
		return time.Time{}
	}
	return t.Wall.Add(r.started.Sub(t.now()))
}

func (c *Core) cacheCount() loa.Cache {
	var out loa.Cache
	seen := map[string]bool{}
	for _, n := range c.sched.Needs(horizon) {
		sha := scheduler.MediaKey(n.Media)
		if seen[sha] {
			continue
		}
		seen[sha] = true
		out.Items++
		if c.sounds[sha].Ready {
			out.Cached++
			continue
		}
		out.Missing++
		out.BytesLeft += n.Media.Bytes
	}
	return out
}

func (c *Core) audio() *loa.AudioStatus {
	f, open := c.Speaker.Format()
	s := c.Speaker.Stats()
	return &loa.AudioStatus{Output: c.Output, Open: open, Rate: f.Rate, Channels: f.Channels,
		Xruns: s.Xruns, Underruns: s.Underruns, FramesLeft: int64(s.Left)}
}

// coming lists the next n occurrences.
func (c *Core) coming(n int) []ComingItem {
	out := []ComingItem{}
	for _, u := range c.sched.Upcoming(n) {
		out = append(out, ComingItem{ID: u.Item.ID, Title: u.Item.Title, Class: u.Item.Class, At: u.Planned, Note: u.Blocked})
	}
	return out
}

// status is the core's snapshot and what else the board can tell.
func (d *Device) status(t instant) loa.Status {
	st := d.core.snapshot(t)
	st.Device, st.Name, st.Board = d.store.DeviceID(), d.cfg.Name, d.board.Name
	st.Boot = d.boot
	st.Clock = loa.ClockStatus{Source: d.trust.source, Trusted: t.Trusted}
	st.Firmware = loa.Firmware{Version: Version}
	st.BootInfo = loa.BootInfo{At: t.Wall.Add(-t.Mono), Reason: d.reason, Count: d.boot}
	if card, ok := d.output.(*alsa.Output); ok {
		if cs := card.Status(); cs.Open {
			st.Audio.Card = fmt.Sprintf("%d [%s] %s, %s", cs.Card, cs.ID, cs.Name, cs.Format)
			st.Audio.BufferMS = 1000 * cs.Buffer / cs.Rate
			st.Audio.Mixer = cs.Mixer
		}
	}
	s := d.store.Stats()
	st.Storage = &loa.StorageStatus{Used: s.Used, Free: s.Free, Written: s.Written}
	d.sense(&st)
	return st
}

// sense adds what the board's sensors say; a sensor that is not there or does
// not answer leaves its member out.
func (d *Device) sense(st *loa.Status) {
	root := os.DirFS("/")
	for _, s := range d.board.Sensors {
		v, err := s.Read(root)
		if err != nil {
			continue
		}
		switch s.Kind {
		case board.SensorTemperature:
			c := float64(v) / 1000
			st.TempC = &c
		case board.SensorInputVoltage:
			mv := int(v)
			st.Power = &loa.Power{InputMV: &mv}
		}
	}
	d.inputs.fill(st)
}
