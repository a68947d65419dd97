package main

import (
	"slices"

	"loa/cmd/internal/device"
	"loa/speaker/loudness"
)

// Limits of what is worth a word to an official.
const (
	silentLUFS   = -60.0 // below it there is nothing to hear
	silentPeak   = -50.0 // dBFS, the same for what is too short to be measured
	shortest     = 0.4   // seconds: the window of BS.1770-4
	quietBy      = 3.0   // LU below the target that gain_db cannot make up for
	shortestLack = 0.1   // seconds: less is a frame that no ear misses
	edgeSilence  = 0.5   // seconds
	innerSilence = 10.0  // seconds: people think that the loudspeaker is broken
	clippedPart  = 1e-4  // of all samples
	oneSided     = 1e-6  // energy of one channel against the other: 60 dB
	cancelled    = 0.01  // energy of the mean against that of the channels: 20 dB
)

// warning is something about a file that can be played and yet should be looked
// at. Code is a stable word; args fill the text of that code.
type warning struct {
	code string
	args []any
}

// warnings looks at what was heard, and at what the device's verdict knows of
// the end of the file.
func (l *listener) warnings(v device.Verdict) (out []warning) {
	warn := func(code string, args ...any) { out = append(out, warning{code, args}) }
	l.warnDamage(v, warn)
	if l.err != nil {
		warn("ends-early", clock(l.seconds), l.err)
	}
	for _, s := range l.stretches[1:] {
		warn("rate-changes", clock(s.from), s.rate)
	}
	if heard := l.heard(); !(heard > silentLUFS) {
		if l.seconds < shortest && l.samplePeak() > silentPeak {
			warn("short", l.seconds)
		} else {
			warn("silent")
		}
		return out
	}
	l.warnQuiet(warn)
	if float64(l.clipped) > clippedPart*float64(l.samples) {
		warn("clipped", 100*float64(l.clipped)/float64(l.samples))
	}
	l.warnChannels(warn)
	start, end, gap, at := l.quiet()
	if start >= edgeSilence {
		warn("silent-start", start)
	}
	if gap >= innerSilence {
		warn("silent-middle", gap, clock(at))
	}
	if end >= edgeSilence {
		warn("silent-end", end)
	}
	return out
}

// reaches is the loudness that gain brings the file to, in LUFS.
func (l *listener) reaches() float64 { return l.heard() + l.gain() }

// mostPeak is how high a peak may get with gain_db, in dBTP: the ceiling of the
// limiter and what it may take away, see loudness.Gain.
const mostPeak = -1.0 + 12

// warnQuiet says what keeps a file below the others: that it is soft, or moments
// so far above the rest that more of it would be too much for them.
func (l *listener) warnQuiet(warn func(string, ...any)) {
	left := loudness.Target - l.reaches()
	switch {
	case left < quietBy:
	case l.truePeak()+l.gain()+left > mostPeak:
		warn("click", clock(l.loudest()), left)
	default:
		warn("quiet", left)
	}
}

// loudest is where the highest peak is, in seconds.
func (l *listener) loudest() float64 {
	return seconds(slices.Index(l.blocks, slices.Min(l.blocks)))
}

// mostFrame is more, in bytes, than the rest of a frame that was cut short.
const mostFrame = 4096

func (l *listener) warnDamage(v device.Verdict, warn func(string, ...any)) {
	bytes, spots, end := l.bytes, l.spots, v.Unfinished()
	part := func(n int64) int64 { return 100 * n / max(v.Size, 1) }
	if end > 0 { // that is told apart
		bytes -= min(end, bytes)
		if n := len(spots); n > 0 && spots[n-1] > l.seconds-0.1 {
			spots = spots[:n-1]
		}
		if bytes < mostFrame && len(spots) == 0 { // of the frame that the zeros begin in
			bytes = 0
		}
	}
	lacks := v.Sound.Missing.Seconds()
	switch atEnd := l.bad == 0 && len(spots) == 1 && spots[0] > l.seconds-0.1; {
	case bytes == 0 && l.bad == 0:
	case atEnd && bytes > mostFrame:
		warn("other-end", size(bytes), part(bytes))
	case atEnd && (v.Sound.NoEnd || lacks >= shortestLack): // told below, and better
	case atEnd:
		warn("cut-end", bytes)
	default:
		warn("damage", bytes, l.bad, clocks(spots))
	}
	if end > 0 {
		warn("unfinished", size(end), part(end))
	}
	if lacks >= shortestLack {
		warn("cut-short", lacks, 100*lacks/(lacks+l.seconds))
	} else if v.Sound.NoEnd {
		warn("no-end", clock(l.seconds))
	}
}

func (l *listener) warnChannels(warn func(string, ...any)) {
	if l.channels != 2 {
		return
	}
	left, right := l.energy[0], l.energy[1]
	switch {
	case right < oneSided*left:
		warn("left-only")
	case left < oneSided*right:
		warn("right-only")
	case l.middle < cancelled*(left+right)/2:
		warn("channels-cancel")
	}
}
