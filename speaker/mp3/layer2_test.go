package mp3_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"loa/speaker/mp3"
)

// twos are files of Layer II as broadcasters keep them, made by both encoders
// that ffmpeg knows; only the second joins channels and protects frames.
func twos(t *testing.T, dir string) (paths []string) {
	wav := filepath.Join(dir, "in.wav")
	make := func(rate, channels int, args ...string) {
		pcm := makeSpeech(rand.New(rand.NewPCG(1, uint64(rate))), rate, 2*rate)
		require.NoError(t, os.WriteFile(wav, wavFile(pcm[:len(pcm)/2*2], rate, 2), 0o600))
		path := filepath.Join(dir, fmt.Sprintf("%02d-%d-%d.mp2", len(paths), rate, channels))
		_, err := command("ffmpeg", append(append([]string{"-v", "error", "-nostdin", "-i", wav, "-ac", strconv.Itoa(channels)}, args...), path)...)
		require.NoError(t, err)
		paths = append(paths, path)
	}
	for _, rate := range []int{16000, 22050, 24000, 32000, 44100, 48000} {
		rates := []string{"32k", "160k"}
		if rate >= 32000 {
			rates = []string{"64k", "128k", "192k", "384k"} // one for each table
		}
		for _, b := range rates {
			make(rate, 2, "-c:a", "mp2", "-b:a", b)
			make(rate, 2, "-c:a", "libtwolame", "-b:a", b, "-mode", "joint_stereo", "-error_protection", "1")
		}
		for _, b := range []string{"32k", "80k"} {
			make(rate, 1, "-c:a", "mp2", "-b:a", b)
		}
	}
	return paths
}

func TestLayerTwoSoundsAsOthersDecodeIt(t *testing.T) {
	need(t, "ffmpeg", "mpg123")
	for _, path := range twos(t, t.TempDir()) {
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		want, err := byMpg123(path)
		require.NoError(t, err, path)
		got, d, err := byUs(b)
		require.NoError(t, err, path)
		require.Len(t, got, 1, path)
		damaged, bad := d.Damage()
		assert.Zero(t, damaged+bad, path)
		require.Len(t, got[0].pcm, len(want), path)
		assert.True(t, differ(got[0].pcm, want).exact(), "%s: %v", filepath.Base(path), differ(got[0].pcm, want))
	}
}

func TestLayerTwoFrameWithAWrongChecksumIsSilent(t *testing.T) {
	need(t, "ffmpeg")
	path := filepath.Join(t.TempDir(), "a.mp2")
	_, err := command("ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=2",
		"-ac", "2", "-c:a", "libtwolame", "-b:a", "128k", "-mode", "joint_stereo", "-error_protection", "1", path)
	require.NoError(t, err)
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	const size, broken = 384, 40
	whole, _, err := byUs(b)
	require.NoError(t, err)
	b[broken*size+8] ^= 0x10 // the allocation
	got, d, err := byUs(b)
	require.NoError(t, err)
	_, bad := d.Damage()
	assert.Equal(t, int64(1), bad)
	const frame = 2 * 1152
	assert.Equal(t, whole[0].pcm[:broken*frame], got[0].pcm[:broken*frame])
	for _, v := range got[0].pcm[broken*frame+2*512 : (broken+1)*frame] {
		require.Zero(t, v, "once the filter bank has rung out")
	}
	assert.Equal(t, whole[0].pcm[(broken+1)*frame+2*512:], got[0].pcm[(broken+1)*frame+2*512:])
}

func TestLayerTwoInAStreamOfLayerThree(t *testing.T) {
	three, err := os.ReadFile("../../testdata/sound/mono44-cbr48.mp3")
	require.NoError(t, err)
	two, err := os.ReadFile("../../testdata/sound/layer2.mp2")
	require.NoError(t, err)
	a, _, err := byUs(three)
	require.NoError(t, err)
	b, _, err := byUs(two)
	require.NoError(t, err)
	got, d, err := byUs(append(bytes.Clone(three), two...))
	require.NoError(t, err)
	require.Len(t, got, 1)
	damaged, bad := d.Damage()
	assert.Zero(t, damaged+bad)
	assert.InDelta(t, len(a[0].pcm)+len(b[0].pcm), len(got[0].pcm), 1152)
	// Their filter banks are one: it rings on for 512 frames.
	n := len(b[0].pcm) - 512
	assert.Equal(t, b[0].pcm[len(b[0].pcm)-n:], got[0].pcm[len(got[0].pcm)-n:])
}

func TestProbeOfLayerTwo(t *testing.T) {
	b, err := os.ReadFile("../../testdata/sound/layer2.mp2")
	require.NoError(t, err)
	info, err := mp3.Probe(bytes.NewReader(b))
	require.NoError(t, err)
	assert.Equal(t, "MPEG-1 Layer II", info.Version)
	assert.Equal(t, 44100, info.Rate)
	assert.Equal(t, 1, info.Channels)
	assert.InDelta(t, 64000, info.BitRate, 100)
	got, _, err := byUs(b)
	require.NoError(t, err)
	assert.Equal(t, info.Frames, int64(len(got[0].pcm)))
}
