package gpio

import (
	"errors"
	"time"
)

// Step switches what is due at now and returns when to be called again; ok is
// false while nothing is under way. A late call switches late and lets the
// full settle time pass after it, so a stalled caller clips no sound. The time
// returned is never before now.
func (a *Amplifiers) Step(now time.Time) (next time.Time, ok bool) {
	if a.tailing && !now.Before(a.offAt) {
		a.tailing = false
		for i := range a.amps {
			a.amps[i].target, a.amps[i].offAgain = false, time.Time{}
		}
	}
	for a.switchOne(now) {
	}
	next = a.next(now)
	return next, !next.IsZero()
}

// switchOne switches the one relay whose turn it is, if it is time. All that
// must go off goes before anything comes on.
func (a *Amplifiers) switchOne(now time.Time) bool {
	if now.Before(a.gate) {
		return false
	}
	if p := a.due(now, false); p != nil {
		a.switchOff(p, now)
		return true
	}
	if p := a.due(now, true); p != nil && !now.Before(a.settling()) {
		a.switchOn(p, now)
		return true
	}
	return false
}

// due returns the amplifier that is next to go on (from the front) or off
// (from the back), or nil. Those that failed come after those never tried, or
// two stuck relays would take turns and a healthy one would stay on for ever.
func (a *Amplifiers) due(now time.Time, on bool) *amp {
	var first *amp
	for i := range a.amps {
		if !on {
			i = len(a.amps) - 1 - i
		}
		p := &a.amps[i]
		if !p.pending(on) || now.Before(p.again(on)) {
			continue
		}
		if first == nil || p.again(on).Before(first.again(on)) {
			first = p
		}
	}
	return first
}

// again is when a switch that failed may be tried again. A failed switching on
// never delays the switching off.
func (p *amp) again(on bool) time.Time {
	if on {
		return p.onAgain
	}
	return p.offAgain
}

// pending says whether the amplifier must still be switched that way.
func (p *amp) pending(on bool) bool {
	if p.out == nil || p.target != on {
		return false
	}
	if on {
		return !p.on
	}
	return p.on || p.dirty
}

// settling is when the last relay that came on has settled: the next one waits
// for it.
func (a *Amplifiers) settling() time.Time {
	var last time.Time
	for i := range a.amps {
		if p := &a.amps[i]; p.on && p.settled.After(last) {
			last = p.settled
		}
	}
	return last
}

func (a *Amplifiers) switchOn(p *amp, now time.Time) {
	ready := a.Ready(now)
	if p.set(true) != nil {
		p.onAgain = now.Add(retryOn)
		return
	}
	p.onAgain = time.Time{}
	p.settled = now.Add(p.spec.Settle)
	if !ready { // a straggler does not stop sound that is already leaving
		a.readyAt = p.settled
	}
}

func (a *Amplifiers) switchOff(p *amp, now time.Time) {
	p.offAgain = time.Time{}
	if p.set(false) != nil {
		p.offAgain = now.Add(retryOff)
	}
	a.gate = now.Add(offStep) // after a failure too: it may have switched
}

// set drives the line and keeps what came of it.
func (p *amp) set(on bool) error {
	err := p.out.Set(on)
	p.skip = err != nil
	if on {
		p.onErr = err
	} else {
		p.offErr = err
	}
	switch {
	case err == nil:
		p.on, p.dirty = on, false
	case errors.Is(err, ErrGone):
		p.letGo(err)
	default:
		p.dirty = true // p.on stays what it was
	}
	return err
}

// next is the earliest time at which Step or Ready has something new.
func (a *Amplifiers) next(now time.Time) time.Time {
	var next time.Time
	if a.tailing {
		next = a.offAt
	}
	for i := range a.amps {
		p := &a.amps[i]
		switch {
		case p.pending(false):
			next = soonest(next, latest(a.gate, p.offAgain))
		case p.pending(true):
			next = soonest(next, latest(a.gate, p.onAgain, a.settling()))
		}
	}
	if a.want && now.Before(a.readyAt) {
		next = soonest(next, a.readyAt)
	}
	return next
}

func latest(times ...time.Time) time.Time {
	var last time.Time
	for _, t := range times {
		if t.After(last) {
			last = t
		}
	}
	return last
}
