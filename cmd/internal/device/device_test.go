package device

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"loa"
	"loa/board"
	"loa/gpio"
	"loa/scheduler"
	"loa/speaker"
	"loa/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bulletin is 0.75 s of sound; the plans of the tests play it four times.
const bulletin = "../../../testdata/sound/mono48-cbr64.mp3"

// rig is a real device in real time: board sim, sound into nothing.
type rig struct {
	t      testing.TB
	dir    string
	dev    *Device
	stop   context.CancelFunc
	ended  chan error
	mu     sync.Mutex
	events []event
	more   chan struct{}
	pins   []string
	age    time.Duration
}

// event is one entry of the log as the rig keeps it.
type event struct {
	typ    loa.EventType
	detail any
}

func newRig(t testing.TB, config string) *rig {
	t.Helper()
	r := &rig{t: t, dir: t.TempDir(), ended: make(chan error, 1), more: make(chan struct{}, 1)}
	require.NoError(t, os.Mkdir(filepath.Join(r.dir, "sounds"), 0o755))
	b, err := os.ReadFile(bulletin)
	require.NoError(t, err)
	r.write("sounds/tin.mp3", string(b))
	if config == "" {
		config = "[audio]\noutput = \"null\"\n[local]\nplan = \"plan.json\"\nmedia_dir = \"sounds\"\n"
	}
	r.write("speakerd.toml", "data_dir = \"state\"\nboard = \"sim\"\n"+config)
	return r
}

// write makes a file, a sound as one that was copied a while ago.
func (r *rig) write(name, text string) {
	r.t.Helper()
	path := filepath.Join(r.dir, name)
	require.NoError(r.t, os.WriteFile(path, []byte(text), 0o644))
	if strings.HasPrefix(name, "sounds/") {
		r.age -= time.Second // so that each is another file for who looks at times
		old := time.Now().Add(r.age - time.Hour)
		require.NoError(r.t, os.Chtimes(path, old, old))
	}
}

// plan writes a plan whose one item starts after the given time.
func (r *rig) plan(after time.Duration, extra string) {
	zone, err := time.LoadLocation(loa.DefaultZone)
	require.NoError(r.t, err)
	r.write("plan.json", fmt.Sprintf(`{"v":1,"items":[{"id":"tin","start":%q,"media":[{"file":"tin.mp3"},{"file":"tin.mp3"},{"file":"tin.mp3"},{"file":"tin.mp3"}]%s}]}`,
		time.Now().Add(after).In(zone).Format("2006-01-02T15:04:05"), extra))
}

// start runs the device until the test ends.
func (r *rig) start() {
	r.t.Helper()
	cfg, err := LoadConfig(filepath.Join(r.dir, "speakerd.toml"))
	require.NoError(r.t, err)
	b, err := FindBoard(cfg, os.DirFS("/"))
	require.NoError(r.t, err)
	r.run(cfg, b)
}

func (r *rig) run(cfg Config, b board.Board) {
	r.dev = New(cfg, b, slog.New(slog.DiscardHandler))
	r.dev.Tee = r
	r.dev.Pin = r.pin
	ctx, stop := context.WithCancel(r.t.Context())
	r.stop = stop
	go func() { r.ended <- r.dev.Run(ctx) }()
	r.t.Cleanup(r.end)
	select {
	case <-r.dev.Ready():
	case err := <-r.ended:
		require.FailNow(r.t, "the device does not start", "%v", err)
	}
}

// until asks for the status until it fits.
func (r *rig) until(what string, fits func(loa.Status) bool) loa.Status {
	r.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		if st := r.status(); fits(st) {
			return st
		}
	}
	require.FailNow(r.t, "never "+what, "%+v", r.status())
	return loa.Status{}
}

func playing(st loa.Status) bool { return st.State == loa.StatePlaying }

// end stops the device and waits for it.
func (r *rig) end() {
	r.t.Helper()
	if r.stop == nil {
		return
	}
	r.stop()
	r.stop = nil
	assert.NoError(r.t, <-r.ended)
}

func (r *rig) pin(line string, value int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pins = append(r.pins, fmt.Sprintf("%s=%d", line, value))
}

// Record is the device's Tee.
func (r *rig) Record(_ time.Time, typ loa.EventType, detail any) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, event{typ, detail})
	select {
	case r.more <- struct{}{}:
	default:
	}
	return nil
}

// await waits for the first event that fits.
func (r *rig) await(what string, fits func(event) bool) event {
	r.t.Helper()
	for deadline := time.After(time.Minute); ; {
		r.mu.Lock()
		for _, e := range r.events {
			if fits(e) {
				r.mu.Unlock()
				return e
			}
		}
		r.mu.Unlock()
		select {
		case <-r.more:
		case err := <-r.ended:
			require.FailNow(r.t, "the device ended", "while waiting for %s: %v", what, err)
		case <-deadline:
			require.FailNow(r.t, "no "+what, "%+v", r.events)
		}
	}
}

func ofType(typ loa.EventType) func(event) bool {
	return func(e event) bool { return e.typ == typ }
}

// ask sends one request to the device's socket.
func (r *rig) ask(method, path, body string) (int, []byte) {
	r.t.Helper()
	tr := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", filepath.Join(r.dir, "state", "speakerd.sock"))
	}}
	req, err := http.NewRequestWithContext(r.t.Context(), method, "http://speakerd"+path, strings.NewReader(body))
	require.NoError(r.t, err)
	resp, err := (&http.Client{Transport: tr}).Do(req)
	require.NoError(r.t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(r.t, err)
	return resp.StatusCode, b
}

func (r *rig) status() (st loa.Status) {
	r.t.Helper()
	code, b := r.ask(http.MethodGet, "/v1/status", "")
	require.Equal(r.t, http.StatusOK, code, string(b))
	require.NoError(r.t, json.Unmarshal(b, &st))
	return st
}

func TestABulletinPlaysFromTheCache(t *testing.T) {
	r := newRig(t, "")
	r.plan(2*time.Second, "")
	r.start()
	e := r.await("play", ofType(loa.EventPlay))
	p := e.detail.(loa.PlayRecord)
	assert.Equal(t, loa.ResultPlayed, p.Result, p.Reason)
	assert.Equal(t, 2, p.Amps)
	assert.Equal(t, p.FramesPlanned, p.FramesPlayed, "whole")
	assert.InDelta(t, 3, float64(p.FramesPlayed)/48000, 0.5)
	assert.NotNil(t, p.RMSdBFS)

	st := r.status()
	assert.Positive(t, st.Storage.Used)
	r.end()
	last := map[string]string{}
	for _, p := range r.pins {
		last[p[:1]] = p[2:]
	}
	assert.Equal(t, map[string]string{"0": "0", "1": "0"}, last, "off at the end: %v", r.pins)
}

func TestStoppingInTheMiddleSwitchesOff(t *testing.T) {
	r := newRig(t, "")
	r.plan(time.Second, "")
	r.start()
	r.until("playing", playing)
	r.end()
	assert.Equal(t, []string{"1=0", "0=0"}, r.pins[len(r.pins)-2:], "in reverse: %v", r.pins)
}

func TestARestartInTheMiddlePlaysItAgainAndLaterNotTwice(t *testing.T) {
	r := newRig(t, "")
	r.plan(time.Second, "")
	r.start()
	r.until("playing", playing)
	r.end()
	r.events = nil
	r.start()
	p := r.await("play", ofType(loa.EventPlay)).detail.(loa.PlayRecord)
	assert.Equal(t, loa.ResultPlayed, p.Result)
	r.end()
	r.events = nil
	r.start()
	r.await("plan", ofType(loa.EventAccepted))
	assert.Empty(t, r.status().Playing)
	code, b := r.ask(http.MethodGet, "/v1/plan", "")
	assert.Equal(t, http.StatusOK, code)
	assert.JSONEq(t, "[]", string(b), "nothing comes any more")
}

func TestAWrongPlanLeavesTheOldOneInForce(t *testing.T) {
	r := newRig(t, "")
	r.plan(time.Hour, "")
	r.start()
	r.await("plan", ofType(loa.EventAccepted))
	r.write("plan.json", `{"v":1,"items":[{"id":"tin","class":"urgent","start":"2026-01-01T00:00:00","media":[{"file":"tin.mp3"}]}]}`)
	r.await("refusal", ofType(loa.EventRefused))
	st := r.status()
	require.Len(t, st.Faults, 1)
	assert.Equal(t, "plan", st.Faults[0].Code)
	assert.Contains(t, st.Faults[0].Text, `items[0].class: "urgent" is not allowed; allowed: "normal", "priority" or "emergency"`)
	require.NotNil(t, st.Next)
	assert.Equal(t, "tin", st.Next.ID)

	r.plan(2*time.Hour, "")
	r.await("clear", ofType(loa.EventClear))
	assert.Empty(t, r.status().Faults)
}

func TestAMissingPlanIsAFaultAndTheDeviceStaysUp(t *testing.T) {
	r := newRig(t, "")
	r.start()
	e := r.await("fault", ofType(loa.EventFault)).detail.(faultDetail)
	assert.Equal(t, "plan", e.Code)
	assert.Contains(t, e.Text, "write the plan there")
}

func TestAMissingSoundIsNamed(t *testing.T) {
	r := newRig(t, "")
	r.plan(time.Hour, `,"gain_db":1`)
	text, err := os.ReadFile(filepath.Join(r.dir, "plan.json"))
	require.NoError(t, err)
	r.write("plan.json", strings.ReplaceAll(string(text), "tin.mp3", "khong-co.mp3"))
	r.start()
	e := r.await("fault", ofType(loa.EventFault)).detail.(faultDetail)
	assert.Equal(t, faultDetail{"media", "tin: sound khong-co.mp3 is not on this device"}, e)
	b, err := os.ReadFile(bulletin)
	require.NoError(t, err)
	r.write("sounds/khong-co.mp3", string(b))
	r.await("clear", ofType(loa.EventClear))
	r.until("cached", func(st loa.Status) bool { return st.Cache == loa.Cache{Items: 1, Cached: 1} })
}

func TestTheSelftestSoundsEachAmplifier(t *testing.T) {
	r := newRig(t, "[audio]\noutput = \"null\"\n")
	r.start()
	r.await("boot", ofType(loa.EventBoot))
	code, b := r.ask(http.MethodPost, "/v1/selftest", "")
	require.Equal(t, http.StatusOK, code, string(b))
	var rep SelftestReport
	require.NoError(t, json.Unmarshal(b, &rep))
	assert.True(t, rep.OK, string(b))
	var amps []string
	for _, l := range rep.Lines {
		if l.Check == "amplifier" {
			amps = append(amps, l.Label)
			assert.Contains(t, l.Detail, "48000 frames")
		}
	}
	assert.Len(t, amps, 2)
	r.end()
	assert.Equal(t, []string{"0=0", "1=0", "0=1", "0=0", "1=1", "1=0"}, r.pins[:6], "one alone after the other")
}

func TestTheSelftestIsRefusedWhileSomethingPlays(t *testing.T) {
	r := newRig(t, "")
	r.plan(time.Second, "")
	r.start()
	r.until("playing", playing)
	code, b := r.ask(http.MethodPost, "/v1/selftest", "")
	assert.Equal(t, http.StatusConflict, code)
	assert.Contains(t, string(b), `\"tin\" is playing; try again after it`)
}

func TestAClockOutOfRangeIsRefused(t *testing.T) {
	r := newRig(t, "")
	r.start()
	for body, want := range map[string]string{
		`{"time":"1970-01-01T00:00:00Z"}`: "allowed",
		`{"time":"2400-01-01T00:00:00Z"}`: "allowed",
		`{"time":"tomorrow"}`:             "RFC 3339",
		`nonsense`:                        "RFC 3339",
	} {
		r.await("boot", ofType(loa.EventBoot))
		code, b := r.ask(http.MethodPost, "/v1/clock", body)
		assert.Equal(t, http.StatusBadRequest, code, body)
		assert.Contains(t, string(b), want)
	}
}

func TestTwoDaemonsDoNotShareASocket(t *testing.T) {
	r := newRig(t, "")
	r.start()
	r.await("boot", ofType(loa.EventBoot))
	_, err := listenUnix(filepath.Join(r.dir, "state", "speakerd.sock"))
	assert.ErrorContains(t, err, "another speakerd answers there")
}

func TestTheSocketDoesNotReplaceAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "speakerd.toml")
	require.NoError(t, os.WriteFile(path, []byte("precious"), 0o600))
	_, err := listenUnix(path)
	assert.ErrorContains(t, err, "name another path")
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "precious", string(b))
}

// The status is made while plans come and go.
func TestTheStatusMayBeAskedAtAnyTime(t *testing.T) {
	r := newRig(t, "")
	r.start()
	zone, err := time.LoadLocation(loa.DefaultZone)
	require.NoError(t, err)
	for i := range 20 {
		y, m, d := time.Now().AddDate(0, 0, i+1).In(zone).Date()
		plan, err := loa.ParsePlan(fmt.Appendf(nil, `{"v":1,"seq":%d,"items":[{"id":"a","start":"%04d-%02d-%02dT05:30:00","media":[{"sha256":"%064d"}]}]}`, i+1, y, m, d, i))
		require.NoError(t, err)
		r.dev.plans <- localPlan{plan: plan}
		r.status()
	}
	st := r.until("the last plan", func(st loa.Status) bool { return st.Have.Plan["local"] == 20 })
	assert.Equal(t, "a", st.Next.ID)
}

func TestASoundThatWasEvictedIsFetchedAgain(t *testing.T) {
	r := newRig(t, "")
	r.plan(time.Hour, "")
	r.start()
	r.until("cached", func(st loa.Status) bool { return st.Cache.Cached == 1 })
	sha, err := hashFile(bulletin)
	require.NoError(t, err)
	d, err := store.ParseDigest(sha)
	require.NoError(t, err)
	require.NoError(t, r.dev.store.Remove(d))
	r.dev.cache.rescan()
	r.until("cached again", func(loa.Status) bool {
		it, err := r.dev.store.Item(d)
		return err == nil && it.Verified
	})
}

func TestAFileThatChangedIsNotPlayedForAnother(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tin.mp3")
	require.NoError(t, os.WriteFile(path, []byte("one sound"), 0o600))
	sha, err := hashFile(path)
	require.NoError(t, err)
	f, err := openVerified(path, sha)
	require.NoError(t, err)
	b, err := io.ReadAll(f)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	assert.Equal(t, "one sound", string(b))
	require.NoError(t, os.WriteFile(path, []byte("two sound"), 0o600))
	_, err = openVerified(path, sha)
	assert.ErrorContains(t, err, "has changed since")
}

func TestAFileThatIsGoneKeepsItsSound(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tin.mp3"), []byte("sound"), 0o600))
	f := OpenFolder(dir)
	_, err := f.Scan()
	require.NoError(t, err)
	sha, ok := f.Digest("tin.mp3")
	require.True(t, ok)
	require.NoError(t, os.Remove(filepath.Join(dir, "tin.mp3")))
	_, err = f.Scan()
	require.NoError(t, err)
	again, ok := f.Digest("tin.mp3")
	assert.True(t, ok)
	assert.Equal(t, sha, again)

	after := OpenFolder(dir)
	after.Remember(f.Names())
	again, _ = after.Digest("tin.mp3")
	assert.Equal(t, sha, again, "after a restart too")
}

func TestAnEmergencyDoesNotWaitForTheDisk(t *testing.T) {
	var order []string
	b, err := board.Lookup("sim")
	require.NoError(t, err)
	v, err := NewVirtual(VirtualConfig{Board: b, Folder: OpenFolder(""), From: time.Now(), Log: slog.New(slog.DiscardHandler),
		Journal: &Lines{W: io.Discard},
		Pin: func(_ time.Duration, line string, value int) {
			order = append(order, fmt.Sprint("line ", line, "=", value))
		},
		Sound: func(time.Duration, speaker.Format, []float32, bool) error { return nil }})
	require.NoError(t, err)
	v.core.SaveMemory = func(scheduler.Memory) error { order = append(order, "disk"); return nil }
	require.NoError(t, v.Advance(t.Context(), time.Second))
	order = nil
	air := &loa.Air{Header: loa.Header{V: 1}, Items: []loa.AirItem{{
		Item: loa.Item{ID: "lu", Class: loa.Emergency}, End: v.cfg.From.Add(time.Minute), Tone: loa.Siren}}}
	require.NoError(t, v.ApplyAir(scheduler.Origin{KID: "k"}, air))
	require.NoError(t, v.Advance(t.Context(), 2*time.Second))
	require.Contains(t, order, "disk")
	assert.Equal(t, "line 0=1", order[0], "%v", order)
}

func TestAMissingSoundCardIsAFaultAndThePlayIsLate(t *testing.T) {
	r := newRig(t, "[audio]\noutput = \"alsa:no such card\"\n[local]\nplan = \"plan.json\"\nmedia_dir = \"sounds\"\n")
	r.plan(2*time.Second, `,"late":"PT4S"`)
	r.start()
	e := r.await("fault", ofType(loa.EventFault)).detail.(faultDetail)
	assert.Equal(t, "sound-card", e.Code)
	assert.Contains(t, e.Text, "no such card")
	p := r.await("play", ofType(loa.EventPlay)).detail.(loa.PlayRecord)
	assert.Equal(t, loa.ResultFailed, p.Result)
	assert.Zero(t, p.FramesPlayed)
	assert.False(t, r.status().Audio.Open)
	for _, pin := range r.pins {
		assert.Contains(t, pin, "=0", "no amplifier comes on for nothing")
	}
}

// systemd is told that the device is ready, that it lives, and that it ends.
func TestSystemdIsTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	require.NoError(t, err)
	defer l.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	t.Setenv("WATCHDOG_USEC", "3000000")
	r := newRig(t, "[audio]\noutput = \"null\"\n")
	r.start()
	heard := func() string {
		require.NoError(t, l.SetReadDeadline(time.Now().Add(time.Minute)))
		b := make([]byte, 4096)
		n, err := l.Read(b)
		require.NoError(t, err)
		return string(b[:n])
	}
	assert.Contains(t, heard(), "READY=1")
	assert.Equal(t, "WATCHDOG=1", heard())
	assert.Equal(t, "WATCHDOG=1", heard(), "again and again")
	r.end()
	last := heard()
	for last == "WATCHDOG=1" {
		last = heard()
	}
	assert.Equal(t, "STOPPING=1", last)
}

// A file takes the place of the watchdog's device: what is written there is
// what the driver would get.
func TestTheHardwareWatchdogIsFedAndLetGo(t *testing.T) {
	r := newRig(t, "[audio]\noutput = \"null\"\n[watchdog]\ndevice = \"watchdog\"\n")
	r.write("watchdog", "")
	text, err := os.ReadFile(filepath.Join(r.dir, "speakerd.toml"))
	require.NoError(t, err)
	r.write("speakerd.toml", strings.ReplaceAll(string(text), "\"watchdog\"", fmt.Sprintf("%q", filepath.Join(r.dir, "watchdog"))))
	r.start()
	fed := func() []byte {
		b, err := os.ReadFile(filepath.Join(r.dir, "watchdog"))
		require.NoError(t, err)
		return b
	}
	r.until("fed twice", func(loa.Status) bool { return len(fed()) >= 2 })
	r.end()
	assert.Equal(t, byte('V'), fed()[len(fed())-1], "the magic character: an orderly end does not reset the board")
}

// A chip that is missing at first does not keep the bulletin from its time; the
// relays join when it comes.
func TestAMissingGPIOChipIsAFaultAndTheSoundGoesOn(t *testing.T) {
	b, err := board.Lookup("sim")
	require.NoError(t, err)
	folder := OpenFolder("../../../testdata/sound")
	_, err = folder.Scan()
	require.NoError(t, err)
	sha, err := hashFile(bulletin)
	require.NoError(t, err)
	var log strings.Builder
	from := time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC)
	v, err := NewVirtual(VirtualConfig{Board: b, Folder: folder, From: from, Log: slog.New(slog.DiscardHandler), Journal: &Lines{W: &log},
		Pin:   func(time.Duration, string, int) {},
		Sound: func(time.Duration, speaker.Format, []float32, bool) error { return nil }})
	require.NoError(t, err)
	missing := true
	fake := &gpio.Fake{FailOpen: func(string) error {
		if missing {
			return gpio.ErrNoChip
		}
		return nil
	}}
	amps, err := amplifiers(b, fake)
	require.NoError(t, err)
	v.core.Amps, v.core.player.amps = amps, newAmpBank(amps, slog.New(slog.DiscardHandler))
	plan, err := loa.ParsePlan(fmt.Appendf(nil, `{"v":1,"zone":"UTC","items":[{"id":"a","start":"2026-11-22T05:00:30","rrule":"FREQ=HOURLY;COUNT=2","media":[{"sha256":"%s"}]}]}`, sha))
	require.NoError(t, err)
	require.NoError(t, v.ApplyPlan(scheduler.Origin{KID: "local"}, plan))
	require.NoError(t, v.Advance(t.Context(), time.Minute))
	assert.Contains(t, log.String(), `"code":"gpio"`)
	assert.Contains(t, log.String(), `"frames_played":0,"amps":0,"result":"played"`, "played, and honest about who heard it")
	missing = false
	require.NoError(t, v.Advance(t.Context(), 2*time.Hour))
	assert.Contains(t, log.String(), `"type":"clear","code":"gpio"`)
	assert.Contains(t, log.String(), `"amps":2,"result":"played"`)
}

func TestTheSocketIsForItsOwnerOnly(t *testing.T) {
	r := newRig(t, "")
	r.start()
	r.await("boot", ofType(loa.EventBoot))
	r.status()
	info, err := os.Stat(filepath.Join(r.dir, "state", "speakerd.sock"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestADiskThatTakesNothingStillPlays(t *testing.T) {
	r := newRig(t, "")
	r.plan(2*time.Second, "")
	// A file stands where the folder must be: neither database can be had.
	r.write("state", "in the way")
	text, err := os.ReadFile(filepath.Join(r.dir, "speakerd.toml"))
	require.NoError(t, err)
	r.write("speakerd.toml", "socket = \""+filepath.Join(r.dir, "s.sock")+"\"\n"+string(text))
	r.start()
	p := r.await("play", ofType(loa.EventPlay)).detail.(loa.PlayRecord)
	assert.Equal(t, loa.ResultPlayed, p.Result, p.Reason)
}

func TestAPanicOfTheControlGoroutineSwitchesOffFirst(t *testing.T) {
	r := newRig(t, "")
	r.plan(time.Second, "")
	cfg, err := LoadConfig(filepath.Join(r.dir, "speakerd.toml"))
	require.NoError(t, err)
	b, err := FindBoard(cfg, os.DirFS("/"))
	require.NoError(t, err)
	r.dev = New(cfg, b, slog.New(slog.DiscardHandler))
	r.dev.Pin, r.dev.Tee = r.pin, r
	errBoom := errors.New("boom")
	go func() {
		defer func() {
			err, _ := recover().(error)
			r.ended <- err
		}()
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		require.NoError(t, r.dev.open())
		go func() {
			for r.dev.ask(ctx, func(instant) {
				if _, ok := r.dev.core.player.sounding(); ok {
					panic(errBoom)
				}
			}) == nil {
			}
		}()
		go r.dev.speaker.Run(ctx, r.dev.output) //nolint:errcheck
		go r.dev.cache.run(ctx)                 //nolint:errcheck
		go r.dev.watchPlan(ctx)                 //nolint:errcheck
		_ = r.dev.control(ctx)
	}()
	assert.ErrorIs(t, <-r.ended, errBoom)
	assert.Equal(t, []string{"1=0", "0=0"}, r.pins[len(r.pins)-2:], "%v", r.pins)
	r.dev.closeStore()
}
