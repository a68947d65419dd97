package speaker

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// watched is a track and what a listener may expect of it.
type watched struct {
	track    *Track
	started  bool
	asked    Frame // the frame given to Start
	state    State
	played   int64
	total    int64
	wasFirst Frame
}

// machine gives orders at random and checks, after each stretch of sound, what
// must hold whatever was ordered.
type machine struct {
	r      *rig
	tracks []*watched
}

// Sources are low sines, so any step in the sound is ours. maxStep is what two
// of them at +6 dB, each with a ramp of 240 frames, can step.
const (
	modelHz = 60
	maxStep = 4 * (2*math.Pi*modelHz/48000 + 1.0/240)
)

func (m *machine) load(t *rapid.T) {
	if len(m.tracks) >= 12 {
		return
	}
	length := time.Duration(rapid.IntRange(1, 1500).Draw(t, "milliseconds")) * time.Millisecond
	skip := time.Duration(rapid.IntRange(0, 300).Draw(t, "skip")) * time.Millisecond
	track, err := m.r.s.Load(Program{
		Sources: []Source{sine(modelHz, length/2), sine(modelHz, length-length/2)},
		Skip:    skip, GainDB: rapid.Float64Range(-40, 6).Draw(t, "gain"),
	})
	require.NoError(t, err)
	total := framesOf(length/2, 48000) + framesOf(length-length/2, 48000) - framesOf(skip, 48000)
	m.tracks = append(m.tracks, &watched{track: track, total: max(total, 0), wasFirst: -1})
}

func (m *machine) pick(t *rapid.T) *watched {
	if len(m.tracks) == 0 {
		t.Skip("no track")
	}
	return rapid.SampledFrom(m.tracks).Draw(t, "track")
}

func (m *machine) near(t *rapid.T) Frame {
	return m.r.at + Frame(rapid.IntRange(-2000, 20000).Draw(t, "frame"))
}

func (m *machine) start(t *rapid.T) {
	w := m.pick(t)
	at := m.near(t)
	m.r.s.Start(w.track, at)
	if !w.started {
		w.started, w.asked = true, at
	}
}

func (m *machine) stop(t *rapid.T) {
	m.r.s.Stop(m.pick(t).track, m.near(t), time.Duration(rapid.IntRange(5, 200).Draw(t, "fade"))*time.Millisecond)
}

func (m *machine) gain(t *rapid.T) {
	m.r.s.SetGain(m.pick(t).track, rapid.Float64Range(-60, 6).Draw(t, "gain"))
}

func (m *machine) close(t *rapid.T) { m.pick(t).track.Close() }

func (m *machine) play(t *rapid.T) {
	from := m.r.at
	m.r.play(from + Frame(rapid.IntRange(1, 9000).Draw(t, "frames")))
	heard := m.r.heard(max(from-1, 0), m.r.at)
	require.LessOrEqual(t, peakOf(heard), ceiling)
	// Eight voices may ramp at once; that they do not all is why this is enough.
	require.Less(t, steepest(heard), maxStep*2)
	for _, w := range m.tracks {
		m.look(t, w)
	}
	m.silent(t, from)
}

// look checks what a track says of itself.
func (m *machine) look(t *rapid.T, w *watched) {
	p := w.track.Progress()
	require.GreaterOrEqual(t, p.State, w.state, "states only go on")
	require.GreaterOrEqual(t, p.Played, w.played)
	require.LessOrEqual(t, p.Played, w.total)
	require.LessOrEqual(t, p.Peak, 1.0)
	require.LessOrEqual(t, p.RMS, p.Peak+1e-6)
	require.Zero(t, p.Underruns)
	if p.First >= 0 {
		require.True(t, w.started)
		require.GreaterOrEqual(t, p.First, w.asked)
		require.Equal(t, int64(p.First-w.asked), p.Late)
		if w.wasFirst >= 0 {
			require.Equal(t, w.wasFirst, p.First, "the past does not change")
		}
		w.wasFirst = p.First
	}
	if p.State == Ended && p.First >= 0 {
		require.Equal(t, int64(p.End-p.First), p.Played)
		if p.Err == nil && !p.Stopped {
			require.Equal(t, w.total, p.Played)
		}
	}
	if p.State == Playing {
		require.Equal(t, int64(m.r.at-p.First), p.Played)
	}
	w.state, w.played = p.State, p.Played
}

// silent checks that nothing sounds where no track does.
func (m *machine) silent(t *rapid.T, from Frame) {
	for at := from; at < m.r.at; at++ {
		if m.r.sound[at-m.r.began] == 0 {
			continue
		}
		sounding := false
		for _, w := range m.tracks {
			p := w.track.Progress()
			end := p.End
			if p.State != Ended {
				end = m.r.at
			}
			sounding = sounding || p.First >= 0 && at >= p.First && at < end
		}
		require.True(t, sounding, "sound at frame %d", at)
	}
}

func TestOrdersInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{r: newRigFor(t)}
		t.Repeat(map[string]func(*rapid.T){
			"load": m.load, "start": m.start, "stop": m.stop, "gain": m.gain, "close": m.close,
			"play": m.play, "play on": m.play, "start one more": m.start,
		})
		m.r.play(m.r.at + 200000)
		for _, w := range m.tracks {
			m.look(t, w)
			require.True(t, !w.started || w.track.Progress().State == Ended, "all that was started comes to its end")
			w.track.Close()
		}
	})
}
