package store

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	// childEnv makes the test binary a writer on the directory it names, until
	// it is killed.
	childEnv = "LOA_STORE_CHILD"
	// powercutEnv is how long TestKilledWhileWriting runs; 4 s without it.
	powercutEnv = "LOA_STORE_POWERCUT"
)

// soundOf is the n-th sound that the child stores.
func soundOf(n uint64) []byte { return noise(n, 20_000+int(n*7919%300_000)) }

// child writes for ever, and prints a line for each thing that the store has
// taken: "<what> <number>".
func child(dir string) {
	fail := func(err error) {
		if err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
	}
	s, err := Open(dir, Options{AudioBudget: 8 << 20, OutboxEvents: 64})
	fail(err)
	n, err := s.Increment("boot")
	fmt.Println("boot", n)
	n *= 10_000 // above everything of the life before
	fail(err)
	for ; ; n++ {
		fail(s.Update(func(tx *Tx) error {
			if err := tx.Put("n", strconv.AppendUint(nil, n, 10)); err != nil {
				return err
			}
			return tx.Put("twin", noise(n, 5000))
		}))
		fmt.Println("value", n)
		e, err := s.Append(play(strconv.FormatUint(n, 10)))
		fail(err)
		fmt.Println("event", e)
		fail(s.PutDocument(plan, n, noise(n, int(n*997%40_000))))
		fmt.Println("document", n)
		b := soundOf(n)
		w, err := s.Create(digestOf(b), int64(len(b)), noon)
		if errors.Is(err, ErrExists) {
			continue
		}
		fail(err)
		_, err = w.Write(b[w.Offset():])
		fail(err)
		if n%3 == 0 { // a download that is cut, then goes on
			fail(w.Close())
			w, err = s.Create(digestOf(b), int64(len(b)), noon)
			fail(err)
			_, err = w.Write(b[w.Offset():])
			fail(err)
		}
		fail(w.Commit())
		fmt.Println("sound", n)
	}
}

// A process that is killed at any moment loses nothing that it was told is
// stored. What the kernel has not written yet is not lost by this: that is what
// TestPowerCutAtAnyWrite is for.
func TestKilledWhileWriting(t *testing.T) {
	long, err := time.ParseDuration(os.Getenv(powercutEnv))
	if err != nil {
		long = 4 * time.Second
	}
	dir := t.TempDir()
	said := map[string]uint64{} // what was taken last
	kills := 0
	for end := time.Now().Add(long); time.Now().Before(end); kills++ {
		runChild(t, dir, said)
		checkSaid(t, dir, said)
		if t.Failed() {
			return
		}
	}
	t.Logf("killed %d times, at last %v", kills, said)
}

// runChild lets the child write and kills it after a random time.
func runChild(t *testing.T, dir string, said map[string]uint64) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+dir)
	cmd.Stderr = os.Stderr // a panic is worth reading
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan(), "the child says nothing")
	timer := time.AfterFunc(time.Duration(rand.IntN(150_000))*time.Microsecond, func() { cmd.Process.Kill() })
	defer timer.Stop()
	for ok := true; ok; ok = lines.Scan() {
		what, number, _ := strings.Cut(lines.Text(), " ")
		n, err := strconv.ParseUint(number, 10, 64)
		if err != nil {
			continue // cut in the middle, or an error
		}
		require.NotEqual(t, "error", what, lines.Text())
		said[what] = n
	}
	cmd.Wait()
	require.Equal(t, -1, cmd.ProcessState.ExitCode(), "the child must end by the signal alone")
}

func checkSaid(t *testing.T, dir string, said map[string]uint64) {
	s, err := Open(dir, Options{AudioBudget: 8 << 20, OutboxEvents: 64})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	assert.Empty(t, s.Recovered())

	// Each of these may be further by what was stored but not said any more.
	if said["value"] > 0 {
		v, err := s.Get("n")
		require.NoError(t, err)
		n, err := strconv.ParseUint(string(v), 10, 64)
		require.NoError(t, err)
		assert.GreaterOrEqual(t, n, said["value"])
		twin, err := s.Get("twin")
		require.NoError(t, err)
		assert.Equal(t, noise(n, 5000), twin, "both or none")
	}
	c, err := s.Last()
	require.NoError(t, err)
	assert.LessOrEqual(t, said["event"], c.N)
	prev := ""
	for _, e := range waitingEvents(t, s) {
		if prev != "" {
			assert.Equal(t, prev, read(t, e).Prev)
		}
		prev = hashOf(e)
	}
	assert.Equal(t, prev, c.Hash)
	if n := said["document"]; n > 0 {
		d, err := s.Document(plan)
		require.NoError(t, err)
		assert.GreaterOrEqual(t, d.Seq, n)
		assert.Equal(t, noise(d.Seq, int(d.Seq*997%40_000)), d.Payload)
	}
	if n := said["sound"]; n > 0 {
		requireSound(t, s, soundOf(n))
	}
	for _, it := range s.Items() {
		if it.Verified {
			assert.NoError(t, s.Verify(it.Digest))
		}
	}
}

// A store that is held by another process.
func TestSecondProcess(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+dir)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan(), "the child says nothing")
	go io.Copy(io.Discard, out)

	for _, wait := range []time.Duration{-1, 30 * time.Millisecond} {
		_, err = Open(dir, Options{LockTimeout: wait})
		require.ErrorIs(t, err, ErrLocked)
		assert.ErrorContains(t, err, dir+"/state.db")
	}
	timer := time.AfterFunc(50*time.Millisecond, func() { cmd.Process.Kill() })
	defer timer.Stop()
	s, err := Open(dir, Options{LockTimeout: time.Minute})
	require.NoError(t, err, "it waits until the other one is gone")
	require.NoError(t, s.Close())
	cmd.Wait()
}
