package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"loa/speaker"
	"loa/speaker/wav"
)

type audioDecodeCmd struct {
	jsonFlag
	File string `arg:"" help:"Sound file; - is standard input."`
	Out  string `arg:"" name:"out.wav" help:"WAV file to write, in place of what is there; - is standard output."`
	Rate int    `placeholder:"HZ" help:"Sampling rate of OUT, 8000 to 192000; 48000 when not given."`
	Raw  bool   `help:"The decoder's own sound: rate and channels of FILE, no resampling, gain, limiter or dither."`
	Bits string `enum:"16,24,32f" default:"16" help:"Samples of OUT: 16, 24, or 32f (float, not clipped)."`
}

// Help is shown below the flags.
func (audioDecodeCmd) Help() string {
	return `Without --raw, OUT is what the device gives to its sound card at gain 0: decoded, resampled, limited, dithered to 16 bits. With --raw it is what the decoder yields, rounded to the nearest, for comparison with other decoders.

Exit code 0: done, also of a damaged file (what was lost is told on standard error); 1: nothing could be decoded; 2: FILE is not there.

Examples:
  loactl audio decode ban-tin.mp3 ban-tin.wav
  loactl audio decode --rate 44100 ban-tin.opus ban-tin.wav
  loactl audio decode --raw --bits 32f ban-tin.mp3 exact.wav
  loactl audio decode ban-tin.mp3 - | aplay`
}

// defaultRate is that of most sound cards.
const defaultRate = 48000

// decoded is the report on what was written.
type decoded struct {
	File      string  `json:"file"`
	Out       string  `json:"out"`
	Rate      int     `json:"rate"` // of Out
	Channels  int     `json:"channels"`
	Frames    int64   `json:"frames"`
	DurationS float64 `json:"duration_s"`
	Bits      string  `json:"bits"`
	Raw       bool    `json:"raw"`
	Damage    damaged `json:"damage"`
}

// Run decodes one file.
func (v audioDecodeCmd) Run(ctx context.Context, n notes, w words, out io.Writer) error {
	f, err := v.check(ctx, w.audio)
	switch {
	case ctx.Err() != nil:
		return errors.New(w.audio.stopped)
	case err != nil:
		return err
	}
	defer f.close()
	o, err := createOut(v.Out, out)
	if err != nil {
		return err
	}
	defer o.abort()
	d := decoding{audioDecodeCmd: v, ctx: ctx, file: f, notes: n, words: w.audio, out: o}
	if err := d.run(); err != nil {
		if ctx.Err() != nil {
			return errors.New(w.audio.stopped)
		}
		if errors.Is(err, errOut) { // not the fault of FILE
			return err
		}
		return fmt.Errorf("%s: %w", f.path, err)
	}
	if err := o.commit(); err != nil {
		return err
	}
	return d.tell(out)
}

// check looks at what was typed.
func (v audioDecodeCmd) check(ctx context.Context, a audioWords) (soundFile, error) {
	switch {
	case v.Raw && v.Rate != 0:
		return soundFile{}, a.mistake("raw-rate", v.Rate)
	case v.Rate != 0 && (v.Rate < 8000 || v.Rate > 192000):
		return soundFile{}, a.mistake("rate", v.Rate)
	case v.JSON && v.Out == "-":
		return soundFile{}, a.mistake("json-pipe")
	}
	f, err := named(ctx, v.File, a)
	if err != nil {
		return f, err
	}
	if info, err := os.Stat(v.Out); err == nil && v.Out != "-" {
		switch {
		case os.SameFile(info, f.info):
			return f, a.mistake("same", v.Out)
		case info.IsDir():
			return f, a.mistake("out-folder", v.Out)
		}
	}
	return f, nil
}

// decoding is one file on its way into another.
type decoding struct {
	audioDecodeCmd
	ctx   context.Context
	file  soundFile
	notes notes
	words audioWords
	out   *outFile

	w            *wav.RawWriter
	rate         int // of the WAV
	channels     int
	passes, pass int   // over the file, for the progress
	bytes, bad   int64 // damage
	spots        []float64
	err          error // why the sound ended before the file
	joint        int64 // raw: frames before the rate changed; 0: it did not
	jointSeconds float64
	jointRate    int
}

// errNothing is a file that is taken for sound and holds none.
var errNothing = errors.New("no sound can be decoded in it")

func (d *decoding) run() error {
	d.passes = 2
	if d.Raw {
		d.passes = 1
	}
	r, err := d.open()
	if err != nil {
		return err
	}
	defer r.Close()
	dec, _, err := speaker.NewDecoder(r)
	if err != nil {
		if v := d.file.judge(); !v.Playable() {
			return errors.New(d.words.refusal(v))
		}
		return err
	}
	d.rate, d.channels = dec.Format()
	var sink func([]float32) error
	if d.Raw {
		if err := d.begin(); err != nil {
			return err
		}
		sink = d.w.WriteFloat
	}
	if err := d.read(dec, sink); err != nil {
		return err
	}
	if err := d.rest(); err != nil {
		return err
	}
	if d.w == nil || d.w.Frames() == 0 {
		if d.err != nil {
			return d.err
		}
		return errNothing
	}
	return d.w.Close()
}

// open opens the file for its next pass; all of them make one progress.
func (d *decoding) open() (io.ReadCloser, error) {
	p, err := d.file.watched(d.notes)
	if err != nil {
		return nil, err
	}
	p.total *= int64(d.passes)
	p.n = d.file.info.Size() * int64(min(d.pass, d.passes-1))
	d.pass++
	return p, nil
}

// begin writes the header of the WAV.
func (d *decoding) begin() (err error) {
	kind := map[string]wav.Samples{"16": wav.Dithered16, "24": wav.Rounded24, "32f": wav.Float32}[d.Bits]
	if d.Raw && kind == wav.Dithered16 {
		kind = wav.Rounded16
	}
	d.w, err = wav.NewRawWriter(d.out, wav.Format{Rate: d.rate, Channels: d.channels}, kind)
	return err
}

// read decodes the file to its end, for the damage and, raw, for the sound: as
// far as its rate does not change.
func (d *decoding) read(dec speaker.Decoder, sink func([]float32) error) error {
	b := newBlock(dec, d.channels)
	seconds, changed := 0.0, false
	for {
		if err := d.ctx.Err(); err != nil {
			return err
		}
		rate, _ := dec.Format()
		x, err := b.read()
		if sink != nil && d.joint == 0 {
			if err := sink(x); err != nil {
				return err
			}
		}
		seconds += float64(len(x)/d.channels) / float64(rate)
		if bytes, bad := damageOf(dec); bytes != d.bytes || bad != d.bad {
			d.bytes, d.bad, d.spots = bytes, bad, spotted(d.spots, seconds)
		}
		switch {
		case err == nil:
			changed = false
		case errors.Is(err, io.EOF):
			return nil
		case !errors.Is(err, speaker.ErrChanged) || changed: // twice in a row is no change
			d.err = err
			return nil
		default:
			changed = true
			d.change(seconds, dec)
		}
	}
}

// change notes that the file goes on in another form.
func (d *decoding) change(seconds float64, dec speaker.Decoder) {
	rate, channels := dec.Format()
	if d.joint > 0 || d.w == nil || rate == d.rate && channels == d.channels {
		return
	}
	d.joint, d.jointSeconds, d.jointRate = max(1, d.w.Frames()), seconds, rate
}

// rest writes what the decoder itself does not give: without --raw all, with it
// what comes at another rate.
func (d *decoding) rest() error {
	play := playing{ctx: d.ctx, open: d.open, rate: d.rate, channels: d.channels}
	if !d.Raw {
		if d.rate = d.Rate; d.rate == 0 {
			d.rate = defaultRate
		}
		if err := d.begin(); err != nil {
			return err
		}
		play.rate, play.sink = d.rate, d.w.WriteFloat
		return play.run()
	}
	if d.joint == 0 {
		return nil
	}
	// From a whole second before the joint on, so that no fade reaches it, and
	// so soft that nothing is limited.
	const soft = -24
	play.skip = max(0, d.joint/int64(d.rate)-1)
	play.gain = soft
	drop := (d.joint - play.skip*int64(d.rate)) * int64(d.channels)
	play.sink = func(x []float32) error {
		n := min(drop, int64(len(x)))
		drop -= n
		for i := range x {
			x[i] *= 15.848931924611135 // 24 dB
		}
		return d.w.WriteFloat(x[n:])
	}
	return play.run()
}

// tell says what was written and what was not heard.
func (d *decoding) tell(out io.Writer) error {
	a, name := d.words, d.Out
	rep := decoded{File: d.File, Out: d.Out, Rate: d.rate, Channels: d.channels, Frames: d.w.Frames(), Bits: d.Bits, Raw: d.Raw,
		DurationS: round(float64(d.w.Frames())/float64(d.rate), 3), Damage: damaged{d.bytes, d.bad, hundredths(d.spots)}}
	if d.joint > 0 {
		fmt.Fprintf(d.notes, a.resampled+"\n", d.File, d.jointRate, clock(d.jointSeconds), d.rate)
	}
	if d.bytes > 0 || d.bad > 0 {
		fmt.Fprintf(d.notes, a.concealed+"\n", d.File, d.bytes, d.bad)
	}
	if d.err != nil {
		fmt.Fprintf(d.notes, "%s: %v\n", d.File, d.err)
	}
	if d.JSON {
		return json.NewEncoder(out).Encode(rep)
	}
	if d.Out == "-" {
		out, name = d.notes, a.pipe
	}
	_, err := fmt.Fprintf(out, a.wrote+"\n", name, rep.Rate, a.channels(rep.Channels), rep.DurationS)
	return err
}
