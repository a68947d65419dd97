package gpio_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"loa/gpio"
)

// start is where the tests' time begins; nothing depends on it.
var start = time.Date(2026, 11, 21, 5, 0, 0, 0, time.UTC)

const ms = time.Millisecond

// stage is a fake chip, amplifiers on it and a clock that only the test moves.
type stage struct {
	fake *gpio.Fake
	amps *gpio.Amplifiers
	now  time.Time
	log  []string // "300ms line 1 high", times since start
	last []gpio.Level
}

// horn is an amplifier at line i with its settle and tail time.
func horn(i int, settle, tail time.Duration) gpio.AmpSpec {
	return gpio.AmpSpec{Label: fmt.Sprintf("horn %d", i+1), Chip: "gpiochip0", Line: gpio.Line{Offset: i}, Settle: settle, Tail: tail}
}

func newStage(t testing.TB, specs ...gpio.AmpSpec) *stage {
	t.Helper()
	s := &stage{now: start}
	s.fake = &gpio.Fake{Now: func() time.Time { return s.now }}
	amps, err := gpio.NewAmplifiers(s.fake, "speakerd", specs)
	require.NoError(t, err)
	s.amps = amps
	require.NoError(t, amps.Open())
	s.fake.Record = s.record
	return s
}

func (s *stage) record(l gpio.Level) {
	word := "off"
	if l.Active {
		word = "on"
	}
	s.log = append(s.log, fmt.Sprintf("%s line %d %s", l.At.Sub(start), l.Line, word))
	s.last = append(s.last, l)
}

func (s *stage) want(on bool) { s.amps.Want(on, s.now) }

// fataler is what *testing.T and *rapid.T have in common here.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// advance moves the clock by d, stepping whenever the amplifiers asked for it,
// and at the end.
func (s *stage) advance(t fataler, d time.Duration) {
	t.Helper()
	end := s.now.Add(d)
	for turn := 0; ; turn++ {
		if turn > 10000 {
			t.Fatalf("the amplifiers ask for a step at %s again and again", s.now.Sub(start))
		}
		next, ok := s.amps.Step(s.now)
		if ok && next.Before(s.now) {
			t.Fatalf("asked at %s for a step in the past, %s", s.now.Sub(start), next.Sub(start))
		}
		if !ok || next.After(end) {
			break
		}
		s.now = next
	}
	s.now = end
	s.amps.Step(s.now)
}

func (s *stage) ready() bool { return s.amps.Ready(s.now) }

func (s *stage) on() (lines []int) {
	for i, a := range s.amps.State() {
		if a.On {
			lines = append(lines, i)
		}
	}
	return lines
}

func (s *stage) fault(i int) string { return s.amps.State()[i].Fault }
