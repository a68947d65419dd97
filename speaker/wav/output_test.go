package wav

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"loa/speaker"
	"loa/speaker/internal/outputtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// play lets out run for d of virtual time.
func play(t *testing.T, out *Output, s speaker.Stream, d time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	return out.Run(ctx, s)
}

// frames reads the left channel of the file.
func frames(t *testing.T, path string) (Info, []float32) {
	t.Helper()
	info, samples, err := ReadFile(path)
	require.NoError(t, err)
	left := make([]float32, info.Frames)
	for i := range left {
		left[i] = float32(samples[i*info.Channels]) / 32768
	}
	return info, left
}

func TestWavKeepsTheContract(t *testing.T) {
	outputtest.Conform(t, synctest.Test, func(t *testing.T) speaker.Output {
		return New(filepath.Join(t.TempDir(), "out.wav"), Config{})
	})
}

func TestATenSecondToneIsInTheFileWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "out.wav")
		out := New(path, Config{Rate: 44100, Channels: 1})
		s := &outputtest.Stream{}
		require.NoError(t, play(t, out, s, 10*time.Second+time.Millisecond))
		info, left := frames(t, path)
		assert.Equal(t, Info{Format: Format{Rate: 44100, Channels: 1}, Frames: 441_000 + 441}, info)
		assert.Empty(t, outputtest.Discontinuities(left, 44100))
		assert.Zero(t, s.Xruns)
		assert.Equal(t, "wav:"+path, out.String())
	})
}

func TestTheFileIsValidAtAnyMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "out.wav")
		started := time.Now()
		var behind time.Duration
		s := &outputtest.Stream{OnFill: func(speaker.Frame, int) {
			info, left := frames(t, path)
			assert.Empty(t, outputtest.Discontinuities(left, 48000))
			behind = max(behind, time.Since(started)-time.Duration(info.Frames)*time.Second/48000)
		}}
		require.NoError(t, play(t, New(path, Config{}), s, 1500*time.Millisecond))
		assert.LessOrEqual(t, behind, 100*time.Millisecond)
	})
}

func TestAnOldFileIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "out.wav")
		require.NoError(t, os.WriteFile(path, make([]byte, 1<<20), 0o600))
		require.NoError(t, play(t, New(path, Config{}), &outputtest.Stream{}, 995*time.Millisecond))
		info, _ := frames(t, path)
		assert.EqualValues(t, 48_000, info.Frames)
		size, err := os.Stat(path)
		require.NoError(t, err)
		assert.EqualValues(t, 80+4*48_000, size.Size())
	})
}

func TestTimeBetweenTwoRunsIsSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "out.wav")
		out := New(path, Config{})
		s := &outputtest.Stream{}
		require.NoError(t, play(t, out, s, 995*time.Millisecond))
		time.Sleep(2*time.Second + 5*time.Millisecond)
		require.NoError(t, play(t, out, s, 995*time.Millisecond))
		info, left := frames(t, path)
		assert.EqualValues(t, 4*48_000, info.Frames)
		assert.Empty(t, outputtest.Discontinuities(left[:48_000], 48000))
		assert.Equal(t, make([]float32, 96_000), left[48_000:3*48_000])
		assert.Empty(t, outputtest.Discontinuities(left[3*48_000:], 48000))
		assert.EqualValues(t, 2*48_000, s.Frames, "silence was not pulled")
	})
}

func TestManyShortRunsDoNotRunAheadOfTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "out.wav")
		out := New(path, Config{})
		for range 500 {
			require.NoError(t, play(t, out, &outputtest.Stream{}, time.Millisecond))
		}
		info, _ := frames(t, path)
		assert.InDelta(t, 24_000, info.Frames, 480)
	})
}

func TestALongStallIsSilenceAndTheFileKeepsRealTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "out.wav")
		fills := 0
		s := &outputtest.Stream{OnFill: func(speaker.Frame, int) {
			if fills++; fills == 100 {
				time.Sleep(time.Minute)
			}
		}}
		require.NoError(t, play(t, New(path, Config{}), s, 62*time.Second+time.Millisecond))
		info, left := frames(t, path)
		assert.EqualValues(t, 62*48_000+480, info.Frames)
		assert.Equal(t, 1, s.Xruns)
		assert.Empty(t, s.Breaches)
		assert.Empty(t, outputtest.Discontinuities(left[:48_000], 48000))
		assert.Empty(t, outputtest.Discontinuities(left[60*48_000:], 48000))
	})
}

func TestAFullDiskEndsRunWithThePathAndRunGoesOnLater(t *testing.T) {
	full := "/dev/full"
	if _, err := os.Stat(full); err != nil {
		t.Skip("not run: no /dev/full")
	}
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		path := filepath.Join(dir, "out.wav")
		require.NoError(t, os.Symlink(full, path))
		out := New(path, Config{})
		err := play(t, out, &outputtest.Stream{}, time.Second)
		require.Error(t, err)
		assert.Contains(t, err.Error(), path)
		assert.Contains(t, err.Error(), "no space left")

		require.NoError(t, os.Remove(path))
		require.NoError(t, play(t, out, &outputtest.Stream{}, 995*time.Millisecond))
		info, _ := frames(t, path)
		assert.EqualValues(t, 48_000, info.Frames)

		// Full in the middle: what was written stays, what follows is silence
		// until there is room again.
		kept := filepath.Join(dir, "kept.wav")
		require.NoError(t, os.Rename(path, kept))
		require.NoError(t, os.Symlink(full, path))
		require.Error(t, play(t, out, &outputtest.Stream{}, time.Second))
		require.NoError(t, os.Remove(path))
		require.NoError(t, os.Rename(kept, path))
		require.NoError(t, play(t, out, &outputtest.Stream{}, time.Second))
		_, left := frames(t, path)
		assert.Empty(t, outputtest.Discontinuities(left[:48_000], 48000))
	})
}

func TestAFolderThatIsMissingIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "no", "such", "out.wav")
	err := New(path, Config{}).Run(t.Context(), &outputtest.Stream{})
	require.ErrorIs(t, err, os.ErrNotExist)
	assert.Contains(t, err.Error(), path)
}

func TestAFormatOutOfRangeTouchesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.wav")
	err := New(path, Config{Rate: 4000}).Run(t.Context(), &outputtest.Stream{})
	require.ErrorContains(t, err, "allowed are 8000 to 192000")
	assert.NoFileExists(t, path)
}
