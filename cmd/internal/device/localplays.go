package device

import (
	"slices"

	"loa"
	"loa/scheduler"
)

// localPlays lets a play of the plan file come to its end with the sound it
// began with when another file takes the place of that sound: to the scheduler
// it would be another item, and the play would be cut.
type localPlays struct {
	begun map[scheduler.PlayID]loa.Item
	next  *loa.Plan // in force as far as what has begun allows; nil: it is as read
	over  bool      // something that had begun has ended since
}

// see takes in which plays begin and end.
func (l *localPlays) see(a scheduler.Action) {
	switch a := a.(type) {
	case scheduler.Start:
		if a.Origin == localOrigin {
			l.begun[a.Play] = a.Item
		}
	case scheduler.Done:
		_, local := l.begun[a.Play]
		l.over = l.over || local
		delete(l.begun, a.Play)
	}
}

// hold returns p with the sounds that what has begun was given, in a copy if
// that makes a difference.
func (l *localPlays) hold(p *loa.Plan) *loa.Plan {
	held := p
	for _, old := range l.begun {
		i := slices.IndexFunc(p.Items, func(it loa.PlanItem) bool { return it.ID == old.ID })
		if i < 0 || !renewed(old.Media, p.Items[i].Media) {
			continue
		}
		if held == p {
			twin := *p
			twin.Items = slices.Clone(p.Items)
			held = &twin
		}
		held.Items[i].Media = old.Media
	}
	return held
}

// renewed reports whether the same files are named and hold other sound.
func renewed(old, now []loa.Media) bool {
	same := slices.EqualFunc(old, now, func(a, b loa.Media) bool {
		return a.File == b.File && (a.File != "" || a.SHA256 == b.SHA256)
	})
	return same && !slices.EqualFunc(old, now, func(a, b loa.Media) bool { return a.SHA256 == b.SHA256 })
}

// ApplyLocal puts the plan of the device's own file in force, as ApplyPlan does
// others. A play whose file holds another sound now keeps the one it began with
// to its end; the next play has the new one.
func (c *Core) ApplyLocal(now scheduler.Now, p *loa.Plan) error {
	held := c.local.hold(p)
	if err := c.ApplyPlan(now, localOrigin, held); err != nil {
		return err
	}
	c.local.next = nil
	if held != p {
		c.local.next = p
		c.Log.Info("a file of the plan was replaced while its item plays; the play ends with the sound it began with")
	}
	return nil
}

// renewLocal gives the plan its new sounds when a play is over that may have
// kept old ones.
func (c *Core) renewLocal(now scheduler.Now) {
	over := c.local.over
	c.local.over = false
	if !over || c.local.next == nil {
		return
	}
	if err := c.ApplyLocal(now, c.local.next); err != nil {
		c.Log.Error("plan with replaced sounds not in force", "err", err)
	}
}
