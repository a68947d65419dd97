package speaker

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// render reads a whole program without a speaker around it: no ramps.
func render(t testing.TB, p Program, f Format, block int) (pcm []float32, failures []SourceError) {
	t.Helper()
	var banks filterBanks
	r := newProgramReader(p, f, &banks, func(e SourceError) { failures = append(failures, e) })
	defer r.close()
	buf := make([]float32, block*f.Channels)
	for {
		n := r.read(buf)
		if n == 0 {
			return pcm, failures
		}
		require.LessOrEqual(t, n, block)
		pcm = append(pcm, buf[:n*f.Channels]...)
	}
}

func mono(rate int) Format { return Format{Rate: rate, Channels: 1, Period: rate / 100} }

func TestSourcesFollowEachOtherBitForBit(t *testing.T) {
	a, b := decoded(t, "mono44-crc.mp3"), decoded(t, "mono44-notag.mp3")
	chime := drain(t, newSynth(Chime, time.Second, 0, 44100))
	got, failures := render(t, Program{Sources: []Source{
		file(t, "mono44-crc.mp3"), {Tone: Chime, Length: time.Second}, file(t, "mono44-notag.mp3"),
	}}, mono(44100), 1000)
	assert.Empty(t, failures)
	want := append(append(append([]float32(nil), a...), chime...), b...)
	require.Equal(t, len(want), len(got))
	assert.True(t, equal(want, got))
}

func equal(a, b []float32) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestTheSeamBetweenFilesIsResampledLikeTheRest(t *testing.T) {
	a, b := decoded(t, "mono44-crc.mp3"), decoded(t, "mono44-notag.mp3")
	r := newTestResampler(t, 44100, 48000, 1)
	want := convert(r, append(append([]float32(nil), a...), b...), 1152)
	got, _ := render(t, Program{Sources: []Source{file(t, "mono44-crc.mp3"), file(t, "mono44-notag.mp3")}}, mono(48000), 480)
	assert.True(t, equal(want, got))
}

func TestFilesOfDifferentFormatsJoin(t *testing.T) {
	p := Program{Sources: []Source{
		file(t, "mono44-crc.mp3"), file(t, "stereo48-cbr96.mp3"), file(t, "mono32-cbr32.mp3"), file(t, "stereo44-vbr.mp3"),
	}}
	got, failures := render(t, p, Format{Rate: 48000, Channels: 2, Period: 480}, 700)
	assert.Empty(t, failures)
	want := math.Round(30870*48000/44100.0) + 33600 + math.Round(24192*1.5) + math.Round(30870*48000/44100.0)
	assert.Equal(t, int(want), len(got)/2)
}

func TestSkipIsExactToTheFrame(t *testing.T) {
	for _, tc := range []struct {
		name string
		p    Program
		f    Format
	}{
		{"one file, no resampling", Program{Sources: []Source{file(t, "mono48-cbr64.mp3")}}, mono(48000)},
		{"one file, resampled", Program{Sources: []Source{file(t, "stereo44-vbr.mp3")}}, mono(48000)},
		{"several, resampled", Program{Sources: []Source{
			file(t, "mono44-crc.mp3"), file(t, "mono44-notag.mp3"), {Tone: Siren, Length: time.Second}, file(t, "stereo44-vbr.mp3"),
		}}, Format{Rate: 48000, Channels: 2, Period: 480}},
		{"to a lower rate", Program{Sources: []Source{file(t, "mono44-crc.mp3"), file(t, "mono32-cbr32.mp3")}}, mono(16000)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			whole, _ := render(t, tc.p, tc.f, 1000)
			frames := len(whole) / tc.f.Channels
			for _, n := range []int{1, 5000, frames / 2, frames - 3000, frames - 1} {
				p := tc.p
				p.Skip = time.Duration(math.Round(float64(n) / float64(tc.f.Rate) * 1e9))
				got, _ := render(t, p, tc.f, 480)
				require.Equal(t, frames-n, len(got)/tc.f.Channels, "after %d frames", n)
				require.True(t, equal(whole[n*tc.f.Channels:], got), "after %d of %d frames", n, frames)
			}
		})
	}
}

func TestSkipBeyondTheEndIsNothing(t *testing.T) {
	got, failures := render(t, Program{Sources: []Source{file(t, "mono44-crc.mp3")}, Skip: time.Hour}, mono(48000), 480)
	assert.Empty(t, got)
	assert.Empty(t, failures)
}

func TestSourceThatCannotBePlayedIsToldAndTheNextPlays(t *testing.T) {
	closed := &closeCounter{Reader: bytes.NewReader(soundFile(t, "aac.aac"))}
	p := Program{Sources: []Source{
		{Name: "gone", Open: func() (io.ReadCloser, error) { return nil, os.ErrNotExist }},
		{Name: "low", Open: func() (io.ReadCloser, error) { return closed, nil }},
		{Name: "nothing"},
		{Name: "strange", Tone: 77},
		file(t, "mono48-cbr64.mp3"),
		data("text", []byte("#!/bin/sh\n")),
	}}
	got, failures := render(t, p, mono(48000), 480)
	assert.Equal(t, 33600, len(got))
	require.Len(t, failures, 5)
	assert.ErrorIs(t, failures[0], os.ErrNotExist)
	assert.ErrorIs(t, failures[1], ErrUnsupported)
	assert.ErrorContains(t, failures[2], "neither a file nor a tone")
	assert.ErrorContains(t, failures[3], "tone 77 is unknown; allowed: siren, attention, chime, sine")
	assert.ErrorIs(t, failures[4], ErrNotAudio)
	assert.Equal(t, 5, failures[4].Index)
	assert.ErrorContains(t, failures[1], `source 1 "low" at 0s`)
	assert.Equal(t, 1, closed.closed)
}

func TestReadThatFailsHalfWayKeepsWhatWasPlayed(t *testing.T) {
	worn := errors.New("flash worn out")
	whole := decoded(t, "mono48-cbr64.mp3")
	half := Source{Name: "half", Open: func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(bytes.NewReader(soundFile(t, "mono48-cbr64.mp3")[:3000]), iotest.ErrReader(worn))), nil
	}}
	got, failures := render(t, Program{Sources: []Source{half, sine(440, 100*time.Millisecond)}}, mono(48000), 480)
	require.Len(t, failures, 1)
	assert.ErrorIs(t, failures[0], worn)
	played := len(got) - 4800
	assert.Greater(t, played, 10*1152)
	assert.True(t, equal(whole[:played], got[:played]))
	assert.Equal(t, durationOf(int64(played), 48000), failures[0].At)
}

func TestStereoFileOnAMonoCardIsTheMeanOfBoth(t *testing.T) {
	both := decoded(t, "stereo48-cbr96.mp3")
	got, _ := render(t, Program{Sources: []Source{file(t, "stereo48-cbr96.mp3")}}, mono(48000), 480)
	for i, x := range got {
		require.Equal(t, (both[2*i]+both[2*i+1])/2, x, "frame %d", i)
	}
}

func TestAllSourcesAreClosed(t *testing.T) {
	var open []*closeCounter
	opener := func() (io.ReadCloser, error) {
		c := &closeCounter{Reader: bytes.NewReader(soundFile(t, "mono44-crc.mp3"))}
		open = append(open, c)
		return c, nil
	}
	render(t, Program{Sources: []Source{{Open: opener}, {Open: opener}, {Open: opener}}}, mono(48000), 480)
	require.Len(t, open, 3)
	for _, c := range open {
		assert.Equal(t, 1, c.closed)
	}
}

func TestReadingAToneAllocatesNothing(t *testing.T) {
	var banks filterBanks
	f := mono(48000)
	r := newProgramReader(Program{Sources: []Source{{Tone: Siren, Length: time.Hour}}}, f, &banks, func(SourceError) {})
	buf := make([]float32, 480)
	r.read(buf)
	assert.Zero(t, testing.AllocsPerRun(50, func() { r.read(buf) }))
}

// glued is two files behind one another, as tools that join jingle and speech
// leave them.
func glued(t *testing.T, names ...string) Source {
	t.Helper()
	var b []byte
	for _, name := range names {
		b = append(b, soundFile(t, name)...)
	}
	return data("glued", b)
}

func TestGluedFilesOfSeveralRatesPlayWhole(t *testing.T) {
	for _, f := range []Format{mono(48000), mono(44100), {Rate: 48000, Channels: 2, Period: 480}} {
		got, failures := render(t, Program{Sources: []Source{
			glued(t, "mono44-cbr48.mp3", "mpeg2-24k.mp3", "stereo48-cbr96.mp3", "mpeg2-22k.mp3"), sine(440, 100*time.Millisecond),
		}}, f, 700)
		assert.Empty(t, failures)
		apart, failures := render(t, Program{Sources: []Source{
			file(t, "mono44-cbr48.mp3"), file(t, "mpeg2-24k.mp3"), file(t, "stereo48-cbr96.mp3"), file(t, "mpeg2-22k.mp3"), sine(440, 100*time.Millisecond),
		}}, f, 700)
		assert.Empty(t, failures)
		assert.Equal(t, len(apart), len(got), "no frame too many or too few")
		// What the codec still holds of one file sounds into the next.
		rest := make([]float32, len(got))
		for i := range rest {
			rest[i] = got[i] - apart[i]
		}
		assert.Less(t, decibels(rmsOf(rest)), -60.0, "as if they were files of their own")
		assert.Less(t, steepest(rest), 0.01, "no click")
	}
}

func TestSkipOverAChangeOfRateIsExactToTheFrame(t *testing.T) {
	p := Program{Sources: []Source{glued(t, "mono44-cbr48.mp3", "mpeg2-24k.mp3", "mono32-cbr32.mp3"), file(t, "mono48-cbr64.mp3")}}
	f := mono(48000)
	whole, _ := render(t, p, f, 1000)
	for n := 100; n < len(whole); n += 3777 {
		p.Skip = time.Duration(math.Round(float64(n) / 48000 * 1e9))
		got, failures := render(t, p, f, 480)
		assert.Empty(t, failures)
		require.Equal(t, len(whole)-n, len(got), "after %d frames", n)
		require.True(t, equal(whole[n:], got), "after %d of %d frames", n, len(whole))
	}
}

func TestFailureBehindAChangeOfRateIsAtItsTime(t *testing.T) {
	worn := errors.New("flash worn out")
	b := append(soundFile(t, "mono44-cbr48.mp3"), soundFile(t, "mpeg2-24k.mp3")...)
	src := Source{Name: "glued", Open: func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(bytes.NewReader(b[:len(b)-1000]), iotest.ErrReader(worn))), nil
	}}
	got, failures := render(t, Program{Sources: []Source{src}}, mono(48000), 480)
	require.Len(t, failures, 1)
	assert.ErrorIs(t, failures[0], worn)
	assert.InDelta(t, float64(len(got))/48000, failures[0].At.Seconds(), 0.001)
	assert.Greater(t, failures[0].At, 800*time.Millisecond)
}

func TestOpusAndWAVPlayBesideMP3(t *testing.T) {
	p := Program{Sources: []Source{
		file(t, "celt-48k.opus"), file(t, "mono44-cbr48.mp3"), file(t, "alaw.wav"), file(t, "adpcm.wav"), file(t, "mp3.wav"), file(t, "silk-12k.opus"),
	}}
	got, failures := render(t, p, mono(48000), 480)
	require.Len(t, failures, 1)
	assert.ErrorIs(t, failures[0], ErrUnsupported)
	assert.ErrorContains(t, failures[0], `source 3 "adpcm.wav" at 0s`)
	want := time.Duration(0)
	for _, name := range []string{"celt-48k.opus", "mono44-cbr48.mp3", "alaw.wav", "mp3.wav", "silk-12k.opus"} {
		info, err := Probe(file(t, name).Open)
		require.NoError(t, err)
		want += info.Duration
	}
	assert.InDelta(t, want.Seconds()*48000, len(got), 3)
}

func TestSkipIntoOpusAndWAV(t *testing.T) {
	p := Program{Sources: []Source{file(t, "alaw.wav"), file(t, "celt-48k.opus"), file(t, "silk-12k.opus"), file(t, "alaw.wav")}}
	f := mono(44100)
	whole, _ := render(t, p, f, 1000)
	for n := 100; n < len(whole); n += 4567 {
		p.Skip = time.Duration(math.Round(float64(n) / 44100 * 1e9))
		got, _ := render(t, p, f, 480)
		require.Equal(t, len(whole)-n, len(got))
		rest := make([]float32, len(got))
		for i := range rest {
			rest[i] = got[i] - whole[n+i]
		}
		require.Less(t, decibels(rmsOf(rest)), -50.0, "after %d frames", n)
	}
}

// The same bulletin in the three codecs is the same to who hears it.
func TestOneBulletinInThreeCodecsSoundsTheSame(t *testing.T) {
	const dir = "../testdata/bulletin/ban-tin-sang"
	load := func(name string) []byte {
		b, err := os.ReadFile(name)
		require.NoError(t, err)
		return b
	}
	inMP3, inOpus := load(dir+".mp3"), load(dir+".opus")
	d, _, err := NewDecoder(bytes.NewReader(inMP3))
	require.NoError(t, err)
	rate, _ := d.Format()
	inWAV := waved(rate, drain(t, d))

	var heard [3][]float32
	for i, b := range [][]byte{inMP3, inOpus, inWAV} {
		r := newRig(t, rigFormat)
		track := r.load(Program{Sources: []Source{data("bulletin", b)}})
		r.s.Start(track, 4800)
		r.playOut(track)
		p := track.Progress()
		require.Empty(t, p.Failures)
		heard[i] = r.heard(p.First, p.End)
	}
	// The MP3 has no info tag: the encoder's delay, 46 ms, and padding are heard.
	for i, late := range [...]int{0, 2210, 0} {
		assert.InDelta(t, len(heard[0])-late, len(heard[i]), 1200, "25 ms")
		assert.InDelta(t, decibels(rmsOf(heard[0])), decibels(rmsOf(heard[i])), 0.5, "dB")
		best, at := 0.0, 0
		for lag := max(late-150, 0); lag < late+150; lag++ {
			if c := correlation(heard[0][lag+96_000:][:48_000], heard[i][96_000:]); c > best {
				best, at = c, lag
			}
		}
		assert.InDelta(t, late, at, 100)
		assert.Greater(t, best, 0.9, "codec %d", i)
	}
	assert.Greater(t, rmsOf(heard[0]), 0.01)
}

// waved is sound as a WAV file of 16 bits, mono.
func waved(rate int, x []float32) []byte {
	le := binary.LittleEndian
	b := le.AppendUint32([]byte("RIFF"), uint32(36+2*len(x)))
	b = append(b, "WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"...)
	b = le.AppendUint32(le.AppendUint32(b, uint32(rate)), uint32(2*rate))
	b = le.AppendUint32(append(b, "\x02\x00\x10\x00data"...), uint32(2*len(x)))
	for _, v := range x {
		b = le.AppendUint16(b, uint16(int16(max(min(math.Round(float64(v)*32768), 32767), -32768))))
	}
	return b
}

// correlation of two sounds, 1 when one is the other, at whatever level.
func correlation(a, b []float32) float64 {
	var aa, bb, ab float64
	for i := range min(len(a), len(b)) {
		x, y := float64(a[i]), float64(b[i])
		aa, bb, ab = aa+x*x, bb+y*y, ab+x*y
	}
	return ab / math.Sqrt(aa*bb)
}
