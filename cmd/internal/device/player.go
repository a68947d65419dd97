package device

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"time"

	"loa"
	"loa/scheduler"
	"loa/speaker"
)

const (
	// margin is how long before its moment a pass is handed to the speaker: the
	// card holds up to four periods of 10 ms that cannot be taken back, and a
	// slow core may come late to its timer.
	margin = 150 * time.Millisecond
	// hold is the longest pause between two passes through which the
	// amplifiers stay on: a relay that clicks every few seconds wears, one that
	// hisses for minutes annoys.
	hold = 15 * time.Second
)

// player carries out what the scheduler decides: it loads tracks, has the
// amplifiers on before the first frame and off after the last, and reports
// what became of each pass. It is used by the control goroutine only.
type player struct {
	log     *slog.Logger
	spk     *speaker.Speaker
	amps    *ampBank
	open    func(sha string) (io.ReadCloser, error)
	passes  []*pass
	records map[scheduler.PlayID]*record
	// pauses are the plays between two passes, with the Mono until which the
	// amplifiers stay on for the next one.
	pauses map[scheduler.PlayID]time.Duration
}

// pass is one Start on its way from loaded to ended.
type pass struct {
	scheduler.Start
	track  *speaker.Track // nil: could not be loaded, see err
	err    error
	queued bool // the speaker knows when to begin it
	began  bool
	ended  bool // revoked before it was queued
}

// do carries out one action on the sound.
func (p *player) do(t instant, a scheduler.Action) {
	switch a := a.(type) {
	case scheduler.Start:
		p.load(a)
	case scheduler.Stop:
		p.stop(t, a)
	case scheduler.Gain:
		for _, ps := range p.of(a.Play) {
			if ps.track != nil {
				p.spk.SetGain(ps.track, a.GainDB)
			}
			ps.GainDB = a.GainDB
		}
	}
}

// load begins decoding a pass. What cannot be loaded is reported as ended by
// the next news.
func (p *player) load(s scheduler.Start) {
	ps := &pass{Start: s}
	ps.track, ps.err = p.spk.Load(p.program(s))
	if ps.err != nil {
		p.log.Warn("pass not loaded", "id", s.Item.ID, "err", ps.err)
	}
	p.passes = append(p.passes, ps)
	delete(p.pauses, s.Play)
	if p.records[s.Play] == nil {
		p.records[s.Play] = &record{}
	}
}

// errNoStream is what relaying answers until the network side is built.
var errNoStream = errors.New("streams and live sound need a source; this device has none")

func (p *player) program(s scheduler.Start) speaker.Program {
	prog := speaker.Program{Skip: s.From, GainDB: s.GainDB, Muted: s.Silent}
	if s.Tone != loa.NoTone {
		prog.Sources = append(prog.Sources, speaker.Source{Name: s.Tone.String(), Tone: tones[s.Tone], Length: s.ToneFor})
	}
	if s.Stream != "" || s.Live != nil {
		prog.Sources = append(prog.Sources, speaker.Source{Name: "stream",
			Open: func() (io.ReadCloser, error) { return nil, errNoStream }})
	}
	for _, m := range s.Media {
		prog.Sources = append(prog.Sources, p.source(m))
	}
	return prog
}

var tones = map[loa.Tone]speaker.Tone{
	loa.Chime: speaker.Chime, loa.Attention: speaker.Attention, loa.Siren: speaker.Siren,
}

func (p *player) source(m loa.Media) speaker.Source {
	if m.Inline != nil {
		return speaker.Source{Name: called(m), Open: func() (io.ReadCloser, error) { return inline(m) }}
	}
	return speaker.Source{Name: called(m), Open: func() (io.ReadCloser, error) { return p.open(m.SHA256) }}
}

// stop silences the passes of a play, or revokes those not yet begun.
func (p *player) stop(t instant, s scheduler.Stop) {
	for _, ps := range p.of(s.Play) {
		if !ps.queued {
			ps.ended = true
			continue
		}
		p.spk.Stop(ps.track, p.spk.FrameAt(t.at(max(s.At, t.Mono))), s.Fade)
	}
}

func (p *player) of(id scheduler.PlayID) (out []*pass) {
	for _, ps := range p.passes {
		if ps.Play == id && !ps.ended {
			out = append(out, ps)
		}
	}
	return out
}

// news looks at every pass and returns what the scheduler must be told.
func (p *player) news(t instant) (evs []scheduler.Event) {
	keep := p.passes[:0]
	for _, ps := range p.passes {
		var pr speaker.Progress
		if ps.track != nil {
			pr = ps.track.Progress()
		}
		if !ps.began && pr.Played > 0 {
			ps.began = true
			p.records[ps.Play].begin(p.spk.TimeOf(pr.First), p.amps.on(), p.spk.Stats().Xruns)
			evs = append(evs, scheduler.Began{Play: ps.Play, Pass: ps.Pass})
		}
		if !ps.ended && ps.err == nil && pr.State != speaker.Ended {
			keep = append(keep, ps)
			continue
		}
		ev := p.end(ps, pr)
		if gap := ps.Item.Gap.Std(); ev.Cause == scheduler.EndComplete && gap <= hold && !ps.Silent {
			p.pauses[ps.Play] = t.Mono + gap
		}
		evs = append(evs, ev)
	}
	p.passes = keep
	return evs
}

// end closes a pass, adds it to the record of its play and says why it ended.
func (p *player) end(ps *pass, pr speaker.Progress) scheduler.Ended {
	ev := scheduler.Ended{Play: ps.Play, Pass: ps.Pass, Position: max(ps.From, pr.Position)}
	switch {
	case errors.Is(ps.err, speaker.ErrNoOutput), errors.Is(pr.Err, speaker.ErrOutputLost):
		ev.Cause, ev.Err = scheduler.EndOutput, "the sound card was lost"
	case ps.err != nil:
		ev.Cause, ev.Err = scheduler.EndFailed, ps.err.Error()
	case ps.ended || pr.Stopped:
		ev.Cause = scheduler.EndStopped
	case len(pr.Failures) > 0:
		ev.Cause, ev.Err = scheduler.EndFailed, failures(ps, pr.Failures)
	case pr.Err != nil:
		ev.Cause, ev.Err = scheduler.EndFailed, pr.Err.Error()
	}
	if pr.Concealed > 0 {
		p.log.Warn("damaged sound was played", "id", ps.Item.ID, "concealed", pr.Concealed)
	}
	if ps.track != nil {
		p.records[ps.Play].add(pr, p.spk.Stats().Xruns)
		ps.track.Close()
	}
	return ev
}

func failures(ps *pass, fs []speaker.SourceError) string {
	return fmt.Sprintf("%d of %d sounds: %v", len(fs), max(1, len(ps.Media)), fs[0])
}

// step has the amplifiers follow the passes and hands those that are due to
// the speaker. It returns when it must be called again.
func (p *player) step(t instant, testing bool) (wake time.Duration) {
	wake = never
	need := testing
	lead := p.amps.settle() + margin
	for _, ps := range p.passes {
		switch due := ps.At - lead; {
		case ps.ended || ps.track == nil || ps.Silent:
		case ps.queued || t.Mono >= due:
			need = true
		case p.amps.wanted && ps.At-t.Mono <= hold:
			need = true
			wake = min(wake, due)
		default:
			wake = min(wake, due)
		}
	}
	for id, until := range p.pauses {
		if t.Mono > until {
			delete(p.pauses, id)
			continue
		}
		need = need || p.amps.wanted
		wake = min(wake, until+1)
	}
	p.amps.want(need, t)
	wake = min(wake, p.amps.step(t))
	for _, ps := range p.passes {
		wake = min(wake, p.queue(t, ps))
	}
	return wake
}

// queue hands a pass to the speaker once its moment is near and the amplifiers
// have settled.
func (p *player) queue(t instant, ps *pass) (wake time.Duration) {
	if ps.queued || ps.ended || ps.track == nil {
		return never
	}
	if t.Mono < ps.At-margin {
		return ps.At - margin
	}
	if !ps.Silent && !p.amps.ready(t) {
		return never // the amplifiers' own next step wakes us
	}
	p.spk.Start(ps.track, p.spk.FrameAt(t.at(max(ps.At, t.Mono))))
	ps.queued = true
	return never
}

// done forgets a play and returns what it added up to, nil if it never began.
func (p *player) done(id scheduler.PlayID) *record {
	r := p.records[id]
	delete(p.records, id)
	delete(p.pauses, id)
	return r
}

// sounding is the pass that plays now.
func (p *player) sounding() (*pass, bool) {
	for _, ps := range p.passes {
		if ps.began && !ps.ended {
			return ps, true
		}
	}
	return nil, false
}

// close silences everything at once; nothing is reported any more.
func (p *player) close() {
	for _, ps := range p.passes {
		if ps.track != nil {
			ps.track.Close()
		}
	}
	p.passes = nil
}

// record gathers what the passes of one play add up to.
type record struct {
	started time.Time
	amps    int
	played  int64
	energy  float64
	peak    float64
	missing int64 // codec frames that were concealed
	holes   int64 // of the card, while passes played
	before  int64 // the card's count when the pass began
}

// begin takes in that the first frame of a pass left the card.
func (r *record) begin(at time.Time, amps int, xruns int64) {
	if r.started.IsZero() {
		r.started = at
	}
	r.amps = max(r.amps, amps)
	r.before = xruns
}

// add takes in what a pass was that has ended.
func (r *record) add(pr speaker.Progress, xruns int64) {
	if pr.Played == 0 {
		return
	}
	r.holes += xruns - r.before
	r.played += pr.Played
	r.missing += pr.Concealed
	r.energy += pr.RMS * pr.RMS * float64(pr.Played)
	r.peak = max(r.peak, pr.Peak)
}

// fill writes the counts into a proof of play. Frames count only if an
// amplifier was on, or the board has none to switch.
func (r *record) fill(out *loa.PlayRecord, switched bool) {
	out.Amps, out.Xruns = r.amps, r.holes
	if switched && r.amps == 0 {
		return
	}
	out.FramesPlayed, out.Concealed = r.played, r.missing
	if r.played > 0 {
		out.RMSdBFS = decibels(math.Sqrt(r.energy / float64(r.played)))
		out.PeakdBFS = decibels(r.peak)
	}
}

// decibels of a linear level, to a tenth; silence is nil, JSON having no -Inf.
func decibels(x float64) *float64 {
	if x <= 0 {
		return nil
	}
	db := math.Round(200*math.Log10(x)) / 10
	return &db
}

func short(sha string) string {
	if len(sha) > 12 {
		return sha[:12]
	}
	return sha
}
