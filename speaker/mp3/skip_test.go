package mp3

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// long is a file of a few seconds: one that was put together of several.
func long(t testing.TB, name string, n int) []byte {
	return bytes.Repeat(sound(t, name), n)
}

func TestSkippedSoundIsWhatReadingWouldHaveReached(t *testing.T) {
	for _, name := range []string{"mono32-cbr32.mp3", "stereo48-cbr96.mp3", "stereo44-vbr.mp3", "mono44-tags.mp3",
		"mpeg2-22k.mp3", "mpeg25-11k.mp3", "free.mp3"} {
		b := long(t, name, 4)
		whole, d := mustDecode(t, b)
		_, channels := d.Format()
		total := int64(len(whole) / channels)
		for _, n := range []int64{0, 1, 1151, 1152, 13*1152 - 1, 13 * 1152, 20000, 60001, total - 100, total - 1} {
			if n >= total {
				continue
			}
			d, err := NewDecoder(bytes.NewReader(b))
			require.NoError(t, err)
			skipped, err := d.Skip(n)
			require.NoError(t, err)
			require.Equal(t, n, skipped)
			buf := make([]float32, 6000)
			m, err := d.Read(buf)
			require.NoError(t, err)
			requireSame(t, whole[n*int64(channels):][:m*channels], buf[:m*channels], 0)
			_, bad := d.Damage()
			assert.Zero(t, bad, "%s: the lead is no damage", name)
		}
	}
}

func TestSkipInTheMiddleAndAgain(t *testing.T) {
	b := long(t, "stereo48-cbr96.mp3", 4)
	whole, _ := mustDecode(t, b)
	d, err := NewDecoder(bytes.NewReader(b))
	require.NoError(t, err)
	buf := make([]float32, 2000)
	at := 0
	for range 5 {
		n, err := d.Read(buf)
		require.NoError(t, err)
		requireSame(t, whole[2*at:2*(at+n)], buf[:2*n], 0)
		at += n
		skipped, err := d.Skip(21001)
		require.NoError(t, err)
		at += int(skipped)
	}
}

func TestSkipBeyondTheEndTellsHowFarItCame(t *testing.T) {
	b := long(t, "mono44-crc.mp3", 2)
	whole, _ := mustDecode(t, b)
	d, err := NewDecoder(bytes.NewReader(b))
	require.NoError(t, err)
	n, err := d.Skip(1 << 40)
	assert.ErrorIs(t, err, io.EOF)
	assert.Equal(t, int64(len(whole)), n)
	_, err = d.Read(make([]float32, 10))
	assert.ErrorIs(t, err, io.EOF)
}
