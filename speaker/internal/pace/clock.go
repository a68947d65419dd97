package pace

import "time"

// Clock maps the monotonic clock to frames and back.
type Clock struct {
	Rate  int       // frames per second
	Epoch time.Time // when frame 0 leaves
}

// Frame is the first frame that has not left yet at now; 0 before the epoch.
func (c Clock) Frame(now time.Time) int64 { return max(0, c.frames(now.Sub(c.Epoch))) }

// When is the earliest time at which Frame is n.
func (c Clock) When(n int64) time.Time {
	rate := int64(c.Rate)
	rest := (n%rate*int64(time.Second) + rate - 1) / rate
	return c.Epoch.Add(time.Duration(n/rate)*time.Second + time.Duration(rest))
}

// frames is how many whole frames d lasts. Seconds and nanoseconds are kept
// apart: their product with the rate would overflow after two days.
func (c Clock) frames(d time.Duration) int64 {
	rate := int64(c.Rate)
	return int64(d/time.Second)*rate + int64(d%time.Second)*rate/int64(time.Second)
}

// later is the clock whose frame 0 leaves n frames after this one's.
func (c Clock) later(n int64) Clock {
	c.Epoch = c.When(n)
	return c
}
