package device

import (
	"fmt"
	"time"

	"loa"
	"loa/speaker"
)

// Figures of the self-test: a tone that is clearly heard below the pole and
// frightens nobody.
const (
	trialTone  = time.Second
	trialHz    = 1000
	trialLevel = -12.0
	trialLimit = 10 * time.Second // longest wait for one amplifier's tone
	trialEvery = 50 * time.Millisecond
)

// SelftestLine is the result of one check of the self-test.
type SelftestLine struct {
	Check  string `json:"check"` // clock, storage, sound-card, gpio, plan, amplifier
	Label  string `json:"label,omitempty"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"`
}

// trial is a self-test on its way: one tone through each amplifier alone, so
// that the installer below hears which horn is silent. A nil trial does
// nothing.
type trial struct {
	lines   []SelftestLine
	amp     int // the one that sounds; len(labels) when done
	labels  []string
	track   *speaker.Track
	started bool
	since   time.Duration
	answer  chan<- []SelftestLine
}

func (tr *trial) needsAmps() bool { return tr != nil && tr.track != nil }

// StartTrial begins a self-test and answers on the channel, which must have
// room for one. It is refused while something plays.
func (c *Core) StartTrial(t instant, answer chan<- []SelftestLine) error {
	if c.trial != nil {
		return fmt.Errorf("a self-test is running")
	}
	if ps, ok := c.player.sounding(); ok {
		return fmt.Errorf("%q is playing; try again after it", ps.Item.ID)
	}
	if len(c.player.passes) > 0 {
		return fmt.Errorf("%q is about to play; try again after it", c.player.passes[0].Item.ID)
	}
	tr := &trial{answer: answer, lines: c.checks(t), since: t.Mono}
	for _, s := range c.player.amps.state() {
		tr.labels = append(tr.labels, s.Label)
	}
	if c.Amps == nil {
		tr.labels = []string{""} // one tone, straight from the card
	}
	c.trial = tr
	return nil
}

// checks are the lines that need no sound.
func (c *Core) checks(t instant) []SelftestLine {
	line := func(check, code string) SelftestLine {
		l := SelftestLine{Check: check, OK: true}
		for _, f := range c.faults.list {
			if f.Code == code {
				l.OK, l.Detail = false, f.Text
			}
		}
		return l
	}
	out := []SelftestLine{
		line("clock", faultClock), line("storage", faultStorage), line("plan", faultPlan),
		line("sound-card", faultSoundCard),
	}
	if c.Amps != nil {
		out = append(out, line("gpio", faultGPIO))
	}
	return out
}

// trialStep moves the self-test on. Anything that the schedule starts ends it.
func (c *Core) trialStep(t instant, busy bool) {
	tr := c.trial
	if tr == nil {
		return
	}
	if busy && len(c.player.passes) > 0 {
		c.trialLine(t, false, "stopped: the schedule needs the loudspeakers")
		c.trialEnd(t)
		return
	}
	switch {
	case tr.amp >= len(tr.labels):
		c.trialEnd(t)
	case tr.track == nil:
		c.trialLoad(t)
	case !tr.started:
		c.trialSound(t)
	default:
		c.trialWatch(t)
	}
}

// trialLoad selects one amplifier and prepares its tone.
func (c *Core) trialLoad(t instant) {
	tr := c.trial
	if c.player.amps.on() > 0 { // the one before is still switching off
		c.trialTimeout(t, "the amplifier before it does not switch off")
		return
	}
	if c.player.amps.amps != nil {
		c.player.amps.amps.Select(tr.amp)
	}
	track, err := c.Speaker.Load(speaker.Program{GainDB: trialLevel,
		Sources: []speaker.Source{{Name: "self-test", Tone: speaker.Sine, Hz: trialHz, Length: trialTone}}})
	if err != nil {
		c.trialLine(t, false, err.Error())
		return
	}
	tr.track, tr.since, tr.started = track, t.Mono, false
}

func (c *Core) trialSound(t instant) {
	if !c.player.amps.wanted || !c.player.amps.ready(t) {
		c.trialTimeout(t, "the amplifier does not become ready")
		return
	}
	c.Speaker.Start(c.trial.track, 0)
	c.trial.started = true
}

func (c *Core) trialWatch(t instant) {
	pr := c.trial.track.Progress()
	if pr.State != speaker.Ended {
		c.trialTimeout(t, "the sound card takes no sound")
		return
	}
	f, _ := c.Speaker.Format()
	want := int64(trialTone.Seconds() * float64(f.Rate))
	fault := ""
	if st := c.player.amps.state(); c.trial.amp < len(st) {
		fault = st[c.trial.amp].Fault
		if fault == "" && !st[c.trial.amp].On {
			fault = "its line did not switch on"
		}
	}
	switch {
	case fault != "":
		c.trialLine(t, false, fault)
	case pr.Err != nil || pr.Played < want-1:
		c.trialLine(t, false, fmt.Sprintf("%d of %d frames left the sound card", pr.Played, want))
	default:
		c.trialLine(t, true, fmt.Sprintf("%d frames of a %d Hz tone left the sound card", pr.Played, trialHz))
	}
}

func (c *Core) trialTimeout(t instant, what string) {
	if t.Mono-c.trial.since > trialLimit {
		c.trialLine(t, false, what)
	}
}

// trialLine closes the amplifier in turn with its result.
func (c *Core) trialLine(t instant, ok bool, detail string) {
	tr := c.trial
	if tr.track != nil {
		tr.track.Close()
		tr.track = nil
	}
	if tr.amp < len(tr.labels) {
		check := "amplifier"
		if c.Amps == nil {
			check = "tone"
		}
		tr.lines = append(tr.lines, SelftestLine{Check: check, Label: tr.labels[tr.amp], OK: ok, Detail: detail})
		tr.amp++
		tr.since = t.Mono
	}
}

func (c *Core) trialEnd(t instant) {
	tr := c.trial
	c.trial = nil
	if c.player.amps.amps != nil {
		c.player.amps.amps.Select()
	}
	c.record(t.Wall, loa.EventSelftest, struct {
		Lines []SelftestLine `json:"lines"`
	}{tr.lines})
	tr.answer <- tr.lines
}
