package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"loa"
	"loa/cmd/internal/device"
	"loa/speaker"
	"loa/speaker/loudness"
	"loa/speaker/sniff"
)

type audioCheckCmd struct {
	jsonFlag
	Files []string `arg:"" name:"file" help:"Sound files; - is standard input."`
}

// Help is shown below the flags.
func (audioCheckCmd) Help() string {
	return `The whole file is decoded with the device's own code. Exit code 0: the device plays every file; 1: it does not play one of them; 2: a file is not there (the others are checked all the same).

Examples:
  loactl audio check ban-tin.mp3
  loactl audio check --lang vi *.mp3
  loactl audio check --json ban-tin.mp3      one JSON object a line for each file

gain_db is what brings the file to the loudness of all others (` + fmt.Sprint(loudness.Target) + ` LUFS); write it beside the item in the plan.`
}

// checked is the report on one file; members that are not known are null.
type checked struct {
	File      string      `json:"file"`
	Bytes     int64       `json:"bytes"`
	SHA256    *string     `json:"sha256"`
	Playable  bool        `json:"playable"`
	Reason    string      `json:"reason"`      // why not; "" when it is playable
	Code      string      `json:"reason_code"` // a stable word for it
	Hint      string      `json:"hint"`        // a command that makes a file that can be played
	Codec     string      `json:"codec"`       // mp3, mp2, opus, wav; what it is otherwise, when that is known
	Detail    string      `json:"detail"`
	Encoder   string      `json:"encoder"`
	Rate      *int        `json:"rate"` // Hz
	Channels  *int        `json:"channels"`
	DurationS *float64    `json:"duration_s"`
	Frames    *int64      `json:"frames"`
	BitRate   *int        `json:"bit_rate"` // bit/s, mean
	VBR       *bool       `json:"vbr"`
	Damage    damaged     `json:"damage"`
	LUFS      *float64    `json:"lufs"` // integrated
	LRA       *float64    `json:"loudness_range_lu"`
	TruePeak  *float64    `json:"true_peak_dbtp"`
	Peak      *float64    `json:"sample_peak_dbfs"`
	GainDB    *float64    `json:"gain_db"` // suggested
	Target    float64     `json:"target_lufs"`
	Warnings  []toldAbout `json:"warnings"`

	verdict device.Verdict
	reached float64 // LUFS with GainDB
	warned  []warning
}

// damaged is what cannot be heard of a file that is played.
type damaged struct {
	Bytes  int64     `json:"bytes"`  // that belong to nothing
	Frames int64     `json:"frames"` // of the codec, concealed
	At     []float64 `json:"at_s"`   // where, the first few
}

// toldAbout is a warning for programs.
type toldAbout struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// Run checks each file and prints what it found.
func (v audioCheckCmd) Run(ctx context.Context, n notes, w words, out io.Writer) error {
	a := w.audio
	bad, wrong, shown := 0, 0, 0
	for _, path := range v.Files {
		f, err := named(ctx, path, a)
		switch {
		case ctx.Err() != nil:
			return errors.New(a.stopped)
		case err != nil && len(v.Files) == 1:
			return err
		}
		if err != nil { // the others are checked all the same
			fmt.Fprintln(n, "loactl:", err)
			wrong++
			continue
		}
		c, err := check(ctx, n, f)
		f.close()
		switch {
		case ctx.Err() != nil:
			return errors.New(a.stopped)
		case err != nil:
			return err
		case !c.Playable:
			bad++
		}
		if v.JSON {
			err = json.NewEncoder(out).Encode(c)
		} else {
			if shown > 0 {
				fmt.Fprintln(out)
			}
			shown++
			err = printChecked(out, w, c)
		}
		if err != nil {
			return err
		}
	}
	return v.summary(a, bad, wrong)
}

// summary makes the exit code 1 for files that are not played, 2 for names that
// are not those of files.
func (v audioCheckCmd) summary(a audioWords, bad, wrong int) error {
	switch all := len(v.Files); {
	case wrong > 0:
		return a.mistake("names", wrong, all)
	case bad == 0:
		return nil
	case all == 1:
		return fmt.Errorf(a.oneBad, a.fileName(v.Files[0]))
	default:
		return fmt.Errorf(a.someBad, bad, all)
	}
}

// check judges a file as the device does, then listens to it.
func check(ctx context.Context, n notes, f soundFile) (*checked, error) {
	c := &checked{File: f.path, Bytes: f.info.Size(), Target: loudness.Target, Warnings: []toldAbout{}, Damage: damaged{At: []float64{}}}
	c.judged(f.judge())
	if c.Bytes > loa.MaxMediaLen {
		c.Hint = f.convert(c.verdict.Refusal)
		return c, nil // it is not read to its end
	}
	p, err := f.watched(n)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	sum := sha256.New()
	all := io.TeeReader(p, sum)
	if c.Playable {
		l, err := listen(ctx, all)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		c.heard(l, err)
	}
	if _, err := io.Copy(io.Discard, all); err == nil {
		c.SHA256 = known(hex.EncodeToString(sum.Sum(nil)))
	}
	c.Hint = f.convert(c.verdict.Refusal)
	return c, nil
}

// judged takes in the device's judgement.
func (c *checked) judged(v device.Verdict) {
	s := v.Sound
	c.verdict = v
	c.Playable, c.Reason, c.Code = v.Playable(), v.Reason(), string(v.Refusal)
	c.Codec = string(s.Codec)
	if c.Codec == "" && v.Found.Kind == sniff.Sound {
		c.Codec = strings.ToLower(v.Found.Format)
	}
	c.Rate, c.Channels, c.BitRate, c.Frames = known(s.Rate), known(s.Channels), known(s.BitRate), known(s.Frames)
	c.VBR = variable(s)
	if s.Frames > 0 {
		c.DurationS = known(round(s.Duration.Seconds(), 3))
	}
	c.Detail, c.Encoder = s.Detail, s.Encoder
	c.Damage.Bytes, c.Damage.Frames = s.Damage, s.BadFrames
}

// variable is whether frames differ in bit rate, nil where that is not told.
func variable(s speaker.SoundInfo) *bool {
	if s.BitRates == speaker.BitRatesUnknown {
		return nil
	}
	v := s.BitRates == speaker.BitRatesVariable
	return &v
}

// heard takes in what listening found out, or why it could not be done.
func (c *checked) heard(l *listener, err error) {
	if err != nil || l.frames == 0 {
		c.verdict.Refusal, c.verdict.Err = device.RefusedSilent, err
		c.Playable, c.Reason, c.Code = false, c.verdict.Reason(), string(c.verdict.Refusal)
		return
	}
	c.Rate, c.Channels, c.Frames = &l.rate, &l.channels, &l.frames
	c.DurationS = known(round(l.seconds, 3))
	c.Damage.Bytes, c.Damage.Frames = l.bytes, l.bad
	c.Damage.At = hundredths(l.spots)
	c.LUFS, c.LRA = number(l.integrated()), number(l.span())
	c.TruePeak, c.Peak = number(l.truePeak()), number(l.samplePeak())
	if l.heard() > silentLUFS {
		c.GainDB, c.reached = number(l.gain()), l.reaches()
	}
	c.warned = l.warnings(c.verdict)
	for _, w := range c.warned {
		c.Warnings = append(c.Warnings, toldAbout{w.code, english.audio.warning(w)})
	}
}

// known is nil for what stands for "not known".
func known[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// number is v to a hundredth, nil when JSON has no word for it.
func number(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	v = round(v, 2)
	return &v
}

// hundredths are numbers to that, never null.
func hundredths(v []float64) []float64 {
	out := make([]float64, len(v))
	for i := range v {
		out[i] = round(v[i], 2)
	}
	return out
}

func round(v float64, digits int) float64 {
	p := math.Pow10(digits)
	return math.Round(v*p)/p + 0 // no negative zero
}

func printChecked(out io.Writer, w words, c *checked) error {
	a := w.audio
	tw := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(tw, name+"\t"+format+"\n", args...) }
	row(a.file, "%s  (%s)", a.fileName(c.File), size(c.Bytes))
	if c.Rate != nil {
		printSoundOf(row, a, c)
	}
	if c.Playable {
		printLevels(row, a, c)
	}
	if c.Playable {
		row(a.playable, "%s", a.yes)
	} else {
		row(a.playable, "%s: %s", a.no, a.refusal(c.verdict))
	}
	if c.Hint != "" {
		row(a.hint, "%s", c.Hint)
	}
	for _, warn := range c.warned {
		row(a.note, "%s", a.warning(warn))
	}
	return tw.Flush()
}

func printSoundOf(row func(string, string, ...any), a audioWords, c *checked) {
	detail, ok := map[string]string{"mp3": "MP3", "mp2": "MP2", "opus": "Opus", "wav": "WAV"}[c.Codec]
	if !ok {
		detail = c.Codec
	}
	if c.Detail != "" {
		detail += ", " + a.detail(c.Detail)
	}
	row(a.format, "%s", detail)
	row(a.rate, "%d Hz, %s", *c.Rate, a.channels(*c.Channels))
	if c.DurationS != nil {
		row(a.duration, "%s", length(*c.DurationS))
	}
	if c.BitRate != nil {
		row(a.bitRate, "%.0f kbit/s", float64(*c.BitRate)/1000)
	}
	if c.Encoder != "" {
		row(a.encoder, "%s", c.Encoder)
	}
	if c.Playable && c.Damage.Bytes == 0 && c.Damage.Frames == 0 {
		row(a.damage, "%s", a.none)
	} else if c.Playable {
		row(a.damage, a.damageOf, c.Damage.Bytes, c.Damage.Frames)
	}
}

func printLevels(row func(string, string, ...any), a audioWords, c *checked) {
	switch {
	case c.LUFS != nil && c.LRA != nil:
		row(a.loudness, "%.1f LUFS, "+a.span, *c.LUFS, *c.LRA)
	case c.LUFS != nil:
		row(a.loudness, "%.1f LUFS", *c.LUFS)
	default:
		row(a.loudness, "%s", a.silence)
	}
	if c.TruePeak != nil {
		row(a.peak, "%.1f dBTP", *c.TruePeak)
	}
	if c.GainDB == nil {
		return
	}
	reaches := fmt.Sprintf(a.target, c.Target)
	if math.Abs(c.Target-c.reached) >= 0.5 {
		reaches = fmt.Sprintf(a.misses, c.reached, c.Target)
	}
	if *c.Channels == 1 {
		reaches += a.dual
	}
	row("gain_db", "%+.1f  (%s)", round(*c.GainDB, 1), reaches)
}

// length is a duration for people.
func length(s float64) string {
	if s < 60 {
		return fmt.Sprintf("%.1f s", s)
	}
	return fmt.Sprintf("%s  (%.1f s)", clock(s), s)
}

// size is a number of bytes for people.
func size(n int64) string {
	switch {
	case n < 10<<10:
		return fmt.Sprintf("%d byte", n)
	case n < 10<<20:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d MiB", n>>20)
}
