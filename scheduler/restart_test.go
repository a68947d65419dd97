package scheduler

import (
	"cmp"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"loa"
)

// TestOnceOverRestarts: however often the daemon is killed, and however the
// clock steps, each occurrence is closed once: played, cut or given up; what
// was closed does not sound again.
func TestOnceOverRestarts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		plan := w.plan()
		closed := map[string]loa.Result{}
		w.d.onEnd = nil
		w.d.onStart = func(a Start) {
			if r := closed[occurrence(a.Origin, a.Item.ID, a.Planned)]; r != "" {
				w.d.blame("%s sounds again after it was %s", a.Item.ID, r)
			}
		}
		w.d.onDone = func(a Done) {
			k := occurrence(a.Origin, a.Item.ID, a.Planned)
			if a.Play == 0 && a.CutBy == "" {
				return // refused or missed: it may still play if the clock goes back
			}
			if closed[k] != "" {
				w.d.blame("%s is closed twice, %s and %s", k, closed[k], a.Result)
			}
			if a.Result != loa.ResultMissed && a.Result != loa.ResultPolicy {
				closed[k] = a.Result
			}
		}
		apply := func() {
			require.NoError(t, w.d.s.ApplyPlan(w.d.now(), Origin{KID: "local"}, plan))
			for i := range 5 {
				w.d.know(fmt.Sprint("s", i), time.Duration(1+i*i*20)*time.Second)
			}
			w.d.step(Output{Up: true})
		}
		apply()
		for range rapid.IntRange(1, 20).Draw(t, "events") {
			switch rapid.IntRange(0, 3).Draw(t, "kind") {
			case 0:
				w.d.restart(time.Duration(rapid.IntRange(0, 1000).Draw(t, "off")) * time.Second)
				apply()
			case 1:
				w.d.stepClock(time.Duration(rapid.IntRange(-5000, 5000).Draw(t, "step")) * time.Second)
			default:
				w.d.run(w.d.mono + time.Duration(rapid.IntRange(0, 4000).Draw(t, "run"))*time.Second)
			}
			require.Empty(t, w.d.trouble, "%v", w.d.log)
		}
	})
}

func occurrence(from Origin, id string, at time.Time) string {
	return fmt.Sprint(from, id, at.UnixMilli())
}

// TestMemoryIsBounded: days of an item every five minutes leaves no more in
// memory than its bounds, and what it leaves survives its JSON form.
func TestMemoryIsBounded(t *testing.T) {
	d := newDevice(morning, Options{})
	d.card(true)
	d.know("a", time.Second)
	every := loa.PlanItem{
		Item:  loa.Item{ID: "a", Repeat: 1, Media: []loa.Media{{SHA256: digest("a")}}},
		Start: loa.LocalTime{Year: 2026, Month: 11, Day: 22}, RRule: "FREQ=HOURLY;BYMINUTE=0,5,10,15,20,25,30,35,40,45,50,55",
	}
	require.NoError(t, d.s.ApplyPlan(d.now(), Origin{KID: "local"}, &loa.Plan{Items: []loa.PlanItem{every}}))
	d.run(d.mono + 4*24*time.Hour)
	assert.Greater(t, len(d.done), MaxOccurrences+100)

	m := d.s.Memory()
	assert.Len(t, m.Occurred, MaxOccurrences, "the newest are kept")
	assert.LessOrEqual(t, len(m.Sessions), MaxSessions)
	b, err := json.Marshal(m)
	require.NoError(t, err)
	var again Memory
	require.NoError(t, json.Unmarshal(b, &again))
	assert.Equal(t, m, New(Options{}, again).withPlan(t, d.now(), every).Memory(), "a scheduler gives back what it was given")
}

func (s *Scheduler) withPlan(t *testing.T, now Now, it loa.PlanItem) *Scheduler {
	require.NoError(t, s.ApplyPlan(now, Origin{KID: "local"}, &loa.Plan{Items: []loa.PlanItem{it}}))
	return s
}

// TestDamagedMemory: more entries than allowed, all open, do no harm.
func TestDamagedMemory(t *testing.T) {
	var m Memory
	for i := range 3 * MaxOccurrences {
		m.Occurred = append(m.Occurred, Occurrence{ID: "x", At: morning.Add(time.Duration(i) * time.Second), Open: true})
		m.Sessions = append(m.Sessions, Session{})
	}
	s := New(Options{Lead: time.Hour}, m)
	s.Step(Now{Wall: morning.AddDate(0, 1, 0), Trusted: true}, Tick{})
	actions, _, _ := s.Next()
	assert.LessOrEqual(t, len(actions), MaxOccurrences+1, "each is closed as cut, once")
	assert.LessOrEqual(t, len(s.Memory().Occurred), MaxOccurrences)
	assert.LessOrEqual(t, len(s.Memory().Sessions), MaxSessions)
}

// TestEmergencyIsNotKeptWaitingForTheDisk: the Start of an emergency comes
// before the Persist, that of a bulletin after it.
func TestEmergencyIsNotKeptWaitingForTheDisk(t *testing.T) {
	now := Now{Wall: morning, Trusted: true}
	s := New(Options{}, Memory{})
	s.Step(now, Output{Up: true})
	require.NoError(t, s.ApplyAir(now, Origin{KID: "tinh", Aud: "vn"}, &loa.Air{Items: []loa.AirItem{
		{Item: loa.Item{ID: "e", Class: loa.Emergency}, Tone: loa.Siren, End: morning.Add(time.Minute)},
	}}))
	actions, _, _ := s.Next()
	require.Len(t, actions, 2)
	assert.IsType(t, Start{}, actions[0])
	assert.IsType(t, Persist{}, actions[1])
}

// TestReportsAfterAMonth: a plan of an item every five minutes, and the device
// was off for a month: it speaks of the last 200 occurrences only.
func TestReportsAfterAMonth(t *testing.T) {
	every := loa.PlanItem{
		Item:  loa.Item{ID: "a", Repeat: 1, Media: []loa.Media{{SHA256: digest("a")}}},
		Start: loa.LocalTime{Year: 2026, Month: 10, Day: 1}, RRule: "FREQ=HOURLY;BYMINUTE=0,5,10,15,20,25,30,35,40,45,50,55",
	}
	m := Memory{Settled: morning.AddDate(0, -1, 0), Plans: []Origin{{KID: "local"}}}
	s := New(Options{}, m).withPlan(t, Now{Wall: morning.Add(time.Minute), Trusted: true}, every)
	actions, _, _ := s.Next()
	var missed []Done
	for _, a := range actions {
		if d, ok := a.(Done); ok {
			missed = append(missed, d)
		}
	}
	require.Len(t, missed, mostUnseen)
	assert.Equal(t, morning.Unix(), missed[mostUnseen-1].Planned.Unix(), "the newest of them")
	assert.Equal(t, unseenOff, missed[0].Reason)
}

// TestMemoryWithoutTime: a clock that cannot be believed leaves no mark, so
// that what was missed is reported once time is there, in another run too.
func TestMemoryWithoutTime(t *testing.T) {
	m := Memory{Settled: morning, Plans: []Origin{{KID: "local"}}}
	it := loa.PlanItem{Item: loa.Item{ID: "a"}, Start: loa.LocalTime{Year: 2026, Month: 11, Day: 22, Hour: 6}}
	s := New(Options{}, m).withPlan(t, Now{Wall: morning.AddDate(-1, 0, 0)}, it)
	assert.True(t, s.Held())
	assert.Equal(t, m.Settled, s.Memory().Settled)

	s = New(Options{}, s.Memory()).withPlan(t, Now{Wall: morning.Add(2 * time.Hour), Trusted: true}, it)
	actions, _, _ := s.Next()
	require.NotEmpty(t, actions)
	assert.Equal(t, loa.ResultMissed, actions[0].(Done).Result)
	assert.Equal(t, morning.Add(2*time.Hour).UTC(), s.Memory().Settled)
}

// TestOnAirForADayAtMost: an order without a time of signing does not sound
// longer than a day.
func TestOnAirForADayAtMost(t *testing.T) {
	now := Now{Wall: morning, Trusted: true}
	s := New(Options{}, Memory{})
	s.Step(now, Output{Up: true})
	require.NoError(t, s.ApplyAir(now, Origin{}, &loa.Air{Items: []loa.AirItem{
		{Item: loa.Item{ID: "e", Class: loa.Emergency}, Tone: loa.Siren, End: morning.AddDate(7000, 0, 0)},
	}}))
	actions, _, _ := s.Next()
	assert.Equal(t, maxAir, actions[0].(Start).Until)
}

// TestRank: the order of those that want the air at one moment, best first.
func TestRank(t *testing.T) {
	at := func(m int) time.Time { return morning.Add(time.Duration(m) * time.Minute) }
	list := []*play{
		{putBack: true, item: loa.Item{Level: 9}, planned: at(9), lastTurn: 9},
		{item: loa.Item{Level: 0}, planned: at(9)},
		{item: loa.Item{Level: 1}, planned: at(1), key: key{Origin: Origin{KID: "b"}}},
		{item: loa.Item{Level: 1}, planned: at(2), key: key{Origin: Origin{KID: "a"}}, air: &airEntry{}, order: 5},
		{item: loa.Item{Level: 1}, planned: at(2), key: key{Origin: Origin{KID: "a"}}, order: 0},
		{item: loa.Item{Level: 1}, planned: at(2), key: key{Origin: Origin{KID: "a"}}, order: 1},
		{item: loa.Item{Level: 1}, planned: at(2), key: key{Origin: Origin{KID: "a", Aud: "vn"}}},
		{item: loa.Item{Level: 1}, planned: at(2), key: key{Origin: Origin{KID: "b"}}},
		{item: loa.Item{Level: 0}, planned: at(0), lastTurn: 5},
		{item: loa.Item{Level: 0}, planned: at(0), lastTurn: 6},
	}
	for i := range list {
		for j := range list {
			assert.Equal(t, cmp.Compare(i, j), rank(list[i], list[j]), "%d and %d", i, j)
		}
	}
}

// TestStrangeAnswers: answers to nothing, twice and of other passes change
// nothing.
func TestStrangeAnswers(t *testing.T) {
	now := Now{Wall: morning, Trusted: true}
	s := New(Options{}, Memory{})
	s.Step(now, Ended{Play: 7})
	s.Step(now, Began{})
	s.Step(now, Output{Up: true})
	s.Step(now, Ended{Play: 0, Pass: 0})
	require.NoError(t, s.ApplyAir(now, Origin{}, &loa.Air{Items: []loa.AirItem{
		{Item: loa.Item{ID: "e", Class: loa.Emergency, Repeat: 1}, Tone: loa.Siren, End: morning.Add(time.Minute)},
	}}))
	s.Next()
	s.Step(now, Ended{Play: 1, Pass: 4})
	actions, _, _ := s.Next()
	assert.Empty(t, actions)
	_, on := s.Playing()
	assert.False(t, on, "nothing sounds before it began")
	s.Step(now, Began{Play: 1})
	playing, on := s.Playing()
	assert.True(t, on)
	assert.Equal(t, "e", playing.Item.ID)
	s.Step(now, Ended{Play: 1, Position: 6 * time.Second})
	s.Step(now, Ended{Play: 1, Position: 6 * time.Second})
	actions, _, ok := s.Next()
	require.Len(t, actions, 2, "one Done, one Persist")
	assert.Equal(t, loa.ResultPlayed, actions[0].(Done).Result)
	assert.False(t, ok, "nothing is planned any more")
}

// TestStoppedOnTheDevice: a pass that somebody ended at the device is closed
// as cut, and the schedule goes on.
func TestStoppedOnTheDevice(t *testing.T) {
	d := newDevice(morning, Options{})
	d.card(true)
	d.know("a", time.Minute)
	it := loa.PlanItem{Item: loa.Item{ID: "a", Repeat: 2, Media: []loa.Media{{SHA256: digest("a")}}}, Start: loa.LocalTime{Year: 2026, Month: 11, Day: 22, Hour: 5}}
	require.NoError(t, d.s.ApplyPlan(d.now(), Origin{KID: "local"}, &loa.Plan{Items: []loa.PlanItem{it}}))
	d.run(d.mono + time.Second)
	d.passes = nil
	d.step(Ended{Play: 1, Position: time.Second, Cause: EndStopped})
	require.Len(t, d.done, 1)
	assert.Equal(t, loa.ResultCut, d.done[0].Result)
}
