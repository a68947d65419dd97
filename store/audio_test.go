package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"
)

// sizes are those where chunks, pages and batches begin and end.
var sizes = []int{
	1, 2, 100, 4051, 4052, 4053, chunkData - 1, chunkData, chunkData + 1, 3*chunkData - 1,
	batchChunks * chunkData, batchChunks*chunkData + 1, 2*batchChunks*chunkData - 1, 3<<20 + 17,
}

func TestSoundOfAnySize(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	for _, n := range sizes {
		b := noise(uint64(n), n)
		d := add(t, s, b)
		requireSound(t, s, b)
		it, err := s.Item(d)
		require.NoError(t, err)
		assert.Equal(t, Item{Digest: d, Size: int64(n), Stored: int64(n), Verified: true}, it)
	}
	require.NoError(t, s.Close())

	s = open(t, dir, Options{})
	assert.Empty(t, s.Recovered())
	for _, n := range sizes {
		requireSound(t, s, noise(uint64(n), n))
		require.NoError(t, s.Verify(digestOf(noise(uint64(n), n))))
	}
	assert.Equal(t, len(sizes), s.Stats().Cached)
	boltCheck(t, s)
}

// boltCheck asks bbolt itself whether both files are whole.
func boltCheck(t testing.TB, s *Store) {
	t.Helper()
	for _, d := range []*database{s.state.database, s.audio.database} {
		require.NoError(t, d.view(func(tx *bolt.Tx) error {
			for err := range tx.Check() {
				assert.NoError(t, err, d.name)
			}
			return nil
		}))
	}
}

func TestReaderIsAnHonestFile(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	for _, n := range []int{1, 5000, chunkData, 2*chunkData + 77} {
		b := noise(uint64(n), n)
		r, err := s.Open(add(t, s, b))
		require.NoError(t, err)
		assert.EqualValues(t, n, r.Size())
		assert.Equal(t, digestOf(b), r.Digest())
		require.NoError(t, iotest.TestReader(r, b))

		var all bytes.Buffer
		_, err = r.Seek(-1, io.SeekEnd)
		require.NoError(t, err)
		_, err = r.WriteTo(&all)
		require.NoError(t, err)
		assert.Equal(t, b[n-1:], all.Bytes())

		_, err = r.Seek(-1, io.SeekStart)
		assert.ErrorIs(t, err, ErrInvalid)
		_, err = r.Seek(0, 7)
		assert.ErrorIs(t, err, ErrInvalid)
		_, err = r.ReadAt(make([]byte, 1), -1)
		assert.ErrorIs(t, err, ErrInvalid)
		require.NoError(t, r.Close())
		require.NoError(t, r.Close())
		_, err = r.Read(make([]byte, 1))
		assert.ErrorIs(t, err, ErrClosed)
	}
}

func TestReadingAllocatesNothing(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	r, err := s.Open(add(t, s, noise(1, 3<<20)))
	require.NoError(t, err)
	defer r.Close()
	buf := make([]byte, 4096)
	assert.Zero(t, testing.AllocsPerRun(2000, func() {
		if _, err := r.Read(buf); errors.Is(err, io.EOF) {
			r.Seek(0, io.SeekStart)
		}
	}), "over chunks and the end")
}

func TestSoundThatIsNotThereOrNotWhole(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	b := noise(1, 200_000)
	d := digestOf(b)
	_, err := s.Open(d)
	require.ErrorIs(t, err, ErrNotFound)
	assert.ErrorContains(t, err, d.String())
	_, err = s.Item(d)
	require.ErrorIs(t, err, ErrNotFound)

	w, err := s.Create(d, int64(len(b)), noon)
	require.NoError(t, err)
	_, err = s.Open(d)
	assert.ErrorIs(t, err, ErrUnverified)
	_, err = w.Write(b[:150_000])
	require.NoError(t, err)
	require.ErrorIs(t, w.Commit(), ErrIncomplete)
	require.NoError(t, w.Close())
	_, err = s.Open(d)
	assert.ErrorIs(t, err, ErrUnverified)
	assert.ErrorIs(t, s.Verify(d), ErrUnverified)
	assert.Equal(t, 0, s.Stats().Cached)
	assert.Equal(t, 1, s.Stats().Items)
}

func TestDownloadGoesOnWhereItWasCut(t *testing.T) {
	dir := t.TempDir()
	b := noise(1, 3_000_000)
	d := digestOf(b)
	s := open(t, dir, Options{})
	var last int64
	for cuts := 0; ; cuts++ {
		w, err := s.Create(d, int64(len(b)), noon)
		require.NoError(t, err)
		assert.GreaterOrEqual(t, w.Offset(), last, "nothing that was stored is asked for again")
		last = w.Offset()
		rest := b[last:]
		_, err = w.Write(rest[:min(len(rest), 400_000)])
		require.NoError(t, err)
		if w.Offset() == int64(len(b)) {
			require.NoError(t, w.Commit())
			assert.Greater(t, cuts, 6)
			break
		}
		require.NoError(t, w.Close())
		require.NoError(t, s.Close())
		s = open(t, dir, Options{})
	}
	requireSound(t, s, b)
	boltCheck(t, s)
}

// The stored state of the digest is only a short cut.
func TestDownloadGoesOnWithoutTheStateOfTheDigest(t *testing.T) {
	dir := t.TempDir()
	b := noise(1, 1_000_000)
	s := open(t, dir, Options{})
	w, err := s.Create(digestOf(b), int64(len(b)), noon)
	require.NoError(t, err)
	_, err = w.Write(b[:500_000])
	require.NoError(t, err)
	require.NoError(t, w.Close())
	s.audio.items[digestOf(b)].hash = []byte("of another release")

	w, err = s.Create(digestOf(b), int64(len(b)), noon)
	require.NoError(t, err)
	require.NotZero(t, w.Offset())
	_, err = w.Write(b[w.Offset():])
	require.NoError(t, err)
	require.NoError(t, w.Commit())
	requireSound(t, s, b)
}

func TestWrongBytesAreNeverPlayed(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	for _, n := range []int{100, 200_000, 3 << 20} {
		b := noise(uint64(n), n)
		d := digestOf(b)
		b[n/2] ^= 1
		w, err := s.Create(d, int64(n), noon)
		require.NoError(t, err)
		_, err = w.Write(b)
		require.NoError(t, err)
		require.ErrorIs(t, w.Commit(), ErrDigest)
		assert.ErrorIs(t, w.Commit(), ErrDigest, "it stays so")
		_, err = s.Open(d)
		assert.ErrorIs(t, err, ErrNotFound, "it is gone")

		b[n/2] ^= 1
		add(t, s, b)
		requireSound(t, s, b)
	}
	boltCheck(t, s)
}

func TestWriterTakesNoMoreThanAnnounced(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	b := noise(1, 1000)
	w, err := s.Create(digestOf(b), 1000, noon)
	require.NoError(t, err)
	_, err = w.Write(b[:600])
	require.NoError(t, err)
	_, err = w.Write(b[:401])
	require.ErrorIs(t, err, ErrTooLarge)
	assert.EqualValues(t, 600, w.Offset())
	_, err = w.Write(b[600:])
	require.NoError(t, err)
	require.NoError(t, w.Commit())
	_, err = w.Write(b)
	assert.ErrorIs(t, err, ErrClosed)
	assert.NoError(t, w.Close())
	requireSound(t, s, b)
}

func TestTwoWritersOfOneSound(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	b := noise(1, 1000)
	d := digestOf(b)
	w, err := s.Create(d, 1000, noon)
	require.NoError(t, err)
	_, err = s.Create(d, 1000, noon)
	require.ErrorIs(t, err, ErrBusy)
	assert.ErrorIs(t, s.Remove(d), ErrBusy)
	require.NoError(t, w.Close())
	_, err = s.Item(d)
	assert.ErrorIs(t, err, ErrNotFound, "of a sound with no chunk stored nothing is left")
	add(t, s, b)
	_, err = s.Create(d, 1000, noon)
	assert.ErrorIs(t, err, ErrExists)
	_, err = s.Create(digestOf(nil), 0, noon)
	assert.ErrorIs(t, err, ErrInvalid)
}

func TestSizeWasAnnouncedWrongly(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	b := noise(1, 300_000)
	w, err := s.Create(digestOf(b), 400_000, noon)
	require.NoError(t, err)
	_, err = w.Write(b)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	w, err = s.Create(digestOf(b), 300_000, noon)
	require.NoError(t, err)
	assert.Zero(t, w.Offset(), "it begins anew")
	_, err = w.Write(b)
	require.NoError(t, err)
	require.NoError(t, w.Commit())
	requireSound(t, s, b)
}

func TestRemovedSoundIsGone(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	b := noise(1, 300_000)
	d := add(t, s, b)
	r, err := s.Open(d)
	require.NoError(t, err)
	assert.ErrorIs(t, s.Remove(d), ErrBusy, "while it is read")
	require.NoError(t, r.Close())
	require.NoError(t, s.Remove(d))
	assert.ErrorIs(t, s.Remove(d), ErrNotFound)
	assert.Zero(t, s.Stats().Used)
	add(t, s, b)
	requireSound(t, s, b)
}

func TestDamagedSoundIsNeverPlayed(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	b := noise(1, 300_000)
	d := add(t, s, b)
	other := noise(2, 100_000)
	add(t, s, other)
	for name, at := range map[string]int64{"head": 10, "in the sound": 5000, "last page": chunkSpan - 1} {
		t.Run(name, func(t *testing.T) {
			r, err := s.Open(d)
			require.NoError(t, err)
			flip(t, filepath.Join(dir, audioName), int64(r.pages[1])*pageSize+at)
			_, err = io.Copy(io.Discard, r)
			require.ErrorIs(t, err, ErrDamaged)
			_, err = s.Open(d)
			assert.ErrorIs(t, err, ErrDamaged, "once seen it is not offered again")
			it, err := s.Item(d)
			require.NoError(t, err)
			assert.True(t, it.Damaged)
			assert.False(t, it.Verified)
			_, err = s.Create(d, int64(len(b)), noon)
			assert.ErrorIs(t, err, ErrBusy, "it is still being read")
			require.NoError(t, r.Close())

			add(t, s, b)
			requireSound(t, s, b)
			requireSound(t, s, other)
			boltCheck(t, s)
		})
	}
}

// flip changes one bit of a file.
func flip(t testing.TB, path string, at int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	require.NoError(t, err)
	defer f.Close()
	var b [1]byte
	_, err = f.ReadAt(b[:], at)
	require.NoError(t, err)
	b[0] ^= 0x10
	_, err = f.WriteAt(b[:], at)
	require.NoError(t, err)
}

func TestVerifyRemovesDamagedSound(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	b := noise(1, 300_000)
	d := add(t, s, b)
	require.NoError(t, s.Verify(d))
	r, err := s.Open(d)
	require.NoError(t, err)
	flip(t, filepath.Join(dir, audioName), int64(r.pages[2])*pageSize+999)
	assert.ErrorIs(t, s.Verify(d), ErrDamaged)
	assert.True(t, s.Items()[0].Damaged, "marked while somebody reads it")
	require.NoError(t, r.Close())
	require.NoError(t, s.Close())

	s = open(t, dir, Options{})
	assert.ErrorIs(t, s.Verify(d), ErrDamaged)
	assert.ErrorIs(t, s.Verify(d), ErrNotFound)
	assert.Zero(t, s.Stats().Used)
}

// What was stored before the cut rotted while the board was off.
func TestDownloadGoesOnOverDamage(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	b := noise(1, 300_000)
	d := digestOf(b)
	w, err := s.Create(d, int64(len(b)), noon)
	require.NoError(t, err)
	_, err = w.Write(b[:200_000])
	require.NoError(t, err)
	require.NoError(t, w.Close())
	r, err := s.audio.newReader(s.audio.items[d], chunkData)
	require.NoError(t, err)
	flip(t, filepath.Join(dir, audioName), int64(r.pages[0])*pageSize+999)

	w, err = s.Create(d, int64(len(b)), noon)
	require.NoError(t, err)
	_, err = w.Write(b[w.Offset():])
	require.NoError(t, err)
	require.ErrorIs(t, w.Commit(), ErrDigest)
	add(t, s, b)
	requireSound(t, s, b)
}

func TestDigestText(t *testing.T) {
	d := digestOf([]byte("abc"))
	assert.Equal(t, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", d.String())
	back, err := ParseDigest(d.String())
	require.NoError(t, err)
	assert.Equal(t, d, back)
	inJSON, err := json.Marshal(map[string]Digest{"sha256": d})
	require.NoError(t, err)
	var out map[string]Digest
	require.NoError(t, json.Unmarshal(inJSON, &out))
	assert.Equal(t, d, out["sha256"])
	for _, s := range []string{"", "ba78", d.String()[1:], d.String() + "0", "BA" + d.String()[2:], "xx" + d.String()[2:]} {
		_, err := ParseDigest(s)
		assert.ErrorIs(t, err, ErrInvalid, s)
	}
}

func TestOptionsOutOfRange(t *testing.T) {
	for want, o := range map[string]Options{
		"audio budget 12; allowed: 1048576 to": {AudioBudget: 12},
		"outbox events 3; allowed: 16 to":      {OutboxEvents: 3},
		"outbox bytes -1; allowed: 65536 to":   {OutboxBytes: -1},
	} {
		_, err := Open(t.TempDir(), o)
		require.ErrorIs(t, err, ErrInvalid)
		assert.ErrorContains(t, err, want)
	}
	assert.LessOrEqual(t, int64(960<<20)+AudioMargin(960<<20), int64(1<<30), "32 bits")
}

func TestPlayingGoesOnWhileOthersDownloadAndEvict(t *testing.T) {
	s := open(t, ramDir(t), Options{AudioBudget: 2 << 20})
	kept := noise(99, 300_000)
	s.Keep([]Need{{add(t, s, kept), noon}})
	stop := make(chan struct{})
	var busy sync.WaitGroup
	for i := range uint64(3) {
		busy.Go(func() {
			for n := range uint64(20) {
				b := noise(100*i+n, 200_000+int(n)*1000)
				w, err := s.Create(digestOf(b), int64(len(b)), noon)
				if errors.Is(err, ErrFull) {
					continue // the others hold too much
				}
				if !assert.NoError(t, err) {
					return
				}
				_, err = w.Write(b)
				assert.NoError(t, err)
				if n%5 == 4 {
					assert.NoError(t, w.Close())
				} else {
					assert.NoError(t, w.Commit())
				}
			}
		})
	}
	var players sync.WaitGroup
	for range 2 {
		players.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				requireSound(t, s, kept)
				for _, it := range s.Items() {
					err := s.Verify(it.Digest)
					if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrUnverified) {
						assert.NoError(t, err)
					}
				}
				s.Stats()
			}
		})
	}
	busy.Wait()
	close(stop)
	players.Wait()
	requireSound(t, s, kept)
	boltCheck(t, s)
}

func TestAudioRollsBackToItsOtherMeta(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	add(t, s, noise(1, 100_000))
	add(t, s, noise(2, 100_000))
	require.NoError(t, s.Close())
	path := filepath.Join(dir, audioName)
	f, err := os.Open(path)
	require.NoError(t, err)
	m, _, err := readMeta(f)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	flip(t, path, int64(m.txid%2)*pageSize+pageHeader+40)

	s = open(t, dir, Options{})
	require.Len(t, s.Recovered(), 1)
	assert.Equal(t, RolledBack, s.Recovered()[0].What)
	requireSound(t, s, noise(1, 100_000))
	_, err = s.Open(digestOf(noise(2, 100_000)))
	assert.ErrorIs(t, err, ErrNotFound)
	add(t, s, noise(2, 100_000))
}
