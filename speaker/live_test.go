package speaker

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fakeOutput is an output whose card the test turns: each value sent to turn
// pulls that many periods at the pace of the (bubble's) clock. It fails when told to.
type fakeOutput struct {
	f      Format
	refuse error // Run fails with it before opening
	turn   chan int
	lose   chan error
	turned chan struct{}

	mu    sync.Mutex
	opens int
	at    Frame
	sound []float32
}

var errUnplugged = errors.New("card 1: unplugged")

func newFakeOutput() *fakeOutput {
	return &fakeOutput{f: rigFormat, turn: make(chan int), lose: make(chan error), turned: make(chan struct{})}
}

func (o *fakeOutput) String() string { return "fake:0" }

func (o *fakeOutput) Run(ctx context.Context, s Stream) error {
	o.mu.Lock()
	o.opens++
	o.mu.Unlock()
	if o.refuse != nil {
		return o.refuse
	}
	at, err := s.Open(o.f)
	if err != nil {
		return err
	}
	tick := time.NewTicker(time.Duration(o.f.Period) * time.Second / time.Duration(o.f.Rate))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-o.lose:
			return err
		case n := <-o.turn:
			for range n {
				buf := make([]float32, o.f.Period*o.f.Channels)
				s.Fill(buf, at)
				at += Frame(o.f.Period)
				<-tick.C
				s.Left(at, time.Now())
				o.mu.Lock()
				o.sound = append(o.sound, buf...)
				o.at = at
				o.mu.Unlock()
			}
			o.turned <- struct{}{}
		}
	}
}

// play turns the card for d of sound.
func (o *fakeOutput) play(d time.Duration) {
	o.turn <- int(d / (time.Duration(o.f.Period) * time.Second / time.Duration(o.f.Rate)))
	<-o.turned
}

// live is a speaker that runs in a bubble on a fakeOutput.
type live struct {
	t    *testing.T
	s    *Speaker
	out  *fakeOutput
	stop func() error // ends Run and returns its error
	news chan struct{}
}

// inBubble runs body with a live speaker whose output is open, and ends it. The
// bubble fails when a goroutine is left behind.
func inBubble(t *testing.T, body func(l *live)) {
	synctest.Test(t, func(t *testing.T) {
		l := newLive(t, nil)
		synctest.Wait()
		body(l)
		require.NoError(t, l.stop())
	})
}

func newLive(t *testing.T, refuse error) *live {
	l := &live{t: t, out: newFakeOutput(), news: make(chan struct{}, 1)}
	l.out.refuse = refuse
	l.s = New(Config{Notify: func() {
		select {
		case l.news <- struct{}{}:
		default:
		}
	}})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.s.Run(ctx, l.out) }()
	l.stop = sync.OnceValue(func() error { cancel(); return <-done })
	return l
}

func (l *live) load(p Program) *Track {
	l.t.Helper()
	t, err := l.s.Load(p)
	require.NoError(l.t, err)
	synctest.Wait()
	return t
}

// tap is a file that gives n bytes and then blocks until more are let through or
// it is closed, which ends it.
type tap struct {
	b    []byte
	n    int
	more chan int
}

func newTap(b []byte, n int) *tap { return &tap{b: b, n: n, more: make(chan int)} }

func (f *tap) source() Source {
	return Source{Name: "tap", Open: func() (io.ReadCloser, error) { return f, nil }}
}

func (f *tap) Read(p []byte) (int, error) {
	if len(f.b) == 0 {
		return 0, io.EOF
	}
	if f.n == 0 {
		n, ok := <-f.more
		if !ok {
			return 0, io.EOF
		}
		f.n = n
	}
	n := copy(p, f.b[:min(f.n, len(f.b))])
	f.b, f.n = f.b[n:], f.n-n
	return n, nil
}

func (f *tap) Close() error { return nil }

func TestLiveTrackPlaysToItsEnd(t *testing.T) {
	inBubble(t, func(l *live) {
		want := decoded(t, "mono48-cbr64.mp3")
		track := l.load(Program{Sources: []Source{file(t, "mono48-cbr64.mp3"), {Tone: Siren}}})
		assert.Equal(t, Ready, track.Progress().State)
		l.s.Start(track, 4800)
		l.out.play(8 * time.Second)
		p := track.Progress()
		assert.Equal(t, Ended, p.State)
		assert.NoError(t, p.Err)
		assert.Equal(t, int64(len(want)+6*48000), p.Played)
		assert.Zero(t, p.Underruns)
		got := l.out.sound[4800:][:len(want)]
		assert.True(t, equal(want[ramp48:], got[ramp48:]))
		assert.Zero(t, l.s.running, "the decoding goroutine has ended")
	})
}

func TestStartWaitsForSoundAndIsLateThen(t *testing.T) {
	inBubble(t, func(l *live) {
		f := newTap(soundFile(t, "mono48-cbr64.mp3"), 0)
		track := l.load(Program{Sources: []Source{f.source()}})
		l.s.Start(track, 4800)
		l.out.play(500 * time.Millisecond)
		p := track.Progress()
		assert.Equal(t, Loading, p.State)
		f.more <- len(f.b)
		synctest.Wait()
		l.out.play(time.Second)
		p = track.Progress()
		assert.Equal(t, Ended, p.State)
		assert.Equal(t, int64(33600), p.Played)
		assert.InDelta(t, 24000, float64(p.First), 480)
		assert.Equal(t, int64(p.First-4800), p.Late)
		assert.Zero(t, p.Underruns)
		assert.Equal(t, int64(1), l.s.Stats().LateStarts)
		assert.Zero(t, l.s.Stats().Underruns)
	})
}

func TestSourceThatStallsIsSilenceAndLosesNothing(t *testing.T) {
	inBubble(t, func(l *live) {
		want := decoded(t, "mono48-cbr64.mp3")
		f := newTap(soundFile(t, "mono48-cbr64.mp3"), 2600)
		track := l.load(Program{Sources: []Source{f.source()}})
		l.s.Start(track, 480)
		l.out.play(time.Second)
		p := track.Progress()
		assert.Equal(t, Playing, p.State)
		assert.Positive(t, p.Underruns)
		f.more <- len(f.b)
		synctest.Wait()
		l.out.play(time.Second)
		p = track.Progress()
		assert.Equal(t, Ended, p.State)
		assert.NoError(t, p.Err)
		assert.Equal(t, int64(len(want)), p.Played)
		assert.Equal(t, p.First+Frame(p.Played+p.Underruns), p.End, "the sound is delayed")
		assert.Equal(t, p.Underruns, l.s.Stats().Underruns)
		checkHole(t, want, l.out.sound[p.First:p.End], int(p.Underruns))
	})
}

// checkHole finds the silence in got and compares what lies before and behind,
// but for the ramps beside it, with want.
func checkHole(t *testing.T, want, got []float32, hole int) {
	t.Helper()
	at, zeros := 0, 0
	for i, x := range got {
		if x != 0 {
			zeros = 0
		} else if zeros++; zeros >= hole {
			at = i + 1 - hole
			break
		}
	}
	require.Positive(t, at, "a hole of %d frames", hole)
	assert.True(t, equal(want[ramp48:at-2*ramp48], got[ramp48:at-2*ramp48]), "before")
	behind := got[at+hole+ramp48+1 : len(got)-ramp48]
	assert.True(t, equal(want[at+ramp48+1:len(want)-ramp48], behind), "behind")
	assert.Less(t, steepest(got), steepest(want)*1.2, "no click")
}

func TestTenSecondsWithoutDataEndTheTrack(t *testing.T) {
	inBubble(t, func(l *live) {
		f := newTap(soundFile(t, "mono48-cbr64.mp3"), 3000)
		track := l.load(Program{Sources: []Source{f.source()}})
		l.s.Start(track, 480)
		l.out.play(9 * time.Second)
		assert.Equal(t, Playing, track.Progress().State)
		l.out.play(2 * time.Second)
		p := track.Progress()
		assert.Equal(t, Ended, p.State)
		assert.ErrorIs(t, p.Err, ErrStarved)
		assert.InDelta(t, 10*48000, p.Underruns, 1000)
		close(f.more)
	})
}

func TestTrackThatNeverHasDataEndsToo(t *testing.T) {
	inBubble(t, func(l *live) {
		f := newTap(soundFile(t, "mono48-cbr64.mp3"), 0)
		track := l.load(Program{Sources: []Source{f.source()}})
		l.s.Start(track, 48000)
		l.out.play(10 * time.Second)
		assert.Equal(t, Loading, track.Progress().State)
		l.out.play(1100 * time.Millisecond)
		p := track.Progress()
		assert.Equal(t, Ended, p.State)
		assert.ErrorIs(t, p.Err, ErrStarved)
		assert.Zero(t, p.Underruns, "it had not begun")
		close(f.more)
	})
}

func TestLostOutputEndsWhatWasStartedAndIsOpenedAgain(t *testing.T) {
	inBubble(t, func(l *live) {
		playing := l.load(Program{Sources: []Source{{Tone: Siren}}})
		waiting := l.load(Program{Sources: []Source{{Tone: Siren}}})
		loaded := l.load(Program{Sources: []Source{{Tone: Siren}}})
		l.s.Start(playing, 480)
		l.s.Start(waiting, 480000)
		l.out.play(time.Second)
		l.out.lose <- errUnplugged
		synctest.Wait()

		_, ok := l.s.Format()
		assert.False(t, ok)
		assert.ErrorIs(t, l.s.OutputError(), errUnplugged)
		p := playing.Progress()
		assert.Equal(t, Ended, p.State)
		assert.ErrorIs(t, p.Err, ErrOutputLost)
		assert.Equal(t, int64(48000-480), p.Played)
		assert.Equal(t, Frame(48000), p.End)
		assert.ErrorIs(t, waiting.Progress().Err, ErrOutputLost)
		assert.Equal(t, Ready, loaded.Progress().State)
		_, err := l.s.Load(Program{Sources: []Source{{Tone: Siren}}})
		assert.ErrorIs(t, err, ErrNoOutput)

		<-time.After(firstRetry)
		synctest.Wait()
		_, ok = l.s.Format()
		assert.True(t, ok)
		assert.NoError(t, l.s.OutputError())
		l.s.Start(loaded, 0)
		l.out.play(time.Second)
		p = loaded.Progress()
		assert.Equal(t, Playing, p.State)
		assert.GreaterOrEqual(t, p.First, Frame(48000), "the media clock goes on")
		assert.Equal(t, int64(2), l.s.Stats().Opens)
		loaded.Close()
	})
}

func TestOrdersBetweenTwoOutputsAreAnswered(t *testing.T) {
	inBubble(t, func(l *live) {
		started := l.load(Program{Sources: []Source{{Tone: Siren}}})
		stopped := l.load(Program{Sources: []Source{{Tone: Siren}}})
		closed := l.load(Program{Sources: []Source{{Tone: Siren}}})
		l.out.lose <- errUnplugged
		synctest.Wait()
		l.s.Start(started, 0)
		l.s.Stop(stopped, 0, 0)
		closed.Close()
		synctest.Wait()
		assert.ErrorIs(t, started.Progress().Err, ErrOutputLost)
		assert.True(t, stopped.Progress().Stopped)
		assert.ErrorIs(t, closed.Progress().Err, ErrClosed)
	})
}

func TestTrackForAnotherFormatEndsWhenItIsStarted(t *testing.T) {
	inBubble(t, func(l *live) {
		track := l.load(Program{Sources: []Source{{Tone: Siren}}})
		l.out.f = Format{Rate: 44100, Channels: 2, Period: 441}
		l.out.lose <- errUnplugged
		<-time.After(firstRetry)
		synctest.Wait()
		f, _ := l.s.Format()
		require.Equal(t, 44100, f.Rate)
		l.s.Start(track, 0)
		l.out.play(100 * time.Millisecond)
		p := track.Progress()
		assert.Equal(t, Ended, p.State)
		assert.ErrorIs(t, p.Err, ErrOutputLost)
	})
}

func TestMissingCardIsTriedAgainWithLongerWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLive(t, errors.New("card 1: no such device"))
		begun := time.Now()
		var waits []time.Duration
		for tries := 0; tries < 8; {
			synctest.Wait()
			l.out.mu.Lock()
			if l.out.opens > tries {
				tries = l.out.opens
				waits = append(waits, time.Since(begun))
			}
			l.out.mu.Unlock()
			<-time.After(10 * time.Millisecond)
		}
		for i, want := range []float64{0, 0.25, 0.75, 1.75, 3.75, 7.75, 12.75, 17.75} {
			assert.InDelta(t, want, waits[i].Seconds(), 0.02, "try %d", i)
		}
		assert.EqualError(t, l.s.OutputError(), "card 1: no such device")
		require.NoError(t, l.stop())
		assert.ErrorIs(t, l.s.OutputError(), ErrClosed)
	})
}

func TestOutputThatEndsByItselfIsOpenedAgainAtOnceAfterASteadyRun(t *testing.T) {
	inBubble(t, func(l *live) {
		for range 4 { // the waits grow
			l.out.lose <- errUnplugged
			<-time.After(lastRetry)
			synctest.Wait()
		}
		l.out.play(steadyRun)
		l.out.lose <- nil
		synctest.Wait()
		assert.EqualError(t, l.s.OutputError(), "output ended by itself")
		<-time.After(firstRetry)
		synctest.Wait()
		assert.NoError(t, l.s.OutputError())
	})
}

func TestEndWhileTheCardIsAwaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLive(t, errUnplugged)
		<-time.After(time.Minute)
		begun := time.Now()
		require.NoError(t, l.stop())
		assert.Zero(t, time.Since(begun))
	})
}

func TestSynchronousSpeakerUnderRunClosesItsSources(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := newFakeOutput()
		s := New(Config{Synchronous: true})
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx, out) }()
		synctest.Wait()
		c := &closeCounter{Reader: bytes.NewReader(soundFile(t, "mono48-cbr64.mp3"))}
		track, err := s.Load(Program{Sources: []Source{{Tone: Chime}, {Tone: Chime}, {Open: func() (io.ReadCloser, error) { return c, nil }}}, Skip: 8 * time.Second})
		require.NoError(t, err)
		track.reader.read(make([]float32, 1000)) // opened, and not read to its end
		cancel()
		require.NoError(t, <-done)
		assert.Equal(t, 1, c.closed)
		assert.ErrorIs(t, track.Progress().Err, ErrClosed)
	})
}

func TestEndingRunEndsEverything(t *testing.T) {
	inBubble(t, func(l *live) {
		playing := l.load(Program{Sources: []Source{{Tone: Siren, Length: time.Minute}}})
		loaded := l.load(Program{Sources: []Source{{Tone: Siren, Length: time.Minute}}})
		l.s.Start(playing, 480)
		l.out.play(time.Second)
		require.NoError(t, l.stop())
		p := playing.Progress()
		assert.ErrorIs(t, p.Err, ErrClosed)
		assert.Equal(t, int64(48000-480), p.Played)
		assert.ErrorIs(t, loaded.Progress().Err, ErrClosed)
		l.s.Start(loaded, 0)
		assert.Equal(t, Ended, loaded.Progress().State)
		_, err := l.s.Load(Program{Sources: []Source{{Tone: Siren}}})
		assert.Error(t, err)
		loaded.Close()
	})
}

func TestSourceThatHangsDoesNotHoldUpTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLive(t, nil)
		synctest.Wait()
		f := newTap(soundFile(t, "mono48-cbr64.mp3"), 0)
		l.load(Program{Sources: []Source{f.source()}})
		begun := time.Now()
		assert.ErrorContains(t, l.stop(), "does not return from Read")
		assert.Equal(t, shutdownPatience, time.Since(begun))
		close(f.more)
	})
}

func TestEndingATrackEndsItsGoroutine(t *testing.T) {
	inBubble(t, func(l *live) {
		for name, end := range map[string]func(track *Track){
			"closed":             func(track *Track) { track.Close() },
			"revoked":            func(track *Track) { l.s.Stop(track, 0, 0) },
			"closed in the play": func(track *Track) { l.s.Start(track, 0); l.out.play(time.Second); track.Close() },
		} {
			track := l.load(Program{Sources: []Source{{Tone: Siren, Length: time.Hour}}})
			require.Equal(t, 1, l.s.running)
			end(track)
			l.out.play(200 * time.Millisecond)
			<-time.After(time.Second)
			synctest.Wait()
			assert.Equal(t, Ended, track.Progress().State, name)
			assert.Zero(t, l.s.running, name)
		}
	})
}

func TestLoadedTrackDecodesAheadAndThenSleeps(t *testing.T) {
	inBubble(t, func(l *live) {
		track := l.load(Program{Sources: []Source{{Tone: Siren, Length: time.Hour}}})
		ahead := track.ring.write.Load()
		assert.Equal(t, int64(131072), ahead, "2 s at 48 kHz, rounded up")
		<-time.After(time.Hour)
		assert.Equal(t, ahead, track.ring.write.Load())
		l.s.Start(track, 0)
		l.out.play(20 * time.Second)
		p := track.Progress()
		assert.Zero(t, p.Underruns)
		assert.InDelta(t, 20*48000-144, p.Played, 480)
		track.Close()
	})
}

func TestWallClockOfALiveOutput(t *testing.T) {
	inBubble(t, func(l *live) {
		l.out.play(time.Second)
		now := time.Now()
		assert.Equal(t, l.out.at, l.s.FrameAt(now))
		assert.Equal(t, l.out.at+24000, l.s.FrameAt(now.Add(500*time.Millisecond)))
		assert.True(t, now.Equal(l.s.TimeOf(l.out.at)))
		// A date without a monotonic reading, as the scheduler has it.
		assert.Equal(t, l.out.at+48000, l.s.FrameAt(now.Add(time.Second).Round(0)))
	})
}

func TestStalledOutputClosesRatherThanMishears(t *testing.T) {
	r := newRig(t, rigFormat)
	track := r.load(Program{Sources: []Source{sine(1000, time.Second)}})
	r.s.Start(track, 480)
	r.play(4800)
	for range 2 * commandSlots {
		r.s.SetGain(track, -3)
	}
	r.playOut(track)
	assert.ErrorIs(t, track.Progress().Err, ErrClosed)
	assert.LessOrEqual(t, math.Abs(float64(track.Progress().End-4800-144-ramp48)), 0.0)
}
