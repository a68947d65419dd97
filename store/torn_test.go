package store

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A commit of bbolt is: pages in any order, fdatasync, one meta page,
// fdatasync. So what a power cut can leave is known from the file before and
// the file after: any part of the pages with the old meta, or all of them with
// either meta. The disk writes sectors of 512 bytes whole.

const sector = 512

// writes are the differences between two moments of a file.
type writes struct {
	before, after []byte
	pages         []int // that differ, the meta pages apart
	meta          int   // page of the meta that was written, -1 if none was
}

func diff(before, after []byte) writes {
	w := writes{before: before, after: after, meta: -1}
	for id := range len(after) / pageSize {
		from, to := id*pageSize, (id+1)*pageSize
		if to <= len(before) && bytes.Equal(before[from:to], after[from:to]) {
			continue
		}
		if to > len(before) && !bytes.ContainsFunc(after[from:to], func(r rune) bool { return r != 0 }) {
			continue // room to grow
		}
		if id < 2 {
			w.meta = id
		} else {
			w.pages = append(w.pages, id)
		}
	}
	return w
}

// cut returns the file as a power cut leaves it. Of the pages each sector is
// written with probability p. grown says that the file already has its new
// length.
func (w writes) cut(r *rand.Rand, p float64, meta, grown bool) []byte {
	b := bytes.Clone(w.before)
	if (grown || meta) && len(w.after) > len(b) {
		b = append(b, make([]byte, len(w.after)-len(b))...)
	}
	put := func(from int) {
		if need := from + sector; need > len(b) {
			b = append(b, make([]byte, need-len(b))...)
		}
		copy(b[from:from+sector], w.after[from:])
	}
	for _, id := range w.pages {
		for from := id * pageSize; from < (id+1)*pageSize; from += sector {
			if r.Float64() < p {
				put(from)
			}
		}
	}
	if meta && w.meta >= 0 {
		copy(b[w.meta*pageSize:(w.meta+1)*pageSize], w.after[w.meta*pageSize:])
	}
	return b
}

// content is everything in a store that a caller can ask for; the log's name
// and place only if it is not a new one.
func content(t testing.TB, s *Store) string {
	t.Helper()
	h := sha256.New()
	fmt.Fprintln(h, s.DeviceID())
	require.NoError(t, s.View(func(tx *Tx) error {
		for _, name := range []string{"time", "scheduler", "boot"} {
			v, _ := tx.Get(name)
			fmt.Fprintf(h, "%s %x\n", name, v)
		}
		ds, err := tx.Documents("")
		for _, d := range ds {
			fmt.Fprintf(h, "%v %d %x\n", d.Key, d.Seq, d.Payload)
		}
		for _, k := range tornKeys {
			n, err := tx.Seq(k)
			fmt.Fprintln(h, k, n, err)
		}
		return err
	}))
	for _, e := range waitingEvents(t, s) {
		fmt.Fprintf(h, "%s %d %s\n", e.Log, e.N, e.JSON)
	}
	for _, it := range s.Items() {
		fmt.Fprintf(h, "%v %d %d %v\n", it.Digest, it.Size, it.Stored, it.Verified)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

var tornKeys = []Key{plan, {Kind: "air", Aud: "vn"}, {Kind: "config"}}

// tornStep is one transaction of some kind.
func tornStep(t testing.TB, s *Store, r *rand.Rand, i int) {
	t.Helper()
	switch r.IntN(5) {
	case 0:
		require.NoError(t, s.Put("time", noise(uint64(i), 20)))
	case 1:
		require.NoError(t, s.Put("scheduler", noise(uint64(i), r.IntN(20_000))))
	case 2:
		require.NoError(t, s.PutDocument(tornKeys[r.IntN(3)], uint64(i)+1, noise(uint64(i), r.IntN(60_000))))
	case 3:
		_, err := s.Append(play("b"), play("c"))
		require.NoError(t, err)
	case 4:
		c, err := s.Last()
		require.NoError(t, err)
		require.NoError(t, s.Ack(c.Log, c.N-min(c.N, uint64(r.IntN(4)))))
	}
}

func contentOf(t testing.TB, dir, name string, b, good []byte) (string, []Recovery) {
	t.Helper()
	require.NoError(t, os.RemoveAll(dir))
	require.NoError(t, os.MkdirAll(dir, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), b, 0o600))
	if good != nil {
		require.NoError(t, os.WriteFile(filepath.Join(dir, goodName), good, 0o600))
	}
	s, err := Open(dir, Options{AudioBudget: 4 << 20})
	require.NoError(t, err)
	defer s.Close()
	return content(t, s), s.Recovered()
}

func TestPowerCutAtAnyWrite(t *testing.T) {
	dir, scratch := ramDir(t), filepath.Join(ramDir(t), "x")
	s := open(t, dir, Options{AudioBudget: 4 << 20})
	r := rand.New(rand.NewPCG(1, 2))
	file := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		return b
	}
	good := file(goodName)
	goodContent, _ := contentOf(t, scratch, stateName, good, nil)
	before := file(stateName)
	old, _ := contentOf(t, scratch, stateName, before, nil)
	fellBack := 0
	steps := 60
	if raceEnabled {
		steps = 20
	}
	for i := range steps {
		tornStep(t, s, r, i)
		after := file(stateName)
		w := diff(before, after)
		now, rs := contentOf(t, scratch, stateName, after, good)
		require.Empty(t, rs)

		for _, p := range []float64{0, 0.5, 0.95, 1} {
			got, rs := contentOf(t, scratch, stateName, w.cut(r, p, false, p > 0.5), good)
			assert.Empty(t, rs, "step %d", i)
			assert.Equal(t, old, got, "step %d: not acknowledged, so not there", i)
		}
		got, rs := contentOf(t, scratch, stateName, w.cut(r, 1, true, true), good)
		assert.Empty(t, rs)
		assert.Equal(t, now, got, "step %d: all written", i)

		// A disk that lies about fdatasync: the meta is there, its pages are not.
		got, rs = contentOf(t, scratch, stateName, w.cut(r, 0.5, true, true), good)
		if len(rs) > 0 {
			fellBack++
			assert.Equal(t, Restored, rs[0].What)
			assert.Equal(t, goodContent, got, "step %d: the copy, whole", i)
		} else {
			assert.Equal(t, now, got, "step %d: nothing lost in silence", i)
		}
		if t.Failed() {
			return
		}
		before, old = after, now
	}
	t.Logf("a disk that lies cost %d of %d transactions", fellBack, steps)
	assert.NotZero(t, fellBack)
}

func TestPowerCutWhileSoundIsStored(t *testing.T) {
	dir, scratch := ramDir(t), filepath.Join(ramDir(t), "x")
	s := open(t, dir, Options{AudioBudget: 4 << 20})
	r := rand.New(rand.NewPCG(3, 4))
	file := func() []byte {
		b, err := os.ReadFile(filepath.Join(dir, audioName))
		require.NoError(t, err)
		return b
	}
	state := filepath.Join(dir, stateName)
	contentOf := func(b []byte) (string, []Recovery) {
		t.Helper()
		require.NoError(t, os.RemoveAll(scratch))
		require.NoError(t, os.MkdirAll(scratch, 0o700))
		st, err := os.ReadFile(state)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(scratch, stateName), st, 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(scratch, audioName), b, 0o600))
		s, err := Open(scratch, Options{AudioBudget: 4 << 20})
		require.NoError(t, err)
		defer s.Close()
		for _, it := range s.Items() {
			if it.Verified {
				checkReads(t, s, it.Digest)
			}
		}
		return content(t, s), s.Recovered()
	}
	before := file()
	old, _ := contentOf(before)
	steps := 25
	if raceEnabled {
		steps = 12
	}
	for i := range steps {
		b := noise(uint64(i), 1+r.IntN(500_000))
		if i%4 == 3 {
			d := s.Items()[0].Digest
			if s.Remove(d) != nil {
				continue
			}
		} else {
			w, err := s.Create(digestOf(b), int64(len(b)), noon)
			require.NoError(t, err)
			_, err = w.Write(b)
			require.NoError(t, err)
			if i%4 == 2 {
				require.NoError(t, w.Close())
			} else {
				require.NoError(t, w.Commit())
			}
		}
		after := file()
		w := diff(before, after)
		now, rs := contentOf(after)
		require.Empty(t, rs)
		for _, p := range []float64{0, 0.5, 1} {
			got, rs := contentOf(w.cut(r, p, false, p > 0.4))
			assert.Empty(t, rs)
			assert.Equal(t, old, got, "step %d", i)
		}
		got, rs := contentOf(w.cut(r, 1, true, true))
		assert.Empty(t, rs)
		assert.Equal(t, now, got, "step %d", i)
		contentOf(w.cut(r, 0.9, true, true)) // a disk that lies: what it reads is right, or an error
		if t.Failed() {
			return
		}
		before, old = after, now
	}
}

// checkReads reads a sound: it is what its digest says, or an error.
func checkReads(t testing.TB, s *Store, d Digest) {
	t.Helper()
	r, err := s.Open(d)
	if err != nil {
		assert.ErrorIs(t, err, ErrDamaged)
		return
	}
	defer r.Close()
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		assert.ErrorIs(t, err, ErrDamaged)
		return
	}
	assert.Equal(t, d[:], h.Sum(nil), "wrong sound was read")
}
