package scheduler

import (
	"time"

	"loa"
)

// gain is the level of p at the moment at, in dB to the calibrated level. An
// emergency has its own, which nothing lowers; all else is capped by the
// policies in force.
func (s *Scheduler) gain(p *play, at time.Duration) float64 {
	if p.item.Class == loa.Emergency {
		return s.opt.EmergencyGainDB + max(0, p.item.GainDB)
	}
	db := s.opt.GainDB + p.item.GainDB
	t := s.wall(at)
	for _, plan := range s.plans {
		if plan.doc.Policy == nil {
			continue
		}
		for _, c := range plan.doc.Policy.Volume {
			if c.Contains(t.In(plan.loc)) {
				db = min(db, c.MaxDB)
			}
		}
	}
	return db
}

// level follows a cap that begins or ends while something sounds.
func (s *Scheduler) level() {
	p := s.holder
	if p == nil || !p.owes {
		return
	}
	if db := s.gain(p, s.soundsFrom(p)); db != p.gain {
		p.gain, p.start.GainDB = db, db
		s.emit(Gain{Play: p.id, GainDB: db})
	}
}

// volumeEdge is the next moment at which a cap begins or ends, if one does
// within the day.
func (s *Scheduler) volumeEdge() (first time.Time, ok bool) {
	for _, plan := range s.plans {
		if plan.doc.Policy == nil {
			continue
		}
		now := s.now.Wall.In(plan.loc)
		for _, c := range plan.doc.Policy.Volume {
			for days := range 2 {
				for _, edge := range []time.Time{c.From.On(now.AddDate(0, 0, days)), c.To.On(now.AddDate(0, 0, days))} {
					if edge.After(now) && (!ok || edge.Before(first)) {
						first, ok = edge, true
					}
				}
			}
		}
	}
	return first, ok
}
