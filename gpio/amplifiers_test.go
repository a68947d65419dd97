package gpio_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"loa/gpio"
)

func TestLinesAreRequestedInactiveAtOnce(t *testing.T) {
	s := &stage{now: start}
	s.fake = &gpio.Fake{Now: func() time.Time { return s.now }, Record: s.record}
	low, high := horn(0, 0, 0), horn(1, 0, 0)
	high.Line.ActiveLow = true
	s.fake.Drive("gpiochip0", 0, true) // left on by a dead process
	amps, err := gpio.NewAmplifiers(s.fake, "speakerd", []gpio.AmpSpec{low, high})
	require.NoError(t, err)
	_, held := s.fake.Consumer("gpiochip0", 0)
	assert.False(t, held, "New must not touch hardware")
	require.NoError(t, amps.Open())
	assert.False(t, s.fake.High("gpiochip0", 0))
	assert.True(t, s.fake.High("gpiochip0", 1), "active low: off is high")
	assert.Equal(t, []string{"0s line 0 off", "0s line 1 off"}, s.log)
	who, _ := s.fake.Consumer("gpiochip0", 0)
	assert.Equal(t, "speakerd horn 1", who)
}

func TestAmplifiersComeOnInOrderWithTheirSettleTimes(t *testing.T) {
	s := newStage(t, horn(0, 300*ms, time.Second), horn(1, 200*ms, time.Second), horn(2, 0, 0))
	assert.Equal(t, 500*ms, s.amps.SettleTotal())
	s.want(true)
	s.advance(t, 499*ms)
	assert.False(t, s.ready())
	assert.Equal(t, []string{"0s line 0 on", "300ms line 1 on"}, s.log)
	s.advance(t, 1*ms)
	assert.True(t, s.ready(), "ready exactly when the last has settled")
	assert.Equal(t, "500ms line 2 on", s.log[2])
}

func TestTheLastSettleTimePassesBeforeReady(t *testing.T) {
	s := newStage(t, horn(0, 0, 0), horn(1, 30*time.Second, 0))
	s.want(true)
	s.advance(t, 30*time.Second-1)
	assert.Equal(t, []int{0, 1}, s.on())
	assert.False(t, s.ready())
	s.advance(t, 1)
	assert.True(t, s.ready())
}

func TestStepSaysWhenSoundMayLeave(t *testing.T) {
	s := newStage(t, horn(0, 300*ms, 0))
	s.want(true)
	next, ok := s.amps.Step(s.now)
	require.True(t, ok)
	assert.Equal(t, start.Add(300*ms), next)
	_, ok = s.amps.Step(next)
	assert.False(t, ok, "nothing more to do while sound plays")
	assert.True(t, s.amps.Ready(next))
}

func TestAmplifiersGoOffInReverseAfterTheLongestTail(t *testing.T) {
	s := newStage(t, horn(0, 0, 200*ms), horn(1, 0, time.Second), horn(2, 0, 0))
	s.want(true)
	s.advance(t, time.Second)
	s.log = nil
	s.want(false)
	assert.False(t, s.ready())
	s.advance(t, 10*time.Second)
	assert.Equal(t, []string{"2s line 2 off", "2.05s line 1 off", "2.1s line 0 off"}, s.log)
}

func TestSoundWantedAgainDuringTheTailIsReadyAtOnce(t *testing.T) {
	s := newStage(t, horn(0, 300*ms, time.Second), horn(1, 300*ms, time.Second))
	s.want(true)
	s.advance(t, 2*time.Second)
	s.log = nil
	s.want(false)
	s.advance(t, 999*ms)
	s.want(true)
	assert.True(t, s.ready())
	s.advance(t, 10*time.Second)
	assert.Empty(t, s.log, "no relay moved")
	assert.True(t, s.ready())
}

func TestSoundWantedAgainDuringSwitchingOffSettlesWhatWasOff(t *testing.T) {
	s := newStage(t, horn(0, 300*ms, 0), horn(1, 400*ms, 0), horn(2, 500*ms, 0))
	s.want(true)
	s.advance(t, 2*time.Second)
	s.log = nil
	s.want(false)
	s.advance(t, 60*ms) // 2 and 1 are off
	assert.Equal(t, []int{0}, s.on())
	s.want(true)
	assert.False(t, s.ready())
	s.advance(t, 939*ms) // 40 ms until the off step is over, then 400 ms and 500 ms
	assert.False(t, s.ready())
	s.advance(t, 1*ms)
	assert.True(t, s.ready())
	assert.Equal(t, []string{"2s line 2 off", "2.05s line 1 off", "2.1s line 1 on", "2.5s line 2 on"}, s.log)
}

func TestWantedNoMoreWhileStillComingOn(t *testing.T) {
	s := newStage(t, horn(0, 30*time.Second, 100*ms), horn(1, 0, 60*time.Second))
	s.want(true)
	s.advance(t, time.Second)
	s.want(false)
	s.advance(t, 100*ms)
	assert.Empty(t, s.on(), "neither the settle time nor the tail of what was never on is waited for")
	assert.Equal(t, []string{"0s line 0 on", "1.1s line 0 off"}, s.log)
}

func TestSayingTheSameAgainChangesNothing(t *testing.T) {
	s := newStage(t, horn(0, 300*ms, time.Second))
	s.want(true)
	s.advance(t, 200*ms)
	s.want(true)
	s.advance(t, 100*ms)
	assert.True(t, s.ready(), "a second Want(true) must not begin the settling again")
	s.want(false)
	s.advance(t, 900*ms)
	s.want(false)
	s.advance(t, 100*ms)
	assert.Empty(t, s.on(), "a second Want(false) must not lengthen the tail")
}

func TestALateStepStillLetsTheSettleTimePass(t *testing.T) {
	s := newStage(t, horn(0, 300*ms, 0), horn(1, 300*ms, 0))
	s.want(true)
	s.now = s.now.Add(10 * time.Second) // the caller was stalled
	next, ok := s.amps.Step(s.now)
	require.True(t, ok)
	assert.Equal(t, start.Add(10300*ms), next)
	assert.False(t, s.ready())
	s.advance(t, 600*ms)
	assert.True(t, s.ready())
}

// A leap of the wall clock is a time.Time whose monotonic reading went on as
// before: only that counts.
func TestAStepOfTheWallClockMattersNothing(t *testing.T) {
	fake := &gpio.Fake{}
	amps, err := gpio.NewAmplifiers(fake, "speakerd", []gpio.AmpSpec{horn(0, 300*ms, time.Second)})
	require.NoError(t, err)
	require.NoError(t, amps.Open())
	real := time.Now()
	amps.Want(true, real)
	next, ok := amps.Step(real)
	require.True(t, ok)
	assert.Equal(t, 300*ms, next.Sub(real))
	assert.Contains(t, next.String(), "m=", "the monotonic reading is kept in what Step returns")
	assert.False(t, amps.Ready(real.Add(299*ms)))
	assert.True(t, amps.Ready(real.Add(300*ms)))
}

func TestOnlyTheSelectedAmplifierSounds(t *testing.T) {
	s := newStage(t, horn(0, 300*ms, 0), horn(1, 200*ms, 0), horn(2, 100*ms, 0))
	require.NoError(t, s.amps.Select(1))
	assert.Equal(t, 200*ms, s.amps.SettleTotal())
	s.want(true)
	s.advance(t, 200*ms)
	assert.True(t, s.ready())
	assert.Equal(t, []int{1}, s.on())

	// The self-test goes on to the next one without an off in between.
	require.NoError(t, s.amps.Select(2))
	s.want(true)
	assert.False(t, s.ready(), "the other one is still on")
	s.advance(t, 149*ms)
	assert.False(t, s.ready())
	s.advance(t, 1*ms)
	assert.True(t, s.ready())
	assert.Equal(t, []string{"0s line 1 on", "200ms line 1 off", "250ms line 2 on"}, s.log)

	require.NoError(t, s.amps.Select())
	s.want(true)
	s.advance(t, time.Second)
	assert.Equal(t, []int{0, 1, 2}, s.on())
	assert.ErrorContains(t, s.amps.Select(3), "0 to 2")
	assert.ErrorContains(t, s.amps.Select(-1), "0 to 2")
}

func TestSelectingAloneSwitchesNothing(t *testing.T) {
	s := newStage(t, horn(0, 0, 0), horn(1, 0, 0))
	s.want(true)
	s.advance(t, 0)
	require.NoError(t, s.amps.Select(0))
	s.advance(t, time.Minute)
	assert.Equal(t, []int{0, 1}, s.on())
}

func TestWithNoAmplifiersSoundIsReadyWhenWanted(t *testing.T) {
	s := newStage(t)
	assert.False(t, s.ready())
	s.want(true)
	_, ok := s.amps.Step(s.now)
	assert.False(t, ok)
	assert.True(t, s.ready())
	s.want(false)
	assert.False(t, s.ready())
	assert.Zero(t, s.amps.SettleTotal())
}

func TestOffIsNowAndInReverse(t *testing.T) {
	s := newStage(t, horn(0, 300*ms, time.Minute), horn(1, 300*ms, time.Minute))
	s.want(true)
	s.advance(t, time.Second)
	s.log = nil
	require.NoError(t, s.amps.Off())
	assert.Equal(t, []string{"1s line 1 off", "1s line 0 off"}, s.log)
	_, ok := s.amps.Step(s.now)
	assert.False(t, ok)
	s.advance(t, time.Minute)
	assert.Empty(t, s.on(), "nothing comes back by itself")
}

func TestCloseSwitchesOffAndReleases(t *testing.T) {
	s := newStage(t, horn(0, 0, time.Minute), horn(1, 0, time.Minute))
	s.want(true)
	s.advance(t, 0)
	require.NoError(t, s.amps.Close())
	for line := range 2 {
		assert.False(t, s.fake.High("gpiochip0", line))
		_, held := s.fake.Consumer("gpiochip0", line)
		assert.False(t, held)
	}
	assert.True(t, s.amps.Missing())
	require.NoError(t, s.amps.Close(), "twice is fine")
	require.NoError(t, s.amps.Open(), "and it can be opened again")
	s.want(true)
	s.advance(t, 0)
	assert.Equal(t, []int{0, 1}, s.on())
}

func TestWrongSpecsAreRefusedBeforeHardwareIsTouched(t *testing.T) {
	noChip, negative, same, label := horn(1, 0, 0), horn(1, -1, 0), horn(0, 0, 0), horn(1, 0, 0)
	noChip.Chip, same.Label, label.Label = "", "other", "horn 1"
	for _, bad := range []gpio.AmpSpec{noChip, negative, same, label, {}} {
		_, err := gpio.NewAmplifiers(&gpio.Fake{}, "speakerd", []gpio.AmpSpec{horn(0, 0, 0), bad})
		assert.ErrorContains(t, err, "amplifier 1", bad)
	}
}

func TestALongLabelIsCutForTheKernelBetweenCharacters(t *testing.T) {
	fake := &gpio.Fake{}
	spec := horn(0, 0, 0)
	spec.Label = "loa đầu xóm Đình, cột số 3"
	amps, err := gpio.NewAmplifiers(fake, "speakerd", []gpio.AmpSpec{spec})
	require.NoError(t, err)
	require.NoError(t, amps.Open())
	who, _ := fake.Consumer("gpiochip0", 0)
	assert.LessOrEqual(t, len(who), 31)
	assert.Equal(t, "speakerd loa đầu xóm Đình", who)
}

func TestCheckFindsAShortedPin(t *testing.T) {
	s := newStage(t, horn(0, 0, 0), horn(1, 0, 0))
	s.want(true)
	s.advance(t, 0)
	require.NoError(t, s.amps.Check())
	s.fake.Shorted = func(_ string, line int) (bool, bool) { return false, line == 1 }
	err := s.amps.Check()
	assert.ErrorContains(t, err, "horn 2")
	assert.ErrorContains(t, err, "line 1")
	assert.ErrorContains(t, err, "inactive after it was set active")
	assert.NotContains(t, err.Error(), "horn 1")
	s.fake.FailGet = func(string, int) error { return errors.New("bus error") }
	assert.ErrorContains(t, s.amps.Check(), "bus error")
}
