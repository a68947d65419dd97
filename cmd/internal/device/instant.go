package device

import (
	"math"
	"time"

	"loa/scheduler"
)

// never is a wake that does not come.
const never = time.Duration(math.MaxInt64)

// instant is one moment of a Turn: the scheduler's view, and the epoch from
// which its monotonic time counts, so that siblings that take a time.Time get
// one which no step of the wall clock moves.
type instant struct {
	scheduler.Now
	epoch time.Time
}

// at is the moment when Mono will be d.
func (t instant) at(d time.Duration) time.Time { return t.epoch.Add(d) }

// now is the moment itself.
func (t instant) now() time.Time { return t.epoch.Add(t.Mono) }

// until is the Mono of a moment made by at.
func (t instant) until(x time.Time) time.Duration { return x.Sub(t.epoch) }
