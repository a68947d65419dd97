package device

import (
	"bytes"
	"fmt"
	"io"
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
	"loa/store"
)

// morning is a virtual device whose plan has one item a minute from 05:01 on,
// one for each file, and the bulletin at the end. It returns the journal after
// all of them, and the seconds of sound that left.
func morning(t *testing.T, files map[string][]byte, order ...string) (journal string, seconds float64) {
	t.Helper()
	dir := t.TempDir()
	var items []string
	for i, name := range append(order, "tin.mp3") {
		items = append(items, fmt.Sprintf(`{"id":"%s","start":"2026-11-22T05:%02d:00","media":[{"file":"%s"}]}`, name, i+1, name))
		b, ok := files[name]
		if name == "tin.mp3" {
			b, ok = sound(t, "mono48-cbr64.mp3"), true
		}
		require.True(t, ok, name)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), b, 0o600))
	}
	path := filepath.Join(t.TempDir(), "plan.json")
	require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, `{"v":1,"zone":"UTC","items":[%s]}`, strings.Join(items, ",")), 0o600))
	folder := OpenFolder(dir)
	_, err := folder.Scan()
	require.NoError(t, err)
	plan, err := ReadPlan(path, folder)
	require.NoError(t, err)
	b, err := board.Lookup("sim")
	require.NoError(t, err)
	var log strings.Builder
	v, err := NewVirtual(VirtualConfig{Board: b, Folder: folder, From: time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC),
		Log: slog.New(slog.DiscardHandler), Journal: &Lines{W: &log}, Pin: func(time.Duration, string, int) {},
		Sound: func(_ time.Duration, f speaker.Format, frames []float32, _ bool) error {
			seconds += float64(len(frames)) / float64(f.Channels*f.Rate)
			return nil
		}})
	require.NoError(t, err)
	require.NoError(t, v.ApplyPlan(scheduler.Origin{KID: "local"}, plan))
	require.NoError(t, v.Advance(t.Context(), time.Duration(len(items)+2)*time.Minute))
	require.NoError(t, v.Close())
	return log.String(), seconds
}

// entry is the line of the journal that holds all the texts.
func entry(journal string, texts ...string) string {
next:
	for line := range strings.Lines(journal) {
		for _, text := range texts {
			if !strings.Contains(line, text) {
				continue next
			}
		}
		return line
	}
	return ""
}

func TestBadSoundsAreRefusedSkippedAndTheNextPlays(t *testing.T) {
	bad := map[string][]byte{
		"anh.mp3": filled(png), "rong.mp3": nil, "the.mp3": id3(4000, 4000), "cut.mp3": id3(5_000_000, 4000),
		"khong.mp3": make([]byte, 1<<20), "nhac.mp3": filled("fLaC\x00\x00\x00\x22"), "aac.mp3": sound(t, "aac.aac"),
	}
	codes := map[string]Refusal{
		"anh.mp3": RefusedContent, "rong.mp3": RefusedEmpty, "the.mp3": RefusedTags, "cut.mp3": RefusedTagLength,
		"khong.mp3": RefusedZeros, "nhac.mp3": RefusedCodec, "aac.mp3": RefusedCodec,
	}
	order := []string{"anh.mp3", "rong.mp3", "the.mp3", "cut.mp3", "khong.mp3", "nhac.mp3", "aac.mp3"}
	log, seconds := morning(t, bad, order...)
	for name, code := range codes {
		reason := judge(bad[name]).Reason()
		refused := entry(log, `"type":"refused"`, `"kind":"media"`, `"file":"`+name+`"`)
		assert.Contains(t, refused, `"code":"`+string(code)+`"`, log)
		assert.Contains(t, refused, `"reason":"`+reason+`"`)
		played := entry(log, `"type":"play"`, `"id":"`+name+`"`)
		assert.Contains(t, played, `"result":"failed"`, name)
		assert.Contains(t, played, reason, "the reason stands at its time too")
		assert.Equal(t, 1, strings.Count(log, `"kind":"media","sha256":"`+fmt.Sprintf("%x", digest(bad[name]))), "told once")
	}
	assert.Contains(t, entry(log, `"type":"fault"`, `"code":"media"`), "anh.mp3: sound anh.mp3 cannot be played: it is no sound but a picture (PNG) (and 6 more)")
	assert.Contains(t, entry(log, `"type":"play"`, `"id":"tin.mp3"`), `"result":"played"`)
	assert.InDelta(t, 0.7, seconds, 0.1, "the bulletin and nothing else")
}

func TestADamagedSoundPlaysAndTheDamageIsTold(t *testing.T) {
	b := sound(t, "mono44-cbr48.mp3")
	holed := bytes.Join([][]byte{b[:1500], make([]byte, 700), b[1500:]}, nil)
	log, seconds := morning(t, map[string][]byte{"hong.mp3": holed}, "hong.mp3")
	accepted := entry(log, `"type":"accepted"`, `"kind":"media"`, `"file":"hong.mp3"`)
	assert.Contains(t, accepted, "bytes are damaged and left out", log)
	assert.Contains(t, entry(log, `"type":"play"`, `"id":"hong.mp3"`), `"result":"played"`)
	assert.NotContains(t, log, `"code":"media"`, "no fault: it plays")
	assert.InDelta(t, 1.4, seconds, 0.2)
}

func TestWhatThePeopleMissedStandsInTheProofOfPlay(t *testing.T) {
	b := bytes.Clone(sound(t, "mono44-crc.mp3"))
	for i := len(b) / 2; i < len(b)/2+300; i++ {
		b[i] ^= 0x55
	}
	log, _ := morning(t, map[string][]byte{"hong.mp3": b}, "hong.mp3")
	played := entry(log, `"type":"play"`, `"id":"hong.mp3"`)
	assert.Contains(t, played, `"result":"played"`)
	assert.Regexp(t, `"concealed":[1-9]`, played)
	assert.NotContains(t, entry(log, `"type":"play"`, `"id":"tin.mp3"`), "concealed", "nothing was")
}

func TestTheLogThatIsAskedForShowsWhatWasConcealed(t *testing.T) {
	r := newRig(t, "")
	b := bytes.Clone(sound(t, "mono44-crc.mp3"))
	copy(b[len(b)/2:], make([]byte, 300))
	r.write("sounds/tin.mp3", string(b))
	r.plan(2*time.Second, "")
	r.start()
	p := r.await("play", ofType(loa.EventPlay)).detail.(loa.PlayRecord)
	assert.Equal(t, loa.ResultPlayed, p.Result, p.Reason)
	assert.Positive(t, p.Concealed)
	_, log := r.ask("GET", "/v1/log", "")
	assert.Contains(t, string(log), fmt.Sprintf(`"concealed":%d`, p.Concealed))
}

func TestEveryKindOfTheFieldPlays(t *testing.T) {
	names := []string{"mpeg2-24k.mp3", "mpeg2-22k.mp3", "mpeg25-11k.mp3", "free.mp3", "stereo44-vbr.mp3", "mono44-tags.mp3",
		"celt-48k.opus", "hybrid-24k.opus", "silk-12k.opus", "alaw.wav", "mp3.wav"}
	files := map[string][]byte{}
	for _, name := range names {
		files[name] = sound(t, name)
	}
	log, seconds := morning(t, files, names...)
	for _, name := range names {
		assert.Contains(t, entry(log, `"type":"play"`, `"id":"`+name+`"`), `"result":"played"`, log)
	}
	assert.NotContains(t, log, "refused")
	assert.NotContains(t, log, "media")
	assert.InDelta(t, 0.72*float64(len(names)+1), seconds, 0.6)
}

// A name says nothing: what is played is what the file holds.
func TestTheNameOfAFileDoesNotMatter(t *testing.T) {
	log, _ := morning(t, map[string][]byte{"loa.jpg": sound(t, "silk-12k.opus"), "loa.opus": sound(t, "mpeg2-24k.mp3")}, "loa.jpg", "loa.opus")
	assert.Equal(t, 3, strings.Count(log, `"result":"played"`), log)
}

func TestARefusedSoundDoesNotWearTheFlash(t *testing.T) {
	r := newRig(t, "")
	r.write("sounds/tin.mp3", string(filled(png)))
	r.plan(time.Hour, "")
	r.start()
	e := r.await("refusal", ofType(loa.EventRefused)).detail.(mediaDetail)
	assert.Equal(t, "tin.mp3", e.File)
	assert.Equal(t, RefusedContent, e.Code)
	fault := r.await("fault", ofType(loa.EventFault)).detail.(faultDetail)
	assert.Equal(t, faultDetail{"media", "tin: sound tin.mp3 cannot be played: it is no sound but a picture (PNG)"}, fault)
	st := r.status()
	assert.Equal(t, fault.Text, st.Faults[0].Text)
	assert.Equal(t, 1, st.Cache.Missing)
	d, err := store.ParseDigest(fmt.Sprintf("%x", digest(filled(png))))
	require.NoError(t, err)
	_, err = r.dev.store.Item(d)
	assert.ErrorIs(t, err, store.ErrNotFound)
	_, log := r.ask("GET", "/v1/log", "")
	assert.Contains(t, string(log), `"kind":"media"`)

	// The right file in its place ends it.
	r.write("sounds/tin.mp3", string(sound(t, "mono48-cbr64.mp3")))
	r.await("clear", ofType(loa.EventClear))
	r.until("cached", func(st loa.Status) bool { return st.Cache.Cached == 1 && len(st.Faults) == 0 })
}

func TestAFileTooLargeForTheDeviceSaysSo(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "lon.wav"), nil, 0o600))
	require.NoError(t, os.Truncate(filepath.Join(dir, "lon.wav"), 2<<30))
	folder := OpenFolder(dir)
	_, err := folder.Scan()
	require.NoError(t, err)
	var got []soundNews
	d := &Direct{Folder: folder, Report: func(s soundNews) { got = append(got, s) }}
	d.Want([]scheduler.Need{{Media: loa.Media{File: "lon.wav"}}}, time.Now())
	require.Len(t, got, 1)
	assert.Equal(t, "2048 MiB are too large; allowed: at most 64 MiB", got[0].Bad)
	assert.Equal(t, RefusedSize, got[0].Code)
	_, _, err = JudgeSound(folder, loa.Media{File: "lon.wav"})
	assert.EqualError(t, err, "lon.wav: 2048 MiB are too large; allowed: at most 64 MiB")
}

// The daemon's log says what became of a fault, and what it was.
func TestTheLogSaysThatAFaultCameAndWent(t *testing.T) {
	var log strings.Builder
	c := &Core{Parts: Parts{Log: slog.New(slog.NewTextHandler(&log, nil)), Journal: &Lines{W: io.Discard}}}
	c.faults.changed = c.faultChanged
	c.faults.set(time.Now(), faultMedia, "tin: sound tin.mp3 is not on this device")
	c.faults.set(time.Now(), faultMedia, "")
	assert.Contains(t, log.String(), `level=WARN msg="fault raised" code=media text="tin: sound tin.mp3 is not on this device"`)
	assert.Contains(t, log.String(), `level=INFO msg="fault cleared" code=media was="tin: sound tin.mp3 is not on this device"`)
}
