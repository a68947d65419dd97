package alsa

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"github.com/gen2brain/alsa"
)

// kernel is what the output needs of the sound system.
type kernel interface {
	// list returns the cards without what their devices take.
	list() ([]Card, error)
	// ask returns what a device takes, each range on its own.
	ask(card, device int) (ranges, error)
	// open opens a device for playing, not blocking, ready to be written. The
	// device may change the period; EINVAL says that it takes nothing like it.
	open(card, device int, c alsa.Config) (pcm, error)
	// mixer opens the controls of a card.
	mixer(card int) (mixer, error)
}

// pcm is an open device; *alsa.PCM is one.
type pcm interface {
	// Config is what the device agreed to.
	Config() alsa.Config
	// Wait waits until there is room for AvailMin frames. It fails with EPIPE
	// after an under-run, ESTRPIPE when suspended, ENODEV when it is gone.
	Wait(timeoutMs int) (bool, error)
	// Write writes a []byte of frames and returns how many there was room
	// for, with EAGAIN when not for all; else it fails as Wait does.
	Write(data any) (int, error)
	// Prepare makes the device play again after EPIPE or ESTRPIPE.
	Prepare() error
	// Delay is the frames written that have not left yet.
	Delay() (int, error)
	Close() error
}

var _ pcm = (*alsa.PCM)(nil)

// ranges is what a device takes. Not every combination need work.
type ranges struct {
	formats  []alsa.PcmFormat
	rate     span
	channels span
	period   span // frames
	periods  span
}

// span is a range with both ends in it.
type span struct{ min, max int }

func (s span) has(n int) bool  { return n >= s.min && n <= s.max }
func (s span) clamp(n int) int { return max(s.min, min(n, s.max)) }

// linux is the running kernel.
type linux struct{}

func (linux) proc() fs.FS { return os.DirFS("/proc") }

func (l linux) list() ([]Card, error) { return readCards(l.proc()) }

func (linux) ask(card, device int) (ranges, error) {
	p, err := alsa.PcmParamsGet(uint(card), uint(device), alsa.PCM_OUT)
	if err != nil {
		return ranges{}, err
	}
	r := ranges{}
	for _, f := range formats {
		if p.FormatIsSupported(f.pcm) {
			r.formats = append(r.formats, f.pcm)
		}
	}
	for param, s := range map[alsa.PcmParam]*span{
		alsa.SNDRV_PCM_HW_PARAM_RATE:        &r.rate,
		alsa.SNDRV_PCM_HW_PARAM_CHANNELS:    &r.channels,
		alsa.SNDRV_PCM_HW_PARAM_PERIOD_SIZE: &r.period,
		alsa.SNDRV_PCM_HW_PARAM_PERIODS:     &r.periods,
	} {
		lo, err1 := p.Min(param)
		hi, err2 := p.Max(param)
		if err := errors.Join(err1, err2); err != nil {
			return ranges{}, err
		}
		// The kernel writes "no limit" as 2^32-1, which no int of a 32-bit
		// board holds.
		*s = span{int(min(lo, 1<<30)), int(min(hi, 1<<30))}
	}
	return r, nil
}

// open takes recovery out of the library's hands (PCM_NORESTART): it would not
// tell of a suspended card, which is a hole in the sound as well.
func (linux) open(card, device int, c alsa.Config) (pcm, error) {
	p, err := alsa.PcmOpen(uint(card), uint(device), alsa.PCM_OUT|alsa.PCM_NONBLOCK|alsa.PCM_NORESTART, &c)
	if err != nil {
		return nil, err
	}
	if err := p.Prepare(); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// Cards lists the sound cards with what each playback device takes. A kernel
// without sound has none, which is no error.
func Cards() ([]Card, error) { return cards(linux{}) }

func cards(k kernel) ([]Card, error) {
	cards, err := k.list()
	if err != nil {
		return nil, err
	}
	for _, c := range cards {
		for i := range c.Devices {
			d := &c.Devices[i]
			r, err := k.ask(c.Number, d.Number)
			if err != nil {
				d.Busy = errors.Is(err, syscall.EBUSY)
				continue
			}
			d.RateMin, d.RateMax = r.rate.min, r.rate.max
			d.ChannelsMin, d.ChannelsMax = r.channels.min, r.channels.max
			for _, f := range r.formats {
				d.Formats = append(d.Formats, alsa.PcmParamFormatNames[f])
			}
		}
	}
	return cards, nil
}
