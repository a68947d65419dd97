package store

import (
	"bytes"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mib is a sound of one MiB on the disk.
func mib(seed uint64) []byte { return noise(seed, batchChunks*chunkData) }

func TestEvictionTakesWhatWasUsedLongestAgo(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{AudioBudget: 4 << 20})
	var ds []Digest
	for i := range uint64(4) {
		ds = append(ds, add(t, s, mib(i)))
	}
	requireSound(t, s, mib(0)) // used again, and that outlives a restart
	require.NoError(t, s.Close())
	s = open(t, dir, Options{AudioBudget: 4 << 20})

	add(t, s, mib(4))
	_, err := s.Item(ds[1])
	assert.ErrorIs(t, err, ErrNotFound)
	for _, i := range []uint64{0, 2, 3, 4} {
		requireSound(t, s, mib(i))
	}
	assert.Equal(t, ds[0], s.Items()[0].Digest)
	st := s.Stats()
	assert.Equal(t, Stats{Items: 4, Cached: 4, Budget: 4 << 20, Used: 4 << 20}, Stats{Items: st.Items, Cached: st.Cached, Budget: st.Budget, Used: st.Used, Free: st.Free})
}

func TestEvictionSparesTheNext48Hours(t *testing.T) {
	s := open(t, t.TempDir(), Options{AudioBudget: 4 << 20})
	var ds []Digest
	for i := range uint64(4) {
		ds = append(ds, add(t, s, mib(i)))
	}
	s.Keep([]Need{
		{ds[0], noon.Add(100 * time.Hour)}, {ds[0], noon.Add(48 * time.Hour)}, // the nearest one counts
		{ds[1], noon.Add(48*time.Hour + time.Second)},
		{ds[2], noon.Add(-time.Minute)}, // plays now
		{ds[3], noon.Add(time.Hour)},
	})
	b := mib(9)
	_, err := s.Create(digestOf(b), 2<<20, noon)
	var full *FullError
	require.ErrorAs(t, err, &full)
	assert.ErrorIs(t, err, ErrFull)
	assert.Equal(t, FullError{Need: diskBytes(2 << 20), Have: 1 << 20, Protected: 3 << 20, Budget: 4 << 20}, *full)
	assert.ErrorContains(t, err, "3145728 protected")
	assert.Len(t, s.Items(), 4, "nothing is evicted in vain")

	add(t, s, b)
	_, err = s.Item(ds[1])
	assert.ErrorIs(t, err, ErrNotFound, "the one needed later than in 48 h went")

	s.Keep(nil)
	add(t, s, mib(10))
	_, err = s.Item(ds[0])
	assert.ErrorIs(t, err, ErrNotFound, "nothing is needed any more")
}

func TestEvictionSparesWhatIsInUse(t *testing.T) {
	s := open(t, t.TempDir(), Options{AudioBudget: 3 << 20})
	d := add(t, s, mib(0))
	r, err := s.Open(d)
	require.NoError(t, err)
	w, err := s.Create(digestOf(mib(1)), int64(len(mib(1))), noon)
	require.NoError(t, err)
	add(t, s, mib(2))
	_, err = s.Create(digestOf(noise(7, 2<<20)), 2<<20, noon)
	var full *FullError
	require.ErrorAs(t, err, &full)
	assert.EqualValues(t, 2<<20, full.Protected, "one is read, one is written")
	requireSound(t, s, mib(2))
	add(t, s, mib(3))
	_, err = s.Open(digestOf(mib(2)))
	assert.ErrorIs(t, err, ErrNotFound)

	_, err = w.Write(mib(1))
	require.NoError(t, err)
	require.NoError(t, w.Commit())
	got, err := io.ReadAll(r)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(mib(0), got))
	require.NoError(t, r.Close())
}

func TestSoundLargerThanTheBudget(t *testing.T) {
	s := open(t, t.TempDir(), Options{AudioBudget: 1 << 20})
	add(t, s, noise(1, 1000))
	_, err := s.Create(digestOf(nil), 5<<20, noon)
	var full *FullError
	require.ErrorAs(t, err, &full)
	assert.EqualValues(t, 1<<20, full.Have, "with all evicted")
	assert.Len(t, s.Items(), 1)
}

// Sound of mixed sizes comes and goes, many times the budget of it.
func TestFileStaysWithinBudgetAndMargin(t *testing.T) {
	const budget = 4 << 20
	s := open(t, t.TempDir(), Options{AudioBudget: budget})
	s.audio.db.NoSync = true
	pool := noise(1, 2<<20)
	for i := range 400 {
		n := 1 + (i*7919)%([]int{3000, 90_000, 700_000}[i%3])
		b := pool[i*131%(len(pool)-n):][:n]
		if _, err := s.Item(digestOf(b)); err == nil {
			continue
		}
		add(t, s, b)
		if i%7 == 0 {
			r, err := s.Open(s.Items()[0].Digest)
			require.NoError(t, err)
			defer r.Close()
			if i%14 == 0 {
				require.NoError(t, r.Close())
			}
		}
		st := s.Stats()
		require.LessOrEqual(t, st.Used, int64(budget))
		require.LessOrEqual(t, st.AudioBytes, budget+AudioMargin(budget))
		if len(s.Items()) > 60 { // let go of some readers' pins
			break
		}
	}
	st := s.Stats()
	t.Logf("%d bytes in a file of %d, budget %d", st.Used, st.AudioBytes, budget)
	boltCheck(t, s)
}

func TestSmallerBudgetAfterRestart(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{AudioBudget: 8 << 20})
	for i := range uint64(8) {
		add(t, s, mib(i))
	}
	require.NoError(t, s.Close())
	s = open(t, dir, Options{AudioBudget: 2 << 20})
	requireSound(t, s, mib(3))
	add(t, s, mib(8))
	assert.LessOrEqual(t, s.Stats().Used, int64(2<<20))
	requireSound(t, s, mib(3))
	requireSound(t, s, mib(8))
}

func TestLongEmptyFileIsMadeAnew(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	d := add(t, s, noise(1, 8<<20))
	require.NoError(t, s.Remove(d))
	require.NoError(t, s.Close())
	s = open(t, dir, Options{})
	assert.Empty(t, s.Recovered())
	assert.Less(t, s.Stats().AudioBytes, int64(2<<20))
	add(t, s, mib(1))
}
