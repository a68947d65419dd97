package speaker

import (
	"math"
	"math/bits"
	"time"
)

const (
	// ceilingDB is the highest true peak that leaves the limiter, dBTP, but for
	// its own error: 0.05 dB up to 0.45 of the rate. Above that, where no codec
	// and no resampler leaves anything, what a peak is depends on the filter
	// that is asked: others may see 0.3 dB more of noise.
	ceilingDB = -1
	// untouchedDB is the true peak up to which every bit passes.
	untouchedDB = ceilingDB - 0.02
	// aimDB is what peaks well above are brought to: there the error must not
	// show at all.
	aimDB = ceilingDB - 0.25
	// lookAhead is how far the limiter sees.
	lookAhead = 3 * time.Millisecond
	// leastDelay is that at rates below 32 kHz, in frames: the detector's filter
	// takes its part of them.
	leastDelay = 2 * detectTaps
	// hold is for how many frames to each side of a peak the gain stands still.
	hold = 8
	// releaseTime is the time constant of turning up again: long enough that a
	// low voice is not distorted within its own period.
	releaseTime = 80 * time.Millisecond

	// unity is gain 1 in fixed point: sums of integers do not drift, so after
	// any amount of limiting quiet sound is bit for bit itself again.
	unity = 1 << 30

	// limiterBlock is how many frames are taken at once.
	limiterBlock = 256
	// infinite is where the bits of a float32, less its sign, are no number.
	infinite = 0x7f800000
)

// limiter holds the true peak of a mix below the ceiling. It looks ahead by
// delay frames and so puts that much delay in; mixer renders that much earlier.
//
//	true peak -> gain needed -> lowest of window -> slow release -> mean of smooth frames -> times the delayed sound
//
// The mean of values none of which is above what a frame needs is not above it
// either, so no peak passes; it moves by at most 1/smooth per frame, so there is
// no click. Around each peak the gain stands still for as long as the detector's
// middle reaches, so that what it measured is what comes out. All channels get
// the same gain.
//
// Most sound is far from the ceiling. As long as no sample exceeds the bound
// from which the filter could reach it (detector.quiet), nothing is computed:
// the block is copied through.
type limiter struct {
	channels, delay int
	window, smooth  int // frames
	untouched, aim  float32
	release         uint // shift of the release filter
	detector        detector

	// The sound, one channel after the other, size frames each: the frames
	// before at are there, the last delay of them still to be given out.
	line []float32
	size int
	at   int
	peak [limiterBlock]uint32 // of each frame taken: bits of the magnitude
	hot  int                  // for so many frames more the detector must look

	gains []int64 // after the release, the last smooth
	next  int     // slot of the oldest
	sum   int64   // of gains
	slow  int64   // gain after the release
	low   window
	zeros int // frames of digital silence put in since the last other, up to idleAfter

	lowest int64 // lowest gain applied so far
}

func newLimiter(rate, channels int) *limiter {
	l := &limiter{channels: channels, delay: max(int(lookAhead*time.Duration(rate)/time.Second), leastDelay)}
	// At frame n the detector knows the peaks before frame n-detectHalf+1. That
	// each of the smooth gains knows each peak within hold of the frame that
	// leaves asks for this:
	l.smooth = l.delay - detectHalf - hold + 1
	l.window = l.delay - detectHalf + hold + 2
	l.untouched, l.aim = float32(math.Pow(10, untouchedDB/20)), float32(math.Pow(10, aimDB/20))
	l.release = uint(bits.Len(uint(releaseTime * time.Duration(rate) / time.Second)))
	l.detector = newDetector(l.untouched, channels)
	l.size = l.delay + 4*limiterBlock
	l.line = make([]float32, l.size*channels)
	l.gains = make([]int64, l.smooth)
	l.low.slots = make([]slot, l.window+1)
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
	l.sum, l.slow, l.next = l.full(), unity, 0
	l.at, l.hot = l.delay, 0
	l.low.reset()
	l.zeros = l.idleAfter()
}

// idleAfter is how many silent frames empty the delay line and the window.
func (l *limiter) idleAfter() int { return 2*l.delay + 2 }

// idle is true when silence put in changes nothing and silence comes out.
func (l *limiter) idle() bool { return l.zeros >= l.idleAfter() && l.slow == unity }

// full is the sum of gains when nothing is turned down.
func (l *limiter) full() int64 { return int64(l.smooth) * unity }

// rests is true when no gain in the window or on its way is below unity.
func (l *limiter) rests() bool { return l.slow == unity && l.sum == l.full() && l.low.least() == unity }

// process puts the frames of buf in and writes those of delay frames earlier in
// their place.
func (l *limiter) process(buf []float32) {
	for c := l.channels; len(buf) >= c; {
		if l.at == l.size {
			l.rewind()
		}
		n := min(len(buf)/c, limiterBlock, l.size-l.at)
		highest := l.take(buf[:n*c])
		if highest <= l.detector.quiet && l.hot == 0 && l.rests() {
			l.at += n
			l.give(buf[:n*c])
		} else {
			l.limit(buf[:n*c])
		}
		buf = buf[n*c:]
	}
}

// rewind moves the frames still to be given out to the front of the line.
func (l *limiter) rewind() {
	for c := range l.channels {
		line := l.line[c*l.size : (c+1)*l.size]
		copy(line, line[l.size-l.delay:])
	}
	l.at = l.delay
}

// take puts the frames of buf into the line, notes their peaks and returns the
// highest. A frame that is no number is silenced: whatever made it must not
// reach a horn.
func (l *limiter) take(buf []float32) (highest uint32) {
	n := len(buf) / l.channels
	peaks := l.peak[:n]
	clear(peaks)
	for c := range l.channels {
		to := l.line[c*l.size+l.at:][:n]
		for i, at := 0, c; i < n && at < len(buf); i, at = i+1, at+l.channels {
			to[i] = buf[at]
			b := math.Float32bits(buf[at]) &^ (1 << 31)
			peaks[i] = max(peaks[i], b)
			highest = max(highest, b)
		}
	}
	if highest >= infinite {
		highest = l.silence(peaks)
	}
	l.countZeros(peaks, highest)
	return highest
}

// silence clears the frames just taken that are no numbers.
func (l *limiter) silence(peaks []uint32) (highest uint32) {
	for i, p := range peaks {
		if p >= infinite {
			for c := range l.channels {
				l.line[c*l.size+l.at+i] = 0
			}
			peaks[i] = 0
		}
		highest = max(highest, peaks[i])
	}
	return highest
}

// countZeros brings zeros up to date.
func (l *limiter) countZeros(peaks []uint32, highest uint32) {
	n := len(peaks)
	if highest != 0 {
		for l.zeros = 0; peaks[n-1-l.zeros] == 0; {
			l.zeros++
		}
		return
	}
	l.zeros = min(l.zeros+n, l.idleAfter())
}

// give writes the frames of delay ago.
func (l *limiter) give(buf []float32) {
	n := len(buf) / l.channels
	for c := range l.channels {
		from := l.line[c*l.size+l.at-l.delay-n:][:n]
		for i, at := 0, c; i < n && at < len(buf); i, at = i+1, at+l.channels {
			buf[at] = from[i]
		}
	}
}

// limit is what process does with the frames just taken when the ceiling is
// near.
func (l *limiter) limit(buf []float32) {
	c, n := l.channels, len(buf)/l.channels
	for i := range n {
		g := l.gain(l.low.push(l.needed(l.peak[i]), l.window))
		frame := buf[i*c : i*c+c]
		for ch := range frame {
			frame[ch] = l.line[ch*l.size+l.at-l.delay]
		}
		if g != l.full() {
			l.apply(frame, g)
		}
		l.at++
	}
}

// needed is the gain for the true peak detectHalf frames ago; peak is that of
// the newest frame, at l.at.
func (l *limiter) needed(peak uint32) int64 {
	if peak > l.detector.quiet {
		l.hot = detectTaps
	}
	if l.hot == 0 {
		return unity
	}
	l.hot--
	high := float32(0)
	for c := range l.channels {
		end := c*l.size + l.at + 1
		high = max(high, l.detector.peak((*[detectTaps]float32)(l.line[end-detectTaps:]), c))
	}
	switch {
	case high <= l.untouched:
		return unity
	case !(high <= math.MaxFloat32): // so loud that the filter overflowed
		return 0
	}
	// From untouched the level goes down to aim, not at once: no step in the
	// gain where the sound hardly changes.
	to := max(l.untouched-2*(high-l.untouched), l.aim)
	return int64(float64(to) / float64(high) * unity)
}

// gain takes the lowest gain needed in the window and returns the sum of the
// smoothed gains: smooth times what the oldest frame is multiplied by.
func (l *limiter) gain(low int64) int64 {
	if low < l.slow {
		l.slow = low
	} else if low > l.slow {
		l.slow += max((low-l.slow)>>l.release, 1)
	}
	l.sum += l.slow - l.gains[l.next]
	l.gains[l.next] = l.slow
	if l.next++; l.next == l.smooth {
		l.next = 0
	}
	return l.sum
}

func (l *limiter) apply(frame []float32, sum int64) {
	l.lowest = min(l.lowest, sum/int64(l.smooth))
	g := float32(float64(sum) / float64(l.full()))
	for i, x := range frame {
		frame[i] = x * g
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

// least is the minimum as push returned it last, unity before the first.
func (w *window) least() int64 {
	if w.head == w.tail {
		return unity
	}
	return w.slots[w.head].value
}

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
