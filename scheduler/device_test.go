package scheduler

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"loa"
)

// device is a cluster in virtual time, as far as the scheduler can tell: it
// answers Starts with Began and Ended after the length of their sound, carries
// out Stops, loses its card, and writes all of it down as a person would.
type device struct {
	s       *Scheduler
	opt     Options
	mono    time.Duration
	base    time.Time // wall clock at Mono 0
	trusted bool
	up      bool
	memory  Memory // as on disk
	lengths map[string]time.Duration
	faults  map[string]fault // by sound, URL or "live"
	passes  []*pass
	log     []string
	zone    *time.Location
	jitter  time.Duration // how late each pass begins
	saves   bool          // write Persist into the log

	done    []Done
	started []Start
	trouble []string // what must never happen
	wakes   int
	onStart func(Start)
	onDone  func(Done)
	onEnd   func(*pass)
}

// fault is what happens to a sound some time into it.
type fault struct {
	after time.Duration
	err   string
	left  int // how often
}

// pass is a Start that is not answered yet.
type pass struct {
	Start
	from, to time.Duration // Mono at which it sounds; to is farAway if it has no end
	begun    bool
	planned  bool // of a plan
	stopped  bool
	cause    EndCause
	err      string
}

func newDevice(wall time.Time, o Options) *device {
	d := &device{
		opt: o, mono: 100 * time.Second, trusted: true, lengths: map[string]time.Duration{}, faults: map[string]fault{},
		zone: wall.Location(),
	}
	d.base = wall.Add(-d.mono)
	d.s = New(o, Memory{})
	return d
}

func (d *device) now() Now { return Now{Wall: d.base.Add(d.mono), Mono: d.mono, Trusted: d.trusted} }

// digest is the SHA-256 under which a sound called name is known.
func digest(name string) string {
	h := sha256.Sum256([]byte(name))
	return hex.EncodeToString(h[:])
}

// name finds the name of a sound again.
func (d *device) name(m loa.Media) string {
	for n := range d.lengths {
		if digest(n) == m.SHA256 {
			return n
		}
	}
	return cmp.Or(m.File, m.SHA256[:6])
}

func (d *device) step(ev Event) {
	d.s.Step(d.now(), ev)
	d.carryOut()
}

// carryOut does what the scheduler decided.
func (d *device) carryOut() (wake time.Duration, ok bool) {
	actions, wake, ok := d.s.Next()
	for _, a := range actions {
		switch a := a.(type) {
		case Start:
			d.start(a)
		case Stop:
			d.stop(a)
		case Gain:
			d.write("gain of play %d %+.1f", a.Play, a.GainDB)
		case Done:
			d.finish(a)
		case Persist:
			d.memory = d.s.Memory()
			if d.saves {
				d.write("persist")
			}
		}
	}
	return wake, ok
}

func (d *device) start(a Start) {
	d.started = append(d.started, a)
	p := &pass{Start: a, from: max(a.At, d.mono) + d.jitter}
	d.plan(p)
	if q := d.s.owing(a.Play, a.Pass); q != nil {
		p.planned = q.entry != nil
	}
	if d.onStart != nil {
		d.onStart(a)
	}
	for _, q := range d.passes {
		if q.Play == a.Play {
			d.blame("start of play %d while its pass %d is not over", a.Play, q.Pass)
		}
		if q.to > p.from {
			d.blame("%s and %s sound at the same time", q.Item.ID, a.Item.ID)
		}
	}
	d.passes = append(d.passes, p)
	d.write("start %s", d.describe(a))
}

// plan finds out how a pass will go.
func (d *device) plan(p *pass) {
	p.cause, p.to = EndComplete, farAway
	if p.Stream != "" || p.Live != nil {
		what := p.Stream
		if p.Live != nil {
			what = "live"
		}
		if f, ok := d.fault(what); ok {
			p.to, p.cause, p.err = p.from+f.after, EndFailed, f.err
			if f.err == "" {
				p.cause = EndComplete
			}
		}
		return
	}
	at := p.from - p.From + p.ToneFor
	for _, m := range p.Media {
		name := d.name(m)
		if f, ok := d.fault(name); ok {
			p.to, p.cause, p.err = max(p.from, at+f.after), EndFailed, f.err
			return
		}
		at += d.lengths[name]
	}
	p.to = max(p.from, at)
}

func (d *device) fault(what string) (fault, bool) {
	f, ok := d.faults[what]
	if !ok || f.left == 0 {
		return f, false
	}
	f.left--
	d.faults[what] = f
	return f, true
}

func (d *device) describe(a Start) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (play %d, pass %d)", a.Item.ID, a.Play, a.Pass)
	if a.At > d.mono {
		fmt.Fprintf(&b, " at %s", d.clock(a.At))
	}
	if a.From > 0 {
		fmt.Fprintf(&b, " from %s", a.From)
	}
	var what []string
	if a.Tone != loa.NoTone {
		what = append(what, fmt.Sprintf("%s %s", a.Tone, a.ToneFor))
	}
	for _, m := range a.Media {
		what = append(what, d.name(m))
	}
	if a.Stream != "" {
		what = append(what, a.Stream)
	}
	if a.Live != nil {
		what = append(what, "live")
	}
	fmt.Fprintf(&b, ": %s, gain %+.1f", strings.Join(what, " + "), a.GainDB)
	if a.Until > 0 {
		fmt.Fprintf(&b, ", until %s", d.clock(a.Until))
	}
	if a.Silent {
		b.WriteString(", amplifiers off")
	}
	return b.String()
}

func (d *device) stop(a Stop) {
	at := max(a.At, d.mono)
	when := ""
	if at > d.mono {
		when = " at " + d.clock(at)
	}
	for _, p := range d.passes {
		if p.Play != a.Play {
			continue
		}
		d.write("stop %s%s, fade %s, because %s", p.Item.ID, when, a.Fade, a.Cause)
		if at < p.to {
			p.to, p.cause, p.err, p.stopped = at, EndStopped, "", true
		}
		return
	}
	d.blame("stop of play %d, which has no pass", a.Play)
}

func (d *device) finish(a Done) {
	d.done = append(d.done, a)
	if d.onDone != nil {
		d.onDone(a)
	}
	for _, p := range d.passes {
		if p.Play == a.Play {
			d.blame("done with play %d while its pass is not over", a.Play)
		}
	}
	line := fmt.Sprintf("done %s of %s: %s", a.Item.ID, a.Planned.In(d.zone).Format("02 15:04:05"), a.Result)
	if a.CutBy != "" {
		line += ", cut by " + a.CutBy
	}
	if a.Reason != "" {
		line += " (" + a.Reason + ")"
	}
	d.write("%s", line)
}

func (d *device) blame(format string, args ...any) {
	d.trouble = append(d.trouble, d.clock(d.mono)+" "+fmt.Sprintf(format, args...))
}

// run lets time pass up to the Mono until.
func (d *device) run(until time.Duration) {
	for {
		wake, ok := d.carryOut()
		next := until
		if ok && wake < next {
			if wake <= d.mono {
				d.blame("wake %s is not after now", d.clock(wake))
				return
			}
			next = wake
		}
		for _, p := range d.passes {
			next = min(next, p.due())
		}
		d.mono = max(d.mono, next)
		if !d.answer() {
			if d.mono >= until {
				d.step(Tick{})
				return
			}
			d.wakes++
			d.step(Tick{})
		}
	}
}

// due is when p has something to say.
func (p *pass) due() time.Duration {
	if !p.begun && p.to > p.from {
		return min(p.from, p.to)
	}
	return p.to
}

// answer tells the scheduler of one thing that happened by now.
func (d *device) answer() bool {
	for i, p := range d.passes {
		switch {
		case p.to <= d.mono:
			d.passes = slices.Delete(d.passes, i, i+1)
			at := min(max(0, p.to-p.from), farAway) + p.From
			if !p.begun && p.stopped {
				at = 0
			}
			if d.onEnd != nil {
				d.onEnd(p)
			}
			d.write("ended %s at %s%s", p.Item.ID, at, [...]string{"", ", stopped", ", failed: " + p.err, ", card lost"}[p.cause])
			d.step(Ended{Play: p.Play, Pass: p.Pass, Position: at, Cause: p.cause, Err: p.err})
			return true
		case !p.begun && p.from <= d.mono:
			p.begun = true
			d.write("began %s", p.Item.ID)
			d.step(Began{Play: p.Play, Pass: p.Pass})
			return true
		}
	}
	return false
}

// flicker loses the card so shortly that only the passes notice.
func (d *device) flicker() {
	for _, p := range d.passes {
		p.to, p.cause, p.err = d.mono, EndOutput, "broken pipe"
	}
}

// card connects or loses the sound card.
func (d *device) card(up bool) {
	d.up = up
	if !up {
		for _, p := range d.passes {
			p.to, p.cause, p.err = d.mono, EndOutput, "usb card is gone"
		}
		for d.answer() {
		}
	}
	d.step(Output{Up: up})
}

// stepClock moves the wall clock.
func (d *device) stepClock(by time.Duration) {
	d.base = d.base.Add(by)
	d.step(Tick{})
}

// restart kills the daemon and starts it again; documents have to be applied
// again.
func (d *device) restart(off time.Duration) {
	d.mono += off
	d.passes = nil
	d.s = New(d.opt, d.memory)
}

func (d *device) clock(m time.Duration) string {
	return clockText(d.base.Add(m).In(d.zone))
}

func clockText(t time.Time) string { return strings.TrimSuffix(t.Format("15:04:05.000"), ".000") }

func (d *device) write(format string, args ...any) {
	d.log = append(d.log, d.clock(d.mono)+" "+fmt.Sprintf(format, args...))
}

// know announces a sound that is here.
func (d *device) know(name string, long time.Duration) {
	d.lengths[name] = long
	d.step(Sound{SHA256: digest(name), Ready: true, Duration: long})
}
