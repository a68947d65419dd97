//go:build oto

package oto

import (
	"io"
	"log"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"loa/speaker"
	"loa/speaker/internal/outputtest"
)

// The default device of the tests is alsa-lib's null device: it takes sound
// as fast as it comes, so nothing is asserted about the pace. LOA_TEST_OTO=1
// plays on the workstation's own.
func TestMain(m *testing.M) {
	dir := ""
	if os.Getenv("LOA_TEST_OTO") == "" {
		var err error
		dir, err = os.MkdirTemp("", "oto")
		if err != nil {
			log.Fatal(err)
		}
		conf := filepath.Join(dir, "asound.conf")
		if err := os.WriteFile(conf, []byte("pcm.!default { type null }\n"), 0o600); err != nil {
			log.Fatal(err)
		}
		os.Setenv("ALSA_CONFIG_PATH", conf)
	}
	// oto keeps its goroutines for good.
	goleak.VerifyTestMain(m,
		goleak.Cleanup(func(code int) {
			os.RemoveAll(dir)
			os.Exit(code)
		}),
		goleak.IgnoreAnyFunction("github.com/hajimehoshi/oto/v2/internal/mux.(*Mux).loop"),
		goleak.IgnoreAnyFunction("github.com/hajimehoshi/oto/v2.newContext.func1.3"),
	)
}

// There is one context a process, so there is one output that plays.
var one = sync.OnceValues(func() (*Output, error) { return New(Config{}) })

func TestOtoKeepsTheContract(t *testing.T) {
	out, err := one()
	require.NoError(t, err)
	s := &outputtest.Stream{}
	for range 3 {
		_, err := outputtest.Play(t.Context(), out, s, 200*time.Millisecond, 20*time.Second)
		require.NoError(t, err)
	}
	assert.Empty(t, s.Breaches)
	assert.Equal(t, 3, s.Opens)
	assert.Equal(t, speaker.Format{Rate: 48000, Channels: 2, Period: 480}, s.Format)

	t.Run("a refused format ends Run", func(t *testing.T) {
		s := &outputtest.Stream{OpenErr: io.ErrClosedPipe}
		assert.ErrorIs(t, out.Run(t.Context(), s), s.OpenErr)
	})
	t.Run("a second output is told that there is one", func(t *testing.T) {
		other, err := New(Config{Rate: 44100})
		require.NoError(t, err)
		assert.ErrorContains(t, other.Run(t.Context(), &outputtest.Stream{}), "another output")
	})
}

func TestWhatOtoDoesNotTake(t *testing.T) {
	for _, c := range []Config{{Rate: 4000}, {Rate: 200_000}, {Channels: 3}, {Channels: -1}} {
		_, err := New(c)
		assert.ErrorContains(t, err, "allowed are")
	}
}

func TestAReadOfAnySizeIsFilledWithWholeFrames(t *testing.T) {
	s := &outputtest.Stream{}
	f := speaker.Format{Rate: 48000, Channels: 2, Period: 480}
	at, err := s.Open(f)
	require.NoError(t, err)
	w := writer{stream: s, at: at, left: at, sound: make([]float32, 960), frame: 8}
	assert.Zero(t, w.fill(make([]byte, 7)))
	assert.Equal(t, 8, w.fill(make([]byte, 15)))
	assert.Equal(t, 3840, w.fill(make([]byte, 10_000)))
	w.report(100)
	assert.Equal(t, at+381, s.LeftAt)
	w.report(200)
	assert.Equal(t, at+381, s.LeftAt, "frames do not come back")
	assert.Empty(t, s.Breaches)
}
