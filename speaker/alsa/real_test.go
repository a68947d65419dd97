package alsa

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"loa/speaker"
	"loa/speaker/internal/outputtest"
)

// The tests of this file play loudly on a sound card of this machine, so they
// want to be asked: LOA_TEST_CARD=auto, or its id. They are run on the emulated
// boards, where what the card was given is recorded: build them with
// "go test -c" for the board and start them there with -test.run RealCard.

// realCard returns the card that plays, or says that there is none.
func realCard(t *testing.T) Card {
	t.Helper()
	name := os.Getenv("LOA_TEST_CARD")
	if name == "" {
		t.Skip("elsewhere: board-test plays on an emulated card; LOA_TEST_CARD=auto plays on yours, loudly")
	}
	all, err := Cards()
	require.NoError(t, err)
	card, _, err := choose(Config{Card: name}, choice{}, all)
	if errors.Is(err, ErrNoCard) {
		t.Skipf("not run: %v", err)
	}
	t.Logf("card %s: %+v", card, card.Devices)
	return card
}

func realConfig() Config { return Config{Card: os.Getenv("LOA_TEST_CARD")} }

func TestRealCardSaysWhatItTakes(t *testing.T) {
	d := realCard(t).Devices[0]
	assert.NotEmpty(t, d.Formats)
	assert.LessOrEqual(t, d.RateMin, d.RateMax)
	assert.Positive(t, d.ChannelsMin)
}

func TestRealCardKeepsTheContract(t *testing.T) {
	realCard(t)
	outputtest.Conform(t, outputtest.Real, func(*testing.T) speaker.Output { return New(realConfig()) })
}

func TestRealCardPlaysAToneWithoutAHole(t *testing.T) {
	realCard(t)
	out := New(realConfig())
	var first, last struct {
		at   speaker.Frame
		when time.Time
	}
	s := &outputtest.Stream{OnLeft: func(at speaker.Frame, when time.Time) {
		if last.at, last.when = at, when; first.at == 0 && at > 24_000 {
			first = last
		}
	}}
	_, err := outputtest.Play(t.Context(), out, s, 5*time.Second, 20*time.Second)
	require.NoError(t, err)
	st := out.Status()
	t.Logf("%+v, at %.0f Hz", st, float64(last.at-first.at)/last.when.Sub(first.when).Seconds())
	assert.Empty(t, s.Breaches)
	assert.Zero(t, s.Xruns)
	assert.False(t, st.Larger)
	assert.LessOrEqual(t, st.Buffer, queuePeriods*st.Rate/100)
}

func TestRealCardRecoversFromAHole(t *testing.T) {
	realCard(t)
	fills := 0
	s := &outputtest.Stream{OnFill: func(speaker.Frame, int) {
		if fills++; fills == 50 {
			<-time.After(200 * time.Millisecond)
		}
	}}
	_, err := outputtest.Play(t.Context(), New(realConfig()), s, 2*time.Second, 10*time.Second)
	require.NoError(t, err)
	assert.Equal(t, 1, s.Xruns)
	assert.Empty(t, s.Breaches)
}

func TestRealCardPlaysForOneAtATime(t *testing.T) {
	realCard(t)
	var second error
	var seen []Card
	s := &outputtest.Stream{}
	s.OnLeft = func(speaker.Frame, time.Time) {
		if second == nil {
			second = New(realConfig()).Run(t.Context(), &outputtest.Stream{})
			seen, _ = Cards()
		}
	}
	_, err := outputtest.Play(t.Context(), New(realConfig()), s, 200*time.Millisecond, 10*time.Second)
	require.NoError(t, err)
	assert.ErrorContains(t, second, "is in use by another program")
	require.NotEmpty(t, seen)
	assert.True(t, seen[0].Devices[0].Busy)
}

func TestRealCardTurnsWithoutAllocating(t *testing.T) {
	card := realCard(t)
	o, err := negotiate(linux{}, card.Number, card.Devices[0].Number, Config{})
	require.NoError(t, err)
	defer o.Close()
	p, err := newPlayer(o, flat{}, func() {})
	require.NoError(t, err)
	ctx := t.Context()
	assert.Zero(t, testing.AllocsPerRun(200, func() { err = errors.Join(err, p.turn(ctx)) }))
	require.NoError(t, err)
}

// Every switch and volume of the mixer takes what its range says.
func TestRealCardTakesMixerSettings(t *testing.T) {
	card := realCard(t)
	m, err := linux{}.mixer(card.Number)
	require.NoError(t, err)
	defer m.Close()
	for _, c := range m.controls() {
		t.Logf("%+v", c)
		for _, text := range []string{"off", "on", "0%", "37%", "100%"} {
			value, err := c.value(text)
			if err != nil {
				continue
			}
			require.NoError(t, m.set(c, value), "%s = %s", c.name, text)
			ctl, err := m.(controls).Ctl(c.id)
			require.NoError(t, err)
			if long == 8 { // the library reads the first channel right there
				got, err := ctl.Value(0)
				require.NoError(t, err)
				assert.Equal(t, value, got, "%s = %s", c.name, text)
			}
		}
	}
}

const askToUnplug = "pull the card out now; plug it in again when it is missed"

// Somebody pulls the card out and plugs it in again.
func TestRealCardIsPulledOutAndPluggedIn(t *testing.T) {
	realCard(t)
	if os.Getenv("LOA_REPLUG") == "" {
		t.Skip("elsewhere: board-test pulls an emulated card out; LOA_REPLUG=1 asks you to")
	}
	out := New(realConfig())
	s := &outputtest.Stream{}
	asked := false
	s.OnLeft = func(at speaker.Frame, _ time.Time) {
		if !asked && at > 24_000 {
			asked = true
			t.Log(askToUnplug)
		}
	}
	err := out.Run(t.Context(), s)
	t.Log(err)
	require.ErrorIs(t, err, ErrLost)
	for limit := time.Now().Add(time.Minute); ; {
		_, err := outputtest.Play(t.Context(), out, s, 2*time.Second, 10*time.Second)
		if err == nil {
			break
		}
		require.True(t, time.Now().Before(limit), "%v", err)
		require.ErrorIs(t, err, ErrNoCard)
		t.Log(err)
		<-time.After(500 * time.Millisecond)
	}
	t.Logf("plays again: %+v", out.Status())
	assert.Empty(t, s.Breaches)
}
