package alsa

import (
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"

	"github.com/gen2brain/alsa"
)

// fakeKernel is a sound system with cards that play in virtual time. It keeps
// to what the kernel does: a period and a rate are lower bounds, a number of
// periods is exact, playing starts at the threshold and stops when empty.
type fakeKernel struct {
	cards   []*fakeCard
	listErr error
}

func (k *fakeKernel) card(number int) *fakeCard {
	i := slices.IndexFunc(k.cards, func(c *fakeCard) bool { return c.Number == number && !c.gone })
	if i < 0 {
		return nil
	}
	return k.cards[i]
}

func (k *fakeKernel) list() ([]Card, error) {
	var cards []Card
	for _, c := range k.cards {
		if !c.gone {
			cards = append(cards, Card{Number: c.Number, ID: c.ID, Driver: c.Driver, Name: c.Name, LongName: c.LongName, Devices: slices.Clone(c.Devices)})
		}
	}
	return cards, k.listErr
}

func (k *fakeKernel) ask(card, _ int) (ranges, error) {
	c := k.card(card)
	if c == nil {
		return ranges{}, syscall.ENOENT
	}
	return c.ranges(), c.askErr
}

func (k *fakeKernel) open(card, _ int, conf alsa.Config) (pcm, error) {
	c := k.card(card)
	if c == nil {
		return nil, syscall.ENOENT
	}
	conf, err := c.refine(conf)
	if err = errors.Join(err, c.openErr); err != nil {
		return nil, fmt.Errorf("ioctl HW_PARAMS failed: %w", err)
	}
	c.pcm = &fakePCM{card: c, conf: conf}
	return c.pcm, nil
}

func (k *fakeKernel) mixer(card int) (mixer, error) {
	c := k.card(card)
	if c.mixerErr != nil {
		return nil, c.mixerErr
	}
	return &c.mixer, nil
}

// fakeCard is a card and what it takes. The zero values of the limits are
// those of a plain USB card.
type fakeCard struct {
	Card
	formats                []alsa.PcmFormat
	rates                  []int
	channels, size, counts span
	step                   int // periods are multiples of it
	gone                   bool
	askErr, openErr        error
	prepareErr             error
	jitter                 func(delay int) int
	mixer                  fakeMixer
	mixerErr               error

	pcm *fakePCM // opened last
}

func usbCard(number int) *fakeCard {
	return &fakeCard{
		Card:     Card{Number: number, ID: "Audio", Driver: "USB-Audio", Name: "QEMU USB Audio", Devices: []Device{{Name: "USB Audio"}}},
		formats:  []alsa.PcmFormat{alsa.SNDRV_PCM_FORMAT_S16_LE},
		rates:    []int{48000},
		channels: span{2, 2},
		size:     span{48, 96000},
		counts:   span{2, 1024},
		step:     1,
	}
}

func (c *fakeCard) ranges() ranges {
	return ranges{formats: c.formats, rate: span{slices.Min(c.rates), slices.Max(c.rates)}, channels: c.channels, period: c.size, periods: c.counts}
}

func (c *fakeCard) refine(conf alsa.Config) (alsa.Config, error) {
	rate := 0
	for _, r := range slices.Sorted(slices.Values(c.rates)) {
		if r >= int(conf.Rate) && rate == 0 {
			rate = r
		}
	}
	period := (max(int(conf.PeriodSize), c.size.min) + c.step - 1) / c.step * c.step
	if rate == 0 || period > c.size.max || !c.counts.has(int(conf.PeriodCount)) ||
		!c.channels.has(int(conf.Channels)) || !slices.Contains(c.formats, conf.Format) {
		return conf, syscall.EINVAL
	}
	conf.Rate, conf.PeriodSize = uint32(rate), uint32(period)
	return conf, nil
}

// fakePCM is an open device. The flags after played make it fail once.
type fakePCM struct {
	card    *fakeCard
	conf    alsa.Config
	started time.Time // zero: prepared
	written int       // frames since it was prepared
	played  []byte    // all that was written
	closed  bool

	suspended, stuck, short bool
}

func (p *fakePCM) Config() alsa.Config { return p.conf }
func (p *fakePCM) Close() error        { p.closed = true; return nil }

func (p *fakePCM) buffer() int { return int(p.conf.PeriodSize * p.conf.PeriodCount) }

// queued is the frames that have not left yet; empty says that it ran dry.
func (p *fakePCM) queued() (frames int, empty bool) {
	if p.started.IsZero() {
		return p.written, false
	}
	left := int(time.Since(p.started) * time.Duration(p.conf.Rate) / time.Second)
	return max(0, p.written-left), left > p.written
}

func (p *fakePCM) Wait(timeoutMs int) (bool, error) {
	for end := time.Now().Add(time.Duration(timeoutMs) * time.Millisecond); ; time.Sleep(time.Millisecond) {
		queued, empty := p.queued()
		switch {
		case p.closed:
			return false, syscall.EBADF
		case p.card.gone:
			return false, fmt.Errorf("device disconnected: %w", syscall.ENODEV)
		case p.suspended:
			return false, fmt.Errorf("stream suspended: %w", syscall.ESTRPIPE)
		case empty:
			return false, fmt.Errorf("stream xrun: %w", syscall.EPIPE)
		case p.buffer()-queued >= int(p.conf.AvailMin) && !p.stuck:
			return true, nil
		case !time.Now().Before(end):
			return false, nil
		}
	}
}

func (p *fakePCM) Write(data any) (int, error) {
	b := data.([]byte)
	frame := frameBytes(p.conf)
	queued, empty := p.queued()
	switch {
	case p.card.gone:
		return 0, syscall.ENODEV
	case p.suspended:
		return 0, syscall.ESTRPIPE
	case empty:
		return 0, syscall.EPIPE
	}
	n := min(len(b)/frame, p.buffer()-queued)
	if p.short {
		p.short = false
		n = min(n, 7)
	}
	p.played = append(p.played, b[:n*frame]...)
	p.written += n
	if p.started.IsZero() && p.written >= int(p.conf.StartThreshold) {
		p.started = time.Now()
	}
	if n < len(b)/frame {
		return n, syscall.EAGAIN
	}
	return n, nil
}

func (p *fakePCM) Prepare() error {
	if p.card.gone {
		return syscall.ENODEV
	}
	p.started, p.written, p.suspended = time.Time{}, 0, false
	return p.card.prepareErr
}

func (p *fakePCM) Delay() (int, error) {
	queued, empty := p.queued()
	switch {
	case p.card.gone:
		return 0, syscall.ENODEV
	case empty:
		return 0, syscall.EPIPE
	case p.card.jitter != nil:
		return p.card.jitter(queued), nil
	}
	return queued, nil
}

// frameBytes is the bytes of one frame.
func frameBytes(c alsa.Config) int {
	i := slices.IndexFunc(formats, func(f format) bool { return f.pcm == c.Format })
	return formats[i].bytes * int(c.Channels)
}

// fakeMixer keeps what was set.
type fakeMixer struct {
	all    []control
	values map[string][]int
	setErr error
	closed bool
}

func (m *fakeMixer) controls() []control { return m.all }
func (m *fakeMixer) Close() error        { m.closed = true; return nil }
func (m *fakeMixer) set(c control, value int) error {
	if m.values == nil {
		m.values = map[string][]int{}
	}
	m.values[c.name] = append(m.values[c.name], value)
	return m.setErr
}
