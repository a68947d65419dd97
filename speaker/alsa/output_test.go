package alsa

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gen2brain/alsa"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"loa/speaker"
	"loa/speaker/internal/outputtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// on returns an output on a sound system that has these cards.
func on(conf Config, cards ...*fakeCard) *Output {
	o := New(conf)
	o.kernel = &fakeKernel{cards: cards}
	o.hasten = func() (bool, func()) { return false, func() {} }
	return o
}

// left is the left channel of what a card was given.
func left(p *fakePCM) []float32 {
	frame := frameBytes(p.conf)
	width := frame / int(p.conf.Channels)
	out := make([]float32, len(p.played)/frame)
	for i := range out {
		b := p.played[i*frame:]
		switch {
		case width == 2:
			out[i] = float32(int16(binary.LittleEndian.Uint16(b))) / (1 << 15)
		case width == 3:
			out[i] = float32(int32(b[0])<<8|int32(b[1])<<16|int32(b[2])<<24) / (1 << 31)
		case p.conf.Format == s24:
			out[i] = float32(int32(binary.LittleEndian.Uint32(b))) / (1 << 23)
		default:
			out[i] = float32(int32(binary.LittleEndian.Uint32(b))) / (1 << 31)
		}
	}
	return out
}

func TestAlsaKeepsTheContract(t *testing.T) {
	outputtest.Conform(t, synctest.Test, func(*testing.T) speaker.Output { return on(Config{}, usbCard(0)) })
}

func TestAlsaKeepsTheContractOnACardWithLargePeriods(t *testing.T) {
	outputtest.Conform(t, synctest.Test, func(*testing.T) speaker.Output {
		card := usbCard(0)
		card.size, card.rates = span{4096, 8192}, []int{44100}
		return on(Config{}, card)
	})
}

func TestAToneReachesTheCardWholeInEachFormat(t *testing.T) {
	for _, f := range formats {
		t.Run(alsa.PcmParamFormatNames[f.pcm], func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				card := usbCard(0)
				card.formats = []alsa.PcmFormat{f.pcm}
				s := &outputtest.Stream{}
				_, err := outputtest.Play(t.Context(), on(Config{}, card), s, time.Second, 2*time.Second)
				require.NoError(t, err)
				tone := left(card.pcm)
				assert.GreaterOrEqual(t, len(tone), 48_000)
				assert.Empty(t, outputtest.Discontinuities(tone, 48000))
				assert.True(t, card.pcm.closed)
			})
		})
	}
}

func TestTheCardNeverHoldsMoreThanFortyMilliseconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &outputtest.Stream{}
		ahead := speaker.Frame(0)
		s.OnFill = func(at speaker.Frame, n int) { ahead = max(ahead, at+speaker.Frame(n)-s.LeftAt) }
		_, err := outputtest.Play(t.Context(), on(Config{}, usbCard(0)), s, time.Second, 2*time.Second)
		require.NoError(t, err)
		assert.LessOrEqual(t, ahead, speaker.Frame(1920+480))
	})
}

func TestWhatLeftIsTheFramesWrittenLessTheDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		card := usbCard(0)
		var start time.Time
		worst := time.Duration(0)
		s := &outputtest.Stream{}
		first := speaker.Frame(-1)
		s.OnLeft = func(at speaker.Frame, when time.Time) {
			if first < 0 {
				first = at
			}
			if start.IsZero() && !card.pcm.started.IsZero() {
				start = card.pcm.started
			}
			if !start.IsZero() {
				worst = max(worst, (when.Sub(start) - time.Duration(at-first)*time.Second/48000).Abs())
			}
		}
		_, err := outputtest.Play(t.Context(), on(Config{}, card), s, time.Second, 2*time.Second)
		require.NoError(t, err)
		assert.LessOrEqual(t, worst, time.Second/48000)
	})
}

func TestAJitteringDelayDoesNotBringFramesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		card := usbCard(0)
		n := 0
		card.jitter = func(delay int) int {
			n++
			return delay + []int{0, 700, -900, 5000, -5000}[n%5]
		}
		s := &outputtest.Stream{}
		_, err := outputtest.Play(t.Context(), on(Config{}, card), s, 300*time.Millisecond, 2*time.Second)
		require.NoError(t, err)
		assert.Empty(t, s.Breaches)
	})
}

func TestAHoleIsCountedAndPlayingGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		card, fills := usbCard(0), 0
		out := on(Config{}, card)
		s := &outputtest.Stream{OnFill: func(speaker.Frame, int) {
			if fills++; fills == 20 || fills == 60 {
				time.Sleep(100 * time.Millisecond)
			}
		}}
		_, err := outputtest.Play(t.Context(), out, s, time.Second, 3*time.Second)
		require.NoError(t, err)
		assert.Equal(t, 2, s.Xruns)
		assert.EqualValues(t, 2, out.Status().Xruns)
		assert.Empty(t, s.Breaches)
		assert.Empty(t, outputtest.Discontinuities(left(card.pcm), 48000), "no sound is lost in the hole")
	})
}

func TestASuspendedCardGoesOnAndIsAHole(t *testing.T) {
	for name, when := range map[string]func(s *outputtest.Stream, suspend func()){
		"between two periods": func(s *outputtest.Stream, suspend func()) { s.OnLeft = func(speaker.Frame, time.Time) { suspend() } },
		"within one":          func(s *outputtest.Stream, suspend func()) { s.OnFill = func(speaker.Frame, int) { suspend() } },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				card, calls := usbCard(0), 0
				s := &outputtest.Stream{}
				when(s, func() {
					if calls++; calls == 20 {
						card.pcm.suspended = true
					}
				})
				_, err := outputtest.Play(t.Context(), on(Config{}, card), s, time.Second, 3*time.Second)
				require.NoError(t, err)
				assert.Equal(t, 1, s.Xruns)
				assert.Empty(t, s.Breaches)
				assert.Empty(t, outputtest.Discontinuities(left(card.pcm), 48000))
			})
		})
	}
}

func TestACardThatDoesNotWakeUpIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		card := usbCard(0)
		card.prepareErr = syscall.EBADFD
		s := &outputtest.Stream{OnFill: func(speaker.Frame, int) { card.pcm.suspended = true }}
		err := on(Config{}, card).Run(t.Context(), s)
		require.ErrorIs(t, err, ErrLost)
		assert.ErrorIs(t, err, syscall.EBADFD)
		assert.Equal(t, 1, s.Xruns)
	})
}

func TestACardThatTakesLessThanItSaidGetsTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		card, fills := usbCard(0), 0
		s := &outputtest.Stream{OnFill: func(speaker.Frame, int) {
			if fills++; fills%10 == 0 {
				card.pcm.short = true
			}
		}}
		_, err := outputtest.Play(t.Context(), on(Config{}, card), s, time.Second, 2*time.Second)
		require.NoError(t, err)
		assert.Empty(t, outputtest.Discontinuities(left(card.pcm), 48000))
	})
}

func TestACardPulledOutAndPluggedInAgainAtAnotherNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		onboard, usb := usbCard(0), usbCard(1)
		onboard.ID, onboard.Driver, onboard.Name, onboard.Devices = "Headphones", "bcm2835_headpho", "bcm2835 Headphones", []Device{{}}
		out := on(Config{Match: []string{"usb"}}, onboard, usb)
		s := &outputtest.Stream{OnFill: func(at speaker.Frame, _ int) { usb.gone = at > 24_000 }}
		err := out.Run(t.Context(), s)
		require.ErrorIs(t, err, ErrLost)
		require.ErrorIs(t, err, syscall.ENODEV)
		assert.Equal(t, `alsa:auto: sound card 1 [Audio] "QEMU USB Audio", device 0: sound card lost: no such device`, err.Error())
		assert.True(t, usb.pcm.closed)
		assert.False(t, out.Status().Open)

		err = out.Run(t.Context(), s)
		require.ErrorIs(t, err, ErrNoCard)
		assert.Nil(t, onboard.pcm, "no horn is connected to the other card")

		usb.gone, usb.Number, s.OnFill = false, 5, nil
		_, err = outputtest.Play(t.Context(), out, s, 100*time.Millisecond, time.Second)
		require.NoError(t, err)
		assert.Equal(t, 5, out.Status().Card)
		assert.Empty(t, s.Breaches)
	})
}

func TestACardThatStandsStillIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		card := usbCard(0)
		s := &outputtest.Stream{OnFill: func(speaker.Frame, int) { card.pcm.stuck = true }}
		began := time.Now()
		err := on(Config{}, card).Run(t.Context(), s)
		require.ErrorIs(t, err, ErrLost)
		assert.ErrorContains(t, err, "takes no sound for 2s")
		assert.InDelta(t, 2, time.Since(began).Seconds(), 0.1)
		assert.True(t, card.pcm.closed)
	})
}

func TestRunEndsSoonWhileTheCardStandsStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		card := usbCard(0)
		ctx, cancel := context.WithCancel(t.Context())
		var cancelled time.Time
		s := &outputtest.Stream{OnFill: func(speaker.Frame, int) {
			card.pcm.stuck = true
			time.AfterFunc(500*time.Millisecond, func() { cancelled = time.Now(); cancel() })
		}}
		require.NoError(t, on(Config{}, card).Run(ctx, s))
		assert.LessOrEqual(t, time.Since(cancelled), nap)
	})
}

func TestRunEndsSoonWhileTheCardTakesHalfAPeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		card := usbCard(0)
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		s := &outputtest.Stream{OnFill: func(speaker.Frame, int) { card.pcm.short, card.pcm.stuck = true, true }}
		began := time.Now()
		require.NoError(t, on(Config{}, card).Run(ctx, s))
		assert.LessOrEqual(t, time.Since(began), 600*time.Millisecond)
	})
}

func TestStatusTellsWhatPlays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		card := usbCard(3)
		card.size = span{1024, 8192}
		card.mixer = *codec()
		var log bytes.Buffer
		out := on(Config{
			Card: "Audio", Log: slog.New(slog.NewTextHandler(&log, nil)),
			Mixer: []MixerSetting{{"PCM Playback Volume", "100%"}, {"Master", "on"}},
		}, card)
		assert.Equal(t, Status{}, out.Status(), "before the first run")
		s := &outputtest.Stream{}
		s.OnLeft = func(speaker.Frame, time.Time) { assert.True(t, out.Status().Open) }
		_, err := outputtest.Play(t.Context(), out, s, 100*time.Millisecond, time.Second)
		require.NoError(t, err)

		st := out.Status()
		require.Len(t, st.Mixer, 1)
		assert.Contains(t, st.Mixer[0], `no control "Master"`)
		st.Mixer = nil
		assert.Equal(t, Status{
			Card: 3, ID: "Audio", Name: "QEMU USB Audio", Format: "S16_LE", Bits: 16, Rate: 48000, Channels: 2,
			Period: 1024, Buffer: 2048, Larger: true,
		}, st)
		assert.Equal(t, map[string][]int{"PCM Playback Volume": {13}}, card.mixer.values)
		assert.True(t, card.mixer.closed)
		assert.Contains(t, log.String(), "sound card opened")
		assert.Contains(t, log.String(), "refuses a buffer of 40 ms")
		assert.Contains(t, log.String(), "mixer setting not made")
		assert.Equal(t, "alsa:Audio,0", out.String())
	})
}

func TestAMixerThatCannotBeOpenedDoesNotStopTheSound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		card := usbCard(0)
		card.mixerErr = syscall.EACCES
		out := on(Config{Mixer: []MixerSetting{{"Master", "on"}}}, card)
		_, err := outputtest.Play(t.Context(), out, &outputtest.Stream{}, 100*time.Millisecond, time.Second)
		require.NoError(t, err)
		assert.Equal(t, []string{"mixer of card 0: permission denied"}, out.Status().Mixer)
	})
}

func TestWhyACardCannotBeOpenedIsSaid(t *testing.T) {
	busy, forbidden := usbCard(0), usbCard(0)
	busy.askErr, forbidden.askErr = syscall.EBUSY, syscall.EACCES
	leaving := usbCard(0)
	leaving.askErr = syscall.ENODEV
	proc := errors.New("proc is gone")
	for name, test := range map[string]struct {
		kernel *fakeKernel
		want   string
	}{
		"no card":         {&fakeKernel{}, "alsa:auto: no such sound card: there is none at all"},
		"another program": {&fakeKernel{cards: []*fakeCard{busy}}, "is in use by another program"},
		"not allowed":     {&fakeKernel{cards: []*fakeCard{forbidden}}, "may not be used by this user"},
		"pulled out now":  {&fakeKernel{cards: []*fakeCard{leaving}}, "sound card lost: no such device"},
		"no list":         {&fakeKernel{listErr: proc}, "proc is gone"},
	} {
		t.Run(name, func(t *testing.T) {
			out := New(Config{})
			out.kernel = test.kernel
			s := &outputtest.Stream{}
			err := out.Run(t.Context(), s)
			assert.ErrorContains(t, err, test.want)
			assert.Zero(t, s.Opens)
		})
	}
}

func TestDigitalSilenceStaysDigitalSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		card := usbCard(0)
		s := &outputtest.Stream{Sound: func(speaker.Frame, int) float32 { return 0 }}
		_, err := outputtest.Play(t.Context(), on(Config{}, card), s, 500*time.Millisecond, time.Second)
		require.NoError(t, err)
		assert.Equal(t, make([]byte, len(card.pcm.played)), card.pcm.played)
	})
}

func TestThePriorityIsGivenBackWhenRunEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := on(Config{}, usbCard(0))
		restored := 0
		out.hasten = func() (bool, func()) { return true, func() { restored++ } }
		s := &outputtest.Stream{}
		s.OnLeft = func(speaker.Frame, time.Time) {
			assert.True(t, out.Status().RealTime)
			assert.Zero(t, restored)
		}
		_, err := outputtest.Play(t.Context(), out, s, 100*time.Millisecond, time.Second)
		require.NoError(t, err)
		assert.Equal(t, 1, restored)
	})
}

// Whether the kernel allows it or not, the thread must be an ordinary one
// afterwards. Its policy is the 41st field of its stat, proc(5).
func TestAThreadIsOrdinaryAgain(t *testing.T) {
	runtime.LockOSThread() // so that the same thread is looked at
	defer runtime.UnlockOSThread()
	policy := func() string {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/stat", syscall.Gettid()))
		require.NoError(t, err)
		_, rest, ok := strings.Cut(string(stat), ") ") // 1 and 2 are before it
		require.True(t, ok)
		return strings.Fields(rest)[41-3]
	}
	realTime, restore := hasten()
	t.Logf("real time: %v", realTime)
	want := "0"
	if realTime {
		want = "1"
	}
	assert.Equal(t, want, policy())
	restore()
	assert.Equal(t, "0", policy())
}

// endless is a device that always has room.
type endless struct{ conf alsa.Config }

func (e endless) Config() alsa.Config    { return e.conf }
func (endless) Wait(int) (bool, error)   { return true, nil }
func (endless) Write(d any) (int, error) { return len(d.([]byte)) / 4, nil }
func (endless) Delay() (int, error)      { return 480, nil }
func (endless) Prepare() error           { return nil }
func (endless) Close() error             { return nil }

// flat is a stream without a cost of its own.
type flat struct{}

func (flat) Open(speaker.Format) (speaker.Frame, error) { return 0, nil }
func (flat) Left(speaker.Frame, time.Time)              {}
func (flat) Xrun()                                      {}
func (flat) Fill(dst []float32, _ speaker.Frame) {
	for i := range dst {
		dst[i] = 0.25
	}
}

func endlessPlayer(t testing.TB) *player {
	conf := alsa.Config{Rate: 48000, Channels: 2, Format: s16}
	p, err := newPlayer(&opened{pcm: endless{conf}, format: formats[1], conf: conf, quantum: 480}, flat{}, func() {})
	require.NoError(t, err)
	return p
}

func TestATurnAllocatesNothing(t *testing.T) {
	p := endlessPlayer(t)
	ctx := t.Context()
	assert.Zero(t, testing.AllocsPerRun(1000, func() { _ = p.turn(ctx) }))
}

// BenchmarkTurn is one period of 10 ms without the system calls.
func BenchmarkTurn(b *testing.B) {
	p := endlessPlayer(b)
	b.ReportAllocs()
	for b.Loop() {
		_ = p.turn(b.Context())
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/480, "ns/frame")
}
