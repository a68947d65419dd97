package scheduler

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"loa"
)

// world drives a device with random documents and mishaps and watches what
// must hold whatever happens.
type world struct {
	t       *rapid.T
	d       *device
	windows map[Origin][]loa.Window
	onAir   map[Origin]*loa.Air // what may be issued next
	mishap  time.Duration       // Mono of the last change that may leave something to be stopped
	run     int                 // restarts so far
	sounds  map[string]string
	open    map[string]bool // plays of this run without a Done
	missed  map[string]int
}

var morning = time.Date(2026, 11, 22, 5, 0, 0, 0, time.FixedZone("", 7*3600))

func newWorld(t *rapid.T) *world {
	o := Options{Lead: time.Duration(rapid.IntRange(0, 6).Draw(t, "lead")) * time.Second}
	w := &world{
		t: t, d: newDevice(morning, o), windows: map[Origin][]loa.Window{}, onAir: map[Origin]*loa.Air{}, sounds: map[string]string{},
		open: map[string]bool{}, missed: map[string]int{},
	}
	w.d.onStart, w.d.onDone, w.d.onEnd = w.started, w.done, w.ended
	w.d.card(true)
	for i := range 5 {
		w.d.know(fmt.Sprint("s", i), time.Duration(1+i*i*20)*time.Second)
	}
	return w
}

func (w *world) name(id PlayID) string { return fmt.Sprintf("run %d play %d", w.run, id) }

func (w *world) started(a Start) {
	w.open[w.name(a.Play)] = true
	if a.Item.Class == loa.Emergency {
		return
	}
	for _, p := range w.d.s.plays {
		if p.item.Class != loa.Emergency || p.state != waiting {
			continue
		}
		if from, ok := w.d.s.from(p); ok && from <= a.At {
			w.d.blame("emergency %s waits behind %s", p.item.ID, a.Item.ID)
		}
	}
}

func (w *world) done(a Done) {
	occurrence := fmt.Sprint(a.Origin, a.Item.ID, a.Planned.UnixMilli())
	if a.Play == 0 {
		if a.Result == loa.ResultMissed {
			w.missed[occurrence]++
		}
		if w.missed[occurrence] > 1 {
			w.d.blame("%s reported missed twice", occurrence)
		}
		return
	}
	if !w.open[w.name(a.Play)] {
		w.d.blame("done with %s, which is not open", w.name(a.Play))
	}
	delete(w.open, w.name(a.Play))
}

// ended looks at a pass that sounded: once for each occurrence, and not
// outside the windows.
func (w *world) ended(p *pass) {
	if !p.begun {
		return
	}
	key := fmt.Sprint(p.Origin, p.Item.ID, p.Planned.UnixMilli())
	if p.planned {
		if by := w.sounds[key]; by != "" && by != w.name(p.Play) {
			w.d.blame("%s sounded twice, as %s and as %s", key, by, w.name(p.Play))
		}
		w.sounds[key] = w.name(p.Play)
	}
	last := p.to - slowFade - limitGrace - 100*time.Millisecond
	if p.Item.Class == loa.Emergency || last < p.from || last < w.mishap {
		return
	}
	at := w.d.base.Add(last)
	for from, ws := range w.windows {
		if _, in := closing(ws, at.In(w.zone())); !in {
			w.d.blame("%s sounds at %s outside the windows of %s", p.Item.ID, at, from.KID)
		}
	}
}

func (w *world) zone() *time.Location {
	l, err := time.LoadLocation(loa.DefaultZone)
	require.NoError(w.t, err)
	return l
}

func (w *world) item(i int) loa.Item {
	t := w.t
	it := loa.Item{
		ID: fmt.Sprint("i", i), Class: loa.Class(rapid.IntRange(0, 2).Draw(t, "class")), Level: rapid.IntRange(0, 3).Draw(t, "level"),
		Repeat: rapid.IntRange(1, 3).Draw(t, "repeat"), Gap: loa.Duration(rapid.IntRange(0, 40).Draw(t, "gap")) * loa.Duration(time.Second),
		AfterCut: loa.AfterCut(rapid.IntRange(0, 2).Draw(t, "after cut")),
	}
	for range rapid.IntRange(1, 2).Draw(t, "media") {
		it.Media = append(it.Media, loa.Media{SHA256: digest(fmt.Sprint("s", rapid.IntRange(0, 5).Draw(t, "sound")))})
	}
	return it
}

func (w *world) plan() *loa.Plan {
	t := w.t
	p := &loa.Plan{Zone: loa.DefaultZone}
	if rapid.Bool().Draw(t, "policy") {
		p.Policy = w.policy()
	}
	for i := range rapid.IntRange(1, 6).Draw(t, "items") {
		it := loa.PlanItem{Item: w.item(i), Late: loa.Duration(rapid.IntRange(0, 1200).Draw(t, "late")) * loa.Duration(time.Second)}
		it.Start = loa.LocalTime{Year: 2026, Month: 11, Day: 22, Hour: rapid.IntRange(4, 8).Draw(t, "hour"), Minute: rapid.IntRange(0, 59).Draw(t, "minute"), Second: rapid.IntRange(0, 2).Draw(t, "second")}
		it.RRule = rapid.SampledFrom([]string{"", "", "FREQ=HOURLY;COUNT=5", "FREQ=DAILY", "FREQ=HOURLY;BYMINUTE=0,20,40"}).Draw(t, "rule")
		if rapid.IntRange(0, 5).Draw(t, "stream") == 0 {
			it.Media, it.Stream, it.Duration = nil, "http://x", loa.Duration(rapid.IntRange(1, 20).Draw(t, "minutes"))*loa.Duration(time.Minute)
			it.Fallback = "i0"
		}
		p.Items = append(p.Items, it)
	}
	return p
}

func (w *world) policy() *loa.Policy {
	t := w.t
	p := &loa.Policy{MaxSessionsPerDay: rapid.IntRange(0, 3).Draw(t, "sessions")}
	p.MaxSession = loa.Duration(rapid.SampledFrom([]int{0, 3, 15}).Draw(t, "session")) * loa.Duration(time.Minute)
	for range rapid.IntRange(0, 3).Draw(t, "windows") {
		from := loa.TimeOfDay(rapid.IntRange(4*60, 9*60).Draw(t, "from"))
		p.Windows = append(p.Windows, loa.Window{From: from, To: from + loa.TimeOfDay(rapid.IntRange(1, 90).Draw(t, "long"))})
	}
	return p
}

func (w *world) air() *loa.Air {
	t := w.t
	a := &loa.Air{}
	now := w.d.now().Wall.UTC()
	for i := range rapid.IntRange(0, 2).Draw(t, "on air") {
		it := loa.AirItem{Item: w.item(10 + i), Tone: loa.Tone(rapid.IntRange(0, 3).Draw(t, "tone"))}
		it.Repeat = rapid.IntRange(0, 2).Draw(t, "repeats")
		begin := now.Add(time.Duration(rapid.IntRange(-60, 60).Draw(t, "begins")) * time.Second)
		if rapid.Bool().Draw(t, "later") {
			it.Begin = begin
		}
		it.End = begin.Add(time.Duration(rapid.IntRange(1, 600).Draw(t, "lasts")) * time.Second)
		a.Items = append(a.Items, it)
	}
	if rapid.IntRange(0, 3).Draw(t, "silence") == 0 {
		from := now.Add(time.Duration(rapid.IntRange(-60, 60).Draw(t, "silent from")) * time.Second)
		a.Silence = append(a.Silence, loa.Silence{ID: "s", From: from, Until: from.Add(5 * time.Minute), MaxClass: loa.Class(rapid.IntRange(0, 2).Draw(t, "max class")), Level: rapid.IntRange(0, 3).Draw(t, "level")})
	}
	return a
}

// prolonged is a as it may be issued again: one item has another end.
func (w *world) prolonged(a *loa.Air) *loa.Air {
	again := *a
	again.Items = slices.Clone(a.Items)
	if len(again.Items) > 0 {
		again.Items[0].End = again.Items[0].End.Add(time.Duration(rapid.IntRange(-60, 60).Draw(w.t, "prolonged")) * time.Second)
	}
	return &again
}

func (w *world) origin() Origin {
	return Origin{KID: rapid.SampledFrom([]string{"local", "tinh", "xa"}).Draw(w.t, "origin")}
}

// happen lets one thing happen.
func (w *world) happen() {
	d := w.d
	kind := rapid.IntRange(0, 11).Draw(w.t, "kind")
	if kind != 0 {
		w.mishap = d.mono
	}
	switch kind {
	case 0, 1, 2:
		d.run(d.mono + time.Duration(rapid.IntRange(0, 4000).Draw(w.t, "run"))*time.Second)
	case 3, 4:
		from, p := w.origin(), w.plan()
		delete(w.windows, from)
		if p.Policy != nil && len(p.Policy.Windows) > 0 {
			w.windows[from] = p.Policy.Windows
		}
		require.NoError(w.t, d.s.ApplyPlan(d.now(), from, p))
		d.carryOut()
	case 5, 6:
		from := w.origin()
		a := w.onAir[from]
		if a == nil || kind == 5 {
			a = w.air()
		}
		w.onAir[from] = w.prolonged(a)
		require.NoError(w.t, d.s.ApplyAir(d.now(), from, a))
		d.carryOut()
	case 7:
		d.stepClock(time.Duration(rapid.IntRange(-5000, 5000).Draw(w.t, "step")) * time.Second)
	case 8:
		d.card(!d.up)
	case 9:
		d.trusted = !d.trusted
		d.step(Tick{})
	case 10:
		what := rapid.SampledFrom([]string{"http://x", "s1", "s3"}).Draw(w.t, "what")
		d.faults[what] = fault{after: time.Duration(rapid.IntRange(0, 30).Draw(w.t, "after")) * time.Second, err: "broken", left: 1}
	case 11:
		d.run(d.mono + time.Duration(rapid.IntRange(0, 40_000).Draw(w.t, "ms"))*time.Millisecond)
	}
	require.Empty(w.t, d.trouble, "%s", strings.Join(d.log, "\n"))
}

func (w *world) clear() {
	for _, kid := range []string{"local", "tinh", "xa"} {
		require.NoError(w.t, w.d.s.ApplyPlan(w.d.now(), Origin{KID: kid}, nil))
		require.NoError(w.t, w.d.s.ApplyAir(w.d.now(), Origin{KID: kid}, nil))
	}
	w.d.carryOut()
	w.d.run(w.d.mono + time.Minute)
}

// TestWhateverHappens: never two plays at once, no occurrence sounds as two
// plays, every play gets exactly one Done, a miss is reported once, emergencies
// wait behind nothing lower, nothing else sounds outside the windows, and each
// wake is in the future.
func TestWhateverHappens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		for range rapid.IntRange(1, 40).Draw(t, "events") {
			w.happen()
		}
		w.clear()
		require.Empty(t, w.d.trouble, "%v", w.d.log)
		require.Empty(t, w.open, "plays without a Done")
		require.Empty(t, w.d.s.plays)
		_, _, ok := w.d.s.Next()
		require.False(t, ok, "nothing is planned, and yet a wake is asked for")
	})
}

// TestNothingStillDueIsSkipped: however the clock steps, in the end each
// occurrence that is still due then, or comes later, sounds once.
func TestNothingStillDueIsSkipped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		late := time.Duration(rapid.IntRange(60, 3000).Draw(t, "late")) * time.Second
		it := loa.PlanItem{
			Item: loa.Item{ID: "n", Repeat: 1, Media: []loa.Media{{SHA256: digest("s1")}}}, RRule: "FREQ=HOURLY", Late: loa.Duration(late),
			Start: loa.LocalTime{Year: 2026, Month: 11, Day: 20, Hour: 0, Minute: 30},
		}
		require.NoError(t, w.d.s.ApplyPlan(w.d.now(), Origin{KID: "local"}, &loa.Plan{Zone: loa.DefaultZone, Items: []loa.PlanItem{it}}))
		for range rapid.IntRange(1, 8).Draw(t, "steps") {
			w.d.run(w.d.mono + time.Duration(rapid.IntRange(0, 4000).Draw(t, "run"))*time.Second)
			w.d.stepClock(time.Duration(rapid.IntRange(-200_000, 200_000).Draw(t, "step")) * time.Second)
		}
		from := w.d.now().Wall
		w.d.run(w.d.mono + 6*time.Hour)
		for at := from.Add(-late).Truncate(time.Hour).Add(30 * time.Minute); at.Before(from.Add(5 * time.Hour)); at = at.Add(time.Hour) {
			if at.Add(late).Before(from.Add(30*time.Second)) || // the one before may still sound
				at.Before(morning.AddDate(0, 0, -2).Add(-4*time.Hour)) {
				continue
			}
			require.NotEmpty(t, w.sounds[fmt.Sprint(Origin{KID: "local"}, "n", at.UnixMilli())], "%s did not sound; %v", at, w.d.log)
		}
		require.Empty(t, w.d.trouble)
	})
}
