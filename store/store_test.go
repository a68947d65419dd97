package store

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"io"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		child(dir)
	}
	if raceEnabled {
		flag.Set("rapid.checks", "30") // the command line comes later and wins
	}
	goleak.VerifyTestMain(m)
}

// noon is a time for tests that need one.
var noon = time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC)

// open opens a store that is closed with the test.
func open(t testing.TB, dir string, opt Options) *Store {
	t.Helper()
	s, err := Open(dir, opt)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// noise is n bytes that depend on seed alone.
func noise(seed uint64, n int) []byte {
	b := make([]byte, n)
	src := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16), byte(seed >> 24)})
	src.Read(b)
	return b
}

func digestOf(b []byte) Digest { return sha256.Sum256(b) }

// add stores b as verified sound.
func add(t testing.TB, s *Store, b []byte) Digest {
	t.Helper()
	d := digestOf(b)
	w, err := s.Create(d, int64(len(b)), noon)
	require.NoError(t, err)
	require.Zero(t, w.Offset())
	_, err = w.Write(b)
	require.NoError(t, err)
	require.NoError(t, w.Commit())
	return d
}

// requireSound reads a sound back.
func requireSound(t testing.TB, s *Store, want []byte) {
	t.Helper()
	r, err := s.Open(digestOf(want))
	require.NoError(t, err)
	defer r.Close()
	got, err := io.ReadAll(r)
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, got), "the sound differs")
}
