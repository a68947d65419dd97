package mp3

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// blast is n frames of mono48 that sound db above those of quiet.
func blast(n, db int) []byte {
	g := quiet(200)
	g.gain = 170 + 2*db/3 // steps of 1.5 dB
	return bytes.Repeat(monoFrame(0, g, g), n)
}

// overFull makes of blast about what a square wave at full scale raised by 12 dB is.
const overFull = 57

// TestBlastsAreAsLoudAsTheTestsNeed keeps the other tests here from passing for
// nothing.
func TestBlastsAreAsLoudAsTheTestsNeed(t *testing.T) {
	h, _ := parseHeader(mono48[:])
	for db, allowed := range map[int]bool{0: true, overFull: false, overFull + 6: false} {
		f := newFrameDecoder()
		err := f.decode(h, blast(1, db), false)
		if allowed {
			assert.NoError(t, err, "%d dB", db)
		} else {
			assert.ErrorIs(t, err, errLevel, "%d dB", db)
		}
		most := float32(0)
		for _, e := range f.level.last {
			most = max(most, e)
		}
		assert.Less(t, most, float32(mostEnergy), "%d dB", db)
		assert.Equal(t, !allowed, most > usualEnergy, "%d dB: %v", db, most)
	}
}

// TestFileThatIsLoudThroughoutPlays: mp3gain and its kind raise the gain in the
// frames themselves. The limiter makes of it what can be heard.
func TestFileThatIsLoudThroughoutPlays(t *testing.T) {
	pcm, d := mustDecode(t, blast(200, overFull))
	_, bad := d.Damage()
	assert.Equal(t, int64(2), bad, "three granules, until the level is believed")
	for i := 2; i < 200; i++ {
		require.Greater(t, peak(pcm[i*frameLen:(i+1)*frameLen]), float32(1), "frame %d", i)
	}
}

// TestOneLoudGranuleIsDamage: a bit of a gain flipped.
func TestOneLoudGranuleIsDamage(t *testing.T) {
	for _, n := range []int{1, 3} { // frames between two such
		var b []byte
		for range 2 {
			b = join(b, blast(n, 0), blast(1, overFull))
		}
		b = join(b, blast(20, 0))
		soft, _ := mustDecode(t, blast(2*n+2+20, 0))
		one := quiet(200)
		one.gain = 255
		b = join(b, monoFrame(0, quiet(200), one), blast(5, 0)) // and one of them by far
		pcm, d := mustDecode(t, b)
		_, bad := d.Damage()
		assert.Positive(t, bad)
		assert.LessOrEqual(t, peak(pcm[:(2*n+1)*frameLen]), 2*peak(soft))
		last := pcm[len(pcm)-6*frameLen:]
		assert.LessOrEqual(t, peak(last), 2*peak(soft))
	}
}

// TestSirenComesBackFromItsPausesWhole, and so it does for who skips to it.
func TestSirenComesBackFromItsPausesWhole(t *testing.T) {
	const pause, sound, times = 25, 6, 12
	b := bytes.Repeat(join(blast(pause, 0), blast(sound, overFull)), times)
	pcm, d := mustDecode(t, b)
	_, bad := d.Damage()
	require.Equal(t, int64(2), bad, "the first time only")
	for k := 1; k < times; k++ {
		from := (k*(pause+sound) + pause) * frameLen
		require.Greater(t, peak(pcm[from:from+frameLen]), float32(1), "time %d", k)
	}
	for n := 50; n < times*(pause+sound)-1; n += 7 {
		d, err := NewDecoder(bytes.NewReader(b))
		require.NoError(t, err)
		skipped, err := d.Skip(int64(n * frameLen))
		require.NoError(t, err)
		require.Equal(t, int64(n*frameLen), skipped)
		rest := make([]float32, (pause+sound)*frameLen)
		m, err := d.Read(rest)
		require.NoError(t, err)
		requireSame(t, pcm[n*frameLen:][:m], rest[:m], 0)
	}
}

// TestMoreThanAnyToolRaisesIsDamageForEver: 24 dB above what needs no proof.
func TestMoreThanAnyToolRaisesIsDamageForEver(t *testing.T) {
	var j levelJudge
	for range 3 * levelGranules {
		require.False(t, j.likely(2*mostEnergy))
	}
	assert.True(t, j.likely(1))
	for range steadyGranules - 1 {
		assert.False(t, j.likely(mostEnergy))
	}
	assert.True(t, j.likely(mostEnergy))
	assert.True(t, j.likely(mostEnergy/levelJump*1.1))
	for range levelGranules {
		j.unreadable()
	}
	assert.False(t, j.likely(mostEnergy), "it was too long ago")
}
