package device

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"loa"
	"loa/gpio"
	"loa/scheduler"
	"loa/speaker"
)

// Library is where the core gets verified sound from.
type Library interface {
	// Open returns the bytes of a sound that was reported ready.
	Open(sha string) (io.ReadCloser, error)
	// Want tells what the schedule needs, in order of next need. The library
	// fetches it in its own time and reports each as a scheduler.Sound.
	Want(needs []scheduler.Need, now time.Time)
}

// Parts are what a Core is made of. Amps, Mono and Trouble may
// be nil, all else is required.
type Parts struct {
	Log     *slog.Logger
	Epoch   time.Time // the moment at which Now.Mono is 0; the speaker's output uses the same clock
	Speaker *speaker.Speaker
	Amps    *gpio.Amplifiers // not opened yet; nil: a board without any
	Library Library
	Journal Journal
	// SaveMemory writes the scheduler's memory to disk before it returns.
	SaveMemory func(scheduler.Memory) error
	Memory     scheduler.Memory
	Options    scheduler.Options
	// Mono reads the monotonic time anew, so that what a turn did before (a
	// write to the disk) does not shorten the settling of an amplifier; nil:
	// time stands still during a turn.
	Mono func() time.Duration
	// Trouble says what is wrong with the storage besides what the core itself
	// finds, "" when nothing is; nil: nothing ever is.
	Trouble func() string
	// Output names the sound card for people: "alsa:auto".
	Output string
}

// Core is the deciding part of a device. It owns no goroutine: whoever drives
// it calls Turn from one goroutine whenever something happened or the time
// that the last Turn returned has come.
type Core struct {
	Parts
	sched    *scheduler.Scheduler
	player   *player
	faults   faults
	trial    *trial
	lengths  map[string]time.Duration // of sounds, by digest
	sounds   map[string]soundNews     // as last told, by digest
	bad      map[string]bool          // those of them that do not play
	local    localPlays
	outputUp bool
	cardLost time.Duration // Mono at which the sound card was last seen failing
	unsaved  string        // why the last write to the state database failed, "" when it did not
	wanted   string        // what was last asked of the library, to ask only for news
	asked    time.Duration
	changed  bool // a document changed since the library was asked
	have     loa.Have
}

// NewCore makes a core. It touches no hardware; the first Turn does.
func NewCore(p Parts) *Core {
	c := &Core{
		Parts:   p,
		sched:   scheduler.New(p.Options, p.Memory),
		lengths: map[string]time.Duration{},
		sounds:  map[string]soundNews{},
		bad:     map[string]bool{},
		local:   localPlays{begun: map[scheduler.PlayID]loa.Item{}},
	}
	c.faults.changed = c.faultChanged
	c.player = &player{
		log:     p.Log,
		spk:     p.Speaker,
		amps:    newAmpBank(p.Amps, p.Log),
		open:    p.Library.Open,
		records: map[scheduler.PlayID]*record{},
		pauses:  map[scheduler.PlayID]time.Duration{},
	}
	return c
}

// ApplyPlan puts a plan in force, or leaves the old one when it returns an
// error. A nil plan removes it.
func (c *Core) ApplyPlan(now scheduler.Now, from scheduler.Origin, p *loa.Plan) error {
	if err := c.sched.ApplyPlan(now, from, p); err != nil {
		return err
	}
	c.changed = true
	c.have.Plan = with(c.have.Plan, from.KID, p == nil, func() uint64 { return p.Seq })
	return nil
}

// ApplyAir puts what is on air in force, as ApplyPlan does a plan.
func (c *Core) ApplyAir(now scheduler.Now, from scheduler.Origin, a *loa.Air) error {
	if err := c.sched.ApplyAir(now, from, a); err != nil {
		return err
	}
	if a != nil {
		c.inlineSounds(now, a)
	}
	c.changed = true
	c.have.Air = with(c.have.Air, from.Aud+"/"+from.KID, a == nil, func() uint64 { return a.Seq })
	return nil
}

// inlineSounds takes in the sounds that came inside their document.
func (c *Core) inlineSounds(now scheduler.Now, a *loa.Air) {
	for _, it := range a.Items {
		for _, m := range it.Media {
			if m.Inline != nil {
				c.Sound(now, newsOf(m, Judge(int64(len(m.Inline)), func() (io.ReadCloser, error) { return inline(m) })))
			}
		}
	}
}

func with(m map[string]uint64, key string, gone bool, seq func() uint64) map[string]uint64 {
	if m == nil {
		m = map[string]uint64{}
	}
	if gone {
		delete(m, key)
	} else {
		m[key] = seq()
	}
	return m
}

// Sound takes in what the library found out about a sound.
func (c *Core) Sound(now scheduler.Now, s soundNews) {
	c.tellSound(now.Wall, s)
	c.lengths[s.SHA256] = s.Duration
	delete(c.bad, s.SHA256)
	if s.trouble(loa.Media{}) != "" {
		c.bad[s.SHA256] = true
	}
	c.sched.Step(now, s.Sound)
}

// mediaDetail is the JSON of the event of a sound that was refused, or accepted
// although some of it is lost.
type mediaDetail struct {
	Kind   string  `json:"kind"` // "media"
	SHA256 string  `json:"sha256,omitempty"`
	File   string  `json:"file,omitempty"`
	Code   Refusal `json:"code,omitempty"`
	Reason string  `json:"reason,omitempty"`
	Damage string  `json:"damage,omitempty"`
}

// tellSound records what people should know of a sound: once as long as it
// stays the same.
func (c *Core) tellSound(at time.Time, s soundNews) {
	if old, ok := c.sounds[s.SHA256]; ok && old == s {
		return
	}
	c.sounds[s.SHA256] = s
	d := mediaDetail{Kind: "media", SHA256: s.SHA256, File: s.File, Code: s.Code, Reason: s.Bad, Damage: s.Damage}
	if len(s.SHA256) != 64 { // it is the name
		d.SHA256, d.File = "", s.SHA256
	}
	switch {
	case s.Bad != "":
		c.Log.Warn("sound refused", "sound", s.name(), "reason", s.Bad)
		c.record(at, loa.EventRefused, d)
	case s.Damage != "":
		c.Log.Warn("sound accepted although it is damaged", "sound", s.name(), "damage", s.Damage)
		c.record(at, loa.EventAccepted, d)
	}
}

// Turn does all there is to do now and returns the Mono at which it wants to
// be called again at the latest.
func (c *Core) Turn(now scheduler.Now) (wake time.Duration) {
	t := instant{Now: now, epoch: c.Epoch}
	c.watchOutput(t)
	c.sched.Step(now, scheduler.Tick{})
	next := never
	for {
		for _, ev := range c.player.news(t) {
			c.sched.Step(now, ev)
		}
		actions, w, ok := c.sched.Next()
		for i, a := range actions {
			if writes(a) && urgent(actions[:i]) {
				c.player.step(t, false) // an emergency does not wait for the disk
			}
			c.do(t, a)
		}
		c.renewLocal(t.Now)
		if next = never; ok {
			next = w
		}
		c.trialStep(t, len(actions) > 0)
		t = c.again(t)
		next = min(next, c.player.step(t, c.trial.needsAmps()))
		if len(actions) == 0 {
			break
		}
	}
	c.watchFaults(t)
	c.askLibrary(t)
	if c.trial != nil {
		next = min(next, t.Mono+trialEvery)
	}
	return min(next, c.asked+askEvery)
}

// writes reports whether an action may wait for the disk.
func writes(a scheduler.Action) bool {
	switch a.(type) {
	case scheduler.Persist, scheduler.Done:
		return true
	}
	return false
}

// urgent reports whether an emergency is among actions.
func urgent(actions []scheduler.Action) bool {
	for _, a := range actions {
		if s, ok := a.(scheduler.Start); ok && s.Item.Class == loa.Emergency {
			return true
		}
	}
	return false
}

// again reads the time anew in the midst of a turn.
func (c *Core) again(t instant) instant {
	if c.Mono != nil {
		mono := c.Mono()
		t.Wall = t.Wall.Add(mono - t.Mono)
		t.Mono = mono
	}
	return t
}

// do carries out one action.
func (c *Core) do(t instant, a scheduler.Action) {
	switch a := a.(type) {
	case scheduler.Persist:
		c.persist()
	case scheduler.Done:
		c.local.see(a)
		c.done(t, a)
	default:
		c.local.see(a)
		c.player.do(t, a)
	}
}

func (c *Core) persist() {
	c.written("the schedule's memory is not saved", c.SaveMemory(c.sched.Memory()))
}

// written takes in whether a write to the state database succeeded.
func (c *Core) written(what string, err error) {
	c.unsaved = ""
	if err != nil {
		c.unsaved = what + ": " + oneLine(err)
		c.Log.Error(what, "err", err)
	}
}

// done closes an occurrence with its proof of play.
func (c *Core) done(t instant, d scheduler.Done) {
	out := loa.PlayRecord{
		ID: d.Item.ID, Class: d.Item.Class, Level: d.Item.Level, Title: d.Item.Title,
		Planned: d.Planned, Result: d.Result, Reason: d.Reason, CutBy: d.CutBy,
	}
	if f, ok := c.Speaker.Format(); ok {
		out.FramesPlanned = int64(c.length(d.Item).Seconds() * float64(f.Rate))
	}
	if r := c.player.done(d.Play); r != nil {
		out.Ended = t.Wall
		out.Started = r.wall(t)
		r.fill(&out, c.Amps != nil)
	}
	c.Log.Info("item done", "id", d.Item.ID, "result", d.Result, "reason", out.Reason, "frames", out.FramesPlayed)
	c.record(t.Wall, loa.EventPlay, out)
}

// length is how long the item plays in all, 0 when a part of it is not known.
func (c *Core) length(it loa.Item) time.Duration {
	var one time.Duration
	for _, m := range it.Media {
		d := c.lengths[scheduler.MediaKey(m)]
		if d == 0 {
			d = m.Duration.Std()
		}
		if d == 0 {
			return 0
		}
		one += d
	}
	return one * time.Duration(it.Repeat)
}

func (c *Core) record(at time.Time, typ loa.EventType, detail any) {
	c.written("an event of type "+string(typ)+" is lost", c.Journal.Record(at, typ, detail))
}

func (c *Core) faultChanged(at time.Time, typ loa.EventType, f loa.Fault) {
	if typ == loa.EventClear {
		c.Log.Info("fault cleared", "code", f.Code, "was", f.Text)
	} else {
		c.Log.Warn("fault raised", "code", f.Code, "text", f.Text)
	}
	c.record(at, typ, faultDetail{f.Code, f.Text})
}

// watchOutput tells the scheduler when the sound card comes and goes.
func (c *Core) watchOutput(t instant) {
	if _, up := c.Speaker.Format(); up != c.outputUp {
		c.outputUp = up
		c.sched.Step(t.Now, scheduler.Output{Up: up})
	}
}

// watchFaults looks at what the siblings say of themselves.
func (c *Core) watchFaults(t instant) {
	c.watchCard(t)
	c.faults.set(t.Wall, faultGPIO, c.player.amps.missing())
	c.faults.set(t.Wall, faultAmplifier, c.player.amps.faulty())
	c.faults.set(t.Wall, faultMedia, c.badSounds())
	text := c.unsaved
	if text == "" && c.Trouble != nil {
		text = c.Trouble()
	}
	c.faults.set(t.Wall, faultStorage, text)
}

// steady is how long the sound card must be open before its fault is over: one
// that opens and fails again and again is one fault, and one event.
const steady = 3 * time.Second

// watchCard raises and clears the fault of the sound card.
func (c *Core) watchCard(t instant) {
	err := c.Speaker.OutputError()
	switch {
	case errors.Is(err, speaker.ErrNoOutput): // nothing was tried yet
	case err != nil:
		c.cardLost = t.Mono
		c.faults.set(t.Wall, faultSoundCard, err.Error())
	case t.Mono-c.cardLost >= steady:
		c.faults.set(t.Wall, faultSoundCard, "")
	}
}

// askEvery is how often the needs are worked out again while no document
// changes: time alone brings new ones within the horizon.
const askEvery = 10 * time.Minute

// horizon is how far ahead sound is fetched and kept.
const horizon = 48 * time.Hour

// badSounds names the first sound that the next days need and that cannot be
// played, and how many more there are.
func (c *Core) badSounds() string {
	if len(c.bad) == 0 {
		return ""
	}
	text, seen := "", map[string]bool{}
	for _, n := range c.sched.Needs(horizon) {
		key := scheduler.MediaKey(n.Media)
		if !c.bad[key] || seen[key] {
			continue
		}
		if seen[key] = true; text == "" {
			text = n.ItemID + ": " + c.sounds[key].trouble(n.Media)
		}
	}
	if more := len(seen) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	return text
}

// askLibrary passes on what the schedule needs when that has changed.
func (c *Core) askLibrary(t instant) {
	if !c.changed && t.Mono-c.asked < askEvery {
		return
	}
	c.changed, c.asked = false, t.Mono
	needs := c.sched.Needs(horizon)
	key := ""
	for _, n := range needs {
		key += scheduler.MediaKey(n.Media)
	}
	if key != c.wanted {
		c.wanted = key
		c.Library.Want(needs, t.Wall)
	}
}

// Fade lets what sounds fade out before Close, so that the relays do not pop,
// and returns how long that takes; 0 when nothing sounds.
func (c *Core) Fade(now scheduler.Now) time.Duration {
	if _, ok := c.player.sounding(); !ok {
		return 0
	}
	for _, ps := range c.player.passes {
		if ps.queued && ps.track != nil {
			c.Speaker.Stop(ps.track, 0, 0)
		}
	}
	return fadeTime
}

// fadeTime covers the speaker's ramp and what the card holds.
const fadeTime = 80 * time.Millisecond

// Close silences the device and switches its amplifiers off.
func (c *Core) Close() error {
	c.player.close()
	return c.player.amps.close()
}
