package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"loa"
	"loa/cmd/internal/device"
)

// speakerd is a socket that answers as a device would. The device itself
// answers in the tests of cmd/internal/device and on the emulated board; here
// it is the words for people that are looked at.
func speakerd(t *testing.T, answers map[string]any) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s.sock")
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := answers[r.Method+" "+r.URL.Path]
		if err, bad := a.(error); bad || !ok {
			w.WriteHeader(http.StatusConflict)
			text := "no such thing"
			if bad {
				text = err.Error()
			}
			_ = json.NewEncoder(w).Encode(map[string]string{"error": text})
			return
		}
		_ = json.NewEncoder(w).Encode(a)
	})}
	go srv.Serve(l) //nolint:errcheck // ends with Close
	t.Cleanup(func() { srv.Close() })
	return path
}

func ctl(args ...string) (int, string) {
	var out bytes.Buffer
	code := program(&out).Run(context.Background(), args, &out, &out)
	return code, out.String()
}

var at = time.Date(2026, 11, 22, 5, 30, 0, 0, time.UTC)

func status() loa.Status {
	return loa.Status{
		V: 1, Device: "k3qabcdefghijklm", Name: "Cụm loa thôn 1", Board: "rpi4", At: at, State: loa.StatePlaying,
		Playing:  &loa.Playing{ID: "sang", Title: "Bản tin sáng", Class: loa.Priority, Position: 12},
		Next:     &loa.Upcoming{ID: "chieu", Title: "Bản tin chiều", At: at.Add(12 * time.Hour)},
		Amps:     []loa.AmpStatus{{Label: "horn 1", On: true}, {Label: "horn 2", Fault: "line 6 does not switch"}},
		Audio:    &loa.AudioStatus{Output: "alsa:auto", Card: "1 [Audio] USB Audio", Open: true, Rate: 48000, Channels: 2, Xruns: 3},
		Clock:    loa.ClockStatus{Source: "none"},
		Cache:    loa.Cache{Items: 4, Cached: 3, Missing: 1},
		Firmware: loa.Firmware{Version: "v1"},
		Faults:   []loa.Fault{{Code: "clock", Since: at, Text: "set it with: loactl clock set"}},
	}
}

func TestAPersonReadsTheStatus(t *testing.T) {
	s := speakerd(t, map[string]any{"GET /v1/status": status()})
	code, out := ctl("--socket", s, "--lang", "en", "status")
	assert.Zero(t, code, out)
	for _, want := range []string{"Cụm loa thôn 1", "Bản tin sáng", "priority, 12 s", "Bản tin chiều", "NOT trusted",
		"horn 1: on", "horn 2: off line 6 does not switch", "3 holes", "3 / 4", "clock [clock] since", "loactl clock set"} {
		assert.Contains(t, out, want)
	}
	code, out = ctl("--socket", s, "--lang", "vi", "status")
	assert.Zero(t, code, out)
	for _, want := range []string{"Đang phát", "ưu tiên", "CHƯA tin cậy", "horn 1: bật", "đồng hồ [clock]"} {
		assert.Contains(t, out, want)
	}
}

func TestAProgramReadsTheStatus(t *testing.T) {
	s := speakerd(t, map[string]any{"GET /v1/status": status()})
	code, out := ctl("--socket", s, "status", "--json")
	assert.Zero(t, code)
	var st loa.Status
	require.NoError(t, json.Unmarshal([]byte(out), &st))
	assert.Equal(t, status(), st)
}

func TestAFailedSelftestIsSeenByProgramsToo(t *testing.T) {
	rep := device.SelftestReport{Lines: []device.SelftestLine{
		{Check: "clock", OK: true}, {Check: "amplifier", Label: "horn 2", Detail: "its line did not switch on"}}}
	s := speakerd(t, map[string]any{"POST /v1/selftest": rep})
	code, out := ctl("--socket", s, "--lang", "en", "selftest")
	assert.Equal(t, 1, code)
	assert.Contains(t, out, "FAULT  amplifier horn 2  its line did not switch on")
	code, out = ctl("--socket", s, "selftest", "--json")
	assert.Equal(t, 1, code)
	assert.Contains(t, out, `"check":"amplifier"`)
}

func TestWhatTheDeviceRefusesIsSaid(t *testing.T) {
	s := speakerd(t, map[string]any{"POST /v1/selftest": os.ErrDeadlineExceeded})
	code, out := ctl("--socket", s, "selftest")
	assert.Equal(t, 1, code)
	assert.Contains(t, out, os.ErrDeadlineExceeded.Error())
}

func TestNoDaemonSaysWhatToDo(t *testing.T) {
	dir := t.TempDir()
	code, out := ctl("--socket", filepath.Join(dir, "none.sock"), "status")
	assert.Equal(t, 1, code)
	assert.Contains(t, out, "is speakerd running here?")

	path := filepath.Join(dir, "dead.sock")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	require.NoError(t, err)
	l.SetUnlinkOnClose(false)
	require.NoError(t, l.Close())
	code, out = ctl("--socket", path, "status")
	assert.Equal(t, 1, code)
	assert.Contains(t, out, "systemctl start speakerd")
}

func TestTheClockWantsAZone(t *testing.T) {
	s := speakerd(t, map[string]any{"POST /v1/clock": map[string]string{}})
	code, out := ctl("--socket", s, "clock", "set", "2026-11-22 05:00")
	assert.Equal(t, 2, code)
	assert.Contains(t, out, "RFC 3339 with zone")
	code, out = ctl("--socket", s, "--lang", "vi", "clock", "set", "2026-11-22T05:00:00+07:00")
	assert.Zero(t, code)
	assert.Contains(t, out, "đã đặt đồng hồ: 2026-11-22T05:00:00+07:00")
}

func TestWrongUsageExitsWithTwo(t *testing.T) {
	for _, args := range [][]string{{}, {"play"}, {"status", "--loud"}, {"clock", "set"}, {"--lang", "fr", "status"}} {
		code, out := ctl(args...)
		assert.Equal(t, 2, code, args)
		assert.Contains(t, out, "--help")
	}
	code, out := ctl("--help")
	assert.Zero(t, code)
	assert.Contains(t, out, "Examples:")
}

// Every text of one language has its like in the other.
func TestBothLanguagesSayEverything(t *testing.T) {
	for _, w := range []words{english, vietnamese} {
		for v, i := reflect.ValueOf(w), 0; i < v.NumField(); i++ {
			assert.False(t, v.Field(i).IsZero(), "%s: %s", w.device, v.Type().Field(i).Name)
		}
	}
	for _, a := range []audioWords{englishAudio, vietnameseAudio} {
		for v, i := reflect.ValueOf(a), 0; i < v.NumField(); i++ {
			assert.False(t, v.Field(i).IsZero(), "%s: %s", a.file, v.Type().Field(i).Name)
		}
	}
	for k, text := range englishAudio.warnings {
		assert.Equal(t, strings.Count(text, "%"), strings.Count(vietnameseAudio.warnings[k], "%"), k)
	}
	for k, text := range englishAudio.refusals {
		assert.Equal(t, strings.Count(text, "%"), strings.Count(vietnameseAudio.refusals[k], "%"), k)
		assert.NotEmpty(t, vietnameseAudio.refusals[k], k)
	}
	for k, text := range englishAudio.mistakes {
		assert.Equal(t, strings.Count(text, "%"), strings.Count(vietnameseAudio.mistakes[k], "%"), k)
	}
	for k := range englishAudio.kinds {
		assert.NotEmpty(t, vietnameseAudio.kinds[k], k)
	}
	for k := range english.checks {
		assert.NotEmpty(t, vietnamese.checks[k], k)
	}
	for k := range english.sources {
		assert.NotEmpty(t, vietnamese.sources[k], k)
	}
	for k := range english.codes {
		assert.NotEmpty(t, vietnamese.codes[k], k)
	}
	for k := range english.states {
		assert.NotEmpty(t, vietnamese.states[k], k)
	}
	for k := range english.classes {
		assert.NotEmpty(t, vietnamese.classes[k], k)
	}
}
