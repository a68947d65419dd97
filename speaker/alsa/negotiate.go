package alsa

import (
	"errors"
	"fmt"
	"slices"
	"syscall"

	"github.com/gen2brain/alsa"

	"loa/speaker/sample"
)

// format is one way to write samples.
type format struct {
	pcm     alsa.PcmFormat
	bits    int // that sound
	bytes   int // for each sample
	convert func(*sample.Dither) func(dst []byte, src []float32) int
}

// formats in the order of preference: what needs no dither first, then what
// nearly every card takes.
var formats = []format{
	{alsa.SNDRV_PCM_FORMAT_S32_LE, 32, sample.Bytes32, plain(sample.S32)},
	{alsa.SNDRV_PCM_FORMAT_S16_LE, 16, sample.Bytes16, func(d *sample.Dither) func([]byte, []float32) int { return d.S16 }},
	{alsa.SNDRV_PCM_FORMAT_S24_LE, 24, sample.Bytes24, plain(sample.S24)},
	{alsa.SNDRV_PCM_FORMAT_S24_3LE, 24, sample.Bytes24_3, plain(sample.S24Packed)},
}

func plain(f func([]byte, []float32) int) func(*sample.Dither) func([]byte, []float32) int {
	return func(*sample.Dither) func([]byte, []float32) int { return f }
}

// rates in the order of preference. 48000 is what codecs run at inside, and
// what needs no conversion in most of them.
var rates = []int{48000, 44100, 32000, 96000, 24000, 22050, 16000, 88200, 192000, 11025, 8000}

// queuePeriods of 10 ms is how much the card may hold when it lets us choose.
const queuePeriods = 4

// opened is a device that is ready to be written.
type opened struct {
	pcm
	format  format
	conf    alsa.Config // what the device agreed to
	quantum int         // frames in one write, about 10 ms
	larger  bool        // than queuePeriods
}

// negotiate opens the device with the best that it takes.
func negotiate(k kernel, card, device int, conf Config) (*opened, error) {
	has, err := k.ask(card, device)
	if err != nil {
		return nil, err
	}
	f, err := chooseFormat(has)
	if err != nil {
		return nil, err
	}
	channels, err := chooseChannels(has, conf.Channels)
	if err != nil {
		return nil, err
	}
	n := negotiation{kernel: k, card: card, device: device, has: has, format: f, channels: channels}
	for _, rate := range wanted(has, conf.Rate) {
		o, err := n.at(rate)
		if err != nil {
			return nil, err
		}
		if o != nil {
			return o, nil
		}
	}
	return nil, fmt.Errorf("it takes none of our rates %v with %d channels of %d bits; it says %d to %d", rates, channels, f.bits, has.rate.min, has.rate.max)
}

func chooseFormat(has ranges) (format, error) {
	for _, f := range formats {
		if slices.Contains(has.formats, f.pcm) {
			return f, nil
		}
	}
	return format{}, errors.New("it takes none of S32_LE, S16_LE, S24_LE, S24_3LE")
}

func chooseChannels(has ranges, want int) (int, error) {
	if want == 0 {
		want = has.channels.clamp(2)
	}
	if want < 1 || want > 8 || !has.channels.has(want) {
		return 0, fmt.Errorf("%d channels: it has %d to %d, allowed are 1 to 8", want, has.channels.min, has.channels.max)
	}
	return want, nil
}

// wanted is the rates to try, in order.
func wanted(has ranges, first int) []int {
	all := rates
	if first != 0 {
		all = append([]int{first}, rates...)
	}
	return slices.DeleteFunc(slices.Clone(all), func(r int) bool { return !has.rate.has(r) })
}

// negotiation is about rate and buffer, with the rest settled.
type negotiation struct {
	kernel       kernel
	card, device int
	has          ranges
	format       format
	channels     int
}

// at opens the device at exactly that rate with the largest buffer that keeps
// within queuePeriods, or the smallest that does not. It returns nil, nil when
// the device has not got the rate.
func (n negotiation) at(rate int) (*opened, error) {
	period := n.has.period.clamp(rate / 100)
	limit := queuePeriods * rate / 100
	smallest := 0 // periods of the smallest buffer beyond the limit
	size := 0
	for _, periods := range n.counts(limit / period) {
		o, err := n.open(rate, period, periods)
		switch {
		case errors.Is(err, syscall.EINVAL):
			continue
		case err != nil:
			return nil, err
		case int(o.conf.Rate) != rate:
			return nil, o.Close()
		}
		buffer := int(o.conf.PeriodSize * o.conf.PeriodCount)
		if buffer <= limit {
			return o, nil
		}
		if size == 0 || buffer < size {
			smallest, size = periods, buffer
		}
		if err := o.Close(); err != nil {
			return nil, err
		}
	}
	if size == 0 {
		return nil, nil
	}
	o, err := n.open(rate, period, smallest)
	if o != nil {
		o.larger = true
	}
	return o, err
}

// counts is the numbers of periods to try: from fit down to 2, then up.
func (n negotiation) counts(fit int) []int {
	var counts []int
	for c := max(2, min(fit, n.has.periods.max)); c >= 2; c-- {
		counts = append(counts, c)
	}
	for _, c := range []int{3, 4, 8, 16, 32, n.has.periods.min} {
		if c >= 2 && n.has.periods.has(c) && !slices.Contains(counts, c) {
			counts = append(counts, c)
		}
	}
	return counts
}

// open opens the device, once more with its own period when it changed ours:
// the thresholds below depend on it.
func (n negotiation) open(rate, period, periods int) (*opened, error) {
	for range 3 {
		conf, quantum := n.config(rate, period, periods)
		p, err := n.kernel.open(n.card, n.device, conf)
		if err != nil {
			return nil, err
		}
		got := p.Config()
		if int(got.PeriodSize) == period && int(got.PeriodCount) == periods || int(got.Rate) != rate {
			return &opened{pcm: p, format: n.format, conf: got, quantum: quantum}, nil
		}
		period, periods = int(got.PeriodSize), int(got.PeriodCount)
		if err := p.Close(); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("it changes its mind about the period at %d Hz", rate)
}

// config is what the kernel is asked for. Playing starts when the card is as
// full as whole writes make it, and stops, counted as an under-run, when it
// has run empty: a card never repeats what it has played.
func (n negotiation) config(rate, period, periods int) (alsa.Config, int) {
	buffer := period * periods
	quantum := period
	if period < rate/200 || period > rate/50 {
		quantum = rate / 100
	}
	quantum = min(quantum, buffer/2)
	return alsa.Config{
		Channels:       uint32(n.channels),
		Rate:           uint32(rate),
		PeriodSize:     uint32(period),
		PeriodCount:    uint32(periods),
		Format:         n.format.pcm,
		AvailMin:       uint32(quantum),
		StartThreshold: uint32(buffer / quantum * quantum),
		StopThreshold:  uint32(buffer),
	}, quantum
}
