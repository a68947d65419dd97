package speaker

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"loa/speaker/mp3"
)

// soundDir holds the encoded files; its README says where they come from.
const soundDir = "../testdata/sound"

func soundFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(soundDir, name))
	require.NoError(t, err)
	return b
}

// file is a source that plays a test file.
func file(t testing.TB, name string) Source { return data(name, soundFile(t, name)) }

func data(name string, b []byte) Source {
	return Source{Name: name, Open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(b)), nil
	}}
}

// decoded is the sound of a test file as the decoder yields it.
func decoded(t testing.TB, name string) []float32 {
	t.Helper()
	d, err := mp3.NewDecoder(bytes.NewReader(soundFile(t, name)))
	require.NoError(t, err)
	return drain(t, d)
}

// drain reads a decoder to its end.
func drain(t testing.TB, d Decoder) (pcm []float32) {
	t.Helper()
	_, channels := d.Format()
	buf := make([]float32, 1000*channels)
	for {
		n, err := d.Read(buf)
		pcm = append(pcm, buf[:n*channels]...)
		if err == io.EOF {
			return pcm
		}
		require.NoError(t, err)
	}
}

// sine is a tone as a source.
func sine(hz float64, length time.Duration) Source {
	return Source{Name: "sine", Tone: Sine, Hz: hz, Length: length}
}

// rig is an output in virtual time: it pulls from a synchronous speaker in the
// test's goroutine, keeps what it got and says that it left after delay frames,
// as a card's queue would.
type rig struct {
	t     require.TestingT
	s     *Speaker
	f     Format
	began Frame
	at    Frame
	delay Frame
	time  time.Time // when frame 0 left
	sound []float32
	news  int

	cleanup func(func())
}

var rigFormat = Format{Rate: 48000, Channels: 1, Period: 480}

// rigEpoch is when the media clock of a rig begins.
var rigEpoch = time.Date(2026, 11, 22, 5, 30, 0, 0, time.UTC)

func newRig(t testing.TB, f Format) *rig {
	t.Helper()
	r := newRigOn(t, f)
	r.cleanup = t.Cleanup
	return r
}

// newRigFor is a rig for a property, which has no cleanup.
func newRigFor(t require.TestingT) *rig {
	r := newRigOn(t, rigFormat)
	r.cleanup = func(func()) {}
	return r
}

func newRigOn(t require.TestingT, f Format) *rig {
	r := &rig{t: t, f: f, time: rigEpoch}
	r.s = New(Config{
		Synchronous: true,
		Notify:      func() { r.news++ },
		Now:         func() time.Time { return r.timeOf(r.at) },
	})
	r.open()
	return r
}

// open opens the output, or opens it again.
func (r *rig) open() {
	at, err := r.s.Open(r.f)
	require.NoError(r.t, err)
	r.began, r.at, r.sound = at, at, nil
}

func (r *rig) timeOf(at Frame) time.Time {
	return r.time.Add(time.Duration(at) * time.Second / time.Duration(r.f.Rate))
}

func (r *rig) load(p Program) *Track {
	t, err := r.s.Load(p)
	require.NoError(r.t, err)
	r.cleanup(t.Close)
	return t
}

// play pulls until frame to, in whole periods and a rest.
func (r *rig) play(to Frame) {
	for r.at < to {
		r.s.Pump()
		n := min(Frame(r.f.Period), to-r.at)
		buf := make([]float32, int(n)*r.f.Channels)
		r.s.Fill(buf, r.at)
		r.at += n
		r.sound = append(r.sound, buf...)
		if left := r.at - r.delay; left >= r.began {
			r.s.Left(left, r.timeOf(r.at))
		}
	}
}

// playOut pulls until t has ended, for two minutes at most.
func (r *rig) playOut(t *Track) {
	for end := r.at + Frame(120*r.f.Rate); t.Progress().State != Ended; {
		require.Less(r.t, r.at, end, "the track does not end")
		r.play(r.at + Frame(r.f.Period))
	}
}

// heard is the sound of the frames [from, to).
func (r *rig) heard(from, to Frame) []float32 {
	require.LessOrEqual(r.t, to, r.at)
	return r.sound[int(from-r.began)*r.f.Channels : int(to-r.began)*r.f.Channels]
}

// span is where the sound that is not silence begins and ends.
func (r *rig) span() (from, to Frame) {
	from, to = -1, -1
	for i, x := range r.sound {
		if x != 0 {
			f := r.began + Frame(i/r.f.Channels)
			if from < 0 {
				from = f
			}
			to = f + 1
		}
	}
	return from, to
}

func peakOf(x []float32) (peak float32) {
	for _, v := range x {
		peak = max(peak, v, -v)
	}
	return peak
}
