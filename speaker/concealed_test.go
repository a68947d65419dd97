package speaker

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// broken is a test file of which some bytes in the middle were changed, and the
// frames that its decoder conceals for it.
func broken(t *testing.T, name string) (src Source, frames int64) {
	t.Helper()
	b := bytes.Clone(soundFile(t, name))
	for i := len(b) / 2; i < len(b)/2+300; i++ {
		b[i] ^= 0x55
	}
	d, _, err := NewDecoder(bytes.NewReader(b))
	require.NoError(t, err)
	drain(t, d)
	frames = concealedBy(d)
	require.Positive(t, frames, name)
	return data(name, b), frames
}

func TestWhatWasConcealedIsToldAfterThePlay(t *testing.T) {
	mp3, inMP3 := broken(t, "mono44-crc.mp3")
	opus, inOpus := broken(t, "celt-48k.opus")
	good := file(t, "mono44-crc.mp3") // 700 ms, as all are
	for _, tc := range []struct {
		name    string
		sources []Source
		skip    time.Duration
		stop    Frame // 0: to the end
		want    int64
	}{
		{"a good file", []Source{good, good}, 0, 0, 0},
		{"a tone", []Source{{Tone: Chime}}, 0, 0, 0},
		{"a damaged one", []Source{mp3}, 0, 0, inMP3},
		{"several", []Source{good, mp3, opus, mp3}, 0, 0, 2*inMP3 + inOpus},
		{"stopped before the damage", []Source{good, good, mp3}, 0, 48000, 0},
		{"stopped between", []Source{mp3, good, good, opus}, 0, 60000, inMP3},
		{"begun behind the damage", []Source{mp3, good}, 650 * time.Millisecond, 0, 0},
		{"begun in the next source", []Source{opus, mp3, good}, 800 * time.Millisecond, 0, inMP3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t, rigFormat)
			track := r.load(Program{Sources: tc.sources, Skip: tc.skip})
			assert.Zero(t, track.Progress().Concealed, "decoded and not yet heard")
			r.s.Start(track, 0)
			if tc.stop > 0 {
				r.s.Stop(track, tc.stop, 0)
			}
			r.playOut(track)
			p := track.Progress()
			require.Empty(t, p.Failures)
			assert.Equal(t, tc.want, p.Concealed)
		})
	}
}

func TestDamageBeforeTheFirstFrameOfSoundIsNotHeard(t *testing.T) {
	var c concealment
	c.note(0, 3, 0)
	assert.Zero(t, c.in(0))
	assert.EqualValues(t, 3, c.in(1))
}

// However decoding runs ahead, what was played has the damage that lies before
// its end, and few marks are kept.
func TestConcealmentFollowsWhatWasPlayed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c concealment
		totals := map[int64]int64{}
		at, played, total := int64(0), int64(0), int64(0)
		for range rapid.IntRange(1, 100).Draw(t, "pieces") {
			total += rapid.Int64Range(0, 2).Draw(t, "concealed")
			totals[at] = total
			c.note(at, total, played)
			at += 100
			played = rapid.Int64Range(max(played, at-500), at).Draw(t, "played")
			want := int64(0)
			for from, n := range totals {
				if from < played {
					want = max(want, n)
				}
			}
			if got := c.in(played); got != want {
				t.Fatalf("%d concealed in the first %d frames, want %d", got, played, want)
			}
			if m := c.marks.Load(); m != nil && len(*m) > 7 {
				t.Fatalf("%d marks", len(*m))
			}
		}
	})
}
