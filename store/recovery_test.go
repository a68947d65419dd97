package store

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// filled makes a store with a bit of everything, copied and closed, and returns
// its directory and device id.
func filled(t testing.TB) (dir, id string) {
	t.Helper()
	dir = t.TempDir()
	s, err := Open(dir, Options{})
	require.NoError(t, err)
	require.NoError(t, s.Put("trusted", []byte("copied")))
	require.NoError(t, s.PutDocument(plan, 7, noise(7, 9000)))
	_, err = s.Append(play("1"), play("2"), play("3"))
	require.NoError(t, err)
	c, err := s.Last()
	require.NoError(t, err)
	require.NoError(t, s.Ack(c.Log, 1))
	require.NoError(t, s.Backup())
	require.NoError(t, s.Put("trusted", []byte("after the copy")))
	_, err = s.Append(play("4"))
	require.NoError(t, err)
	add(t, s, noise(1, 200_000))
	require.NoError(t, s.Close())
	return dir, s.DeviceID()
}

// wrecks are ways in which flash loses a file.
var wrecks = map[string]func(t *testing.T, path string){
	"garbage": func(t *testing.T, path string) {
		require.NoError(t, os.WriteFile(path, noise(5, 40_000), 0o600))
	},
	"cut short": func(t *testing.T, path string) { require.NoError(t, os.Truncate(path, 3*pageSize)) },
	"cut inside a page": func(t *testing.T, path string) {
		require.NoError(t, os.Truncate(path, 5000))
	},
	"nothing left":  func(t *testing.T, path string) { require.NoError(t, os.Truncate(path, 0)) },
	"gone":          func(t *testing.T, path string) { require.NoError(t, os.Remove(path)) },
	"zeros":         func(t *testing.T, path string) { overwrite(t, path, 0, make([]byte, 32768)) },
	"metas zero":    func(t *testing.T, path string) { overwrite(t, path, 0, make([]byte, 2*pageSize)) },
	"root is zero":  func(t *testing.T, path string) { overwrite(t, path, rootOf(t, path), make([]byte, pageSize)) },
	"a sector lost": func(t *testing.T, path string) { overwrite(t, path, rootOf(t, path), make([]byte, 512)) },
}

func overwrite(t testing.TB, path string, at int64, b []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	require.NoError(t, err)
	_, err = f.WriteAt(b, at)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

func rootOf(t testing.TB, path string) int64 {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	m, _, err := readMeta(bytes.NewReader(b))
	require.NoError(t, err)
	return int64(m.root) * pageSize
}

func TestDamagedStateFallsBackToItsCopy(t *testing.T) {
	for name, wreck := range wrecks {
		t.Run(name, func(t *testing.T) {
			dir, id := filled(t)
			path := filepath.Join(dir, stateName)
			wreck(t, path)
			left, _ := os.ReadFile(path)

			s := open(t, dir, Options{})
			rs := s.Recovered()
			require.Len(t, rs, 1, "%v", rs)
			assert.Equal(t, stateName, rs[0].File)
			assert.Equal(t, Restored, rs[0].What)
			require.Error(t, rs[0].Err)
			if len(left) > 0 {
				assert.Equal(t, path+".damaged-1", rs[0].Aside)
				aside, err := os.ReadFile(rs[0].Aside)
				require.NoError(t, err)
				assert.Equal(t, left, aside, "for whoever wants to know")
			} else {
				assert.Empty(t, rs[0].Aside, "there was nothing to keep")
			}

			assert.Equal(t, id, s.DeviceID())
			v, err := s.Get("trusted")
			require.NoError(t, err)
			assert.Equal(t, "copied", string(v))
			d, err := s.Document(plan)
			require.NoError(t, err)
			assert.Equal(t, noise(7, 9000), d.Payload)
			requireSound(t, s, noise(1, 200_000))
			boltCheck(t, s)

			require.NoError(t, s.Close())
			s = open(t, dir, Options{})
			assert.Empty(t, s.Recovered(), "it is over")
			assert.Equal(t, id, s.DeviceID())
		})
	}
}

// Numbers that the source may already know with other bytes are not used again.
func TestRestoredStateBeginsANewLog(t *testing.T) {
	dir, _ := filled(t)
	wrecks["garbage"](t, filepath.Join(dir, stateName))
	s := open(t, dir, Options{})
	require.Len(t, s.Recovered(), 1)
	c, err := s.Last()
	require.NoError(t, err)
	assert.Zero(t, c.N)
	assert.Empty(t, c.Hash)
	assert.Equal(t, 2, c.Waiting, "what waited in the copy still waits")

	_, err = s.Append(play("new"))
	require.NoError(t, err)
	events := waitingEvents(t, s)
	require.Len(t, events, 3)
	old := events[0].Log
	assert.EqualValues(t, 2, events[0].N)
	assert.EqualValues(t, 3, events[1].N)
	assert.Equal(t, old, events[1].Log)
	v := read(t, events[2])
	assert.NotEqual(t, old, v.Log)
	assert.EqualValues(t, 1, v.N)
	assert.Empty(t, v.Prev)

	require.NoError(t, s.Ack(old, 4), "the source has one more than the copy knows")
	assert.Len(t, waitingEvents(t, s), 1)
	assert.ErrorIs(t, s.Ack(old, 4), ErrLog, "nothing of it waits any more")
	require.NoError(t, s.Ack(v.Log, 1))
	assert.Empty(t, waitingEvents(t, s))
}

func TestOverflowOfAnOlderLogNamesIt(t *testing.T) {
	dir, _ := filled(t)
	wrecks["garbage"](t, filepath.Join(dir, stateName))
	s := open(t, dir, Options{OutboxEvents: 16})
	old := waitingEvents(t, s)
	require.Len(t, old, 2)
	for range 20 {
		_, err := s.Append(play("b"))
		require.NoError(t, err)
	}
	var of []sent
	for _, e := range waitingEvents(t, s) {
		if v := read(t, e); v.Type == "overflow" && v.Of != "" {
			of = append(of, v)
		}
	}
	require.NotEmpty(t, of)
	newest := of[len(of)-1]
	assert.Equal(t, old[0].Log, newest.Of)
	assert.EqualValues(t, 2, newest.First)
	assert.EqualValues(t, 3, newest.Last)
	assert.Equal(t, hashOf(old[1]), newest.Hash)
}

func TestStateAndCopyBothDamaged(t *testing.T) {
	dir, id := filled(t)
	wrecks["garbage"](t, filepath.Join(dir, stateName))
	wrecks["zeros"](t, filepath.Join(dir, goodName))
	s := open(t, dir, Options{})
	require.Len(t, s.Recovered(), 1)
	r := s.Recovered()[0]
	assert.Equal(t, Emptied, r.What)
	assert.ErrorIs(t, r.Err, ErrDamaged)
	assert.Contains(t, r.String(), "state.db: emptied, set aside as "+dir)
	assert.NotEqual(t, id, s.DeviceID(), "another key is another device")
	_, err := s.Get("trusted")
	assert.ErrorIs(t, err, ErrNotFound)
	require.NoError(t, s.Put("trusted", []byte("x")))
	requireSound(t, s, noise(1, 200_000))
	require.NoError(t, s.Close())

	// The bad copy was replaced by one of the new state.
	id = s.DeviceID()
	wrecks["zeros"](t, filepath.Join(dir, stateName))
	s = open(t, dir, Options{})
	require.Len(t, s.Recovered(), 1)
	assert.Equal(t, Restored, s.Recovered()[0].What)
	assert.Equal(t, id, s.DeviceID())
}

func TestDamagedCopyIsReplaced(t *testing.T) {
	dir, _ := filled(t)
	wrecks["zeros"](t, filepath.Join(dir, goodName))
	s := open(t, dir, Options{})
	assert.Empty(t, s.Recovered(), "the state itself is whole")
	require.NoError(t, s.Close())
	wrecks["zeros"](t, filepath.Join(dir, stateName))
	s = open(t, dir, Options{})
	v, err := s.Get("trusted")
	require.NoError(t, err)
	assert.Equal(t, "after the copy", string(v))
}

func TestTwoDamagedStatesAreKept(t *testing.T) {
	dir, _ := filled(t)
	path := filepath.Join(dir, stateName)
	for i := range 4 {
		require.NoError(t, os.WriteFile(path, []byte{byte(i)}, 0o600))
		s, err := Open(dir, Options{})
		require.NoError(t, err)
		require.NoError(t, s.Close())
	}
	assert.Equal(t, []int{3, 4}, damagedFiles(path))
	b, err := os.ReadFile(damagedName(path, 4))
	require.NoError(t, err)
	assert.Equal(t, []byte{3}, b)
}

// bbolt goes back to the other meta page and says nothing.
func TestLastTransactionMayBeMissing(t *testing.T) {
	dir, id := filled(t)
	path := filepath.Join(dir, stateName)
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	m, _, err := readMeta(bytes.NewReader(b))
	require.NoError(t, err)
	flip(t, path, int64(m.txid%2)*pageSize+pageHeader+40)

	s := open(t, dir, Options{})
	require.Len(t, s.Recovered(), 1)
	assert.Equal(t, RolledBack, s.Recovered()[0].What)
	assert.Equal(t, id, s.DeviceID())
	events := waitingEvents(t, s)
	require.Len(t, events, 2, "the fourth was in the last transaction")
	n, err := s.Append(play("new"))
	require.NoError(t, err)
	assert.EqualValues(t, 1, n, "in a new log: 4 may be known to the source")
	require.NoError(t, s.Close())
	s = open(t, dir, Options{})
	assert.Empty(t, s.Recovered())
	assert.Len(t, waitingEvents(t, s), 3)
}

func TestDamagedAudioIsMadeAnew(t *testing.T) {
	for name, wreck := range wrecks {
		t.Run(name, func(t *testing.T) {
			dir, id := filled(t)
			path := filepath.Join(dir, audioName)
			wreck(t, path)
			left, _ := os.ReadFile(path)

			s := open(t, dir, Options{})
			if len(left) == 0 {
				assert.Empty(t, s.Recovered(), "a cache that is not there is no damage")
			} else {
				require.Len(t, s.Recovered(), 1)
				r := s.Recovered()[0]
				assert.Equal(t, audioName, r.File)
				assert.Equal(t, Emptied, r.What)
				assert.ErrorIs(t, r.Err, ErrDamaged)
				assert.Equal(t, path+".damaged-1", r.Aside)
			}
			assert.Equal(t, id, s.DeviceID())
			assert.Empty(t, s.Items())
			add(t, s, noise(1, 200_000))
			requireSound(t, s, noise(1, 200_000))
			require.NoError(t, s.Close())

			require.NoError(t, os.WriteFile(path, []byte("again"), 0o600))
			s = open(t, dir, Options{})
			require.NotEmpty(t, s.Recovered())
			assert.Len(t, damagedFiles(path), 1, "one is enough")
		})
	}
}

// After a power cut while state.db was being replaced.
func TestHalfMadeFilesAreNothing(t *testing.T) {
	dir, id := filled(t)
	for _, name := range []string{stateName, goodName, audioName} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+tmpMark), noise(1, 10_000), 0o600))
	}
	s := open(t, dir, Options{})
	assert.Empty(t, s.Recovered())
	assert.Equal(t, id, s.DeviceID())
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		assert.False(t, strings.HasSuffix(e.Name(), tmpMark), e.Name())
	}
}

func TestStateOfALaterFirmware(t *testing.T) {
	assert.ErrorContains(t, checkFormat([]byte{0, 0, 0, 2}), "this firmware knows 1")
	assert.ErrorIs(t, checkFormat(nil), ErrDamaged)
}

// small keeps the mappings small that a panic in bbolt leaves behind.
var small = Options{AudioBudget: 4 << 20}

// The file shrinks under a running store: what is mapped and no longer there
// raises SIGBUS.
func TestFileIsCutWhileItIsOpen(t *testing.T) {
	dir, _ := filled(t)
	s, err := Open(dir, small)
	require.NoError(t, err)
	b := noise(1, 200_000)
	r, err := s.Open(digestOf(b))
	require.NoError(t, err)
	for _, name := range []string{stateName, audioName} {
		require.NoError(t, os.Truncate(filepath.Join(dir, name), 2*pageSize))
	}
	_, err = s.Document(plan)
	assert.ErrorIs(t, err, ErrDamaged)
	_, err = s.Documents("")
	assert.ErrorIs(t, err, ErrDamaged)
	_, err = s.Append(play("lost"))
	assert.ErrorIs(t, err, ErrDamaged)
	assert.ErrorIs(t, s.Put("x", nil), ErrDamaged, "it stays so")
	_, err = r.Read(make([]byte, 10))
	assert.Error(t, err)
	require.NoError(t, r.Close())
	assert.Error(t, s.Remove(digestOf(b)))
	w, err := s.Create(digestOf(noise(2, 100)), 100, noon)
	if err == nil {
		_, err = w.Write(noise(2, 100))
		require.NoError(t, err)
		assert.Error(t, w.Commit())
	}
	s.Stats()
	s.Close()

	s = open(t, dir, small)
	assert.Len(t, s.Recovered(), 2)
	_, err = s.Document(plan)
	assert.NoError(t, err)
}

// Even the meta pages are gone, which bbolt reads while it holds its locks.
func TestMetaPagesVanishWhileOpen(t *testing.T) {
	dir, _ := filled(t)
	s, err := Open(dir, small)
	require.NoError(t, err)
	for _, name := range []string{stateName, audioName} {
		require.NoError(t, os.Truncate(filepath.Join(dir, name), 0))
	}
	for range 2 {
		_, err = s.Get("trusted")
		assert.ErrorIs(t, err, ErrDamaged)
		assert.ErrorIs(t, s.Put("x", nil), ErrDamaged)
		_, err = s.Open(digestOf(noise(1, 200_000)))
		assert.ErrorIs(t, err, ErrDamaged)
	}
	s.Stats()
	assert.ErrorIs(t, s.Backup(), ErrDamaged)
	s.Close()
	assert.Len(t, open(t, dir, small).Recovered(), 1)
}
