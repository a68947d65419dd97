package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"loa"
	"loa/speaker/wav"
)

const bulletin = "../../testdata/bulletin/ban-tin-sang.mp3"

// bulletinLength is what the decoder makes of it.
const bulletinLength = 17562 * time.Millisecond

// day is a folder to render in, with the bulletin as its only sound.
type day struct {
	t         testing.TB
	dir, sha  string
	plan, out string
	airs      []string
	stdout    bytes.Buffer
}

func newDay(t testing.TB) *day {
	t.Helper()
	d := &day{t: t, dir: t.TempDir()}
	b, err := os.ReadFile(bulletin)
	require.NoError(t, err)
	sum := sha256.Sum256(b)
	d.sha = hex.EncodeToString(sum[:])
	d.sound("any name at all.bin", b)
	d.out = filepath.Join(d.dir, "out")
	return d
}

func (d *day) sound(name string, b []byte) string {
	d.t.Helper()
	require.NoError(d.t, os.MkdirAll(filepath.Join(d.dir, "media"), 0o755))
	require.NoError(d.t, os.WriteFile(filepath.Join(d.dir, "media", name), b, 0o644))
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// write puts a document, in which SHA stands for the bulletin's digest.
func (d *day) write(name, doc string) string {
	d.t.Helper()
	path := filepath.Join(d.dir, name)
	require.NoError(d.t, os.WriteFile(path, []byte(strings.ReplaceAll(doc, "SHA", d.sha)), 0o644))
	return path
}

// items makes a plan of its items.
func (d *day) items(items string) { d.plan = d.write("plan.json", `{"v":1,"items":[`+items+`]}`) }

func (d *day) air(doc string) {
	d.airs = append(d.airs, d.write(fmt.Sprintf("air%d.json", len(d.airs)), doc))
}

func (d *day) render(from string, length time.Duration) int {
	d.t.Helper()
	args := []string{"render", "--plan", d.plan, "--media", filepath.Join(d.dir, "media"), "--from", from, "--for", length.String(), "--out", d.out}
	for _, a := range d.airs {
		args = append(args, "--air", a)
	}
	d.stdout.Reset()
	return program().Run(context.Background(), args, &d.stdout, &d.stdout)
}

// stretch is a row of sound.csv with its WAV.
type stretch struct {
	at, length time.Duration
	samples    []int16
	info       wav.Info
}

func (d *day) stretches() (out []stretch) {
	d.t.Helper()
	for _, row := range d.table("sound.csv") {
		ns, frames := number(d.t, row[0]), number(d.t, row[1])
		rate := number(d.t, row[2])
		info, samples, err := wav.ReadFile(filepath.Join(d.out, row[4]))
		require.NoError(d.t, err)
		require.Equal(d.t, int(frames)*info.Channels, len(samples), "sound.csv and %s agree", row[4])
		out = append(out, stretch{time.Duration(ns), time.Duration(frames * 1e9 / rate), samples, info})
	}
	return out
}

func (d *day) table(name string) [][]string {
	d.t.Helper()
	b, err := os.ReadFile(filepath.Join(d.out, name))
	require.NoError(d.t, err)
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	require.NoError(d.t, err)
	return rows[1:]
}

func number(t testing.TB, s string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(s, 10, 64)
	require.NoError(t, err)
	return n
}

// plays are the play events, in order.
func (d *day) plays() (out []loa.PlayRecord) {
	d.t.Helper()
	b, err := os.ReadFile(filepath.Join(d.out, "events.jsonl"))
	require.NoError(d.t, err)
	for line := range strings.Lines(string(b)) {
		var e struct {
			Type loa.EventType `json:"type"`
			loa.PlayRecord
		}
		require.NoError(d.t, json.Unmarshal([]byte(line), &e), line)
		if e.Type == loa.EventPlay {
			out = append(out, e.PlayRecord)
		}
	}
	return out
}

func TestABulletinPlaysOnTimeWithTheAmplifiersAroundIt(t *testing.T) {
	d := newDay(t)
	d.items(`{"id":"sang","start":"2026-11-22T05:30:00","media":[{"sha256":"SHA"}]}`)
	require.Zero(t, d.render("2026-11-22T05:00:00+07:00", time.Hour), d.stdout.String())

	s := d.stretches()
	require.Len(t, s, 1)
	assert.InDelta(t, 30*time.Minute, s[0].at, float64(time.Millisecond), "to the millisecond")
	assert.InDelta(t, bulletinLength, s[0].length, float64(100*time.Millisecond))

	pins := d.table("gpio.csv")
	assert.Equal(t, "0", pins[0][2], "off at the start")
	var on, off []string
	for _, p := range pins {
		at := time.Duration(number(t, p[0]))
		switch {
		case p[2] == "1":
			on = append(on, p[1])
			assert.LessOrEqual(t, at, s[0].at-300*time.Millisecond, "settled before the first word")
		case at > 0:
			off = append(off, p[1])
			assert.GreaterOrEqual(t, at, s[0].at+s[0].length, "on until after the last")
		}
	}
	require.Len(t, on, 2)
	require.Len(t, off, 2)
	assert.Equal(t, []string{on[1], on[0]}, off, "off in reverse")

	p := d.plays()
	require.Len(t, p, 1)
	assert.Equal(t, loa.ResultPlayed, p[0].Result)
	assert.Equal(t, s[0].length, time.Duration(p[0].FramesPlayed*1e9/48000))
	assert.Equal(t, 2, p[0].Amps)
}

func TestTheSameDayGivesTheSameBytes(t *testing.T) {
	d := newDay(t)
	d.items(`{"id":"sang","start":"2026-11-22T05:30:00","rrule":"FREQ=HOURLY;COUNT=3","media":[{"sha256":"SHA"}],"gain_db":-3.5}`)
	read := func() map[string]string {
		require.Zero(t, d.render("2026-11-22T05:00:00+07:00", 3*time.Hour), d.stdout.String())
		files := map[string]string{}
		all, err := filepath.Glob(filepath.Join(d.out, "*"))
		require.NoError(t, err)
		for _, f := range all {
			b, err := os.ReadFile(f)
			require.NoError(t, err)
			files[filepath.Base(f)] = string(b)
		}
		return files
	}
	first := read()
	require.Contains(t, first, "sound-0003.wav")
	d.out += "2"
	for name, b := range read() {
		assert.True(t, first[name] == b, "%s differs", name)
	}
}

func TestRepeatsHaveTheirGap(t *testing.T) {
	d := newDay(t)
	d.items(`{"id":"sang","start":"2026-11-22T05:30:00","media":[{"sha256":"SHA"}],"repeat":3,"gap":"PT5S"}`)
	require.Zero(t, d.render("2026-11-22T05:29:00+07:00", 5*time.Minute), d.stdout.String())
	s := d.stretches()
	require.Len(t, s, 3)
	for i := 1; i < 3; i++ {
		assert.InDelta(t, 5*time.Second, s[i].at-s[i-1].at-s[i-1].length, float64(30*time.Millisecond))
	}
	assert.Len(t, d.table("gpio.csv"), 6, "the relays do not click in a short gap: two taken, two on, two off")
}

func TestTwoMediaJoinWithoutAGap(t *testing.T) {
	d := newDay(t)
	d.items(`{"id":"sang","start":"2026-11-22T05:30:00","media":[{"sha256":"SHA"},{"sha256":"SHA"}]}`)
	require.Zero(t, d.render("2026-11-22T05:29:00+07:00", 5*time.Minute), d.stdout.String())
	s := d.stretches()
	require.Len(t, s, 1)
	assert.InDelta(t, 2*bulletinLength, s[0].length, float64(200*time.Millisecond))
}

func TestAnAlertCutsInAndTheBulletinGoesOnAfterIt(t *testing.T) {
	d := newDay(t)
	d.items(`{"id":"sang","start":"2026-11-22T05:30:00","media":[{"sha256":"SHA"}]}`)
	d.air(`{"v":1,"aud":"vn/x","iat":"2026-11-22T05:30:05+07:00","items":[{"id":"lu","class":"emergency","end":"2026-11-22T05:30:35+07:00","tone":"siren"}]}`)
	require.Zero(t, d.render("2026-11-22T05:29:00+07:00", 5*time.Minute), d.stdout.String())
	p := d.plays()
	require.Len(t, p, 2)
	assert.Equal(t, "lu", p[0].ID)
	assert.WithinDuration(t, time.Date(2026, 11, 21, 22, 30, 5, 0, time.UTC), p[0].Started, 300*time.Millisecond)
	assert.Equal(t, "sang", p[1].ID)
	assert.Equal(t, loa.ResultPlayed, p[1].Result)
	assert.InDelta(t, bulletinLength.Seconds(), float64(p[1].FramesPlayed)/48000, 0.2, "whole, in two parts")
}

func TestASirenNeedsNoSoundFileAndPassesQuietHours(t *testing.T) {
	d := newDay(t)
	d.plan = d.write("plan.json", `{"v":1,"policy":{"windows":[{"from":"05:30","to":"06:30"}]},"items":[
		{"id":"dem","start":"2026-11-22T03:15:00","media":[{"sha256":"SHA"}]}]}`)
	d.air(`{"v":1,"iat":"2026-11-22T03:20:00+07:00","items":[{"id":"lu","class":"emergency","end":"2026-11-22T03:20:20+07:00","tone":"siren"}]}`)
	require.Zero(t, d.render("2026-11-22T03:00:00+07:00", time.Hour), d.stdout.String())
	for _, s := range d.stretches() {
		assert.GreaterOrEqual(t, s.at, 20*time.Minute, "nobody is woken at 03:15")
	}
	assert.NotEmpty(t, d.stretches())
	p := d.plays()
	assert.Equal(t, loa.ResultPolicy, p[0].Result)
	assert.Contains(t, p[0].Reason, "window")
}

func TestAnAlertBringsItsMessageInline(t *testing.T) {
	d := newDay(t)
	d.items("")
	b, err := os.ReadFile("../../testdata/sound/mono48-cbr64.mp3")
	require.NoError(t, err)
	sum := sha256.Sum256(b)
	d.air(fmt.Sprintf(`{"v":1,"iat":"2026-11-22T05:00:10+07:00","items":[{"id":"lu","class":"emergency","end":"2026-11-22T05:01:10+07:00",
		"repeat":1,"media":[{"sha256":"%x","inline":"%s"}]}]}`, sum, base64.StdEncoding.EncodeToString(b)))
	require.Zero(t, d.render("2026-11-22T05:00:00+07:00", 2*time.Minute), d.stdout.String())
	require.Len(t, d.stretches(), 1)
	assert.Equal(t, loa.ResultPlayed, d.plays()[0].Result)
	assert.Positive(t, d.plays()[0].FramesPlayed)
}

func TestASilentDrillIsNoSound(t *testing.T) {
	d := newDay(t)
	d.items("")
	d.air(`{"v":1,"iat":"2026-11-22T05:00:10+07:00","items":[{"id":"thu","class":"emergency","end":"2026-11-22T05:00:40+07:00","tone":"siren","test":true}]}`)
	require.Zero(t, d.render("2026-11-22T05:00:00+07:00", 2*time.Minute), d.stdout.String())
	assert.Empty(t, d.stretches())
	for _, p := range d.table("gpio.csv") {
		assert.Equal(t, "0", p[2], "the amplifiers stay off")
	}
	require.Len(t, d.plays(), 1, "but it is reported")
}

func TestSoundsThatCannotBePlayedCostOnlyTheirItem(t *testing.T) {
	d := newDay(t)
	noise := d.sound("noise.mp3", bytes.Repeat([]byte("no sound at all "), 4000))
	d.items(`{"id":"hong","start":"2026-11-22T05:30:00","media":[{"sha256":"` + noise + `"}]},
		{"id":"thieu","start":"2026-11-22T05:30:00","late":"PT1M","media":[{"sha256":"` + strings.Repeat("0", 64) + `"}]},
		{"id":"tot","start":"2026-11-22T05:30:00","media":[{"sha256":"SHA"}]}`)
	require.Zero(t, d.render("2026-11-22T05:29:00+07:00", 15*time.Minute), d.stdout.String())
	results := map[string]loa.Result{}
	for _, p := range d.plays() {
		results[p.ID] = p.Result
	}
	assert.Equal(t, map[string]loa.Result{"hong": loa.ResultFailed, "thieu": loa.ResultMissing, "tot": loa.ResultPlayed}, results)
	s := d.stretches()
	require.Len(t, s, 1)
	assert.InDelta(t, time.Minute, s[0].at, float64(2*time.Second), "the good one does not wait")
}

func TestWhatIsWrongIsNamed(t *testing.T) {
	d := newDay(t)
	for _, c := range []struct{ name, plan, from, want string }{
		{"class", `{"v":1,"items":[{"id":"a","class":"urgent","start":"2026-11-22T05:30:00","media":[{"sha256":"SHA"}]}]}`, "2026-11-22T05:00:00Z", "items[0].class"},
		{"rrule", `{"v":1,"items":[{"id":"a","rrule":"FREQ=OFTEN","start":"2026-11-22T05:30:00","media":[{"sha256":"SHA"}]}]}`, "2026-11-22T05:00:00Z", "items[0].rrule"},
		{"no JSON", `hello`, "2026-11-22T05:00:00Z", "not a JSON object"},
		{"from", `{"v":1,"items":[]}`, "tomorrow", "RFC 3339"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d.plan = d.write("plan.json", c.plan)
			assert.Equal(t, 2, d.render(c.from, time.Hour))
			assert.Contains(t, d.stdout.String(), c.want)
		})
	}
}
