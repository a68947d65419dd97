package mp3_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// siren is a square wave at full scale that wails between 400 and 1,200 Hz, with
// a pause of so many seconds in every second.
func siren(rate int, seconds, pause float64) []float32 {
	pcm := make([]float32, int(seconds*float64(rate)))
	phase := 0.0
	for i := range pcm {
		at := float64(i) / float64(rate)
		phase += (800 + 400*math.Sin(2*math.Pi*at/3)) / float64(rate)
		if math.Mod(at, 1) < pause {
			continue
		}
		pcm[i] = float32(math.Copysign(0.999, math.Sin(2*math.Pi*phase)))
	}
	return pcm
}

// TestLoudFilesPlay gives a siren, and speech, gains as tools write them into
// the frames. What LAME makes of --scale is above full scale, as it is there.
// But for the three granules at the start that any such file loses, none may be
// taken for damage, and the level must be what it was times the gain.
func TestLoudFilesPlay(t *testing.T) {
	need(t, "lame")
	for _, tc := range []struct {
		name  string
		rate  int
		pcm   []float32
		scale float64
	}{
		{"siren", 24000, siren(24000, 12, 0), 2},
		{"siren", 24000, siren(24000, 12, 0), 4},
		{"siren", 44100, siren(44100, 12, 0), 4},
		{"siren", 44100, siren(44100, 12, 0), 8},
		{"siren with pauses", 44100, siren(44100, 12, 0.5), 4},
		{"siren with pauses", 24000, siren(24000, 12, 0.7), 4},
		{"speech", 24000, downmix(speech.make(24000, 12)), 8},
		{"clicks", 44100, downmix(transients.make(44100, 12)), 4},
	} {
		t.Run(fmt.Sprintf("%s, %d Hz, times %g", tc.name, tc.rate, tc.scale), func(t *testing.T) {
			plain := makeLoud(t, tc.pcm, tc.rate, 1)
			want, clean, err := byUs(plain)
			require.NoError(t, err)
			bytes, frames := clean.Damage()
			require.Zero(t, bytes+frames)
			got, d, err := byUs(makeLoud(t, tc.pcm, tc.rate, tc.scale))
			require.NoError(t, err)
			bytes, frames = d.Damage()
			assert.Zero(t, bytes)
			assert.LessOrEqual(t, frames, int64(3))
			require.Len(t, got[0].pcm, len(want[0].pcm))
			from := tc.rate // the second second and what follows
			assert.InDelta(t, tc.scale, loudest(got[0].pcm[from:])/loudest(want[0].pcm[from:]), 0.35*tc.scale)
			assert.InDelta(t, tc.scale, rms(got[0].pcm[from:])/rms(want[0].pcm[from:]), 0.1*tc.scale)
		})
	}
}

func rms(pcm []float32) float64 {
	sum := 0.0
	for _, x := range pcm {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum / float64(len(pcm)))
}

func makeLoud(t *testing.T, pcm []float32, rate int, scale float64) []byte {
	t.Helper()
	in, out := filepath.Join(t.TempDir(), "in.wav"), filepath.Join(t.TempDir(), "out.mp3")
	require.NoError(t, os.WriteFile(in, wavFile(pcm, rate, 1), 0o600))
	_, err := command("lame", "--quiet", "-m", "m", "-b", "64", "--resample", fmt.Sprint(float64(rate)/1000),
		"--scale", fmt.Sprint(scale), in, out)
	require.NoError(t, err)
	data, err := os.ReadFile(out)
	require.NoError(t, err)
	return data
}
