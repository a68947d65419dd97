package main

import (
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"loa"
	"loa/board"
	"loa/cmd/internal/cli"
	"loa/cmd/internal/device"
	"loa/speaker"
)

type demoCmd struct {
	Out     string `required:"" placeholder:"DIR" help:"Folder for what comes out; a folder for each device in it."`
	Sound   string `required:"" placeholder:"FILE" help:"The bulletin (MP3)."`
	Seconds int    `env:"DEMO_SECONDS" default:"60" help:"How long; 0 runs until Ctrl-C."`
}

// demoDevice is the name of the one cluster of the demonstration.
const demoDevice = "cum-loa-01"

// What the demonstration plans, from its start.
const (
	demoFirst  = 5 * time.Second
	demoRepeat = 2
	demoGap    = 4 * time.Second
)

// Run runs one cluster in real time and checks what it did.
func (c demoCmd) Run(ctx context.Context, out io.Writer) error {
	if c.Seconds < 0 || c.Seconds > 86400 {
		return fmt.Errorf("%w: --seconds %d is not allowed; allowed: 0 to 86400", cli.ErrUsage, c.Seconds)
	}
	show, err := newShow(c, out)
	if err != nil {
		return err
	}
	if c.Seconds > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, time.Duration(c.Seconds)*time.Second)
		defer stop()
	}
	if err := show.dev.Run(ctx); err != nil {
		return err
	}
	show.ended = time.Now()
	return show.verdict()
}

// show is one demonstration on its way.
type show struct {
	out     io.Writer
	dir     string
	dev     *device.Device
	began   time.Time
	planned time.Time
	over    time.Time // when everything planned must be over, tail included
	ended   time.Time
	events  *os.File
	log     *device.Lines
	board   board.Board

	mu    sync.Mutex
	pins  []pin
	plays []loa.PlayRecord
}

// pin is one switching of a line.
type pin struct {
	at    time.Time
	line  string
	value int
}

func newShow(c demoCmd, out io.Writer) (*show, error) {
	s := &show{out: out, dir: filepath.Join(c.Out, demoDevice), began: time.Now()}
	if err := os.RemoveAll(s.dir); err != nil {
		return nil, err
	}
	state := filepath.Join(s.dir, "state")
	if err := os.MkdirAll(state, 0o755); err != nil {
		return nil, err
	}
	media, err := s.copySound(c.Sound)
	if err != nil {
		return nil, err
	}
	info, err := speaker.Probe(func() (io.ReadCloser, error) { return os.Open(c.Sound) })
	if err != nil {
		return nil, fmt.Errorf("%w: --sound: %w", cli.ErrUsage, err)
	}
	if err := s.writePlan(media, info.Duration); err != nil {
		return nil, err
	}
	if s.events, err = os.Create(filepath.Join(s.dir, "events.jsonl")); err != nil {
		return nil, err
	}
	s.log = &device.Lines{Device: demoDevice, W: s.events}
	b, err := board.Lookup("sim")
	if err != nil {
		return nil, err
	}
	s.board = b
	cfg, err := device.ParseConfig([]byte(`
data_dir = "state"
board = "sim"
name = "Cụm loa thôn 1"
[audio]
output = "wav:audio.wav"
[local]
plan = "plan.json"
media_dir = "sounds"
`), s.dir)
	if err != nil {
		return nil, err
	}
	s.dev = device.New(cfg, b, slog.New(slog.DiscardHandler))
	s.dev.Pin, s.dev.Tee = s.pin, s
	s.say("cluster %s (%q): board %s, %d amplifiers, no network; its plan says %s at %s, %d times",
		demoDevice, cfg.Name, b.Name, len(b.Amps), filepath.Base(c.Sound), s.planned.Format("15:04:05"), demoRepeat)
	return s, nil
}

// copySound puts the bulletin where the device finds it.
func (s *show) copySound(path string) (loa.Media, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return loa.Media{}, fmt.Errorf("%w: --sound: %w", cli.ErrUsage, err)
	}
	sum := sha256.Sum256(b)
	dir := filepath.Join(s.dir, "sounds")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return loa.Media{}, err
	}
	m := loa.Media{SHA256: hex.EncodeToString(sum[:]), Bytes: int64(len(b)), Type: "audio/mpeg"}
	return m, os.WriteFile(filepath.Join(dir, filepath.Base(path)), b, 0o644)
}

func (s *show) writePlan(m loa.Media, length time.Duration) error {
	zone, err := time.LoadLocation(loa.DefaultZone)
	if err != nil {
		return err
	}
	s.planned = s.began.Add(demoFirst).Truncate(time.Second).In(zone)
	s.over = s.planned.Add(demoRepeat*length + (demoRepeat-1)*demoGap + 3*time.Second)
	y, mo, d := s.planned.Date()
	plan := loa.Plan{Header: loa.Header{V: 1}, Zone: loa.DefaultZone, Items: []loa.PlanItem{{
		Item: loa.Item{ID: "ban-tin-sang", Title: "Bản tin sáng", Lang: "vi", Media: []loa.Media{m},
			Repeat: demoRepeat, Gap: loa.Duration(demoGap)},
		Start: loa.LocalTime{Year: y, Month: int(mo), Day: d, Hour: s.planned.Hour(), Minute: s.planned.Minute(), Second: s.planned.Second()},
		Late:  loa.DefaultLate,
	}}}
	b, err := json.MarshalIndent(plan, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.dir, "plan.json"), b, 0o644)
}

// say prints one line of the timeline.
func (s *show) say(format string, args ...any) {
	fmt.Fprintf(s.out, "%6.2f s  "+format+"\n", append([]any{time.Since(s.began).Seconds()}, args...)...)
}

func (s *show) pin(line string, value int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	word := "off"
	if value == 1 {
		word = "on"
	}
	s.pins = append(s.pins, pin{time.Now(), line, value})
	s.say("amplifier on line %s %s", line, word)
}

// Record shows an event and writes it to events.jsonl. It is the device's Tee.
func (s *show) Record(at time.Time, typ loa.EventType, detail any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, ok := detail.(loa.PlayRecord); ok {
		s.plays = append(s.plays, p)
		s.say("%s %q: %s, %d frames left the sound card with %d amplifiers on", p.ID, p.Title, p.Result, p.FramesPlayed, p.Amps)
	} else {
		b, err := json.Marshal(detail)
		if err != nil {
			return err
		}
		s.say("%s %s", typ, b)
	}
	return s.log.Record(at, typ, detail)
}

// settle is the last amplifier's: the shortest lead there may be.
func (s *show) settle() time.Duration { return s.board.Amps[len(s.board.Amps)-1].Settle }

// writePins writes gpio.csv; its time 0 is the first frame of audio.wav.
func (s *show) writePins() error {
	f, err := os.Create(filepath.Join(s.dir, "gpio.csv"))
	if err != nil {
		return err
	}
	defer f.Close()
	zero := s.dev.SoundBegan()
	w := csv.NewWriter(f)
	rows := [][]string{{"t_ns", "line", "value"}}
	for _, p := range s.pins {
		rows = append(rows, []string{strconv.FormatInt(p.at.Sub(zero).Nanoseconds(), 10), p.line, strconv.Itoa(p.value)})
	}
	return w.WriteAll(rows)
}

// verdict looks at the files that were written, and not at what the device
// says of itself.
func (s *show) verdict() error {
	if err := errors.Join(s.events.Close(), s.writePins()); err != nil {
		return err
	}
	heard, err := listen(filepath.Join(s.dir, "audio.wav"))
	if err != nil {
		return err
	}
	zero := s.dev.SoundBegan()
	err = s.judge(heard, zero)
	s.picture(heard)
	fmt.Fprintf(s.out, "\nfiles: %s/{audio.wav,gpio.csv,events.jsonl,timeline.svg}\n", s.dir)
	return errors.Join(err, s.draw(heard, filepath.Join(s.dir, "timeline.svg")))
}
