package speaker

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"loa/speaker/loudness"
)

// wave is a WAV file of 16 bits.
func wave(rate, channels int, x []float32) []byte {
	b := []byte("RIFF____WAVEfmt ")
	b = binary.LittleEndian.AppendUint32(b, 16)
	for _, v := range []uint16{1, uint16(channels)} {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(rate))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate*channels*2))
	b = binary.LittleEndian.AppendUint16(b, uint16(channels*2))
	b = binary.LittleEndian.AppendUint16(b, 16)
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(2*len(x)))
	for _, v := range x {
		b = binary.LittleEndian.AppendUint16(b, uint16(int16(math.Round(float64(min(max(v, -1), 1))*32767))))
	}
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	return b
}

// spoken is the demonstration's bulletin, as it is and decoded: 32 kHz, mono.
func spoken(t *testing.T) (file []byte, x []float32) {
	t.Helper()
	file, err := os.ReadFile("../testdata/bulletin/ban-tin-sang.mp3")
	require.NoError(t, err)
	d, _, err := NewDecoder(bytes.NewReader(file))
	require.NoError(t, err)
	return file, drain(t, d)
}

// at brings 32 kHz mono to another rate, channels and level; what passes full
// scale is clipped by wave.
func at(t *testing.T, x []float32, rate, channels int, db float64) []float32 {
	y := convert(newTestResampler(t, 32000, rate, 1), x, 1000)
	z := make([]float32, len(y)*channels)
	for i := range z {
		z[i] = y[i/channels] * linear(db)
	}
	return z
}

// song is 12 s of hot stereo music: chords with a beat, cut off at full scale.
func song(rate int) []float32 {
	x, rnd := make([]float32, 2*12*rate), rand.New(rand.NewPCG(9, 9))
	for i := 0; i < len(x); i += 2 {
		t := float64(i/2) / float64(rate)
		beat := math.Exp(-4 * math.Mod(t, 0.5))
		chord := math.Sin(2*math.Pi*220*t) + math.Sin(2*math.Pi*277.2*t) + math.Sin(2*math.Pi*329.6*t)
		drum := 2 * beat * math.Sin(2*math.Pi*70*t)
		x[i] = float32(0.9*chord + drum + 0.3*beat*rnd.NormFloat64())
		x[i+1] = float32(0.7*chord + drum + 0.3*math.Sin(2*math.Pi*1760*t) + 0.3*beat*rnd.NormFloat64())
	}
	return x
}

// withPauses puts 8 s of silence between the halves of x.
func withPauses(x []float32, rate int) []float32 {
	half := len(x) / 2
	return append(append(append([]float32(nil), x[:half]...), make([]float32, 8*rate)...), x[half:]...)
}

// withClicks adds a crackle at full scale every two seconds.
func withClicks(x []float32, rate int) []float32 {
	y := append([]float32(nil), x...)
	for i := rate; i < len(y); i += 2 * rate {
		y[i] = 1
	}
	return y
}

// bulletin is a file and how often it is played to be long enough to measure.
type bulletin struct {
	name  string
	file  []byte
	times int
}

func bulletins(t *testing.T) []bulletin {
	file, x := spoken(t)
	if racing { // one by each way through the speaker, the figures are the same
		return []bulletin{
			{"MP3, 24 kHz", soundFile(t, "mpeg2-24k.mp3"), 4},
			{"loud and clipped, 22.05 kHz", wave(22050, 1, at(t, x[:3*32000], 22050, 1, 16)), 1},
			{"Opus, 48 kHz", soundFile(t, "celt-48k.opus"), 4},
		}
	}
	return []bulletin{
		{"MP3, 32 kHz", file, 1},
		{"quiet speech, 24 kHz", wave(24000, 1, at(t, x, 24000, 1, -9)), 1},
		{"loud and clipped, 22.05 kHz", wave(22050, 1, at(t, x, 22050, 1, 16)), 1},
		{"telephone speech, 8 kHz", wave(8000, 1, at(t, x, 8000, 1, -3)), 1},
		{"long pauses, 48 kHz stereo", wave(48000, 2, withPauses(at(t, x, 48000, 2, 2), 96000)), 1},
		{"crackling, 32 kHz", wave(32000, 1, withClicks(at(t, x, 32000, 1, -2), 32000)), 1},
		{"hot music, 44.1 kHz stereo", wave(44100, 2, song(44100)), 1},
		{"MP3, 44.1 kHz stereo", soundFile(t, "stereo44-vbr.mp3"), 12},
		{"MP3, 24 kHz", soundFile(t, "mpeg2-24k.mp3"), 12},
		{"MP3, 11.025 kHz", soundFile(t, "mpeg25-11k.mp3"), 12},
		{"Opus, 48 kHz", soundFile(t, "celt-48k.opus"), 12},
	}
}

// gainOf measures a bulletin as a source does, and returns its loudness too.
func gainOf(t *testing.T, b bulletin) (lufs, db float64) {
	t.Helper()
	var m *loudness.Meter
	for range b.times {
		d, _, err := NewDecoder(bytes.NewReader(b.file))
		require.NoError(t, err, b.name)
		rate, channels := d.Format()
		if m == nil {
			m, err = loudness.NewMeter(rate, channels)
			require.NoError(t, err)
		}
		m.Write(drain(t, d))
	}
	return m.Integrated(), m.Gain(loudness.Target)
}

// played is what leaves the device when b is played at db.
func played(t *testing.T, f Format, b bulletin, db float64) []float32 {
	r := newRig(t, f)
	p := Program{GainDB: db}
	for range b.times {
		p.Sources = append(p.Sources, data(b.name, b.file))
	}
	track := r.load(p)
	r.s.Start(track, 0)
	r.playOut(track)
	require.Empty(t, track.Progress().Failures, b.name)
	return r.sound
}

// leaving plays b at db and measures what leaves. A card of one channel feeds
// all horns, as a mono file does.
func leaving(t *testing.T, f Format, b bulletin, db float64) *loudness.Meter {
	m, err := loudness.NewMeter(f.Rate, f.Channels)
	require.NoError(t, err)
	m.DualMono()
	m.Write(played(t, f, b, db))
	t.Logf("%d Hz, %d channels: %-28s gain %5.1f dB: left at %6.2f LUFS, %6.2f dBTP", f.Rate, f.Channels, b.name, db, m.Integrated(), m.TruePeak())
	assert.LessOrEqual(t, m.TruePeak(), -1.0, b.name)
	return m
}

// What a source measures and a device plays comes out equally loud, whatever the
// file was, and never above the ceiling.
func TestBulletinsLeaveTheHornEquallyLoud(t *testing.T) {
	quietest, loudest := math.Inf(1), math.Inf(-1)
	for i, b := range bulletins(t) {
		lufs, db := gainOf(t, b)
		t.Logf("%s: %.1f LUFS", b.name, lufs)
		cards := []Format{{Rate: 48000, Channels: 2, Period: 480}}
		if i < 3 && !racing {
			cards = append(cards, Format{Rate: 44100, Channels: 2, Period: 441}, Format{Rate: 48000, Channels: 1, Period: 480})
		}
		for _, f := range cards {
			l := leaving(t, f, b, db).Integrated()
			quietest, loudest = min(quietest, l), max(loudest, l)
		}
	}
	t.Logf("%.2f to %.2f LUFS", quietest, loudest)
	assert.Less(t, loudest-quietest, 1.0, "LU between the loudest and the quietest")
	assert.InDelta(t, loudness.Target, quietest, 0.5)
	assert.InDelta(t, loudness.Target, loudest, 0.5)
}

// The mean of two channels that have nothing in common is 3 dB lower than either
// of two that are alike: the one case in which a card of one channel differs.
func TestStereoWithoutACommonPartIsQuieterFromOneChannel(t *testing.T) {
	b := bulletin{"voice left, tone right", soundFile(t, "stereo44-vbr.mp3"), 4}
	_, db := gainOf(t, b)
	assert.InDelta(t, loudness.Target-3, leaving(t, rigFormat, b, db).Integrated(), 0.2)
}

// The same with another's measure, and far into the limiter.
func TestFfmpegFindsNoTruePeakAboveTheCeiling(t *testing.T) {
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("not run: ffmpeg is not installed")
	}
	f := Format{Rate: 48000, Channels: 2, Period: 480}
	all := bulletins(t)
	for _, b := range all[1:min(6, len(all)-1)] {
		for _, db := range []float64{0, 12} {
			var raw bytes.Buffer
			require.NoError(t, binary.Write(&raw, binary.LittleEndian, played(t, f, b, db)))
			cmd := exec.Command(path, "-hide_banner", "-nostats", "-f", "f32le", "-ar", "48000", "-ac", "2", "-i", "pipe:0",
				"-filter:a", "ebur128=peak=true:framelog=verbose", "-f", "null", "-")
			cmd.Stdin = &raw
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s", out)
			_, summary, _ := strings.Cut(string(out), "True peak:")
			found := regexp.MustCompile(`Peak:\s+(\S+) dBFS`).FindStringSubmatch(summary)
			require.NotNil(t, found, "%s", out)
			peak, err := strconv.ParseFloat(found[1], 64)
			require.NoError(t, err)
			t.Logf("%-28s %+3.0f dB: true peak %.1f dBTP", b.name, db, peak)
			assert.LessOrEqual(t, peak, -1.0, "%s, %v dB", b.name, db)
		}
	}
}
