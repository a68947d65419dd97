package store

import (
	"bytes"
	"encoding/binary"
	"hash/fnv"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"
)

// ramDir is a directory in memory if there is one: for tests that open
// thousands of files and whose fsyncs prove nothing.
func ramDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "loa-store-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// sampleState is a state.db with some of everything: small buckets and large
// ones, branches, overflow and free pages.
func sampleState(t testing.TB) []byte {
	t.Helper()
	dir := ramDir(t)
	s, err := Open(dir, Options{})
	require.NoError(t, err)
	for i := range 60 {
		_, err := s.Append(play("b"))
		require.NoError(t, err)
		require.NoError(t, s.PutDocument(plan, uint64(i), noise(uint64(i), 300*i)))
		require.NoError(t, s.Put("scheduler", noise(uint64(i), 5000)))
	}
	c, err := s.Last()
	require.NoError(t, err)
	require.NoError(t, s.Ack(c.Log, 10))
	require.NoError(t, s.Close())
	b, err := os.ReadFile(filepath.Join(dir, stateName))
	require.NoError(t, err)
	return b
}

func sampleAudio(t testing.TB) []byte {
	t.Helper()
	dir := ramDir(t)
	s, err := Open(dir, Options{AudioBudget: 4 << 20})
	require.NoError(t, err)
	for i := range 8 {
		add(t, s, noise(uint64(i), 10_000+i*20_000))
	}
	require.NoError(t, s.Remove(s.Items()[2].Digest))
	w, err := s.Create(digestOf(noise(9, 300_000)), 300_000, noon)
	require.NoError(t, err)
	_, err = w.Write(noise(9, 200_000))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.NoError(t, s.Close())
	b, err := os.ReadFile(filepath.Join(dir, audioName))
	require.NoError(t, err)
	m, _, err := readMeta(bytes.NewReader(b))
	require.NoError(t, err)
	return b[:m.pages*pageSize] // without the room to grow
}

// pageOf returns the first page of the sample with these flags and at least
// this many elements.
func pageOf(t testing.TB, b []byte, flags uint16, count int) page {
	t.Helper()
	for id := 2; id < len(b)/pageSize; id++ {
		p := page(b[id*pageSize : (id+1)*pageSize])
		if p.id() == uint64(id) && p.flags() == flags && p.count() >= count && live(t, b, uint64(id)) {
			return p
		}
	}
	t.Fatalf("no page with flags %#x", flags)
	return nil
}

// live says whether a page is in use, and not what is left of an old one.
func live(t testing.TB, b []byte, id uint64) bool {
	t.Helper()
	c := bytes.Clone(b)
	clear(c[id*pageSize : (id+1)*pageSize])
	_, err := check(bytes.NewReader(c), int64(len(c)), stateLayout())
	return err != nil
}

// newMeta rewrites the meta in force with a right checksum.
func newMeta(t testing.TB, b []byte, change func(meta []byte)) {
	t.Helper()
	m, _, err := readMeta(bytes.NewReader(b))
	require.NoError(t, err)
	p := b[(m.txid%2)*pageSize+pageHeader:]
	change(p)
	h := fnv.New64a()
	h.Write(p[:56])
	binary.LittleEndian.PutUint64(p[56:], h.Sum64())
}

func TestCheckFindsDamage(t *testing.T) {
	whole := sampleState(t)
	h, err := check(bytes.NewReader(whole), int64(len(whole)), stateLayout())
	require.NoError(t, err)
	require.False(t, h.lost)

	u64 := binary.LittleEndian.PutUint64
	for name, damage := range map[string]func(b []byte) []byte{
		"empty":                func(b []byte) []byte { return nil },
		"one byte":             func(b []byte) []byte { return b[:1] },
		"cut after the metas":  func(b []byte) []byte { return b[:2*pageSize] },
		"cut by a page in use": func(b []byte) []byte { return b[:(h.pages-1)*pageSize] },
		"both metas zero":      func(b []byte) []byte { clear(b[:2*pageSize]); return b },
		"all zero":             func(b []byte) []byte { clear(b); return b },
		"text": func(b []byte) []byte {
			return bytes.Repeat([]byte("this is no database "), len(b)/20)
		},
		"root outside": func(b []byte) []byte {
			newMeta(t, b, func(m []byte) { u64(m[16:], 1<<40) })
			return b
		},
		"no pages": func(b []byte) []byte {
			newMeta(t, b, func(m []byte) { u64(m[40:], 0) })
			return b
		},
		"no freelist": func(b []byte) []byte {
			newMeta(t, b, func(m []byte) { u64(m[32:], noFreelist) })
			return b
		},
		"freelist is the root": func(b []byte) []byte {
			newMeta(t, b, func(m []byte) { u64(m[32:], h.root) })
			return b
		},
		"freelist with a page in use": func(b []byte) []byte {
			u64(b[h.freelist*pageSize+pageHeader:], h.root)
			return b
		},
		"freelist forgets": func(b []byte) []byte {
			p := b[h.freelist*pageSize:]
			binary.LittleEndian.PutUint16(p[10:], uint16(page(p).count()-1))
			return b
		},
		"freelist longer than its page": func(b []byte) []byte {
			binary.LittleEndian.PutUint16(b[h.freelist*pageSize+10:], 0xFFFF)
			u64(b[h.freelist*pageSize+pageHeader:], 1<<60)
			return b
		},
		"branch is its own child": func(b []byte) []byte {
			p := pageOf(t, b, flagBranch, 2)
			u64(p[pageHeader+8:], p.id())
			return b
		},
		"branch with the same child twice": func(b []byte) []byte {
			p := pageOf(t, b, flagBranch, 2)
			copy(p[pageHeader+elementSize+8:][:8], p[pageHeader+8:][:8])
			return b
		},
		"branch with no child": func(b []byte) []byte {
			p := pageOf(t, b, flagBranch, 2)
			binary.LittleEndian.PutUint16(p[10:], 0)
			return b
		},
		"endless overflow": func(b []byte) []byte {
			binary.LittleEndian.PutUint32(pageOf(t, b, flagLeaf, 2)[12:], 0xFFFFFFFF)
			return b
		},
		"element outside the page": func(b []byte) []byte {
			binary.LittleEndian.PutUint32(pageOf(t, b, flagLeaf, 2)[pageHeader+4:], 1<<31)
			return b
		},
		"value of 4 GiB": func(b []byte) []byte {
			binary.LittleEndian.PutUint32(pageOf(t, b, flagLeaf, 2)[pageHeader+12:], 1<<32-1)
			return b
		},
		"key of nothing": func(b []byte) []byte {
			binary.LittleEndian.PutUint32(pageOf(t, b, flagLeaf, 2)[pageHeader+8:], 0)
			return b
		},
		"keys out of order": func(b []byte) []byte {
			e, err := pageOf(t, b, flagLeaf, 4).element(3)
			require.NoError(t, err)
			clear(e.key)
			return b
		},
		"page of another number": func(b []byte) []byte {
			p := pageOf(t, b, flagLeaf, 2)
			u64(p, p.id()+1)
			return b
		},
		"one bit of a large value": func(b []byte) []byte {
			at := bytes.Index(b, noise(59, 5000)[4000:4040])
			require.Positive(t, at)
			b[at] ^= 1
			return b
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := damage(bytes.Clone(whole))
			_, err := check(bytes.NewReader(b), int64(len(b)), stateLayout())
			require.ErrorIs(t, err, ErrDamaged)
		})
	}
}

func TestCheckFindsEachPageThatIsZero(t *testing.T) {
	for name, sample := range map[string]struct {
		b []byte
		l func() layout
	}{"state": {sampleState(t), stateLayout}, "audio": {sampleAudio(t), audioLayout}} {
		m, _, err := readMeta(bytes.NewReader(sample.b))
		require.NoError(t, err)
		free := map[uint64]bool{}
		list := sample.b[m.freelist*pageSize:]
		for i := range page(list).count() {
			free[binary.LittleEndian.Uint64(list[pageHeader+8*i:])] = true
		}
		for id := uint64(2); id < m.pages; id++ {
			b := bytes.Clone(sample.b)
			clear(b[id*pageSize : (id+1)*pageSize])
			_, err := check(bytes.NewReader(b), int64(len(b)), sample.l())
			if name == "audio" && err == nil {
				continue // sound is checked when it is read
			}
			assert.Equal(t, free[id], err == nil, "%s: page %d: %v", name, id, err)
		}
	}
}

// What passes our check, bbolt must not only accept but survive.
func TestCheckIsAtLeastAsStrictAsBolt(t *testing.T) {
	path := filepath.Join(ramDir(t), "x.db")
	whole := sampleState(t)
	passed := 0
	step := 1
	if testing.Short() || raceEnabled {
		step = 31
	}
	for at := 0; at < len(whole); at += step {
		if at%pageSize > 400 && at%61 > min(step, 7) { // the heads of pages are what matters
			continue
		}
		b := bytes.Clone(whole)
		b[at] ^= byte(1 << (at % 8))
		if _, err := check(bytes.NewReader(b), int64(len(b)), stateLayout()); err != nil {
			require.ErrorIs(t, err, ErrDamaged)
			continue
		}
		passed++
		if at < 2*pageSize && at%pageSize < pageHeader {
			continue // bbolt's Check looks there, bbolt itself never
		}
		require.NoError(t, os.WriteFile(path, b, 0o600))
		db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true, PreLoadFreelist: true})
		require.NoError(t, err, "byte %d", at)
		require.NoError(t, db.View(func(tx *bolt.Tx) error {
			for err := range tx.Check() {
				assert.NoError(t, err, "byte %d", at)
			}
			return nil
		}))
		require.NoError(t, db.Close())
	}
	t.Logf("%d changed bytes passed both", passed)
	require.NotZero(t, passed)
}
