//go:build linux

package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	berrors "go.etcd.io/bbolt/errors"
)

func init() {
	if dir := os.Getenv(tightEnv); dir != "" {
		tight(dir)
	}
}

// mounted returns a disk of its own, of this many MiB, in memory.
func mounted(t *testing.T, mib int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, fmt.Sprintf("size=%dm", mib)); err != nil {
		t.Skipf("not run: a disk to fill cannot be mounted (root is needed): %v", err)
	}
	t.Cleanup(func() { assert.NoError(t, syscall.Unmount(dir, 0)) })
	return dir
}

func remount(t *testing.T, dir string, flags uintptr) {
	t.Helper()
	require.NoError(t, syscall.Mount("none", dir, "tmpfs", syscall.MS_REMOUNT|flags, ""))
}

// fill takes all the space that the disk has left.
func fill(t *testing.T, dir string) (empty func()) {
	t.Helper()
	path := filepath.Join(dir, "filler")
	f, err := os.Create(path)
	require.NoError(t, err)
	for block := make([]byte, 1<<20); len(block) > 0; {
		if _, err := f.Write(block); err != nil {
			require.ErrorIs(t, err, syscall.ENOSPC)
			block = block[:len(block)/2]
		}
	}
	require.NoError(t, f.Close())
	return func() { require.NoError(t, os.Remove(path)) }
}

func TestDiskIsFull(t *testing.T) {
	dir := filepath.Join(mounted(t, 40), "data")
	s := open(t, dir, Options{AudioBudget: 8 << 20})
	require.NoError(t, s.Put("a", []byte("before")))
	whole := noise(1, 300_000)
	add(t, s, whole)
	cut := noise(2, 3_000_000)
	w, err := s.Create(digestOf(cut), int64(len(cut)), noon)
	require.NoError(t, err)
	_, err = w.Write(cut[:1_500_000])
	require.NoError(t, err)

	empty := fill(t, dir)
	big := make([]byte, MaxDocument)
	for range 2 {
		err = s.PutDocument(plan, 1, big)
		require.ErrorIs(t, err, ErrNoSpace)
		assert.ErrorIs(t, err, syscall.ENOSPC, "the cause is named")
	}
	assert.ErrorIs(t, s.Backup(), ErrNoSpace)
	assert.ErrorIs(t, s.Stats().CopyErr, ErrNoSpace)
	_, err = w.Write(cut[1_500_000:])
	require.ErrorIs(t, err, ErrNoSpace)
	_, again := w.Write(cut[:1])
	assert.Equal(t, err, again, "it stays so")
	require.NoError(t, w.Close())
	_, err = s.Create(digestOf([]byte("x")), 1_000_000, noon)
	assert.ErrorIs(t, err, ErrNoSpace)
	assert.Less(t, s.Stats().Free, int64(100_000))
	v, err := s.Get("a")
	require.NoError(t, err)
	assert.Equal(t, "before", string(v))
	_, err = s.Document(plan)
	assert.ErrorIs(t, err, ErrNotFound)
	requireSound(t, s, whole)

	empty()
	require.NoError(t, s.PutDocument(plan, 1, big))
	require.NoError(t, s.Backup())
	assert.NoError(t, s.Stats().CopyErr)
	w, err = s.Create(digestOf(cut), int64(len(cut)), noon)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, w.Offset(), int64(1_000_000), "what was stored is not fetched again")
	_, err = w.Write(cut[w.Offset():])
	require.NoError(t, err)
	require.NoError(t, w.Commit())
	requireSound(t, s, cut)
	boltCheck(t, s)
}

func TestSoundLeavesRoomForTheState(t *testing.T) {
	dir := mounted(t, 24)
	s := open(t, dir, Options{AudioBudget: 64 << 20})
	var last error
	for i := range uint64(30) {
		w, err := s.Create(digestOf(mib(i)), int64(len(mib(i))), noon)
		if err != nil {
			last = err
			break
		}
		_, err = w.Write(mib(i))
		require.NoError(t, err)
		require.NoError(t, w.Commit())
	}
	require.NoError(t, last, "older sound makes room, though the budget is not used up")
	assert.GreaterOrEqual(t, s.Stats().DiskFree, int64(14<<20))
	requireSound(t, s, mib(29))
	n := len(s.Items())
	assert.Less(t, n, 9)

	var needs []Need
	for _, it := range s.Items() {
		needs = append(needs, Need{it.Digest, noon})
	}
	s.Keep(needs)
	_, err := s.Create(digestOf([]byte("x")), 8<<20, noon)
	assert.ErrorIs(t, err, ErrNoSpace, "what is needed stays")
	assert.Len(t, s.Items(), n)
	require.NoError(t, s.PutDocument(plan, 1, make([]byte, MaxDocument)))
}

func TestFirstStartOnAFullDisk(t *testing.T) {
	dir := mounted(t, 1)
	empty := fill(t, dir)
	s, err := Open(dir, Options{})
	require.NoError(t, err)
	whats(t, s, InMemory, Unavailable)
	assert.ErrorIs(t, s.Recovered()[0].Err, ErrNoSpace)
	require.NoError(t, s.Put("a", []byte("x")))
	require.NoError(t, s.Close())
	empty()
	s = open(t, dir, Options{})
	assert.Empty(t, s.Recovered())
}

func whats(t *testing.T, s *Store, want ...What) {
	t.Helper()
	var got []What
	for _, r := range s.Recovered() {
		got = append(got, r.What)
	}
	require.Equal(t, want, got, "%v", s.Recovered())
}

func TestStateIsDamagedAndTheDiskIsFull(t *testing.T) {
	dir := mounted(t, 4)
	s, err := Open(dir, Options{AudioBudget: 1 << 20})
	require.NoError(t, err)
	require.NoError(t, s.Put("a", []byte("x")))
	require.NoError(t, s.Backup())
	require.NoError(t, s.Close())
	overwrite(t, filepath.Join(dir, stateName), 0, make([]byte, 2*pageSize))
	empty := fill(t, dir)

	s, err = Open(dir, Options{AudioBudget: 1 << 20})
	require.NoError(t, err)
	whats(t, s, ReadOnly)
	v, err := s.Get("a")
	require.NoError(t, err)
	assert.Equal(t, "x", string(v), "from the copy")
	assert.ErrorIs(t, s.Put("a", nil), ErrReadOnly)
	require.NoError(t, s.Close())

	empty()
	s = open(t, dir, Options{AudioBudget: 1 << 20})
	whats(t, s, Restored)
	require.NoError(t, s.Put("a", nil))
}

func TestDiskIsReadOnly(t *testing.T) {
	dir := mounted(t, 32)
	s, err := Open(dir, Options{})
	require.NoError(t, err)
	id := s.DeviceID()
	require.NoError(t, s.PutDocument(plan, 7, []byte("{}")))
	_, err = s.Append(play("1"))
	require.NoError(t, err)
	whole, cut := noise(1, 300_000), noise(2, 300_000)
	add(t, s, whole)
	w, err := s.Create(digestOf(cut), int64(len(cut)), noon)
	require.NoError(t, err)
	_, err = w.Write(cut[:100_000])
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.NoError(t, s.Close())
	remount(t, dir, syscall.MS_RDONLY)

	s, err = Open(dir, Options{})
	require.NoError(t, err)
	whats(t, s, ReadOnly, ReadOnly)
	assert.ErrorIs(t, s.Recovered()[0].Err, syscall.EROFS)
	assert.True(t, s.Stats().ReadOnly)
	assert.Equal(t, id, s.DeviceID())
	d, err := s.Document(plan)
	require.NoError(t, err)
	assert.EqualValues(t, 7, d.Seq)
	assert.Len(t, waitingEvents(t, s), 1)
	requireSound(t, s, whole)
	require.NoError(t, s.Verify(digestOf(whole)))
	for name, err := range map[string]error{
		"Put":         s.Put("a", nil),
		"PutDocument": s.PutDocument(plan, 8, nil),
		"Append":      second(s.Append(play("2"))),
		"Create":      second(s.Create(digestOf(cut), int64(len(cut)), noon)),
		"Remove":      s.Remove(digestOf(whole)),
	} {
		assert.ErrorIs(t, err, ErrReadOnly, name)
	}
	require.NoError(t, s.Backup(), "nothing to do")
	_, err = Open(dir, Options{LockTimeout: -1})
	assert.ErrorIs(t, err, ErrLocked)
	require.NoError(t, s.Close())

	remount(t, dir, 0)
	s = open(t, dir, Options{})
	assert.Empty(t, s.Recovered())
	require.NoError(t, s.PutDocument(plan, 8, nil))
	w, err = s.Create(digestOf(cut), int64(len(cut)), noon)
	require.NoError(t, err)
	assert.NotZero(t, w.Offset())
	require.NoError(t, w.Close())
}

func TestDiskIsReadOnlyAndTheFilesAreDamaged(t *testing.T) {
	dir := mounted(t, 8)
	s, err := Open(dir, Options{AudioBudget: 1 << 20})
	require.NoError(t, err)
	id := s.DeviceID()
	require.NoError(t, s.Close())
	overwrite(t, filepath.Join(dir, stateName), 0, make([]byte, 2*pageSize))
	overwrite(t, filepath.Join(dir, audioName), 0, make([]byte, 2*pageSize))
	remount(t, dir, syscall.MS_RDONLY)
	defer remount(t, dir, 0)

	s = open(t, dir, Options{AudioBudget: 1 << 20})
	whats(t, s, ReadOnly, Unavailable)
	assert.Equal(t, id, s.DeviceID(), "from the copy")
	_, err = s.Open(digestOf(nil))
	assert.ErrorIs(t, err, ErrDamaged)
	_, err = s.Create(digestOf(nil), 1, noon)
	assert.Error(t, err)
	assert.Zero(t, s.Stats().Free)
	s.Keep(nil)
	assert.Empty(t, s.Items())
}

func TestDiskIsReadOnlyAndEmpty(t *testing.T) {
	parent := mounted(t, 1)
	remount(t, parent, syscall.MS_RDONLY)
	defer remount(t, parent, 0)
	for _, dir := range []string{parent, filepath.Join(parent, "data")} {
		s, err := Open(dir, Options{})
		require.NoError(t, err)
		whats(t, s, InMemory, Unavailable)
		assert.True(t, s.Stats().Memory)
		assert.Len(t, s.DeviceID(), 16)
		require.NoError(t, s.PutDocument(plan, 1, []byte("{}")))
		_, err = s.Append(play("1"))
		require.NoError(t, err)
		_, err = s.Document(plan)
		require.NoError(t, err)
		_, err = s.Create(digestOf(nil), 1, noon)
		assert.Error(t, err)
		require.NoError(t, s.Backup())
		require.NoError(t, s.Close())
	}
}

// No name of it is left, and so no key.
func TestStateInMemoryLeavesNothing(t *testing.T) {
	f, err := memoryFile()
	require.NoError(t, err)
	defer f.Close()
	_, err = os.Stat(f.Name())
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestDirectoryIsAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	s := open(t, path, Options{})
	whats(t, s, InMemory, Unavailable)
}

func TestErrorsSayWhatTheDiskSaid(t *testing.T) {
	for is, cause := range map[error]error{
		ErrNoSpace:  &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC},
		ErrReadOnly: fmt.Errorf("commit: %w", syscall.EROFS),
		ErrDamaged:  syscall.EIO,
		ErrClosed:   berrors.ErrDatabaseNotOpen,
	} {
		err := classify(cause)
		assert.ErrorIs(t, err, is)
		assert.ErrorIs(t, err, cause)
		assert.Equal(t, err, classify(err), "once is enough")
	}
	// As bbolt says it when it grows a file.
	err := classify(fmt.Errorf("file resize error: %s", syscall.ENOSPC))
	assert.ErrorIs(t, err, ErrNoSpace)
	assert.ErrorIs(t, err, syscall.ENOSPC)
	assert.NoError(t, classify(nil))
	other := errors.New("other")
	assert.Equal(t, other, classify(other))
}

func TestDamagedAudioGoesWhenTheDiskIsShort(t *testing.T) {
	dir := mounted(t, 24)
	s, err := Open(dir, Options{})
	require.NoError(t, err)
	add(t, s, noise(1, 3_000_000))
	require.NoError(t, s.Close())
	overwrite(t, filepath.Join(dir, audioName), 0, make([]byte, 2*pageSize))

	s = open(t, dir, Options{})
	whats(t, s, Emptied)
	assert.Empty(t, s.Recovered()[0].Aside)
	assert.Empty(t, damagedFiles(filepath.Join(dir, audioName)))
	add(t, s, noise(1, 3_000_000))
}

// tightEnv makes the test binary open the store in the directory it names with
// little address space left, as a 32-bit board may have it.
const tightEnv = "LOA_STORE_TIGHT"

func tight(dir string) {
	fail := func(err error) {
		if err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
	}
	statm, err := os.ReadFile("/proc/self/statm")
	fail(err)
	var pages uint64
	fmt.Sscan(string(statm), &pages)
	limit := pages*uint64(os.Getpagesize()) + 300<<20
	fail(syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: limit, Max: limit}))
	s, err := Open(dir, Options{AudioBudget: MinAudioBudget * 960}) // wants 1 GiB
	fail(err)
	for _, r := range s.Recovered() {
		fail(r.Err)
	}
	b := noise(1, 3_000_000)
	w, err := s.Create(digestOf(b), int64(len(b)), noon)
	fail(err)
	_, err = w.Write(b)
	fail(err)
	fail(w.Commit())
	fail(s.Verify(digestOf(b)))
	fail(s.Close())
	fmt.Println("ok")
	os.Exit(0)
}

func TestAddressSpaceIsShort(t *testing.T) {
	if raceEnabled {
		t.Skip("elsewhere: make unit runs it once more without the race detector, which needs all address space itself")
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), tightEnv+"="+t.TempDir())
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Equal(t, "ok\n", string(out))
}
