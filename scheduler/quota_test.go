package scheduler

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"loa"
)

// span is a stretch of sound on the wall clock.
type span struct{ from, to time.Time }

// sessionsOf joins sounds less than 5 min apart.
func sessionsOf(sounds []span) (out []span) {
	for _, s := range sounds {
		if n := len(out); n > 0 && s.from.Sub(out[n-1].to) < 5*time.Minute {
			out[n-1].to = s.to
			continue
		}
		out = append(out, s)
	}
	return out
}

// TestQuotas: counted from what was heard alone, no day has more sessions than
// the policy allows and none is longer, over restarts too.
func TestQuotas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		plan := w.plan()
		plan.Policy = &loa.Policy{MaxSessionsPerDay: rapid.IntRange(1, 3).Draw(t, "most"), MaxSession: loa.Duration(rapid.IntRange(1, 20).Draw(t, "long")) * loa.Duration(time.Minute)}
		var heard []span
		w.d.onStart, w.d.onDone, w.d.onEnd = nil, nil, func(p *pass) {
			if p.begun && p.Item.Class != loa.Emergency {
				heard = append(heard, span{w.d.base.Add(p.from), w.d.base.Add(p.to)})
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
		for range rapid.IntRange(1, 15).Draw(t, "events") {
			sounds := slices.ContainsFunc(w.d.passes, func(p *pass) bool { return p.begun })
			if rapid.IntRange(0, 2).Draw(t, "kind") == 0 && !sounds { // else nobody knows how long it went on
				w.d.restart(time.Duration(rapid.IntRange(0, 400).Draw(t, "off")) * time.Second)
				apply()
				continue
			}
			w.d.run(w.d.mono + time.Duration(rapid.IntRange(0, 8000).Draw(t, "run"))*time.Second)
		}
		require.Empty(t, w.d.trouble)
		perDay := map[string]int{}
		for _, s := range sessionsOf(heard) {
			perDay[s.from.In(w.zone()).Format(time.DateOnly)]++
			require.LessOrEqual(t, s.to.Sub(s.from), plan.Policy.MaxSession.Std()+limitGrace, "%v", w.d.log)
		}
		for day, n := range perDay {
			require.LessOrEqual(t, n, plan.Policy.MaxSessionsPerDay, "%s: %v", day, w.d.log)
		}
	})
}

// TestSessionIsWrittenBeforeItSounds: power lost in the first second of a
// session does not give it back.
func TestSessionIsWrittenBeforeItSounds(t *testing.T) {
	d := newDevice(morning, Options{Lead: 3 * time.Second})
	d.card(true)
	d.know("a", time.Minute)
	it := func(id string, hour int) loa.PlanItem {
		return loa.PlanItem{Item: loa.Item{ID: id, AfterCut: loa.Skip, Media: []loa.Media{{SHA256: digest("a")}}}, Start: loa.LocalTime{Year: 2026, Month: 11, Day: 22, Hour: hour}}
	}
	plan := &loa.Plan{Policy: &loa.Policy{MaxSessionsPerDay: 1}, Items: []loa.PlanItem{it("first", 6), it("second", 7)}}
	require.NoError(t, d.s.ApplyPlan(d.now(), Origin{KID: "local"}, plan))
	d.run(d.mono + time.Hour + time.Second)
	require.Len(t, d.passes, 1)

	d.restart(10 * time.Second)
	require.NoError(t, d.s.ApplyPlan(d.now(), Origin{KID: "local"}, plan))
	d.know("a", time.Minute)
	d.card(true)
	d.run(d.mono + 2*time.Hour)
	require.Len(t, d.done, 2)
	require.Equal(t, loa.ResultCut, d.done[0].Result)
	require.Equal(t, loa.ResultPolicy, d.done[1].Result, d.done[1].Reason)
}
