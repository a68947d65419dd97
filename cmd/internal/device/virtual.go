package device

import (
	"context"
	"log/slog"
	"time"

	"loa"
	"loa/board"
	"loa/scheduler"
	"loa/speaker"
)

// virtualFormat is how the simulator's card runs: as most USB cards do.
var virtualFormat = speaker.Format{Rate: 48000, Channels: 2, Period: 480}

// VirtualConfig is what a device in virtual time needs.
type VirtualConfig struct {
	Board   board.Board
	Folder  *Folder
	From    time.Time // wall time at virtual time 0; trusted
	Log     *slog.Logger
	Journal Journal
	// Pin is told of each switching of an output line: 1 is on.
	Pin func(at time.Duration, line string, value int)
	// Sound takes what left the card while something played. more says that
	// the stretch of sound goes on.
	Sound func(at time.Duration, f speaker.Format, frames []float32, more bool) error
}

// Virtual is a device whose time passes only when it is told to. It uses one
// goroutine, the caller's, so the same input gives the same output.
type Virtual struct {
	cfg   VirtualConfig
	core  *Core
	spk   *speaker.Speaker
	epoch time.Time
	mono  time.Duration // now
	from  time.Duration // mono at frame `at0`
	at0   speaker.Frame
	at    speaker.Frame // next frame to pull
	buf   []float32
	news  bool
	open  bool // a stretch of sound is open
}

// NewVirtual makes a device at its virtual time 0.
func NewVirtual(cfg VirtualConfig) (*Virtual, error) {
	v := &Virtual{cfg: cfg, epoch: cfg.From.UTC(), buf: make([]float32, virtualFormat.Period*virtualFormat.Channels)}
	v.spk = speaker.New(speaker.Config{Log: cfg.Log, Synchronous: true, Notify: func() { v.news = true }})
	if _, err := v.spk.Open(virtualFormat); err != nil {
		return nil, err
	}
	v.spk.Left(0, v.epoch)
	lib := &Direct{Folder: cfg.Folder}
	p := Parts{
		Log: cfg.Log, Epoch: v.epoch, Speaker: v.spk, Library: lib, Journal: cfg.Journal, Output: "virtual",
		SaveMemory: func(scheduler.Memory) error { return nil },
		Options:    scheduler.Options{Lead: Lead(cfg.Board)},
	}
	amps, err := amplifiers(cfg.Board, simLines(v.pin))
	if err != nil {
		return nil, err
	}
	p.Amps = amps
	v.core = NewCore(p)
	lib.Report = func(s soundNews) { v.core.Sound(v.now(), s); v.news = true }
	return v, nil
}

func (v *Virtual) pin(line string, value int) { v.cfg.Pin(v.mono, line, value) }

func (v *Virtual) now() scheduler.Now {
	return scheduler.Now{Wall: v.cfg.From.Add(v.mono).UTC(), Mono: v.mono, Trusted: true}
}

// ApplyPlan puts a plan in force now.
func (v *Virtual) ApplyPlan(from scheduler.Origin, p *loa.Plan) error {
	return v.core.ApplyPlan(v.now(), from, p)
}

// ApplyAir puts what is on air in force now.
func (v *Virtual) ApplyAir(from scheduler.Origin, a *loa.Air) error {
	return v.core.ApplyAir(v.now(), from, a)
}

// Advance lets virtual time pass until to.
func (v *Virtual) Advance(ctx context.Context, to time.Duration) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		v.news = false
		wake := v.core.Turn(v.now())
		if v.news {
			continue
		}
		if v.mono >= to {
			return nil
		}
		wake = max(min(wake, to), v.mono+1)
		if err := v.pass(wake); err != nil {
			return err
		}
	}
}

// pass lets time pass until wake, or until the speaker has news: by pulling
// sound while there is some to come, by a jump otherwise.
func (v *Virtual) pass(wake time.Duration) error {
	for v.mono < wake && !v.news {
		if !v.core.player.pulling() && v.core.trial == nil {
			v.mono = wake
			v.from, v.at0 = v.mono, v.at
			v.spk.Left(v.at, v.epoch.Add(v.mono))
			return v.silence()
		}
		if err := v.pull(wake); err != nil {
			return err
		}
	}
	return nil
}

// pull takes at most one period, and no more than reaches to wake.
func (v *Virtual) pull(wake time.Duration) error {
	f := virtualFormat
	n := min(f.Period, max(1, v.frames(wake)-int(v.at-v.at0)))
	dst := v.buf[:n*f.Channels]
	v.spk.Pump()
	v.spk.Fill(dst, v.at)
	from := v.at
	v.at += speaker.Frame(n)
	v.mono = v.timeOf(v.at)
	v.spk.Left(v.at, v.epoch.Add(v.mono))
	return v.hear(dst, from)
}

// hear passes on what of the frames from `from` belongs to something that
// plays.
func (v *Virtual) hear(dst []float32, from speaker.Frame) error {
	lo, hi, ok := v.core.player.span(from, v.at)
	if !ok {
		return v.silence()
	}
	v.open = true
	ch := virtualFormat.Channels
	part := dst[int(lo-from)*ch : int(hi-from)*ch]
	if err := v.cfg.Sound(v.timeOf(lo), virtualFormat, part, true); err != nil || hi == v.at {
		return err
	}
	return v.silence()
}

// silence closes the stretch of sound, if one is open.
func (v *Virtual) silence() error {
	if !v.open {
		return nil
	}
	v.open = false
	return v.cfg.Sound(v.mono, virtualFormat, nil, false)
}

// timeOf is the virtual time at which a frame leaves the card.
func (v *Virtual) timeOf(f speaker.Frame) time.Duration {
	return v.from + time.Duration(int64(f-v.at0)*int64(time.Second)/int64(virtualFormat.Rate))
}

// frames is how many frames lie between the last jump and a time, rounded up.
func (v *Virtual) frames(t time.Duration) int {
	return int((int64(t-v.from)*int64(virtualFormat.Rate) + int64(time.Second) - 1) / int64(time.Second))
}

// Close silences the device.
func (v *Virtual) Close() error { return v.core.Close() }

// pulling reports whether the speaker has sound to come.
func (p *player) pulling() bool {
	for _, ps := range p.passes {
		if ps.queued && !ps.ended {
			return true
		}
	}
	return false
}

// span is the part of [from, to) in which a pass sounds.
func (p *player) span(from, to speaker.Frame) (lo, hi speaker.Frame, ok bool) {
	lo, hi = to, from
	for _, ps := range p.passes {
		if ps.track == nil || !ps.queued || ps.Silent {
			continue
		}
		pr := ps.track.Progress()
		if pr.First < 0 {
			continue // revoked before its first frame
		}
		if pr.State != speaker.Playing && pr.State != speaker.Ended {
			continue
		}
		end := to
		if pr.End >= 0 {
			end = min(to, pr.End)
		}
		lo, hi = min(lo, max(from, pr.First)), max(hi, end)
	}
	return lo, hi, hi > lo
}
