package scheduler

import (
	"fmt"
	"time"

	"loa"
)

// owing returns the play that still owes the end of this pass.
func (s *Scheduler) owing(id PlayID, pass int) *play {
	for _, p := range s.plays {
		if p.id == id && p.owes && p.pass == pass {
			return p
		}
	}
	return nil
}

func (s *Scheduler) began(e Began) {
	p := s.owing(e.Play, e.Pass)
	if p == nil {
		return
	}
	p.audible, p.sounded, p.putBack = true, true, false
	p.at = s.now.Mono
	if p.counts() {
		s.openSession(p)
	}
}

// ended takes the answer to a Start.
func (s *Scheduler) ended(e Ended) {
	p := s.owing(e.Play, e.Pass)
	if p == nil {
		return
	}
	if p.audible || e.Position > p.position || e.Cause == EndComplete {
		p.sounded = true
		p.position = max(e.Position, 0)
	}
	p.state, p.owes, p.audible = waiting, false, false
	if s.holder == p {
		s.holder = nil
	}
	if e.Err != "" {
		p.failure = e.Err
	}
	s.closeSession(p)
	switch {
	case p.over():
		s.settle(p)
	case e.Cause == EndComplete:
		s.passed(p)
	case e.Cause == EndFailed:
		s.failed(p)
	case e.Cause == EndOutput:
		s.lost(p)
	default:
		s.settle(p)
	}
}

// over reports whether the cause of p's Stop decides what becomes of it,
// however the pass ended.
func (p *play) over() bool {
	return p.cause == stopPolicy || p.cause == stopSilence || p.cause == stopRemoved || p.cause == stopEnd
}

// settle does with p what the cause of its Stop says.
func (s *Scheduler) settle(p *play) {
	switch p.cause {
	case stopPolicy:
		s.finish(p, loa.ResultPolicy, p.limited)
	case stopSilence:
		s.finish(p, loa.ResultSilence, p.limited)
	case stopRemoved:
		s.finish(p, loa.ResultRemoved, "taken out of its document")
	case stopEnd:
		if p.air != nil && p.endAt > s.now.Mono+stopLead { // prolonged meanwhile
			s.wantAgain(p)
			return
		}
		s.complete(p)
	case stopCut:
		s.interrupted(p)
	case stopClock:
		s.wantAgain(p)
	default:
		s.finish(p, loa.ResultCut, "stopped on the device")
	}
}

// interrupted puts a play back that had to give the air away, or drops it.
func (s *Scheduler) interrupted(p *play) {
	// What was revoked before it sounded did not interrupt anything.
	revoked := p.cutter != nil && p.cutter.state != given && !p.cutter.sounded
	after := p.item.AfterCut
	switch {
	case !p.sounded || revoked:
	case after == loa.Skip:
		s.finish(p, loa.ResultCut, fmt.Sprintf("interrupted after %s", p.position.Round(time.Second)))
		return
	case after == loa.Restart:
		p.pass, p.position = 0, 0
	}
	s.wantAgain(p)
}

// wantAgain lets p wait for the air to go on where it is.
func (s *Scheduler) wantAgain(p *play) {
	if !p.sounded {
		p.position = 0
	}
	if one, ok := s.passLength(p); ok && p.position > 0 && p.position >= one {
		s.passed(p)
		return
	}
	p.state, p.putBack, p.cause = waiting, p.sounded, notStopped
	if p.live() != nil || p.stream() != "" {
		p.position = 0
	}
}

// passed ends a pass that came to its end.
func (s *Scheduler) passed(p *play) {
	if p.stream() != "" && p.endAt-s.now.Mono > slowFade {
		p.failure = "the stream ended early"
		s.failed(p)
		return
	}
	p.pass, p.position, p.cause = p.pass+1, 0, notStopped
	switch {
	case p.live() != nil, p.stream() != "", p.fallback:
		s.complete(p)
	case p.item.Repeat > 0 && p.pass >= p.item.Repeat:
		s.complete(p)
	case p.item.Repeat == 0 && p.air == nil:
		s.complete(p)
	default:
		s.rest(p)
	}
}

// rest lets p wait for its next pass. Items on air take turns with others of
// their class; an item of a plan keeps the air.
func (s *Scheduler) rest(p *play) {
	p.notBefore, p.putBack = s.now.Mono+p.item.Gap.Std(), false
	switch {
	case p.entry == nil:
		p.turned, p.lastTurn = true, s.now.Mono
	case s.holder == nil: // else somebody was given the air before this pass was over
		p.state, s.holder = resting, p
	}
}

// failed is what becomes of p when its sound cannot go on.
func (s *Scheduler) failed(p *play) {
	switch {
	case p.stream() != "" && s.fallBack(p):
	case p.tone() != loa.NoTone && p.live() == nil && !p.toneOnly && len(p.item.Media) > 0:
		p.toneOnly = true
		p.pass, p.position, p.cause = p.pass+1, 0, notStopped
		s.rest(p)
	default:
		s.finish(p, loa.ResultFailed, p.failure)
	}
}

// fallBack lets the fallback's media sound for the rest of a stream's time.
func (s *Scheduler) fallBack(p *play) bool {
	if p.entry.fallback == nil || p.endAt <= s.now.Mono {
		return false
	}
	p.fallback = true
	if _, ready, _ := s.media(p); !ready {
		p.failure += "; the fallback's sound is not here"
		return false
	}
	p.pass, p.position, p.cause, p.putBack = p.pass+1, 0, notStopped, true
	return true
}

// lost puts p back until there is a card again.
func (s *Scheduler) lost(p *play) {
	s.wantAgain(p)
	if p.state != waiting || s.holder == p {
		return
	}
	s.retryAt = s.now.Mono + outputRetry
	p.loses, p.giveUp = true, p.endAt
	if p.entry != nil {
		p.giveUp = max(s.mono(p.planned)+p.late, s.now.Mono+outputWait)
	}
}

// complete closes p as played.
func (s *Scheduler) complete(p *play) {
	switch {
	case !p.sounded:
		s.finish(p, loa.ResultMissed, "none of it sounded")
	case p.toneOnly:
		s.finish(p, loa.ResultFailed, "only its tone sounded: "+p.failure)
	case p.fallback:
		s.finish(p, loa.ResultPlayed, "fallback ("+p.failure+")")
	default:
		s.finish(p, loa.ResultPlayed, "")
	}
}

// remove ends p because its document does not hold it any more.
func (s *Scheduler) remove(p *play) {
	s.stop(p, stopRemoved, s.now.Mono, quickFade, "removed")
}
