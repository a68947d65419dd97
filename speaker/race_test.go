package speaker

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rushOutput pulls as fast as it can, in its own goroutine, until it is told to
// stop, and checks what it gets.
type rushOutput struct {
	f     Format
	loud  float32
	fills int
	ready chan struct{}
	once  sync.Once
}

func (o *rushOutput) String() string { return "rush" }

func (o *rushOutput) Run(ctx context.Context, s Stream) error {
	at, err := s.Open(o.f)
	if err != nil {
		return err
	}
	o.once.Do(func() { close(o.ready) })
	buf := make([]float32, o.f.Period*o.f.Channels)
	for ctx.Err() == nil {
		s.Fill(buf, at)
		o.loud = max(o.loud, peakOf(buf))
		at += Frame(o.f.Period)
		s.Left(at-Frame(o.f.Period), time.Now())
		if o.fills++; o.fills%500 == 0 {
			s.Xrun()
			if o.fills%5000 == 0 {
				return errUnplugged
			}
		}
		runtime.Gosched()
	}
	return nil
}

// TestControlAndOutputRaceWithoutHarm is for the race detector: one goroutine
// orders, one fills, each track decodes in its own and others look on.
func TestControlAndOutputRaceWithoutHarm(t *testing.T) {
	out := &rushOutput{f: rigFormat, ready: make(chan struct{})}
	s := New(Config{Ahead: time.Second})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, out) }()
	<-out.ready
	sources := [][]Source{
		{file(t, "mono44-crc.mp3"), {Tone: Chime, Length: 200 * time.Millisecond}},
		{{Tone: Siren, Length: time.Second}},
		{file(t, "mpeg2-24k.mp3")},
		{{Tone: Sine, Length: 5 * time.Millisecond}},
	}
	rnd := rand.New(rand.NewPCG(1, 1))
	var tracks []*Track
	for i := range 300 {
		track, err := s.Load(Program{Sources: sources[i%len(sources)], GainDB: rnd.Float64() * 20})
		if err != nil { // between two outputs
			require.ErrorIs(t, err, ErrNoOutput)
			runtime.Gosched()
			continue
		}
		tracks = append(tracks, track)
		order(rnd, s, tracks[rnd.IntN(len(tracks))])
		order(rnd, s, track)
		if len(tracks) > 6 {
			tracks[0].Close()
			tracks = tracks[1:]
		}
		_, _ = s.Stats(), s.OutputError()
	}
	cancel()
	require.NoError(t, <-done)
	for _, track := range tracks {
		assert.Equal(t, Ended, track.Progress().State)
	}
	assert.LessOrEqual(t, out.loud, ceiling)
	assert.Zero(t, s.running)
}

// order gives one order at random and looks at what came of the last.
func order(rnd *rand.Rand, s *Speaker, track *Track) {
	near := s.FrameAt(time.Now()) + Frame(rnd.IntN(9600))
	switch rnd.IntN(4) {
	case 0, 1:
		s.Start(track, near)
	case 2:
		s.Stop(track, near, time.Duration(rnd.IntN(50))*time.Millisecond)
	case 3:
		s.SetGain(track, rnd.Float64()*40-30)
	}
	p := track.Progress()
	if p.Played < 0 || p.Peak < 0 || p.State > Ended {
		panic("progress is torn")
	}
}

func TestRingCarriesEveryFrameInOrder(t *testing.T) {
	r := newRing(100, 2)
	require.Equal(t, 128, r.free())
	const frames = 20000
	go func() {
		for n := 0; n < frames; {
			to := r.space()
			k := min(len(to)/2, 1+n%37, frames-n)
			for i := range k {
				to[2*i], to[2*i+1] = float32(n+i), -float32(n+i)
			}
			n += k
			r.wrote(k)
			runtime.Gosched()
		}
	}()
	for n := int64(0); n < frames; {
		have := int(r.write.Load() - n)
		from := r.span(n, have)
		for i := 0; i < len(from); i += 2 {
			require.Equal(t, float32(n)+float32(i/2), from[i])
			require.Equal(t, -from[i], from[i+1])
		}
		n += int64(len(from) / 2)
		r.read.Store(n)
		runtime.Gosched()
	}
}

func TestCommandQueueKeepsOrderAndSaysWhenItIsFull(t *testing.T) {
	var q commandRing
	_, ok := q.pop()
	assert.False(t, ok)
	for round := range 3 {
		for i := range commandSlots {
			require.True(t, q.push(command{at: Frame(round*1000 + i)}))
		}
		require.False(t, q.push(command{}))
		for i := range commandSlots {
			c, ok := q.pop()
			require.True(t, ok)
			require.Equal(t, Frame(round*1000+i), c.at)
		}
	}
}

func TestSegmentsAreCountedWhenTheyHaveLeft(t *testing.T) {
	var q segments
	q.push(segment{from: 100, n: 50, sum: 5, peak: 0.5})
	q.push(segment{from: 200, n: 50, sum: 7, peak: 0.2})
	for _, tc := range []struct{ at, want int64 }{{50, 0}, {100, 0}, {120, 20}, {150, 50}, {180, 50}, {200, 50}, {201, 51}, {250, 100}, {900, 100}} {
		assert.Equal(t, tc.want, q.leave(Frame(tc.at)), "at %d", tc.at)
	}
	assert.Equal(t, 12.0, q.sum)
	assert.Equal(t, float32(0.5), q.peak)
	for i := range 3 * segmentSlots {
		q.push(segment{from: Frame(1000 + i), n: 1})
	}
	assert.Equal(t, int64(100+3*segmentSlots), q.leave(1e6), "none is forgotten")
}
