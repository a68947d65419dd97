package speaker

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// Program is what one track plays: sources one after the other.
type Program struct {
	// Sources play in order and without a gap. At least one.
	Sources []Source
	// Skip begins at this position of the whole program, exact to the frame:
	// what is heard then is what would have been heard there, in Opus as nearly
	// as its codec forgets what came before.
	Skip time.Duration
	// GainDB is the level to begin with, see SetGain.
	GainDB float64
	// Muted is the silent drill: everything runs, is paced and counted, but
	// what leaves is silence, so RMS and Peak are 0.
	Muted bool
}

// Source is a file or, when Tone is set, a built-in sound.
type Source struct {
	Name string // for errors and logs
	// Open returns the bytes of a file. It is called once, by the goroutine
	// that decodes, which also reads and closes what it returns. A Read that
	// blocks stops only this track; one that never returns keeps the goroutine.
	Open func() (io.ReadCloser, error)

	Tone   Tone
	Length time.Duration // of a tone; 0: its own. Longer ones repeat
	Hz     float64       // of Sine; 0: 1000. From 20 to 0.45 of the output's rate
}

// decodeFrames is the size of the buffers between decoder and ring: an MP3
// frame holds 1152.
const decodeFrames = 1152

// programReader turns a program into sound of the output's format. Sources of
// one rate and channel count go through one resampler without a break, so a
// file cut in two sounds like the whole.
type programReader struct {
	prog   Program
	out    Format
	banks  *filterBanks
	failed func(SourceError)

	index     int // of the next source
	dec       Decoder
	closer    io.Closer
	before    time.Duration // of the current source, at other rates than the present
	at        int64         // frames of the current source read since
	rate      int
	concealed int64 // frames of the codecs, over all sources, in what was read

	rs       *resampler
	rsRate   int
	channels int  // of rs
	draining bool // rs gives its last frames, its stream is over

	in     []float32
	lo, hi int // frames of in not yet resampled
	conv   []float32
	skip   int64 // output frames still to be dropped
}

func newProgramReader(p Program, out Format, banks *filterBanks, failed func(SourceError)) *programReader {
	return &programReader{
		prog: p, out: out, banks: banks, failed: failed,
		skip: max(framesOf(p.Skip, out.Rate), 0),
	}
}

// close closes the source that is open.
func (p *programReader) close() {
	if p.closer != nil {
		p.closer.Close()
	}
	p.dec, p.closer = nil, nil
}

// read writes whole frames of sound to dst and returns how many; 0 only at the
// end of the program.
func (p *programReader) read(dst []float32) (frames int) {
	for frames == 0 {
		gave, more := p.step(len(dst) / p.out.Channels)
		if !more {
			return 0
		}
		n := int(min(int64(gave), p.skip))
		p.skip -= int64(n)
		frames = gave - n
		to := dst[:frames*p.out.Channels]
		mapChannels(to, p.out.Channels, p.conv[n*p.channels:gave*p.channels], p.channels)
	}
	return frames
}

// step puts up to room frames of the output's rate into conv. more is false at
// the end of the program.
func (p *programReader) step(room int) (gave int, more bool) {
	if !p.draining && p.lo == p.hi && !p.refill() {
		if p.rs == nil {
			return 0, false
		}
		p.draining = true
	}
	room = min(room, decodeFrames)
	if p.draining {
		gave = p.rs.flush(p.conv[:room*p.channels])
		if gave == 0 {
			p.rs, p.draining = nil, false
		}
		return gave, true
	}
	took, gave := p.rs.process(p.conv[:room*p.channels], p.in[p.lo*p.channels:p.hi*p.channels])
	p.lo += took
	return gave, true
}

// refill decodes more into in. It is false when the resampler's stream is over:
// the next source is of another format, or there is none.
func (p *programReader) refill() bool {
	for {
		if p.dec == nil && !p.open() {
			return false
		}
		rate, channels := p.dec.Format()
		if p.rs == nil {
			if err := p.start(rate, channels); err != nil {
				p.leave(err)
				continue
			}
		}
		if rate != p.rsRate || channels != p.channels {
			return false
		}
		err := p.pass()
		if err == nil {
			p.lo = 0
			before := concealedBy(p.dec) // with what it skipped
			p.hi, err = p.dec.Read(p.in)
			p.at += int64(p.hi)
			p.concealed += concealedBy(p.dec) - before
		}
		switch {
		case errors.Is(err, ErrChanged):
			p.changed()
		case err != nil:
			p.leave(err)
		}
		if p.lo < p.hi {
			return true
		}
	}
}

// changed goes on with the same source at another rate: the present stream is
// drained like one that is followed by another source, and a new one begins.
func (p *programReader) changed() {
	p.before += durationOf(p.at, p.rate)
	p.at = 0
	p.rate, _ = p.dec.Format()
}

// pass lets the decoder skip what lies well before the position to begin at.
// The filter's length of sound before it is decoded and thrown away.
func (p *programReader) pass() error {
	s, ok := p.dec.(skipper)
	if !ok || p.skip == 0 {
		return nil
	}
	lead := p.skip - int64(2*p.rs.bank.taps*p.rs.out/p.rs.in+2)
	n := lead * int64(p.rs.in) / int64(p.rs.out)
	if n < decodeFrames {
		return nil
	}
	n, err := s.Skip(n)
	p.at += n
	p.skip -= p.rs.drop(n)
	return err
}

// start makes the resampler for a stream.
func (p *programReader) start(rate, channels int) error {
	bank, err := p.banks.get(rate, p.out.Rate)
	if err != nil {
		return err
	}
	if p.rs, err = newResampler(bank, channels); err != nil {
		return err
	}
	p.rsRate, p.channels = rate, channels
	p.in = make([]float32, decodeFrames*channels)
	p.conv = make([]float32, decodeFrames*channels)
	return nil
}

// open opens the next source that can be played; false: there is none.
func (p *programReader) open() bool {
	for p.index < len(p.prog.Sources) {
		src := p.prog.Sources[p.index]
		p.index++
		p.before, p.at, p.rate = 0, 0, 0
		err := p.openSource(src)
		if err == nil {
			return true
		}
		p.leave(err)
	}
	return false
}

func (p *programReader) openSource(src Source) error {
	if src.Tone > Sine {
		return fmt.Errorf("tone %d is unknown; allowed: %v, %v, %v, %v", src.Tone, Siren, Attention, Chime, Sine)
	}
	if src.Tone != NoTone {
		p.dec = newSynth(src.Tone, src.Length, src.Hz, p.out.Rate)
		p.rate = p.out.Rate
		return nil
	}
	if src.Open == nil {
		return errors.New("source has neither a file nor a tone")
	}
	f, err := src.Open()
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	p.closer = f
	if p.dec, _, err = NewDecoder(f); err != nil {
		return err
	}
	p.rate, _ = p.dec.Format()
	return nil
}

// leave ends the current source; what was played of it stays.
func (p *programReader) leave(err error) {
	p.close()
	if errors.Is(err, io.EOF) {
		return
	}
	e := SourceError{Index: p.index - 1, Name: p.prog.Sources[p.index-1].Name, Err: err}
	if p.rate > 0 {
		e.At = p.before + durationOf(p.at, p.rate)
	}
	p.failed(e)
}

// durationOf is the length of n frames.
func durationOf(n int64, rate int) time.Duration {
	whole, rest := n/int64(rate), n%int64(rate)
	return time.Duration(whole)*time.Second + time.Duration(rest)*time.Second/time.Duration(rate)
}
