package speaker

import (
	"math"
	"math/bits"
	"time"
)

const (
	// ceilingDB is the highest sample peak that leaves the limiter, dBFS.
	ceilingDB = -1
	// lookAhead is how far the limiter sees and how long it takes to turn down.
	lookAhead = 3 * time.Millisecond
	// releaseTime is the time constant of turning up again: long enough that a
	// low voice is not distorted within its own period.
	releaseTime = 80 * time.Millisecond

	// unity is gain 1 in fixed point: sums of integers do not drift, so after
	// any amount of limiting quiet sound is bit for bit itself again.
	unity = 1 << 30
)

// limiter holds the peaks of a mix below the ceiling. It looks ahead by delay
// frames and so puts that much delay in; mixer renders that much earlier.
//
//	peak -> gain needed -> lowest of the next delay frames -> slow release -> mean of delay frames -> times the delayed sound
//
// The mean of values none of which is above what a frame needs is not above it
// either, so no peak passes; it moves by at most 1/delay per frame, so there is
// no click. All channels get the same gain.
type limiter struct {
	channels, delay int
	ceiling         float32
	release         uint // shift of the release filter

	line  []float32 // the last delay frames
	gains []int64   // their gains after the release
	at    int       // slot of the oldest
	sum   int64     // of gains
	slow  int64     // gain after the release
	low   window
	zeros int // frames of digital silence put in since the last other, up to idleAfter

	lowest int64 // lowest gain applied so far
}

func newLimiter(rate, channels int) *limiter {
	l := &limiter{channels: channels, delay: max(int(lookAhead*time.Duration(rate)/time.Second), 1)}
	// A hair below, so that rounding to float32 stays under the ceiling too.
	l.ceiling = float32(math.Pow(10, ceilingDB/20.0) * (1 - 1e-6))
	l.release = uint(bits.Len(uint(releaseTime * time.Duration(rate) / time.Second)))
	l.line = make([]float32, l.delay*channels)
	l.gains = make([]int64, l.delay)
	l.low.slots = make([]slot, l.delay+1)
	l.lowest = unity
	l.reset()
	return l
}

// reset forgets the sound in the delay line.
func (l *limiter) reset() {
	clear(l.line)
	for i := range l.gains {
		l.gains[i] = unity
	}
	l.sum, l.slow, l.at = int64(l.delay)*unity, unity, 0
	l.low.reset()
	l.zeros = l.idleAfter()
}

// idleAfter is how many silent frames empty the delay line and the window.
func (l *limiter) idleAfter() int { return 2 * l.delay }

// idle is true when silence put in changes nothing and silence comes out.
func (l *limiter) idle() bool { return l.zeros >= l.idleAfter() && l.slow == unity }

// process puts the frames of buf in and writes those of delay frames earlier in
// their place.
func (l *limiter) process(buf []float32) {
	c := l.channels
	for ; len(buf) >= c; buf = buf[c:] {
		frame := buf[:c]
		g := l.gain(l.low.push(l.needed(frame), l.delay))
		old := l.line[l.at*c : (l.at+1)*c]
		l.at++
		if l.at == l.delay {
			l.at = 0
		}
		for i, x := range old {
			old[i], frame[i] = frame[i], x
		}
		if g != l.full() {
			l.apply(frame, g)
		}
	}
}

// full is the sum of gains when nothing is turned down.
func (l *limiter) full() int64 { return int64(l.delay) * unity }

// needed is the gain that brings the frame to the ceiling. A frame that is no
// number is silenced: whatever made it must not reach a horn.
func (l *limiter) needed(frame []float32) int64 {
	peak := float32(0)
	for _, x := range frame {
		if x < 0 {
			x = -x
		}
		if x > peak || x != x {
			peak = x
		}
	}
	switch {
	case peak <= l.ceiling:
		if peak != 0 {
			l.zeros = 0
		} else if l.zeros < l.idleAfter() {
			l.zeros++
		}
		return unity
	case !(peak <= math.MaxFloat32):
		clear(frame)
		return unity
	}
	l.zeros = 0
	return int64(float64(l.ceiling) / float64(peak) * unity)
}

// gain takes the lowest gain needed in the window and returns the sum of the
// smoothed gains: delay times what the oldest frame is multiplied by.
func (l *limiter) gain(low int64) int64 {
	if low < l.slow {
		l.slow = low
	} else if low > l.slow {
		l.slow += max((low-l.slow)>>l.release, 1)
	}
	l.sum += l.slow - l.gains[l.at]
	l.gains[l.at] = l.slow
	return l.sum
}

func (l *limiter) apply(frame []float32, sum int64) {
	l.lowest = min(l.lowest, sum/int64(l.delay))
	g := float32(float64(sum) / float64(l.full()))
	for i, x := range frame {
		frame[i] = min(max(x*g, -l.ceiling), l.ceiling)
	}
}

// window is the minimum of the last so many values: a queue of rising values,
// each of which is the minimum once those before it have left. Constant time on
// average, and a push costs at most the length of the window.
type window struct {
	slots      []slot
	head, tail int // slots[head:tail), modulo len
	n          int64
}

type slot struct {
	value int64
	n     int64
}

func (w *window) reset() { w.head, w.tail, w.n = 0, 0, 0 }

// push adds v and returns the minimum of the last size values.
func (w *window) push(v int64, size int) int64 {
	for w.head != w.tail && w.slots[w.before(w.tail)].value >= v {
		w.tail = w.before(w.tail)
	}
	w.slots[w.tail] = slot{v, w.n}
	w.tail = w.after(w.tail)
	w.n++
	if w.slots[w.head].n <= w.n-1-int64(size) {
		w.head = w.after(w.head)
	}
	return w.slots[w.head].value
}

func (w *window) after(i int) int {
	if i++; i == len(w.slots) {
		return 0
	}
	return i
}

func (w *window) before(i int) int {
	if i == 0 {
		return len(w.slots) - 1
	}
	return i - 1
}
