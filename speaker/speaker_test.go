package speaker

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ramp48 is the ramp of a default speaker at 48 kHz, 8 ms.
const ramp48 = 384

func TestTrackBeginsExactlyAtItsFrame(t *testing.T) {
	for _, at := range []Frame{144, 480, 1000, 1001, 1439, 1440, 4799} {
		r := newRig(t, rigFormat)
		track := r.load(Program{Sources: []Source{sine(1000, 100*time.Millisecond)}})
		r.s.Start(track, at)
		r.playOut(track)
		from, to := r.span()
		// The first and the last frame of a faded sine are zero.
		assert.Equal(t, at+1, from, "start at %d", at)
		assert.InDelta(t, float64(at+4800-1), float64(to), 2, "start at %d", at)
		p := track.Progress()
		assert.Equal(t, at, p.First)
		assert.Equal(t, at+4800, p.End)
		assert.Equal(t, int64(4800), p.Played)
		assert.Zero(t, p.Late)
		assert.NoError(t, p.Err)
	}
}

func TestMiddleOfATrackIsTheDecodersOwnSound(t *testing.T) {
	want := decoded(t, "mono48-cbr64.mp3")
	r := newRig(t, rigFormat)
	track := r.load(Program{Sources: []Source{file(t, "mono48-cbr64.mp3")}})
	r.s.Start(track, 480)
	r.playOut(track)
	p := track.Progress()
	require.Equal(t, int64(len(want)), p.Played)
	got := r.heard(p.First, p.End)
	assert.True(t, equal(want[ramp48:len(want)-ramp48], got[ramp48:len(got)-ramp48]))
}

func TestPeriodsOfAnySizeGiveTheSameSound(t *testing.T) {
	var want []float32
	for _, period := range []int{480, 64, 1023, 48000} {
		r := newRig(t, Format{Rate: 48000, Channels: 2, Period: period})
		track := r.load(Program{Sources: []Source{file(t, "stereo44-vbr.mp3")}})
		r.s.Start(track, 777)
		r.play(40000)
		if want == nil {
			want = r.heard(0, 40000)
		}
		assert.True(t, equal(want, r.heard(0, 40000)), "period %d", period)
	}
}

func TestFillLongerThanAPeriodIsServed(t *testing.T) {
	r := newRig(t, rigFormat)
	track := r.load(Program{Sources: []Source{sine(1000, 100*time.Millisecond)}})
	r.s.Start(track, 1000)
	r.s.Pump()
	buf := make([]float32, 10000)
	r.s.Fill(buf, 0)
	assert.Zero(t, buf[1000])
	assert.NotZero(t, buf[1001])
}

func TestBeginAndEndAreRamped(t *testing.T) {
	r := newRig(t, rigFormat)
	track := r.load(Program{Sources: []Source{file(t, "mono48-cbr64.mp3")}})
	r.s.Start(track, 480)
	r.playOut(track)
	want := decoded(t, "mono48-cbr64.mp3")
	p := track.Progress()
	got := r.heard(p.First, p.End)
	last := len(want) - 1
	for i := range ramp48 {
		g := float32(i) / ramp48
		require.InDelta(t, want[i]*g, got[i], 1e-6, "frame %d", i)
		require.InDelta(t, want[last-i]*g, got[last-i], 1e-6, "frame %d from the end", i)
	}
}

func TestTrackShorterThanItsRampsIsStillSmooth(t *testing.T) {
	for _, length := range []time.Duration{time.Millisecond, 5 * time.Millisecond, 12 * time.Millisecond} {
		r := newRig(t, rigFormat)
		track := r.load(Program{Sources: []Source{sine(500, length)}})
		r.s.Start(track, 480)
		r.playOut(track)
		assert.Equal(t, framesOf(length, 48000), track.Progress().Played)
		assert.Less(t, steepest(r.sound), 2*math.Pi*500/48000*0.5)
	}
}

func TestSilenceIsExactlyZero(t *testing.T) {
	r := newRig(t, rigFormat)
	track := r.load(Program{Sources: []Source{sine(1000, 100*time.Millisecond)}, GainDB: 20})
	r.s.Start(track, 4800)
	r.play(48000)
	assert.Zero(t, peakOf(r.heard(0, 4800)))
	assert.Zero(t, peakOf(r.heard(9600, 48000)))
	assert.NotZero(t, peakOf(r.heard(4800, 9600)))
}

func TestStartInThePastIsNowAndLate(t *testing.T) {
	r := newRig(t, rigFormat)
	r.play(9600)
	track := r.load(Program{Sources: []Source{sine(1000, 100*time.Millisecond)}})
	r.s.Start(track, 5000)
	r.playOut(track)
	p := track.Progress()
	// 144 frames are in the limiter already.
	assert.Equal(t, Frame(9600+144), p.First)
	assert.Equal(t, int64(9744-5000), p.Late)
	assert.Equal(t, int64(4800), p.Played)
	assert.Zero(t, p.Underruns)
	assert.Equal(t, int64(1), r.s.Stats().LateStarts)
}

func TestStopRampsDownMonotonicallyToTheFrame(t *testing.T) {
	const fade = 50 * time.Millisecond // 2400 frames
	r := newRig(t, rigFormat)
	track := r.load(Program{Sources: []Source{sine(1000, time.Second)}})
	r.s.Start(track, 480)
	r.play(9600)
	r.s.Stop(track, 20000, fade)
	r.playOut(track)
	assert.Zero(t, peakOf(r.heard(20000, r.at)))
	assert.InDelta(t, 0.5, peakOf(r.heard(17000, 17600)), 1e-4, "nothing before the ramp")
	last := float32(1)
	for at := Frame(17600); at < 20000; at += 48 {
		peak := peakOf(r.heard(at, at+48))
		require.Less(t, peak, last)
		require.InDelta(t, 0.5*float64(20000-at)/2400, peak, 0.012)
		last = peak
	}
	p := track.Progress()
	assert.True(t, p.Stopped)
	assert.NoError(t, p.Err)
	assert.Equal(t, Frame(20000), p.End)
	assert.Equal(t, int64(20000-480), p.Played)
}

func TestStopAtOnceStillRamps(t *testing.T) {
	for name, fade := range map[string]time.Duration{"none": 0, "short": 2 * time.Millisecond, "long": time.Second} {
		r := newRig(t, rigFormat)
		track := r.load(Program{Sources: []Source{sine(200, 2*time.Second)}})
		r.s.Start(track, 480)
		r.play(9600)
		r.s.Stop(track, 0, fade)
		r.playOut(track)
		length := min(framesOf(fade, 48000), ramp48)
		if fade == 0 {
			length = ramp48
		}
		p := track.Progress()
		assert.Equal(t, Frame(9600+144+length), p.End, name)
		assert.Zero(t, peakOf(r.heard(p.End, r.at)), name)
		assert.Less(t, steepest(r.sound), 2*math.Pi*200/48000*0.5+0.5/float64(length)+1e-4, name)
	}
}

func TestLaterStopDoesNotTakeBackARampThatBegan(t *testing.T) {
	r := newRig(t, rigFormat)
	track := r.load(Program{Sources: []Source{sine(1000, 5*time.Second)}})
	r.s.Start(track, 480)
	r.s.Stop(track, 48000, time.Second/2)
	r.play(40000)
	r.s.Stop(track, 100000, time.Second)
	r.playOut(track)
	assert.Equal(t, Frame(48000), track.Progress().End)
}

func TestEarlierStopShortensARampThatBegan(t *testing.T) {
	r := newRig(t, rigFormat)
	track := r.load(Program{Sources: []Source{sine(200, 5*time.Second)}})
	r.s.Start(track, 480)
	r.s.Stop(track, 96000, time.Second) // from 48000 on
	r.play(72000)                       // half way down
	r.s.Stop(track, 72000, 0)
	r.playOut(track)
	assert.Equal(t, Frame(72000+144+ramp48), track.Progress().End)
	assert.Less(t, steepest(r.heard(48000, r.at)), 2*math.Pi*200/48000*0.5+0.25/ramp48+1e-4)
}

func TestStopBeforeTheBeginningTakesTheTrackBack(t *testing.T) {
	for name, stop := range map[string]func(r *rig, track *Track){
		"never started":  func(r *rig, track *Track) { r.s.Stop(track, 0, 0) },
		"before the due": func(r *rig, track *Track) { r.s.Start(track, 48000); r.s.Stop(track, 20000, 0) },
		"at the due":     func(r *rig, track *Track) { r.s.Start(track, 48000); r.s.Stop(track, 48000, time.Second) },
	} {
		r := newRig(t, rigFormat)
		track := r.load(Program{Sources: []Source{sine(1000, time.Second)}})
		stop(r, track)
		r.play(96000)
		p := track.Progress()
		assert.Equal(t, Ended, p.State, name)
		assert.True(t, p.Stopped, name)
		assert.Zero(t, p.Played, name)
		assert.Equal(t, Frame(-1), p.First, name)
		assert.Zero(t, peakOf(r.sound), name)
	}
}

func TestStopThatWasOrderedBeforeTheBeginningHolds(t *testing.T) {
	r := newRig(t, rigFormat)
	track := r.load(Program{Sources: []Source{sine(1000, time.Second)}})
	r.s.Stop(track, 0, 0)
	r.s.Start(track, 480)
	r.play(9600)
	assert.Zero(t, peakOf(r.sound), "a track that was taken back does not start")

	track = r.load(Program{Sources: []Source{sine(1000, time.Second)}})
	r.s.Start(track, 20000)
	r.s.Stop(track, 30000, 0)
	r.playOut(track)
	p := track.Progress()
	assert.Equal(t, Frame(20000), p.First)
	assert.Equal(t, Frame(30000), p.End)
}

func TestGainMovesWithoutSteps(t *testing.T) {
	r := newRig(t, rigFormat)
	track := r.load(Program{Sources: []Source{sine(100, 3*time.Second)}})
	r.s.Start(track, 480)
	r.play(24000)
	r.s.SetGain(track, -20)
	r.play(48000)
	r.s.SetGain(track, 5)
	r.play(72000)
	assert.InDelta(t, 0.5, peakOf(r.heard(20000, 24000)), 1e-3)
	assert.InDelta(t, 0.05, peakOf(r.heard(24144+2400, 48000)), 1e-4)
	assert.InDelta(t, 0.5*math.Pow(10, 0.25), peakOf(r.heard(48144+2400, 72000)), 1e-3)
	natural := 2 * math.Pi * 100 / 48000 * 0.9
	assert.Less(t, steepest(r.sound), natural+0.9/2400+1e-4)
}

func TestGainBeforeTheBeginningHoldsFromTheFirstFrame(t *testing.T) {
	r := newRig(t, rigFormat)
	track := r.load(Program{Sources: []Source{sine(1000, time.Second)}, GainDB: -6})
	r.s.SetGain(track, -40)
	r.s.Start(track, 480)
	r.play(24000)
	assert.InDelta(t, 0.005, peakOf(r.sound), 1e-4)
}

func TestGainOutOfRange(t *testing.T) {
	assert.Zero(t, linear(-120))
	assert.Zero(t, linear(math.Inf(-1)))
	assert.Zero(t, linear(math.NaN()))
	assert.Equal(t, linear(24), linear(1000))
	assert.Equal(t, float32(1), linear(0))
}

func TestNothingLeavesAboveTheCeiling(t *testing.T) {
	r := newRig(t, rigFormat)
	a := r.load(Program{Sources: []Source{sine(1000, time.Second)}, GainDB: 18})
	b := r.load(Program{Sources: []Source{{Tone: Siren, Length: time.Second}}, GainDB: 12})
	r.s.Start(a, 480)
	r.s.Start(b, 9600)
	r.playOut(b)
	assert.LessOrEqual(t, peakOf(r.sound), ceiling)
	assert.Greater(t, peakOf(r.sound), float32(0.85))
	assert.Greater(t, r.s.Stats().Limited, 10.0)
}

func TestTwoTracksAreMixed(t *testing.T) {
	r := newRig(t, rigFormat)
	a := r.load(Program{Sources: []Source{sine(1000, time.Second)}, GainDB: -12})
	b := r.load(Program{Sources: []Source{sine(3000, time.Second)}, GainDB: -12})
	r.s.Start(a, 480)
	r.s.Start(b, 480)
	r.playOut(b)
	mixed := r.heard(4800, 43200)
	x, _ := fit(mixed, 1000, 48000)
	y, _ := fit(mixed, 3000, 48000)
	assert.InDelta(t, 0.5*math.Pow(10, -0.6), x, 1e-3)
	assert.InDelta(t, 0.5*math.Pow(10, -0.6), y, 1e-3)
}

func TestTooManyTracksAtOnceEndWithTheirReason(t *testing.T) {
	r := newRig(t, rigFormat)
	for range maxVoices {
		r.s.Start(r.load(Program{Sources: []Source{sine(1000, time.Second)}, GainDB: -40}), 480)
	}
	more := r.load(Program{Sources: []Source{sine(1000, time.Second)}})
	r.s.Start(more, 480)
	r.play(4800)
	p := more.Progress()
	assert.Equal(t, Ended, p.State)
	assert.ErrorIs(t, p.Err, ErrBusy)
	assert.False(t, p.Stopped)
}

func TestSilentDrillIsPacedAndCountedAndSilent(t *testing.T) {
	r := newRig(t, rigFormat)
	track := r.load(Program{Sources: []Source{{Tone: Siren}}, Muted: true})
	r.s.Start(track, 480)
	r.playOut(track)
	p := track.Progress()
	assert.Equal(t, int64(6*48000), p.Played)
	assert.Equal(t, 6*time.Second, p.Position)
	assert.Zero(t, p.RMS)
	assert.Zero(t, p.Peak)
	assert.Zero(t, peakOf(r.sound))
}

func TestProgressCountsWhatHasLeftTheDevice(t *testing.T) {
	r := newRig(t, rigFormat)
	r.delay = 1920 // four periods in the card
	track := r.load(Program{Sources: []Source{sine(1000, time.Second)}, Skip: 250 * time.Millisecond})
	assert.Equal(t, Loading, track.Progress().State)
	r.s.Pump()
	assert.Equal(t, Ready, track.Progress().State)
	assert.Equal(t, Frame(-1), track.Progress().First)
	r.s.Start(track, 1000)
	r.play(2880)
	assert.Equal(t, Ready, track.Progress().State, "rendered, and still in the card")
	r.play(4320)
	p := track.Progress()
	assert.Equal(t, Playing, p.State)
	assert.Equal(t, int64(4320-1920-1000), p.Played)
	assert.Equal(t, 250*time.Millisecond+durationOf(1400, 48000), p.Position)
	assert.Equal(t, Frame(1000+36000), p.End, "known ahead")
	r.play(37000 + 1900)
	assert.Equal(t, Playing, track.Progress().State, "its end is still in the card")
	r.play(37000 + 1920)
	p = track.Progress()
	assert.Equal(t, Ended, p.State)
	assert.Equal(t, int64(36000), p.Played)
	assert.InDelta(t, 0.5/math.Sqrt2, p.RMS, 0.01)
	assert.InDelta(t, 0.5, p.Peak, 1e-4)
}

func TestNewsIsToldOnceForBeginAndEnd(t *testing.T) {
	r := newRig(t, rigFormat)
	require.Equal(t, 1, r.news, "the output is open")
	track := r.load(Program{Sources: []Source{sine(1000, 100*time.Millisecond)}})
	r.play(4800)
	assert.Equal(t, 1, r.news)
	r.s.Start(track, 9600)
	r.play(9600)
	assert.Equal(t, 1, r.news)
	r.play(10080)
	assert.Equal(t, 2, r.news, "it began")
	r.play(13920)
	assert.Equal(t, 2, r.news)
	r.play(48000)
	assert.Equal(t, 3, r.news, "it ended")
}

func TestTrackWithNothingToPlayEndsAtOnceAndSaysWhy(t *testing.T) {
	r := newRig(t, rigFormat)
	track := r.load(Program{Sources: []Source{file(t, "aac.aac"), data("empty", nil)}})
	r.s.Start(track, 4800)
	r.playOut(track)
	p := track.Progress()
	assert.ErrorIs(t, p.Err, ErrSilent)
	require.Len(t, p.Failures, 2)
	assert.ErrorIs(t, p.Failures[0], ErrUnsupported)
	assert.ErrorIs(t, p.Failures[1], ErrNotAudio)
	assert.Zero(t, p.Played)
}

func TestProgramWithoutSourcesIsRefused(t *testing.T) {
	r := newRig(t, rigFormat)
	_, err := r.s.Load(Program{})
	assert.ErrorContains(t, err, "no sources")
}

func TestClosingATrackThatSoundsRampsItDown(t *testing.T) {
	r := newRig(t, rigFormat)
	track := r.load(Program{Sources: []Source{sine(200, time.Second)}})
	r.s.Start(track, 480)
	r.play(9600)
	track.Close()
	track.Close()
	r.playOut(track)
	p := track.Progress()
	assert.ErrorIs(t, p.Err, ErrClosed)
	assert.False(t, p.Stopped)
	assert.Equal(t, Frame(9600+144+ramp48), p.End)
	assert.Less(t, steepest(r.sound), 2*math.Pi*200/48000*0.5+0.5/ramp48+1e-4)
}

func TestClosingATrackInAnyState(t *testing.T) {
	r := newRig(t, rigFormat)
	for name, prepare := range map[string]func(track *Track){
		"loaded":  func(*Track) {},
		"decoded": func(*Track) { r.s.Pump() },
		"waiting": func(track *Track) { r.s.Start(track, r.at+48000); r.play(r.at + 4800) },
		"stopped": func(track *Track) { r.s.Start(track, 0); r.s.Stop(track, 0, 0); r.play(r.at + 4800) },
		"ended":   func(track *Track) { r.s.Start(track, r.at); r.playOut(track) },
	} {
		track := r.load(Program{Sources: []Source{sine(200, time.Second)}})
		prepare(track)
		track.Close()
		r.play(r.at + 4800)
		assert.Equal(t, Ended, track.Progress().State, name)
	}
	assert.Empty(t, r.s.loaded)
}

func TestWithNoOutputNothingCanBeLoaded(t *testing.T) {
	s := New(Config{})
	_, err := s.Load(Program{Sources: []Source{sine(440, time.Second)}})
	assert.ErrorIs(t, err, ErrNoOutput)
	assert.ErrorIs(t, s.OutputError(), ErrNoOutput)
	_, ok := s.Format()
	assert.False(t, ok)
	buf := []float32{1, 1}
	s.Fill(buf, 0)
	assert.Equal(t, []float32{0, 0}, buf, "zero is safe")
	assert.True(t, s.TimeOf(10).IsZero())
	assert.Zero(t, s.FrameAt(time.Now()))
}

func TestOutputFormatsOutOfRangeAreRefused(t *testing.T) {
	s := New(Config{})
	for _, tc := range []struct {
		f    Format
		says string
	}{
		{Format{7999, 1, 80}, "rate 7999 Hz; allowed: 8000 to 192000"},
		{Format{192001, 1, 80}, "rate 192001 Hz"},
		{Format{48000, 0, 480}, "0 channels; allowed: 1 to 8"},
		{Format{48000, 9, 480}, "9 channels"},
		{Format{48000, 2, 0}, "period of 0 frames; allowed: 1 to 48000"},
		{Format{48000, 2, 48001}, "period of 48001 frames"},
	} {
		_, err := s.Open(tc.f)
		assert.ErrorContains(t, err, tc.says)
	}
}

func TestFillAllocatesNothing(t *testing.T) {
	r := newRig(t, Format{Rate: 48000, Channels: 2, Period: 480})
	a := r.load(Program{Sources: []Source{file(t, "stereo44-vbr.mp3")}, GainDB: 12})
	b := r.load(Program{Sources: []Source{{Tone: Siren}}})
	r.s.Start(a, 480)
	r.s.Start(b, 700)
	r.s.Pump()
	buf := make([]float32, 960)
	i := 0
	assert.Zero(t, testing.AllocsPerRun(60, func() {
		switch i++; i {
		case 5:
			r.s.SetGain(a, -3)
		case 20:
			r.s.Stop(b, r.at+4800, 50*time.Millisecond)
		}
		r.s.Fill(buf, r.at)
		r.at += 480
	}))
}

func TestFillWaitsForNobody(t *testing.T) {
	r := newRig(t, rigFormat)
	a := r.load(Program{Sources: []Source{{Tone: Siren}}})
	b := r.load(Program{Sources: []Source{{Tone: Siren}}})
	r.s.Pump()
	r.s.Start(a, 480)
	r.s.Stop(b, 0, 0)
	r.s.mu.Lock() // whoever holds it may be asleep
	buf := make([]float32, 480)
	for range 10 {
		r.s.Fill(buf, r.at)
		r.at += 480
	}
	r.s.mu.Unlock()
	assert.NotZero(t, peakOf(buf))
}

func TestMediaClockAndWallClock(t *testing.T) {
	r := newRig(t, rigFormat)
	r.delay = 960
	assert.Equal(t, Frame(48000), r.s.FrameAt(rigEpoch.Add(time.Second)), "by the time of opening")
	r.play(9600)
	// 8640 had left at the time of frame 9600: the card is 20 ms behind.
	assert.Equal(t, Frame(8640), r.s.FrameAt(rigEpoch.Add(200*time.Millisecond)))
	due := rigEpoch.Add(time.Minute)
	assert.Equal(t, due, r.s.TimeOf(r.s.FrameAt(due)))
	assert.Equal(t, Frame(8640-48000), r.s.FrameAt(rigEpoch.Add(-800*time.Millisecond)))
}

func TestOutputThatLosesCountBeginsAnewThere(t *testing.T) {
	r := newRig(t, rigFormat)
	track := r.load(Program{Sources: []Source{sine(1000, 100*time.Millisecond)}})
	r.s.Start(track, 50000)
	r.play(4800)
	r.at = 48000
	r.began, r.sound = 48000, nil
	r.playOut(track)
	assert.Equal(t, Frame(50000), track.Progress().First)
	from, _ := r.span()
	assert.Equal(t, Frame(50001), from)
}

func TestConfigurationIsBroughtInside(t *testing.T) {
	for _, tc := range []struct{ ramp, want time.Duration }{
		{0, 8 * time.Millisecond}, {time.Millisecond, 5 * time.Millisecond},
		{time.Second, 10 * time.Millisecond}, {7 * time.Millisecond, 7 * time.Millisecond},
	} {
		assert.Equal(t, tc.want, New(Config{Ramp: tc.ramp}).ramp)
	}
	assert.Equal(t, 2*time.Second, New(Config{}).ahead)
	assert.Equal(t, 30*time.Second, New(Config{Ahead: time.Hour}).ahead)
	assert.Equal(t, 500*time.Millisecond, New(Config{Ahead: 1}).ahead)
}

func TestPumpIsForVirtualTimeOnly(t *testing.T) {
	s := New(Config{})
	s.Pump() // nothing to fill, and nothing happens
	assert.Empty(t, s.loaded)
}

func TestStatesHaveNames(t *testing.T) {
	for s, name := range map[State]string{Loading: "loading", Ready: "ready", Playing: "playing", Ended: "ended", 9: "ended"} {
		assert.Equal(t, name, s.String())
	}
}

func TestStatsCount(t *testing.T) {
	r := newRig(t, rigFormat)
	r.delay = 480
	r.play(4800)
	r.s.Xrun()
	r.s.Xrun()
	assert.Equal(t, Stats{Filled: 4800, Left: 4320, Opens: 1, Xruns: 2}, r.s.Stats())
	r.open()
	assert.Equal(t, Frame(4800), r.at, "the media clock never goes back")
	assert.Equal(t, int64(2), r.s.Stats().Opens)
}

func TestOpeningAgainEndsWhatPlayed(t *testing.T) {
	r := newRig(t, rigFormat)
	track := r.load(Program{Sources: []Source{{Tone: Siren}}})
	r.s.Start(track, 480)
	r.play(4800)
	r.open()
	p := track.Progress()
	assert.Equal(t, Ended, p.State)
	assert.ErrorIs(t, p.Err, ErrOutputLost)
	assert.Equal(t, int64(4320), p.Played)
	r.play(9600)
	assert.Zero(t, peakOf(r.sound), "what was rendered ahead for the old card is not heard on the new one")
}

func TestSoundRenderedButNeverLeftDoesNotCount(t *testing.T) {
	r := newRig(t, rigFormat)
	r.delay = 1920
	track := r.load(Program{Sources: []Source{{Tone: Siren}}})
	r.s.Start(track, 4000)
	r.play(4800) // 2880 have left
	r.open()
	p := track.Progress()
	assert.Equal(t, Ended, p.State)
	assert.Zero(t, p.Played)
	assert.Equal(t, Frame(-1), p.First, "nobody heard it")
}

func TestWholeTrackThatHasLeftIsNotLostWithTheOutput(t *testing.T) {
	r := newRig(t, rigFormat)
	track := r.load(Program{Sources: []Source{sine(440, 100*time.Millisecond)}})
	r.s.Start(track, 480)
	r.play(480 + 4800)
	require.Equal(t, Ended, track.Progress().State)
	r.open()
	assert.NoError(t, track.Progress().Err)
}

func TestEveryRateAndChannelCountPlays(t *testing.T) {
	for _, f := range []Format{{8000, 1, 80}, {16000, 2, 160}, {44100, 2, 441}, {48000, 8, 480}, {96000, 2, 960}, {192000, 1, 1920}} {
		r := newRig(t, f)
		track := r.load(Program{Sources: []Source{file(t, "stereo44-vbr.mp3"), {Tone: Chime, Length: 200 * time.Millisecond}}})
		r.s.Start(track, 1000)
		r.playOut(track)
		p := track.Progress()
		want := math.Round(30870*float64(f.Rate)/44100) + math.Round(0.2*float64(f.Rate))
		assert.Equal(t, int64(want), p.Played, "%v", f)
		assert.Equal(t, Frame(1000), p.First, "%v", f)
		assert.Greater(t, p.RMS, 0.05, "%v", f)
	}
}
