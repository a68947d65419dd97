package store

import (
	"encoding/binary"
	"io"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"
)

// large fills a store with mib MiB of sound, and removes all but each keep-th.
func large(t testing.TB, mibs, keep int) (dir string) {
	t.Helper()
	dir = ramDir(t)
	s, err := Open(dir, Options{})
	require.NoError(t, err)
	s.audio.db.NoSync = true
	for i := range mibs {
		add(t, s, mib(uint64(i)))
	}
	for i := range mibs {
		if i%keep != 0 {
			require.NoError(t, s.Remove(digestOf(mib(uint64(i)))))
		}
	}
	require.NoError(t, s.Close())
	return dir
}

func allocatedBy(fn func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// With 128 MiB, full or three quarters empty: what Open allocates in all, freed
// again or not. The worst is a file of free pages.
func TestOpeningTakesBoundedMemory(t *testing.T) {
	for name, keep := range map[string]int{"full": 1, "mostly free": 4} {
		t.Run(name, func(t *testing.T) {
			dir := large(t, 128, keep)
			var s *Store
			n := allocatedBy(func() {
				var err error
				s, err = Open(dir, Options{})
				require.NoError(t, err)
			})
			defer s.Close()
			t.Logf("%d bytes allocated to open an audio.db of %d", n, s.Stats().AudioBytes)
			assert.LessOrEqual(t, n, uint64(6<<20))
		})
	}
}

func TestWriterAndReaderTakeBoundedMemory(t *testing.T) {
	s := open(t, ramDir(t), Options{})
	b := noise(1, 16<<20)
	d := digestOf(b)
	n := allocatedBy(func() {
		w, err := s.Create(d, int64(len(b)), noon)
		require.NoError(t, err)
		for p := b; len(p) > 0; p = p[min(len(p), 4096):] {
			_, err := w.Write(p[:min(len(p), 4096)])
			require.NoError(t, err)
		}
		require.NoError(t, w.Commit())
	})
	t.Logf("%.2f bytes allocated for each byte stored", float64(n)/float64(len(b)))
	assert.LessOrEqual(t, n, uint64(len(b)+len(b)/2), "the writer's own 1 MiB is used again and again")

	n = allocatedBy(func() {
		r, err := s.Open(d)
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, r)
		require.NoError(t, err)
		require.NoError(t, r.Close())
	})
	t.Logf("%d bytes allocated to read %d", n, len(b))
	assert.LessOrEqual(t, n, uint64(512<<10))
}

// BenchmarkStore compares sound in leaves of its own with the obvious way, a
// bucket of 64 KiB values, both 16 to a transaction.
func BenchmarkStore(b *testing.B) {
	sound := noise(1, 4*batchChunks*chunkData)
	b.Run("store", func(b *testing.B) {
		s := open(b, b.TempDir(), Options{})
		b.SetBytes(int64(len(sound)))
		before := s.Stats().Written
		var n int64
		for b.Loop() {
			binary.BigEndian.PutUint64(sound, uint64(n))
			add(b, s, sound)
			n++
		}
		b.ReportMetric(float64(s.Stats().Written-before)/float64(n)/float64(len(sound)), "written/B")
	})
	b.Run("plain", func(b *testing.B) {
		db, err := bolt.Open(filepath.Join(b.TempDir(), "x"), 0o600, nil)
		require.NoError(b, err)
		defer db.Close()
		b.SetBytes(int64(len(sound)))
		var n, key uint64
		for b.Loop() {
			for p := sound; len(p) > 0; p = p[batchChunks*chunkData:] {
				require.NoError(b, db.Update(func(tx *bolt.Tx) error {
					c, err := tx.CreateBucketIfNotExists([]byte("c"))
					for i := range batchChunks {
						key++
						if err == nil {
							err = c.Put(binary.BigEndian.AppendUint64(nil, key), p[i*chunkData:(i+1)*chunkData])
						}
					}
					return err
				}))
			}
			n++
		}
		stats := db.Stats()
		b.ReportMetric(float64(stats.TxStats.GetPageAlloc())/float64(n)/float64(len(sound)), "written/B")
	})
}

func BenchmarkRead(b *testing.B) {
	s := open(b, b.TempDir(), Options{})
	sound := mib(1)
	r, err := s.Open(add(b, s, sound))
	require.NoError(b, err)
	defer r.Close()
	buf := make([]byte, 4096)
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Read(buf); err != nil {
			r.Seek(0, io.SeekStart)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	s := open(b, b.TempDir(), Options{})
	before := s.Stats().Written
	var n int64
	for b.Loop() {
		last, err := s.Append(play("b-1021"))
		require.NoError(b, err)
		c, err := s.Last()
		require.NoError(b, err)
		require.NoError(b, s.Ack(c.Log, last))
		n++
	}
	b.ReportMetric(float64(s.Stats().Written-before)/float64(n), "written/event")
}

func BenchmarkOpen(b *testing.B) {
	dir := large(b, 128, 1)
	for b.Loop() {
		s, err := Open(dir, Options{})
		require.NoError(b, err)
		require.NoError(b, s.Close())
	}
}

func BenchmarkVerify(b *testing.B) {
	s := open(b, b.TempDir(), Options{})
	sound := mib(1)
	d := add(b, s, sound)
	b.SetBytes(int64(len(sound)))
	for b.Loop() {
		require.NoError(b, s.Verify(d))
	}
}
