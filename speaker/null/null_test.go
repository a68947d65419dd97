package null_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"loa/speaker"
	"loa/speaker/internal/outputtest"
	"loa/speaker/null"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestNullKeepsTheContract(t *testing.T) {
	outputtest.Conform(t, synctest.Test, func(*testing.T) speaker.Output { return null.New(null.Config{}) })
}

func TestNullPullsWhatItWasToldTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &outputtest.Stream{}
		_, err := outputtest.Play(t.Context(), null.New(null.Config{Rate: 22050, Channels: 1}), s, time.Second, 2*time.Second)
		require.NoError(t, err)
		assert.Equal(t, speaker.Format{Rate: 22050, Channels: 1, Period: 220}, s.Format)
		assert.InDelta(t, 22050, s.Frames, 2*220, "one second, in whole periods")
	})
}

func TestNullDefaultsToWhatACardDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &outputtest.Stream{}
		_, err := outputtest.Play(t.Context(), null.New(null.Config{}), s, 20*time.Millisecond, time.Second)
		require.NoError(t, err)
		assert.Equal(t, speaker.Format{Rate: 48000, Channels: 2, Period: 480}, s.Format)
		assert.Equal(t, "null", null.New(null.Config{}).String())
	})
}
