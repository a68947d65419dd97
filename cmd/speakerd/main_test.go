package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"loa"
)

func typed(args ...string) (code int, out string) {
	var b bytes.Buffer
	return speakerd(context.Background(), args, &b, &b), b.String()
}

// site is a folder with a configuration, a plan and a sound.
func site(t *testing.T, plan, more string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "sounds"), 0o755))
	b, err := os.ReadFile("../../testdata/sound/mono48-cbr64.mp3")
	require.NoError(t, err)
	for name, text := range map[string]string{
		"speakerd.toml":  "data_dir = \"state\"\nboard = \"sim\"\n[audio]\noutput = \"null\"\n[local]\nplan = \"plan.json\"\nmedia_dir = \"sounds\"\n" + more,
		"plan.json":      plan,
		"sounds/tin.mp3": string(b),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	return filepath.Join(dir, "speakerd.toml")
}

const goodPlan = `{"v":1,"items":[{"id":"sang","start":"2030-01-01T05:30:00","media":[{"file":"tin.mp3"}]}]}`

func TestCheckFindsEverythingInOrder(t *testing.T) {
	code, out := typed("check", "--config", site(t, goodPlan, ""))
	assert.Zero(t, code, out)
	assert.Contains(t, out, "item sang")
	assert.Contains(t, out, "mp3, 48000 Hz, 1 ch")
}

func TestCheckNamesWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		name, plan, config string
		code               int
		want               string
	}{
		{"plan member", `{"v":1,"items":[{"id":"a","start":"05:30","media":[{"file":"tin.mp3"}]}]}`, "", 2, `items[0].start: "05:30" is not allowed`},
		{"plan with a typing mistake", strings.Replace(goodPlan, `"v":1`, `"v":1,"itmes":[]`, 1), "", 0, "itmes is not a member of a plan"},
		{"recurrence", strings.Replace(goodPlan, `"id"`, `"rrule":"FREQ=SECONDLY","id"`, 1), "", 2, "items[0].rrule"},
		{"missing sound", strings.Replace(goodPlan, "tin.mp3", "x.mp3", 1), "", 1, "no file x.mp3"},
		{"configuration", goodPlan, "[clock]\nuntrusted = \"never\"\n", 2, "clock.untrusted"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, out := typed("check", "--config", site(t, c.plan, c.config))
			assert.Equal(t, c.code, code, out)
			assert.Contains(t, out, c.want)
		})
	}
}

func TestTheReferenceIsPrinted(t *testing.T) {
	code, out := typed("check", "--reference")
	assert.Zero(t, code)
	assert.Equal(t, reference, out)
}

func TestBoardsForPeopleAndPrograms(t *testing.T) {
	code, out := typed("boards")
	assert.Zero(t, code)
	assert.Contains(t, out, "rpi4")
	code, out = typed("boards", "--json")
	assert.Zero(t, code)
	var all []struct{ Name string }
	require.NoError(t, json.Unmarshal([]byte(out), &all))
	assert.GreaterOrEqual(t, len(all), 8)
}

func TestUsage(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "allowed: run, check, off, boards, version"},
		{[]string{"play"}, `no command "play"; allowed: run, check, off, boards, version`},
		{[]string{"run"}, "--config: missing"},
		{[]string{"run", "--config"}, "-config"},
		{[]string{"off"}, "--config: missing"},
		{[]string{"check"}, "--config: missing"},
		{[]string{"check", "speakerd.toml"}, `"speakerd.toml" is not a flag of it`},
		{[]string{"boards", "--xml"}, "-xml"},
		{[]string{"run", "--supervise", "maybe"}, "allowed: auto, yes, no"},
		{[]string{"run", "--config", "none.toml"}, "none.toml"},
	} {
		code, out := typed(c.args...)
		assert.Equal(t, 2, code, "%v: %s", c.args, out)
		assert.Contains(t, out, c.want, "%v", c.args)
	}
	code, out := typed("version")
	assert.Zero(t, code)
	assert.Contains(t, out, "speakerd ")
}

func TestHelpOfTheProgramAndOfEachVerb(t *testing.T) {
	for _, arg := range []string{"--help", "-h", "help"} {
		code, out := typed(arg)
		assert.Zero(t, code)
		assert.Contains(t, out, "Examples:")
		for _, v := range verbs() {
			assert.Contains(t, out, v.name+" ")
			assert.Contains(t, out, v.help)
		}
	}
	code, out := typed("run", "--help")
	assert.Zero(t, code)
	assert.Contains(t, out, "--config FILE")
	assert.Contains(t, out, "--supervise auto|yes|no")
}

// build makes the real program.
func build(t *testing.T, env ...string) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "speakerd")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", bin, ".")
	cmd.Env = append(append(os.Environ(), "CGO_ENABLED=0"), env...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return bin
}

// MB is what a flash card's seller means.
const MB = 1000 * 1000

func TestTheFirmwareStaysSmall(t *testing.T) {
	info, err := os.Stat(build(t, "GOOS=linux", "GOARCH=arm", "GOARM=7"))
	require.NoError(t, err)
	assert.LessOrEqual(t, info.Size(), int64(12*MB))
	t.Logf("linux-armv7 speakerd: %.2f MB", float64(info.Size())/MB)
}

// daemon runs the real program below its parent.
type daemon struct {
	t      *testing.T
	cmd    *exec.Cmd
	socket string
	log    logBuffer
}

// logBuffer may be read while the program writes.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func startDaemon(t *testing.T) *daemon {
	t.Helper()
	cfg := site(t, goodPlan, "")
	d := &daemon{t: t, socket: filepath.Join(filepath.Dir(cfg), "state", "speakerd.sock")}
	d.cmd = exec.Command(build(t), "run", "--config", cfg)
	d.cmd.Stderr = &d.log
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "NOTIFY_SOCKET=") {
			d.cmd.Env = append(d.cmd.Env, v)
		}
	}
	require.NoError(t, d.cmd.Start())
	t.Cleanup(func() { _ = d.cmd.Process.Kill() })
	return d
}

// status asks until the daemon answers and the answer fits.
func (d *daemon) status(fits func(loa.Status) bool) (st loa.Status) {
	d.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		if st, err := d.ask(); err == nil && fits(st) {
			return st
		}
	}
	require.FailNow(d.t, "no such status", d.log.String())
	return st
}

func (d *daemon) ask() (st loa.Status, err error) {
	c, err := net.Dial("unix", d.socket)
	if err != nil {
		return st, err
	}
	defer c.Close()
	fmt.Fprint(c, "GET /v1/status HTTP/1.0\r\n\r\n")
	var b bytes.Buffer
	if _, err := b.ReadFrom(c); err != nil {
		return st, err
	}
	_, body, _ := strings.Cut(b.String(), "\r\n\r\n")
	return st, json.Unmarshal([]byte(body), &st)
}

// child is the process that plays.
func (d *daemon) child() int {
	d.t.Helper()
	pid := d.cmd.Process.Pid
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	require.NoError(d.t, err)
	for deadline := time.Now().Add(time.Minute); len(bytes.TrimSpace(b)) == 0 && time.Now().Before(deadline); {
		all, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
		for _, f := range all {
			more, _ := os.ReadFile(f)
			b = append(b, more...)
		}
	}
	n, err := strconv.Atoi(strings.Fields(string(b))[0])
	require.NoError(d.t, err)
	return n
}

func TestADaemonThatIsKilledStartsAgain(t *testing.T) {
	d := startDaemon(t)
	first := d.status(func(loa.Status) bool { return true })
	require.NoError(t, syscall.Kill(d.child(), syscall.SIGKILL))
	second := d.status(func(st loa.Status) bool { return st.Boot > first.Boot })
	assert.Equal(t, first.Device, second.Device, "it is the same device")
	assert.Contains(t, d.log.String(), "speakerd died; amplifiers are off; starting again")
	require.NoError(t, d.cmd.Process.Signal(syscall.SIGTERM))
	assert.NoError(t, d.cmd.Wait(), "an orderly end is a success:\n%s", d.log.String())
}

func TestADaemonWhoseParentIsKilledEndsInOrder(t *testing.T) {
	d := startDaemon(t)
	d.status(func(loa.Status) bool { return true })
	child := d.child()
	require.NoError(t, d.cmd.Process.Kill())
	_ = d.cmd.Wait()
	for deadline := time.Now().Add(time.Minute); ; {
		if _, err := os.Stat(fmt.Sprintf("/proc/%d", child)); err != nil {
			break
		}
		if b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", child)); strings.Contains(string(b), ") Z ") {
			break // ended; whoever adopted it has not looked yet
		}
		require.True(t, time.Now().Before(deadline), "it goes on without its parent")
	}
}
