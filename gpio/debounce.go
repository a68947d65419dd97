package gpio

import "time"

// debouncer takes a level as changed once it was the same in every sample for
// a whole period. It is for lines whose chip raises no interrupts; the kernel
// does the others.
type debouncer struct {
	period time.Duration
	stable bool
	moving bool      // the last sample differed from stable
	since  time.Time // when it began to differ
}

// start sets the level before the first sample.
func (d *debouncer) start(level bool) { *d = debouncer{period: d.period, stable: level} }

// sample takes the level at now and says whether the stable level became it.
func (d *debouncer) sample(level bool, now time.Time) bool {
	if level == d.stable {
		d.moving = false
		return false
	}
	if !d.moving {
		d.moving, d.since = true, now
	}
	if now.Sub(d.since) < d.period {
		return false
	}
	d.stable, d.moving = level, false
	return true
}
