package scheduler

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"loa"
)

var update = flag.Bool("update", false, "rewrite the expected decisions in testdata/scenario")

// TestScenarios plays the scripts of testdata/scenario: blocks of a command
// (with a document, if it takes one), "----", and what the device then does,
// up to an empty line. The commands are those of script.do.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("../testdata/scenario/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			got, d := playScript(t, string(text))
			assert.Empty(t, d.trouble)
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
				return
			}
			assert.Equal(t, string(text), got)
		})
	}
}

// playScript runs a script and returns it with what happened.
func playScript(t *testing.T, text string) (string, *device) {
	sc := &script{t: t}
	var out strings.Builder
	for block := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n\n") {
		given, _, isBlock := strings.Cut(block, "\n----")
		if !isBlock {
			out.WriteString(block + "\n\n")
			continue
		}
		for line := range strings.SplitSeq(given, "\n") {
			if strings.HasPrefix(line, "#") {
				continue
			}
			sc.line(line)
		}
		sc.flush()
		out.WriteString(given + "\n----\n")
		for _, line := range sc.d.log {
			out.WriteString(line + "\n")
		}
		sc.d.log = nil
		out.WriteString("\n")
	}
	return strings.TrimRight(out.String(), "\n") + "\n", sc.d
}

// script carries out commands. A line that begins with { or a blank belongs to
// the document of the command before.
type script struct {
	t    *testing.T
	d    *device
	open string // command that takes a document
	doc  string
	docs []func() // to apply again after a restart
}

func (sc *script) line(line string) {
	if strings.HasPrefix(line, "{") || strings.HasPrefix(line, " ") || strings.HasPrefix(line, "}") {
		sc.doc += line
		return
	}
	sc.flush()
	sc.open = line
}

func (sc *script) flush() {
	if sc.open != "" {
		sc.do(sc.open, sc.doc)
	}
	sc.open, sc.doc = "", ""
}

func (sc *script) do(line, doc string) {
	word := strings.Fields(line)
	arg := func(i int) string { require.Greater(sc.t, len(word), i, line); return word[i] }
	d := sc.d
	switch word[0] {
	case "clock": // clock TIME [untrusted] [lead=D] [gain=DB] [emergency=DB] [saves]
		sc.begin(word[1:])
	case "sounds": // sounds NAME=LENGTH...: files that are here
		for _, w := range word[1:] {
			name, long, _ := strings.Cut(w, "=")
			d.know(name, sc.duration(long))
		}
	case "expect": // expect NAME=LENGTH...: files that exist, not here yet
		for _, w := range word[1:] {
			name, long, _ := strings.Cut(w, "=")
			d.lengths[name] = sc.duration(long)
		}
	case "short": // short NAME: it is here, of unknown length
		d.step(Sound{SHA256: digest(arg(1)), Ready: true})
	case "longer": // longer NAME=LENGTH: it will play longer than it says
		name, long, _ := strings.Cut(arg(1), "=")
		d.lengths[name] = sc.duration(long)
	case "bad": // bad NAME REASON
		d.lengths[arg(1)] = 0
		d.step(Sound{SHA256: digest(arg(1)), Bad: strings.Join(word[2:], " ")})
	case "plan": // plan KID: a document; "plan KID none" removes it
		sc.apply(func() { sc.plan(arg(1), len(word) > 2, doc) })
	case "air": // air KID AREA: a document; "air KID AREA none" removes it
		sc.apply(func() { sc.air(Origin{KID: arg(1), Aud: arg(2)}, len(word) > 3, doc) })
	case "for": // for D
		d.run(d.mono + sc.duration(arg(1)))
	case "until": // until TIME
		d.run(sc.time(arg(1)).Sub(d.base))
	case "step": // step D: the wall clock jumps
		d.stepClock(sc.duration(arg(1)))
	case "trust": // trust [TIME]: the clock can be believed, and shows TIME
		d.trusted = true
		if len(word) > 1 {
			d.base = sc.time(word[1]).Add(-d.mono)
		}
		d.step(Tick{})
	case "distrust":
		d.trusted = false
		d.step(Tick{})
	case "card": // card up|lost|flickers
		if arg(1) == "flickers" {
			d.flicker()
			return
		}
		d.card(arg(1) == "up")
	case "fail": // fail NAME|URL|live AFTER REASON...
		d.faults[arg(1)] = fault{after: sc.duration(arg(2)), err: strings.Join(word[3:], " "), left: 1}
	case "restart": // restart OFF-FOR [untrusted]
		sc.restart(sc.duration(arg(1)), len(word) < 3)
	case "configure": // configure gain=DB emergency=DB
		d.opt = sc.options(d.opt, word[1:])
		d.s.Configure(d.now(), d.opt)
		d.carryOut()
	case "upcoming":
		for _, u := range d.s.Upcoming(5) {
			d.write("upcoming %s at %s %s", u.Item.ID, u.Planned.In(d.zone).Format("02 15:04:05"), u.Blocked)
		}
	case "needs": // needs HORIZON
		for _, n := range d.s.Needs(sc.duration(arg(1))) {
			d.write("need %s for %s (%s) at %s, here: %t", d.name(n.Media), n.ItemID, n.Class, n.At.In(d.zone).Format("02 15:04:05"), n.Ready)
		}
	case "held":
		d.write("held: %t", d.s.Held())
	default:
		require.Fail(sc.t, "unknown command", line)
	}
}

func (sc *script) begin(word []string) {
	var o Options
	o = sc.options(o, word[1:])
	sc.d = newDevice(sc.time(word[0]), o)
	for _, w := range word[1:] {
		switch name, value, _ := strings.Cut(w, "="); name {
		case "untrusted":
			sc.d.trusted = false
		case "saves":
			sc.d.saves = true
		case "jitter":
			sc.d.jitter = sc.duration(value)
		}
	}
	sc.d.card(true)
}

func (sc *script) options(o Options, word []string) Options {
	for _, w := range word {
		name, value, _ := strings.Cut(w, "=")
		switch name {
		case "lead":
			o.Lead = sc.duration(value)
		case "gain":
			_, err := fmt.Sscan(value, &o.GainDB)
			require.NoError(sc.t, err)
		case "emergency":
			_, err := fmt.Sscan(value, &o.EmergencyGainDB)
			require.NoError(sc.t, err)
		case "untrustedplays":
			o.UntrustedPlays = true
		}
	}
	return o
}

func (sc *script) apply(f func()) {
	f()
	sc.docs = append(sc.docs, f)
}

// restart applies all documents again, in order, as a device does from disk.
func (sc *script) restart(off time.Duration, trusted bool) {
	d := sc.d
	d.trusted = trusted
	d.restart(off)
	log := d.log
	d.write("restarted")
	for _, f := range sc.docs {
		f()
	}
	_ = log
	for name, long := range d.lengths {
		d.s.sounds[digest(name)] = Sound{SHA256: digest(name), Ready: true, Duration: long}
	}
	d.step(Output{Up: true})
}

func (sc *script) plan(kid string, none bool, doc string) {
	from := Origin{KID: kid}
	if none {
		require.NoError(sc.t, sc.d.s.ApplyPlan(sc.d.now(), from, nil))
	} else {
		p, err := loa.ParsePlan([]byte(expand(sc.t, doc)))
		require.NoError(sc.t, err)
		if err := sc.d.s.ApplyPlan(sc.d.now(), from, p); err != nil {
			sc.d.write("refused: %v", err)
		}
	}
	sc.d.carryOut()
}

func (sc *script) air(from Origin, none bool, doc string) {
	if none {
		require.NoError(sc.t, sc.d.s.ApplyAir(sc.d.now(), from, nil))
	} else {
		a, err := loa.ParseAir([]byte(expand(sc.t, doc)))
		require.NoError(sc.t, err)
		require.NoError(sc.t, sc.d.s.ApplyAir(sc.d.now(), from, a))
	}
	sc.d.carryOut()
}

// expand lets scripts name sounds: "media":["a"] stands for the digest of a.
// The version need not be written.
func expand(t *testing.T, doc string) string {
	var m map[string]any
	require.NoError(t, json.Unmarshal([]byte(doc), &m), doc)
	m["v"] = 1
	items, _ := m["items"].([]any)
	for _, it := range items {
		media, _ := it.(map[string]any)["media"].([]any)
		for i, v := range media {
			if name, ok := v.(string); ok {
				media[i] = map[string]any{"sha256": digest(name)}
			}
		}
	}
	b, err := json.Marshal(m)
	require.NoError(t, err)
	return string(b)
}

func (sc *script) duration(s string) time.Duration {
	v, err := time.ParseDuration(s)
	require.NoError(sc.t, err)
	return v
}

// time reads RFC 3339, or a local time in the script's zone.
func (sc *script) time(s string) time.Time {
	if v, err := time.Parse(time.RFC3339, s); err == nil {
		return v.In(time.FixedZone("", 7*3600))
	}
	v, err := time.ParseInLocation("2006-01-02T15:04:05", s, time.FixedZone("", 7*3600))
	require.NoError(sc.t, err)
	return v
}
