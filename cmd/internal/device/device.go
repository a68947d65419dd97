package device

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"loa"
	"loa/board"
	"loa/gpio"
	"loa/scheduler"
	"loa/speaker"
	"loa/store"
)

// Version is the firmware's version, set when it is linked.
var Version = "dev"

// Device is one cluster in real time.
type Device struct {
	// Pin is told of each switching of a simulated line: 1 is on. Set before
	// Run; nil writes gpio.csv in the data folder.
	Pin func(line string, value int)
	// Tee takes each event besides the store. Set before Run; may be nil.
	Tee Journal

	cfg     Config
	log     *slog.Logger
	board   board.Board
	epoch   time.Time
	boot    uint64
	clean   bool   // the run before ended in good order
	reason  string // why this run began
	store   *store.Store
	core    *Core
	speaker *speaker.Speaker
	output  speaker.Output
	trust   trust
	pulse   *pulse
	lines   gpio.Opener
	inputs  *inputs
	light   *light
	cache   *cache
	saved   time.Time // when the trusted time was last written

	ready    chan struct{} // closed when the socket answers
	answers  sync.Once
	news     chan struct{} // from the speaker; one is enough
	requests chan func(instant)
	sounds   chan soundNews
	plans    chan localPlan
}

// New makes a device from its configuration and the board it runs on. It opens
// nothing.
func New(cfg Config, b board.Board, log *slog.Logger) *Device {
	d := &Device{
		cfg: cfg, log: log, board: b, epoch: time.Now(),
		ready:    make(chan struct{}),
		news:     make(chan struct{}, 1),
		requests: make(chan func(instant)),
		sounds:   make(chan soundNews, 64), // the cache task waits when it is full
		plans:    make(chan localPlan, 1),
	}
	d.speaker = speaker.New(speaker.Config{Log: log.With("component", "speaker"), Notify: d.notify})
	return d
}

// Ready is closed once the device answers on its socket.
func (d *Device) Ready() <-chan struct{} { return d.ready }

// notify wakes the control goroutine; called by the output's goroutine.
func (d *Device) notify() {
	select {
	case d.news <- struct{}{}:
	default: // it will look at everything anyway
	}
}

// instant is the time of a turn that begins now.
func (d *Device) instant() instant {
	now := time.Now()
	return instant{Now: scheduler.Now{Wall: now.UTC().Round(0), Mono: now.Sub(d.epoch), Trusted: d.trust.trusted(now)}, epoch: d.epoch}
}

// ask runs f on the control goroutine and waits for it.
func (d *Device) ask(ctx context.Context, f func(instant)) error {
	done := make(chan struct{})
	select {
	case d.requests <- func(t instant) { f(t); close(done) }:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Run opens the hardware and runs the cluster until ctx ends. The amplifiers
// are off before anything else happens and when it returns, also by a panic.
func (d *Device) Run(ctx context.Context) error {
	if err := d.open(); err != nil {
		return err
	}
	defer d.close()
	g, ctx := errgroup.WithContext(ctx)
	// The speaker outlives the control goroutine: a play that its end cuts must
	// not be taken for one that failed.
	sound, silence := context.WithCancel(context.WithoutCancel(ctx))
	defer silence()
	g.Go(func() error { return d.speaker.Run(sound, d.output) })
	g.Go(func() error { return d.cache.run(ctx) })
	g.Go(func() error { return d.watchPlan(ctx) })
	g.Go(func() error { return d.serveSocket(ctx) })
	g.Go(func() error {
		defer silence()
		return d.control(ctx)
	})
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// open makes everything that the goroutines of Run use. No line is requested
// and no card opened yet; the first turn and the speaker do that, again and
// again if they must.
func (d *Device) open() (err error) {
	if d.output, err = d.openOutput(); err != nil {
		return err
	}
	if err := d.openStore(); err != nil {
		return err
	}
	d.lines = d.openLines()
	if err = d.makeCore(); err == nil {
		err = d.openInputs()
	}
	if err != nil {
		d.closeStore()
		return err
	}
	d.openLight()
	d.pulse = d.openPulse()
	return nil
}

// close gives everything back, the amplifiers first.
func (d *Device) close() {
	if err := d.core.Close(); err != nil {
		d.log.Error("amplifiers not switched off", "err", err)
	}
	d.inputs.close()
	d.light.close()
	d.pulse.close()
	d.closeStore()
}

// longestTurn is how long the control goroutine sleeps at most, so that a step
// of the wall clock and a lost trust are seen within it.
const longestTurn = time.Second

// control is the goroutine that decides.
func (d *Device) control(ctx context.Context) error {
	defer func() { // silent before anybody hears of the trouble
		if err := d.core.Close(); err != nil {
			d.log.Error("amplifiers not switched off", "err", err)
		}
	}()
	timer := time.NewTimer(0)
	defer timer.Stop()
	d.recordBoot(d.instant())
	for ctx.Err() == nil {
		t := d.instant()
		d.watchClock(t)
		wake := d.watchInputs(t)
		wake = min(wake, d.core.Turn(t.Now), d.showLight(t))
		d.pulse.beat(time.Now(), "plays its schedule")
		timer.Reset(min(wake-d.instant().Mono, longestTurn))
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-d.news:
		case <-d.inputs.changes():
		case f := <-d.requests:
			f(d.instant())
		case s := <-d.sounds:
			d.core.Sound(d.instant().Now, s)
		case p := <-d.plans:
			d.applyLocal(d.instant(), p)
		}
	}
	d.fade()
	return nil
}

// fade ends what sounds softly before the relays go off.
func (d *Device) fade() {
	if wait := d.core.Fade(d.instant().Now); wait > 0 {
		<-time.After(wait)
	}
}

// makeCore wires the deciding part to the hardware of this board.
func (d *Device) makeCore() error {
	d.cache = newCache(d.store, d.cfg.Local.MediaDir, d.log.With("component", "cache"), d.sounds)
	amps, err := amplifiers(d.board, d.lines)
	if err != nil {
		return err
	}
	p := Parts{
		Log: d.log, Epoch: d.epoch, Speaker: d.speaker, Amps: amps, Library: d.cache, Journal: d,
		SaveMemory: d.saveMemory, Memory: d.loadMemory(), Trouble: d.storageTrouble,
		Mono: func() time.Duration { return time.Since(d.epoch) }, Output: d.output.String(),
		Options: scheduler.Options{
			Lead:            Lead(d.board),
			GainDB:          d.cfg.Level.GainDB,
			EmergencyGainDB: d.cfg.Level.EmergencyGainDB,
			UntrustedPlays:  d.cfg.Clock.UntrustedPlays,
		},
	}
	d.core = NewCore(p)
	return nil
}

// Lead is how long before its moment a pass must be known on a board, so that
// all amplifiers have settled and the decoder is ahead.
func Lead(b board.Board) time.Duration {
	lead := 2*margin + 200*time.Millisecond
	for _, a := range b.Amps {
		lead += a.Settle + pullIn
	}
	return min(lead, 30*time.Second)
}

// setClock sets the machine's clock by hand.
func (d *Device) setClock(t instant, to time.Time) error {
	if err := d.trust.setClock(to); err != nil {
		return err
	}
	d.log.Info("clock set by hand", "from", t.Wall, "to", to)
	return d.saveTrusted(to)
}

// watchClock asks whether the clock can be believed, and remembers when it
// could.
func (d *Device) watchClock(t instant) {
	if d.trust.look(t.Wall) {
		d.log.Info("clock trusted", "source", d.trust.source)
	}
	if !d.trust.trusted(t.Wall) {
		d.core.faults.set(t.Wall, faultClock, d.trust.why(t.Wall))
		return
	}
	d.core.faults.set(t.Wall, faultClock, "")
	if t.Wall.Sub(d.saved) >= saveTrustedEvery || t.Wall.Before(d.saved) {
		d.core.written("the trusted time is not saved", d.saveTrusted(t.Wall))
	}
}

// saveTrustedEvery bounds the wear of the flash by the floor of the clock.
const saveTrustedEvery = time.Hour

// bootDetail is the JSON of the boot event.
type bootDetail struct {
	Boot    uint64 `json:"boot"`
	Board   string `json:"board"`
	Version string `json:"version"`
	Reason  string `json:"reason"`
}

func (d *Device) recordBoot(t instant) {
	d.core.record(t.Wall, loa.EventBoot, bootDetail{d.boot, d.board.Name, Version, d.reason})
	for _, r := range d.store.Recovered() {
		d.core.record(t.Wall, loa.EventLocal, faultDetail{Code: "store-recovered", Text: r.String()})
	}
}

// SoundBegan is the moment at which the first frame left the output.
func (d *Device) SoundBegan() time.Time { return d.speaker.TimeOf(0) }
