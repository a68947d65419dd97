package gpio_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"loa/gpio"
)

// stuck makes the given lines refuse every switch in one direction.
func stuck(on bool, lines ...int) func(string, int, bool) error {
	return func(_ string, line int, active bool) error {
		for _, l := range lines {
			if l == line && active == on {
				return errors.New("input/output error")
			}
		}
		return nil
	}
}

func TestOneThatWillNotComeOnDoesNotKeepTheOthersSilent(t *testing.T) {
	s := newStage(t, horn(0, 300*ms, 0), horn(1, 300*ms, 0), horn(2, 300*ms, 0))
	s.fake.FailSet = stuck(true, 1)
	s.want(true)
	s.advance(t, 600*ms)
	assert.True(t, s.ready())
	assert.Equal(t, []int{0, 2}, s.on())
	assert.Contains(t, s.fault(1), "input/output error")
	assert.Empty(t, s.fault(0))
	assert.Equal(t, []string{"0s line 0 on", "300ms line 2 on"}, s.log, "no settle time is spent on it")
}

func TestOneThatComesOnLateDoesNotInterruptTheSound(t *testing.T) {
	s := newStage(t, horn(0, 300*ms, 0), horn(1, 300*ms, 0))
	s.fake.FailSet = stuck(true, 0)
	s.want(true)
	s.advance(t, 500*ms)
	require.True(t, s.ready())
	s.fake.FailSet = nil
	for range 200 {
		s.advance(t, 10*ms)
		require.True(t, s.ready(), "at %s", s.now.Sub(start))
	}
	assert.Equal(t, []int{0, 1}, s.on(), "it was tried again")
	assert.Empty(t, s.fault(0))
}

func TestAFaultStaysReportedUntilTheRelayWorks(t *testing.T) {
	s := newStage(t, horn(0, 0, 0), horn(1, 0, 0))
	s.fake.FailSet = stuck(true, 1)
	s.want(true)
	s.advance(t, time.Second)
	s.want(false)
	s.advance(t, time.Second)
	assert.Contains(t, s.fault(1), "input/output error", "off worked, on is still broken")
	s.fake.FailSet = nil
	s.want(true)
	s.advance(t, 0)
	assert.Empty(t, s.fault(1))
}

// An old fault is no reason not to wait for the settle time of an amplifier
// that works again.
func TestARepairedAmplifierIsWaitedForAtTheNextBroadcast(t *testing.T) {
	s := newStage(t, horn(0, 100*ms, 0), horn(1, 300*ms, 0))
	s.fake.FailSet = stuck(true, 1)
	s.want(true)
	s.advance(t, time.Second)
	s.want(false)
	s.advance(t, time.Second)
	s.fake.FailSet = nil
	s.want(true)
	s.advance(t, 399*ms)
	assert.False(t, s.ready())
	s.advance(t, 1*ms)
	assert.True(t, s.ready())
}

// The tail keeps what works ready; a broken one must not take that away.
func TestWithOneBrokenSoundDuringTheTailIsStillReadyAtOnce(t *testing.T) {
	s := newStage(t, horn(0, 300*ms, time.Second), horn(1, 300*ms, time.Second))
	s.fake.FailSet = stuck(true, 1)
	s.want(true)
	s.advance(t, time.Second)
	s.want(false)
	s.want(true)
	assert.True(t, s.ready())
	s.fake.FailSet = nil
	s.advance(t, 0)
	assert.Equal(t, []int{0, 1}, s.on(), "tried again at once")
	assert.True(t, s.ready())
}

func TestABrokenAmplifierThatWorksAgainAfterAnAbortedStartIsWaitedFor(t *testing.T) {
	s := newStage(t, horn(0, 300*ms, 0), horn(1, 300*ms, 0))
	s.fake.FailSet = stuck(true, 0, 1)
	s.want(true)
	s.advance(t, 0)
	s.want(false)
	s.fake.FailSet = nil
	s.want(true)
	s.advance(t, 599*ms)
	assert.False(t, s.ready())
	s.advance(t, 1*ms)
	assert.True(t, s.ready())
}

func TestCheckSaysNothingAboutALevelThatIsUnknown(t *testing.T) {
	s := newStage(t, horn(0, 0, 0))
	s.fake.FailSet = stuck(true, 0)
	s.want(true)
	s.advance(t, 0)
	s.fake.Shorted = func(string, int) (bool, bool) { return true, true }
	assert.NoError(t, s.amps.Check(), "the fault is reported already")
}

func TestWithEveryAmplifierFailingSoundIsNeverReady(t *testing.T) {
	s := newStage(t, horn(0, 0, 0), horn(1, 0, 0))
	s.fake.FailSet = stuck(true, 0, 1)
	s.want(true)
	s.advance(t, time.Minute)
	assert.False(t, s.ready())
}

func TestOneThatWillNotGoOffIsTriedEvery100MsAndTheOthersGoOff(t *testing.T) {
	s := newStage(t, horn(0, 0, 0), horn(1, 0, 0), horn(2, 0, 0))
	s.want(true)
	s.advance(t, time.Second)
	s.log = nil
	tries := 0
	refuse := stuck(false, 1)
	s.fake.FailSet = func(chip string, line int, active bool) error {
		if line == 1 {
			tries++
		}
		return refuse(chip, line, active)
	}
	s.want(false)
	s.advance(t, 950*ms)
	assert.Equal(t, []int{1}, s.on())
	assert.Contains(t, s.fault(1), "input/output error")
	assert.Equal(t, []string{"1s line 2 off", "1.1s line 0 off"}, s.log)
	assert.InDelta(t, 10, tries, 1)
	s.fake.FailSet = nil
	s.advance(t, 100*ms)
	assert.Empty(t, s.on())
	assert.Empty(t, s.fault(1))
}

func TestTwoStuckRelaysDoNotKeepAHealthyOneOn(t *testing.T) {
	s := newStage(t, horn(0, 0, 0), horn(1, 0, 0), horn(2, 0, 0))
	s.want(true)
	s.advance(t, time.Second)
	s.fake.FailSet = stuck(false, 1, 2)
	s.want(false)
	s.advance(t, 100*ms)
	assert.Equal(t, []int{1, 2}, s.on())
}

// A relay that refused to come on may have come on all the same.
func TestWhatFailedToComeOnIsSwitchedOffToo(t *testing.T) {
	s := newStage(t, horn(0, 0, 0))
	s.fake.FailSet = stuck(true, 0)
	s.want(true)
	s.advance(t, 0)
	offs := 0
	s.fake.FailSet = func(_ string, _ int, active bool) error {
		if !active {
			offs++
		}
		return nil
	}
	s.want(false)
	s.advance(t, 0)
	assert.Equal(t, 1, offs)
}

func TestOffTriesEveryLineAndGoesOnTrying(t *testing.T) {
	s := newStage(t, horn(0, 0, 0), horn(1, 0, 0), horn(2, 0, 0))
	s.want(true)
	s.advance(t, 0)
	s.fake.FailSet = stuck(false, 1)
	err := s.amps.Off()
	assert.ErrorContains(t, err, "horn 2")
	assert.NotContains(t, err.Error(), "horn 1")
	assert.Equal(t, []int{1}, s.on())
	s.fake.FailSet = nil
	s.advance(t, 100*ms)
	assert.Empty(t, s.on())
}

func TestAMissingChipIsAnErrorThatNamesItAndCanBeTriedAgain(t *testing.T) {
	usb := horn(1, 0, 0)
	usb.Chip = "usb-relay"
	fake := &gpio.Fake{Chips: map[string]gpio.FakeChip{"gpiochip0": {}, "gpiochip1": {Label: "usb-relay"}}}
	fake.Unplug("gpiochip1")
	amps, err := gpio.NewAmplifiers(fake, "speakerd", []gpio.AmpSpec{horn(0, 0, 0), usb})
	require.NoError(t, err)
	err = amps.Open()
	require.ErrorIs(t, err, gpio.ErrNoChip)
	assert.ErrorContains(t, err, `"usb-relay"`)
	assert.ErrorContains(t, err, "horn 2")
	assert.True(t, amps.Missing())

	amps.Want(true, start)
	amps.Step(start)
	assert.True(t, amps.Ready(start), "the cluster sounds with what it has")

	fake.Plug("gpiochip1")
	require.NoError(t, amps.Open())
	assert.False(t, amps.Missing())
	assert.True(t, amps.Ready(start), "sound goes on while the second comes on")
	amps.Step(start)
	assert.True(t, fake.High("gpiochip1", 1))
}

func TestOneChipMissingIsReportedOnceForAllItsAmplifiers(t *testing.T) {
	fake := &gpio.Fake{Chips: map[string]gpio.FakeChip{}}
	amps, err := gpio.NewAmplifiers(fake, "speakerd", []gpio.AmpSpec{horn(0, 0, 0), horn(1, 0, 0)})
	require.NoError(t, err)
	err = amps.Open()
	require.ErrorIs(t, err, gpio.ErrNoChip)
	assert.NotContains(t, err.Error(), "horn 2")
	for _, a := range amps.State() {
		assert.Contains(t, a.Fault, "no such gpio chip", a.Label)
	}
}

func TestAChipThatVanishesIsReopened(t *testing.T) {
	s := newStage(t, horn(0, 300*ms, 0), horn(1, 300*ms, 0))
	s.want(true)
	s.advance(t, time.Second)
	s.fake.Unplug("gpiochip0")
	s.want(false)
	s.advance(t, time.Second)
	assert.True(t, s.amps.Missing())
	assert.Contains(t, s.fault(0), "gone")
	assert.Empty(t, s.on())
	assert.ErrorIs(t, s.amps.Open(), gpio.ErrNoChip)

	s.want(true)
	s.advance(t, time.Second)
	assert.False(t, s.ready(), "no amplifier, no sound")

	s.fake.Plug("gpiochip0")
	require.NoError(t, s.amps.Open())
	s.advance(t, 599*ms)
	assert.False(t, s.ready(), "after plugging in the settle times count in full")
	s.advance(t, 1*ms)
	assert.True(t, s.ready())
}

func TestAChipThatVanishesWhileNothingSwitchesIsNoticedByCheck(t *testing.T) {
	s := newStage(t, horn(0, 0, 0))
	require.NoError(t, s.amps.Check())
	s.fake.Unplug("gpiochip0")
	s.fake.Plug("gpiochip0") // quicker than anybody looked
	assert.ErrorIs(t, s.amps.Check(), gpio.ErrGone)
	assert.True(t, s.amps.Missing())
	require.NoError(t, s.amps.Open())
	assert.NoError(t, s.amps.Check())
}

func TestABusyLineNamesItsHolderAndTheOthersAreHad(t *testing.T) {
	fake := &gpio.Fake{}
	chip, err := fake.Open("gpiochip0")
	require.NoError(t, err)
	other, err := chip.Output(gpio.Line{Offset: 1}, "old daemon")
	require.NoError(t, err)
	amps, err := gpio.NewAmplifiers(fake, "speakerd", []gpio.AmpSpec{horn(0, 0, 0), horn(1, 0, 0)})
	require.NoError(t, err)
	err = amps.Open()
	require.ErrorIs(t, err, gpio.ErrBusy)
	assert.ErrorContains(t, err, "old daemon")
	assert.Empty(t, amps.State()[0].Fault)
	require.NoError(t, other.Close())
	require.NoError(t, amps.Open())
	assert.False(t, amps.Missing())
}

func TestAllOffSwitchesOffWhatADeadProcessLeftOn(t *testing.T) {
	fake := &gpio.Fake{}
	fake.Drive("gpiochip0", 0, true)
	fake.Drive("gpiochip0", 1, true)
	low := horn(2, 0, 0)
	low.Line.ActiveLow = true // on at low
	require.NoError(t, gpio.AllOff(fake, "speakerd off", []gpio.AmpSpec{horn(0, 0, 0), horn(1, 0, 0), low}))
	assert.False(t, fake.High("gpiochip0", 0))
	assert.False(t, fake.High("gpiochip0", 1))
	assert.True(t, fake.High("gpiochip0", 2))
	for line := range 3 {
		_, held := fake.Consumer("gpiochip0", line)
		assert.False(t, held)
	}
}

func TestAllOffTriesTheOthersWhenOneIsHeldByALivingProcess(t *testing.T) {
	s := newStage(t, horn(1, 0, 0)) // the living daemon
	s.fake.Drive("gpiochip0", 0, true)
	s.fake.Drive("gpiochip0", 2, true)
	missing := horn(3, 0, 0)
	missing.Chip = ""
	err := gpio.AllOff(s.fake, "speakerd off", []gpio.AmpSpec{horn(0, 0, 0), horn(1, 0, 0), horn(2, 0, 0), missing})
	var busy *gpio.BusyError
	require.ErrorAs(t, err, &busy)
	assert.Equal(t, gpio.BusyError{Chip: "gpiochip0", Line: "1", Consumer: "speakerd horn 2"}, *busy)
	assert.ErrorIs(t, err, gpio.ErrNoChip)
	assert.False(t, s.fake.High("gpiochip0", 0))
	assert.False(t, s.fake.High("gpiochip0", 2))
}
