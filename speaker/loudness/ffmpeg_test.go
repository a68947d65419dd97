package loudness

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// verdict is what ffmpeg's ebur128 filter says of a sound.
type verdict struct{ integrated, spread, truePeak, samplePeak float64 }

// ffmpeg asks it, with before as a filter in front; it measures floats, at any
// rate.
func ffmpeg(t *testing.T, rate, channels int, x []float32, before string) verdict {
	t.Helper()
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("not run: ffmpeg is not installed")
	}
	var raw bytes.Buffer
	require.NoError(t, binary.Write(&raw, binary.LittleEndian, x))
	cmd := exec.Command(path, "-hide_banner", "-nostats", "-f", "f32le", "-ar", strconv.Itoa(rate), "-ac", strconv.Itoa(channels),
		"-i", "pipe:0", "-filter:a", before+"ebur128=peak=true+sample:framelog=verbose", "-f", "null", "-")
	cmd.Stdin = &raw
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	_, summary, ok := strings.Cut(string(out), "Summary:")
	require.True(t, ok, "%s", out)
	return verdict{
		integrated: figure(t, summary, `I:\s+(\S+) LUFS`), spread: figure(t, summary, `LRA:\s+(\S+) LU`),
		samplePeak: figure(t, summary, `Sample peak:\s+Peak:\s+(\S+) dBFS`),
		truePeak:   figure(t, summary, `True peak:\s+Peak:\s+(\S+) dBFS`),
	}
}

func figure(t *testing.T, s, pattern string) float64 {
	t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(s)
	require.NotNil(t, found, "%s in %s", pattern, s)
	v, err := strconv.ParseFloat(found[1], 64)
	require.NoError(t, err)
	return v
}

// music is a chord with a beat, decaying, and noise on it.
func music(rate int, seconds float64) []float32 {
	x := make([]float32, 0, 2*int(seconds*float64(rate)))
	hiss := noise(5, 2*int(seconds*float64(rate)), 0.02)
	parts := [][]float32{}
	for _, hz := range []float64{110, 277.2, 659.3, 3520} {
		parts = append(parts, faded(int(seconds*float64(rate)), hz/float64(rate), hz, 0.4))
	}
	for i := range len(parts[0]) {
		beat := float32(1 - float64(i%(rate/2))/float64(rate/2))
		l := beat*(parts[0][i]+parts[1][i]) + parts[2][i]/2
		r := beat*(parts[0][i]-parts[3][i]) + parts[2][i]/3
		x = append(x, l+hiss[2*i], r+hiss[2*i+1])
	}
	return x
}

// clipped cuts x at full scale after a gain.
func clipped(x []float32, gain float32) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = min(max(v*gain, -1), 1)
	}
	return y
}

// pauses is x, 20 s of silence, and x again lower.
func pauses(x []float32, rate int) []float32 {
	y := append(append([]float32(nil), x...), make([]float32, 20*rate)...)
	for _, v := range x {
		y = append(y, v*0.1)
	}
	return y
}

func TestFfmpegSaysTheSame(t *testing.T) {
	cases := []struct {
		name           string
		rate, channels int
		x              func() []float32
	}{
		{"speech", 16000, 1, func() []float32 { return speech(1, 16000, 25, 0.5) }},
		{"speech", 22050, 1, func() []float32 { return speech(2, 22050, 25, 0.9) }},
		{"quiet speech", 24000, 1, func() []float32 { return speech(3, 24000, 40, 0.05) }},
		{"speech with pauses", 24000, 1, func() []float32 { return pauses(speech(4, 24000, 15, 0.7), 24000) }},
		{"speech", 32000, 1, func() []float32 { return speech(5, 32000, 25, 0.7) }},
		{"stereo speech", 44100, 2, func() []float32 { return stereo(speech(6, 44100, 25, 0.7)) }},
		{"music", 44100, 2, func() []float32 { return music(44100, 20) }},
		{"clipped speech", 44100, 2, func() []float32 { return clipped(stereo(speech(7, 44100, 15, 1)), 8) }},
		{"stereo speech", 48000, 2, func() []float32 { return stereo(speech(8, 48000, 25, 0.7)) }},
		{"music", 48000, 2, func() []float32 { return music(48000, 20) }},
		{"noise", 48000, 2, func() []float32 { return noise(9, 2*5*48000, 0.3) }},
	}
	if racing {
		cases = cases[:1]
	}
	for _, tc := range cases {
		t.Run(fmt.Sprintf("%s/%d Hz/%d", tc.name, tc.rate, tc.channels), func(t *testing.T) {
			x := tc.x()
			m := measured(t, tc.rate, tc.channels, x)
			want := ffmpeg(t, tc.rate, tc.channels, x, "")
			t.Logf("I %.2f (%.1f) LUFS, LRA %.2f (%.1f) LU, true peak %.2f (%.1f), sample peak %.2f (%.1f)",
				m.Integrated(), want.integrated, m.Range(), want.spread, m.TruePeak(), want.truePeak, m.SamplePeak(), want.samplePeak)
			// Its figures are rounded to 0.1, ours are not.
			const rounded = 0.05
			assert.InDelta(t, want.integrated, m.Integrated(), 0.1+rounded)
			assert.InDelta(t, want.spread, m.Range(), 0.5+rounded)
			assert.InDelta(t, want.truePeak, m.TruePeak(), 0.2+rounded)
			assert.InDelta(t, want.samplePeak, m.SamplePeak(), rounded+0.01)
		})
	}
}

// At 8 kHz ffmpeg's own filters lie off by 0.2 dB; what it says of the same
// sound at 48 kHz is the judge.
func TestFfmpegSaysTheSameOfLowRatesBroughtTo48kHz(t *testing.T) {
	for _, rate := range []int{8000, 11025, 12000} {
		x := speech(uint64(rate), rate, 25, 0.7)
		m := measured(t, rate, 1, x)
		want := ffmpeg(t, rate, 1, x, "aresample=48000,")
		t.Logf("%d Hz: I %.2f (%.1f) LUFS", rate, m.Integrated(), want.integrated)
		assert.InDelta(t, want.integrated, m.Integrated(), 0.15, "%d Hz", rate)
	}
}

func TestFfmpegCountsTwoEqualChannelsAsDualMono(t *testing.T) {
	x := speech(11, 24000, 20, 0.6)
	m := newMeter(t, 24000, 1)
	m.DualMono()
	m.Write(x)
	want := ffmpeg(t, 24000, 1, x, "pan=stereo|c0=c0|c1=c0,")
	assert.InDelta(t, want.integrated, m.Integrated(), 0.15)
}
