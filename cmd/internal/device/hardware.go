package device

import (
	"encoding/csv"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"loa/board"
	"loa/gpio"
	"loa/speaker"
	"loa/speaker/alsa"
	"loa/speaker/null"
	"loa/speaker/oto"
	"loa/speaker/wav"
)

// consumer is how the lines' owner is named to gpioinfo.
const consumer = "speakerd"

// FindBoard is the board that the configuration names, or the one whose device
// tree root holds, with the configuration's overrides.
func FindBoard(cfg Config, root fs.FS) (board.Board, error) {
	find := func() (board.Board, error) { return board.Lookup(cfg.Board) }
	if cfg.Board == "auto" {
		find = func() (board.Board, error) { return board.Detect(root) }
	}
	b, err := find()
	if err == nil {
		b, err = b.With(cfg.GPIO)
	}
	if err != nil {
		return b, fmt.Errorf("%w: board: %w", ErrConfig, err)
	}
	return b, nil
}

// CheckOutput says whether this build has the output that the configuration
// names. It opens nothing.
func CheckOutput(cfg Config) error {
	if cfg.Audio.Kind != "oto" {
		return nil
	}
	if _, err := oto.New(oto.Config{}); err != nil {
		return fmt.Errorf("%w: audio.output: %w", ErrConfig, err)
	}
	return nil
}

// AllOff switches all amplifiers of a board off, with nothing else running.
func AllOff(cfg Config, b board.Board) error {
	if b.Name == simBoard {
		return nil // its lines ended with the process that held them
	}
	return gpio.AllOff(gpio.Kernel{}, consumer, ampSpecs(b))
}

// simBoard is the profile without hardware. Its clock is the machine's, which
// is believed, and its lines are written to gpio.csv in the data folder.
const simBoard = "sim"

// pullIn is how long a relay takes to close its contacts once its coil has
// power, bounce included: an amplifier's settle time counts from there.
const pullIn = 10 * time.Millisecond

func ampSpecs(b board.Board) []gpio.AmpSpec {
	specs := make([]gpio.AmpSpec, len(b.Amps))
	for i, a := range b.Amps {
		specs[i] = gpio.AmpSpec{Label: a.Label, Chip: b.ChipOf(a.Chip), Line: line(a.Line, a.ActiveLow), Settle: a.Settle + pullIn, Tail: a.Tail}
	}
	return specs
}

func line(l board.Line, activeLow bool) gpio.Line {
	offset, _ := l.Offset()
	return gpio.Line{Offset: offset, Name: l.Name(), ActiveLow: activeLow}
}

// amplifiers are the board's, not opened yet; nil when it has none.
func amplifiers(b board.Board, lines gpio.Opener) (*gpio.Amplifiers, error) {
	if len(b.Amps) == 0 {
		return nil, nil
	}
	return gpio.NewAmplifiers(lines, consumer, ampSpecs(b))
}

// openOutput is the output that the configuration names.
func (d *Device) openOutput() (speaker.Output, error) {
	a := d.cfg.Audio
	switch a.Kind {
	case "alsa":
		return alsa.New(alsa.Config{Card: a.Target, Device: a.Device, Match: d.board.Sound.Prefer, Rate: a.Rate, Channels: a.Channels,
			Mixer: a.Mixer, Log: d.log.With("component", "alsa")}), nil
	case "wav":
		return wav.New(a.Target, wav.Config{Rate: a.Rate, Channels: a.Channels}), nil
	case "oto":
		out, err := oto.New(oto.Config{Rate: a.Rate, Channels: a.Channels})
		if err != nil {
			return nil, fmt.Errorf("%w: audio.output: %w", ErrConfig, err)
		}
		return out, nil
	default:
		return null.New(null.Config{Rate: a.Rate, Channels: a.Channels}), nil
	}
}

// pinLog writes the switching of simulated lines as CSV, with the time since
// it was made. It does not fail: the simulator's lines switch whether or not
// anybody can write it down.
type pinLog struct {
	mu    sync.Mutex
	w     *csv.Writer
	epoch time.Time
}

func newPinLog(path string, epoch time.Time) (*pinLog, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return nil, err
	}
	p := &pinLog{w: csv.NewWriter(f), epoch: epoch}
	_ = p.w.Write([]string{"t_ns", "line", "value"})
	p.w.Flush()
	return p, nil
}

func (p *pinLog) add(line string, value int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.w.Write([]string{strconv.FormatInt(time.Since(p.epoch).Nanoseconds(), 10), line, strconv.Itoa(value)})
	p.w.Flush()
}

// openLines chooses between the kernel's lines and simulated ones.
func (d *Device) openLines() gpio.Opener {
	if d.board.Name != simBoard {
		return gpio.Kernel{}
	}
	if d.Pin == nil {
		log, err := newPinLog(filepath.Join(d.cfg.DataDir, "gpio.csv"), d.epoch)
		if err != nil {
			d.log.Error("simulated lines are not written down", "err", err)
			return simLines(func(string, int) {})
		}
		d.Pin = log.add
	}
	return simLines(d.Pin)
}
