package device

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"loa"
	"loa/board"
	"loa/scheduler"
	"loa/speaker"
)

// pole is a device in virtual time, from 05:00, whose plan file names tin.mp3 at
// 05:30 each day, ten times over. Its library has all the sounds of the tests,
// as the cache of a device has those that were replaced.
type pole struct {
	*Virtual
	t   *testing.T
	dir string // of all the sounds
	log strings.Builder
}

// longer is 1.5 s of sound; those of testdata have half of that.
func longer(t *testing.T) []byte {
	t.Helper()
	return bytes.Repeat(sound(t, "mono44-notag.mp3"), 2)
}

func newPole(t *testing.T) *pole {
	b, err := board.Lookup("sim")
	require.NoError(t, err)
	p := &pole{t: t, dir: t.TempDir()}
	for name, b := range map[string][]byte{older: sound(t, "mono44-notag.mp3"), between: sound(t, "mono48-cbr64.mp3"), newer: longer(t)} {
		require.NoError(t, os.WriteFile(filepath.Join(p.dir, name), b, 0o600))
	}
	folder := OpenFolder(p.dir)
	_, err = folder.Scan()
	require.NoError(t, err)
	p.Virtual, err = NewVirtual(VirtualConfig{Board: b, Folder: folder, From: time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC),
		Log: slog.New(slog.DiscardHandler), Journal: &Lines{W: &p.log}, Pin: func(time.Duration, string, int) {},
		Sound: func(time.Duration, speaker.Format, []float32, bool) error { return nil }})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Close()) })
	return p
}

// read has the device read its plan file while tin.mp3 holds that sound.
func (p *pole) read(holds string, change ...string) {
	p.t.Helper()
	sha, err := hashFile(filepath.Join(p.dir, holds))
	require.NoError(p.t, err)
	text := fmt.Sprintf(`{"v":1,"zone":"UTC","items":[{"id":"tin","start":"2026-11-22T05:30:00","rrule":"FREQ=DAILY","repeat":10,"media":[{"file":"tin.mp3","sha256":%q}]}]}`, sha)
	plan, err := loa.ParsePlan([]byte(strings.NewReplacer(change...).Replace(text)))
	require.NoError(p.t, err)
	require.NoError(p.t, p.core.ApplyLocal(p.now(), plan))
}

// until lets time pass to a time of the day, or of the next.
func (p *pole) until(h, m, s int) {
	p.t.Helper()
	at := time.Duration(h-5)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second
	require.NoError(p.t, p.Advance(p.t.Context(), at))
}

// plays are the results and the tenths of a second of what played.
func (p *pole) plays() (out []string) {
	for line := range strings.Lines(p.log.String()) {
		var result string
		var frames int64
		if _, at, ok := strings.Cut(line, `"frames_played":`); ok {
			_, err := fmt.Sscanf(at, "%d", &frames)
			require.NoError(p.t, err)
		}
		if _, at, ok := strings.Cut(line, `"result":"`); ok {
			result, _, _ = strings.Cut(at, `"`)
			out = append(out, fmt.Sprintf("%s %.1f", result, float64(frames)/48000))
		}
	}
	return out
}

// What tin.mp3 holds at one time or another.
const (
	older   = "cu.mp3"
	between = "giua.mp3"
	newer   = "moi.mp3"
)

func TestAFileThatIsReplacedWhileItPlaysPlaysToItsEnd(t *testing.T) {
	whole := newPole(t)
	whole.read(older)
	whole.until(6, 0, 0)
	whole.read(newer)
	whole.until(30, 0, 0)
	require.Regexp(t, `^\[played 7\.\d played 1[45]\.\d\]$`, fmt.Sprint(whole.plays()))

	for name, at := range map[string][3]int{
		"before its first word": {5, 29, 59}, // the decoder is ahead already
		"in the first pass":     {5, 30, 0},
		"in a later one":        {5, 30, 4},
	} {
		p := newPole(t)
		p.read(older)
		p.until(at[0], at[1], at[2])
		p.read(newer)
		p.until(30, 0, 0)
		assert.Equal(t, whole.plays(), p.plays(), "%s: the old sound today, the new one tomorrow", name)
	}
}

func TestWhatWasInterruptedGoesOnWithTheSoundItBeganWith(t *testing.T) {
	run := func(replace bool) []string {
		p := newPole(t)
		p.read(older)
		p.until(5, 30, 3)
		siren := &loa.Air{Header: loa.Header{V: 1}, Items: []loa.AirItem{{
			Item: loa.Item{ID: "lu", Class: loa.Emergency}, End: p.cfg.From.Add(31 * time.Minute), Tone: loa.Siren}}}
		require.NoError(t, p.ApplyAir(scheduler.Origin{KID: "k"}, siren))
		p.until(5, 30, 20)
		if replace {
			p.read(newer)
		}
		p.until(6, 0, 0)
		return p.plays()
	}
	undisturbed := run(false)
	require.Len(t, undisturbed, 2)
	assert.Contains(t, undisturbed[1], "played ")
	assert.Equal(t, undisturbed, run(true))
}

func TestTheLastOfSeveralReplacementsCounts(t *testing.T) {
	p, want := newPole(t), newPole(t)
	p.read(older)
	p.until(5, 30, 1)
	p.read(between)
	p.until(5, 30, 2)
	p.read(newer)
	p.until(30, 0, 0)
	want.read(older)
	want.until(6, 0, 0)
	want.read(newer)
	want.until(30, 0, 0)
	assert.Equal(t, want.plays(), p.plays())
}

// Nothing that has begun has a say in what another item plays.
func TestAnotherItemHasTheNewSoundAtOnce(t *testing.T) {
	two := []string{`"items":[`, `"items":[{"id":"hai","start":"2026-11-22T05:31:00","media":[{"sha256":"` + strings.Repeat("0", 64) + `"}]},`}
	p := newPole(t)
	p.read(older, two...)
	p.until(5, 30, 1)
	sha, err := hashFile(filepath.Join(p.dir, newer))
	require.NoError(t, err)
	two[1] = strings.ReplaceAll(two[1], strings.Repeat("0", 64), sha)
	p.read(newer, two...)
	p.until(6, 0, 0)
	plays := p.plays()
	require.Len(t, plays, 2)
	assert.Contains(t, plays[0], "played ")
	assert.Contains(t, plays[1], "played 1.")
}

func TestAnItemThatIsTakenOutOrNamesAnotherFileStops(t *testing.T) {
	for _, change := range [][]string{{`"id":"tin"`, `"id":"khac"`}, {`"tin.mp3"`, `"khac.mp3"`}} {
		p := newPole(t)
		p.read(older)
		p.until(5, 30, 1)
		p.read(newer, change...)
		p.until(5, 35, 0)
		require.NotEmpty(t, p.plays())
		assert.Contains(t, p.plays()[0], "removed ", "%v", change)
		assert.Nil(t, p.core.local.next)
	}
}

func TestADeviceWhoseFileIsReplacedInPlayPlaysItToItsEnd(t *testing.T) {
	r := newRig(t, "")
	r.plan(3*time.Second, `,"repeat":4`)
	r.start()
	r.until("playing", playing)
	b := longer(t)
	r.write("sounds/tin.mp3", string(b))
	sha := fmt.Sprintf("%x", digest(b))
	st := r.until("read", func(loa.Status) bool {
		return strings.Contains(string(r.dev.load(keyNames)), sha)
	})
	assert.True(t, playing(st), "in the midst of it")
	p := r.await("play", ofType(loa.EventPlay)).detail.(loa.PlayRecord)
	assert.Equal(t, loa.ResultPlayed, p.Result, p.Reason)
	assert.Equal(t, p.FramesPlanned, p.FramesPlayed, "whole")
	assert.InDelta(t, 12, float64(p.FramesPlayed)/48000, 1)
}
