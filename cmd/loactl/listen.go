package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"loa/speaker"
	"loa/speaker/loudness"
)

// listener is what decoding a whole file finds out about its sound.
type listener struct {
	rate, channels int     // of the first stretch
	frames         int64   // in all, each of its own rate
	seconds        float64 // in all
	stretches      []stretch
	blocks         []uint8 // peak of each 10 ms, in dB below full scale
	clipped        int64   // samples at full scale
	samples        int64
	energy         [2]float64 // of the channels
	middle         float64    // of their mean
	bytes, bad     int64      // damage: bytes lost, frames concealed
	spots          []float64  // seconds at which damage was met, the first few
	err            error      // why the sound ended before the file
}

// stretch is what goes on at one sampling rate; files glued together have
// several.
type stretch struct {
	rate   int
	from   float64 // seconds
	frames int64
	meter  *loudness.Meter
}

func (s stretch) seconds() float64 { return float64(s.frames) / float64(s.rate) }

const (
	blocksPerSecond = 100
	// clipLevel is full scale, less what a decoder's arithmetic may take away.
	clipLevel = 0.9995
	mostSpots = 10
)

// listen decodes r to its end and measures what comes.
func listen(ctx context.Context, r io.Reader) (*listener, error) {
	dec, _, err := speaker.NewDecoder(r)
	if err != nil {
		return nil, err
	}
	l := &listener{}
	l.rate, l.channels = dec.Format()
	b := newBlock(dec, l.channels)
	if err := l.begin(l.rate); err != nil {
		return nil, err
	}
	for changed := false; ; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		x, err := b.read()
		l.take(x)
		l.damage(dec)
		switch {
		case err == nil:
			changed = false
		case errors.Is(err, speaker.ErrChanged) && !changed: // twice in a row is no change
			changed = true
			rate, _ := dec.Format()
			if err := l.begin(rate); err != nil {
				return nil, err
			}
		case errors.Is(err, io.EOF):
			return l, nil
		default:
			l.err = err
			return l, nil
		}
	}
}

// block reads a decoder with the number of channels that it had at first,
// whatever follows at another rate.
type block struct {
	dec      speaker.Decoder
	channels int
	in, out  []float32
}

const blockFrames = 4096

func newBlock(dec speaker.Decoder, channels int) *block {
	return &block{dec: dec, channels: channels, in: make([]float32, 2*blockFrames), out: make([]float32, 2*blockFrames)}
}

// read returns what the decoder gives next, valid until the next call.
func (b *block) read() ([]float32, error) {
	_, has := b.dec.Format()
	n, err := b.dec.Read(b.in[:blockFrames*has])
	if has == b.channels {
		return b.in[:n*has], err
	}
	out := b.out[:n*b.channels]
	for i := range n {
		if b.channels == 1 {
			out[i] = (b.in[2*i] + b.in[2*i+1]) / 2
		} else {
			out[2*i], out[2*i+1] = b.in[i], b.in[i]
		}
	}
	return out, err
}

func (l *listener) begin(rate int) error {
	m, err := loudness.NewMeter(rate, l.channels)
	if err != nil {
		return err
	}
	if n := len(l.stretches); n > 0 && l.stretches[n-1].frames == 0 {
		l.stretches = l.stretches[:n-1] // nothing was heard at that rate
	}
	l.stretches = append(l.stretches, stretch{rate: rate, from: l.seconds, meter: m})
	return nil
}

// take measures interleaved frames.
func (l *listener) take(x []float32) {
	s := &l.stretches[len(l.stretches)-1]
	s.meter.Write(x)
	for base := int(s.from * blocksPerSecond); len(x) > 0; {
		at := s.frames * blocksPerSecond / int64(s.rate)
		next := ((at+1)*int64(s.rate) + blocksPerSecond - 1) / blocksPerSecond // first frame of the block behind
		n := int(min(next-s.frames, int64(len(x)/l.channels)))
		l.note(base+int(at), l.look(x[:n*l.channels]))
		x = x[n*l.channels:]
		s.frames += int64(n)
		l.frames += int64(n)
	}
	l.seconds = s.from + s.seconds()
}

// look goes through frames of one block and returns their peak.
func (l *listener) look(x []float32) (peak float64) {
	for i := 0; i < len(x); i += l.channels {
		sum := 0.0
		for c := range l.channels {
			v := float64(x[i+c])
			a := math.Abs(v)
			peak = max(peak, a)
			if a >= clipLevel {
				l.clipped++
			}
			l.energy[c] += v * v
			sum += v
		}
		sum /= float64(l.channels)
		l.middle += sum * sum
	}
	l.samples += int64(len(x))
	return peak
}

// note keeps the peak of block number at.
func (l *listener) note(at int, peak float64) {
	db := uint8(255)
	if peak > 0 {
		db = uint8(min(255, max(0, -20*math.Log10(peak))))
	}
	for len(l.blocks) <= at {
		l.blocks = append(l.blocks, 255)
	}
	l.blocks[at] = min(l.blocks[at], db)
}

// damage looks whether the decoder met more of it.
func (l *listener) damage(dec speaker.Decoder) {
	bytes, bad := damageOf(dec)
	if bytes == l.bytes && bad == l.bad {
		return
	}
	l.bytes, l.bad = bytes, bad
	l.spots = spotted(l.spots, l.seconds)
}

// spotted adds a place to the first few, unless it is within a second of the last.
func spotted(spots []float64, at float64) []float64 {
	if n := len(spots); n < mostSpots && (n == 0 || at-spots[n-1] >= 1) {
		spots = append(spots, at)
	}
	return spots
}

// damageOf is what a decoder could not use: bytes, and frames of its codec that
// it concealed.
func damageOf(dec speaker.Decoder) (bytes, frames int64) {
	if d, ok := dec.(interface{ Damage() (bytes, frames int64) }); ok {
		return d.Damage()
	}
	return 0, 0
}

// integrated is the loudness of the whole, in LUFS. Stretches of different rates
// count by their duration; only each one's own gates are applied.
func (l *listener) integrated() float64 {
	if len(l.stretches) == 1 {
		return l.stretches[0].meter.Integrated()
	}
	sum, seconds := 0.0, 0.0
	for _, s := range l.stretches {
		if i := s.meter.Integrated(); !math.IsInf(i, 0) {
			sum += s.seconds() * math.Pow(10, i/10)
			seconds += s.seconds()
		}
	}
	return 10 * math.Log10(sum/seconds) // -Inf or NaN when there is none
}

// most is the highest of what the meters of all stretches say.
func (l *listener) most(of func(*loudness.Meter) float64) float64 {
	m := math.Inf(-1)
	for _, s := range l.stretches {
		m = max(m, of(s.meter))
	}
	return m
}

func (l *listener) truePeak() float64   { return l.most((*loudness.Meter).TruePeak) }
func (l *listener) samplePeak() float64 { return l.most((*loudness.Meter).SamplePeak) }
func (l *listener) span() float64       { return l.most((*loudness.Meter).Range) }

// heard is the loudness as levels are set by it: a single channel, which a horn
// plays from every channel of the card, counts as two.
func (l *listener) heard() float64 {
	if l.channels == 1 {
		return l.integrated() + 10*math.Log10(2)
	}
	return l.integrated()
}

// gain is the gain_db that makes the file as loud as the others.
func (l *listener) gain() float64 {
	return loudness.Gain(l.heard(), l.truePeak(), loudness.Target)
}

// quiet are the seconds without sound at the start, at the end, and the longest
// between, which begins at gapAt.
func (l *listener) quiet() (start, end, gap, gapAt float64) {
	// 40 dB below the highest peak is the room; nothing is silent above -50 dBFS.
	floor := uint8(min(255, max(50, 40-l.samplePeak())))
	silent := func(b uint8) bool { return b >= floor }
	lo, hi := 0, len(l.blocks)
	for lo < hi && silent(l.blocks[lo]) {
		lo++
	}
	for hi > lo && silent(l.blocks[hi-1]) {
		hi--
	}
	run, most, at := 0, 0, 0
	for i := lo; i < hi; i++ {
		if run++; !silent(l.blocks[i]) {
			run = 0
		}
		if run > most {
			most, at = run, i+1-run
		}
	}
	return seconds(lo), seconds(len(l.blocks) - hi), seconds(most), seconds(at)
}

func seconds(blocks int) float64 { return float64(blocks) / blocksPerSecond }

// clock is a position or a length as people say it: 1:05, 2:00:07.
func clock(s float64) string {
	n := int(s)
	if n >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", n/3600, n/60%60, n%60)
	}
	return fmt.Sprintf("%d:%02d", n/60, n%60)
}

func clocks(at []float64) (text string) {
	for i, s := range at {
		if i > 0 {
			text += ", "
		}
		text += clock(s)
	}
	return text
}
