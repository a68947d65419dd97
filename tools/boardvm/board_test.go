//go:build boardvm

package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"loa"
	"loa/tools/boardvm/listen"
	"loa/tools/boardvm/machine"
)

// The relays of the emulated cluster, in the order of switching on, and what
// the first word has to wait for.
var amps = []int{5, 6}

const (
	settle    = 300 * time.Millisecond
	offWithin = 2 * time.Second // after SIGKILL

	configPath = "/etc/loa/speakerd.toml"
	socketPath = "/run/speakerd.sock"
	planPath   = "/data/plan.json"
	logPath    = "/data/speakerd.log"
)

const config = `data_dir = "/data/loa"
socket = "` + socketPath + `"
board = "qemu-virt"

[audio]
output = "alsa:auto"

[gpio]
amps = [{line = 5, settle = "300ms"}, {line = 6, settle = "300ms"}]

[local]
plan = "` + planPath + `"
media_dir = "/media"
`

// board is an emulated board with the firmware on it.
type board struct {
	*machine.VM
	bulletin bulletin
	seq      int
}

// sent is the form in which each board gets the bulletin: what most communes
// send, and what costs the least.
var sent = map[machine.Arch]struct{ file, mime string }{
	machine.ARMv7: {"ban-tin-sang.mp3", "audio/mpeg"},
	machine.ARM64: {"ban-tin-sang.opus", "audio/ogg"},
}

// bulletin is the sound that is played and how it must be heard.
type bulletin struct {
	path   string
	mime   string
	sha256 string
	bytes  int
	want   []float64 // mono, at the card's rate
}

// bootBoard boots a board of the architecture with the firmware of make
// firmware, or reports why that was not run.
func bootBoard(t *testing.T, arch machine.Arch) *board {
	t.Helper()
	root := filepath.Dir(filepath.Dir(cacheDir()))
	firmware := filepath.Join(root, "dist", "linux-"+string(arch))
	sound := readBulletin(t, filepath.Join(root, "testdata/bulletin", sent[arch].file), sent[arch].mime)
	files := map[string]string{"/media/bulletin": sound.path}
	for _, program := range []string{"speakerd", "loactl"} {
		path := filepath.Join(firmware, program)
		if _, err := os.Stat(path); err != nil {
			notRun(t, "no %s: run make firmware first", path)
		}
		files["/bin/"+program] = path
	}
	// The board outlives the test's own context: it is asked for its logs after
	// a failure.
	vm, err := machine.Boot(context.WithoutCancel(t.Context()), machine.Config{
		Arch: arch, Cache: cacheDir(), Dir: t.ArtifactDir(), Files: files,
		Texts: map[string]string{configPath: config}, Log: progress{t},
	})
	if errors.Is(err, machine.ErrMissing) {
		notRun(t, "%v", err)
	}
	require.NoError(t, err)
	b := &board{VM: vm, bulletin: sound}
	t.Cleanup(func() { b.close(t) })
	b.noPlan(t)
	return b
}

// notRun says why a test cannot run here, in the words that are counted.
func notRun(t *testing.T, format string, args ...any) {
	t.Helper()
	why := "not run: " + strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", " ")
	fmt.Println(why)
	t.Skip(why)
}

// progress shows what the machine says as it comes.
type progress struct{ t *testing.T }

func (p progress) Write(b []byte) (int, error) {
	p.t.Helper()
	for line := range strings.Lines(string(b)) {
		p.t.Logf("progress: %s", strings.TrimRight(line, "\n"))
	}
	return len(b), nil
}

// close stops the board and, if the test failed, tells all that it left.
func (b *board) close(t *testing.T) {
	if t.Failed() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		log, err := b.Run(ctx, "tail -n 60 "+logPath)
		t.Logf("speakerd's log (%v):\n%s", err, log)
		t.Logf("console:\n%s", b.Console(20))
		for _, p := range b.pinsSince(t, time.Time{}) {
			t.Logf("pin %s line %d %v", p.At.Format("15:04:05.000"), p.Line, p.High)
		}
	}
	require.NoError(t, b.Close())
}

// readBulletin decodes the sound with a decoder that is not the firmware's.
func readBulletin(t *testing.T, path, mime string) bulletin {
	t.Helper()
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		notRun(t, "ffmpeg, which says how the bulletin must sound, is missing")
	}
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	args := []string{"-v", "error", "-i", path, "-f", "s16le", "-ac", "1", "-ar", strconv.Itoa(machine.SoundRate), "-"}
	if mime == "audio/ogg" {
		args = append([]string{"-c:a", "libopus"}, args...) // ffmpeg's own decoder is audibly off the reference
	}
	pcm, err := exec.CommandContext(t.Context(), ffmpeg, args...).Output()
	require.NoError(t, err)
	samples := make([]int16, len(pcm)/2)
	for i := range samples {
		samples[i] = int16(binary.LittleEndian.Uint16(pcm[2*i:]))
	}
	sum := sha256.Sum256(content)
	return bulletin{
		path: path, mime: mime, sha256: hex.EncodeToString(sum[:]), bytes: len(content),
		want: listen.Mono(samples, 1),
	}
}

// length is how long the bulletin lasts.
func (s bulletin) length() time.Duration {
	return time.Duration(len(s.want)) * time.Second / machine.SoundRate
}

// must runs a command in the guest that has to succeed.
func (b *board) must(t *testing.T, format string, args ...any) string {
	t.Helper()
	out, err := b.Run(t.Context(), fmt.Sprintf(format, args...))
	require.NoError(t, err)
	return strings.TrimSpace(out)
}

// start starts the daemon as an init script without systemd would, and waits
// for its socket.
func (b *board) start(t *testing.T) {
	t.Helper()
	b.must(t, "setsid speakerd run --config %s >>%s 2>&1 &", configPath, logPath)
	b.await(t, "the daemon answers on its socket", func() bool {
		_, err := b.ask(t)
		return err == nil
	})
}

// awaitIdle waits until the daemon plays nothing and its amplifiers are off.
func (b *board) awaitIdle(t *testing.T) {
	t.Helper()
	b.await(t, "nothing plays and all amplifiers are off", func() bool {
		s, err := b.ask(t)
		for _, a := range s.Amps {
			if a.On {
				return false
			}
		}
		return err == nil && s.Playing == nil
	})
}

// reset brings the board back to where each situation begins, after one that
// failed in its midst.
func (b *board) reset(t *testing.T) {
	t.Helper()
	_ = b.Replug(t.Context()) // refused when it is plugged in
	b.must(t, "while p=$(pidof speakerd); do kill -9 $p; done; speakerd off --config %s", configPath)
	b.noPlan(t)
	b.start(t)
	b.setClock(t)
}

// setClock does what an installer does, by the host's clock.
func (b *board) setClock(t *testing.T) {
	t.Helper()
	b.must(t, "loactl --socket %s clock set %s", socketPath, time.Now().UTC().Format(time.RFC3339Nano))
}

// status is what the daemon says of itself.
func (b *board) status(t *testing.T) loa.Status {
	t.Helper()
	s, err := b.ask(t)
	require.NoError(t, err)
	return s
}

// ask is status for a daemon that may not be up yet.
func (b *board) ask(t *testing.T) (s loa.Status, err error) {
	t.Helper()
	out, err := b.Run(t.Context(), "loactl --socket "+socketPath+" status --json")
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal([]byte(out), &s)
}

// has reports whether the status names the fault.
func has(s loa.Status, code string) bool {
	for _, f := range s.Faults {
		if f.Code == code {
			return true
		}
	}
	return false
}

// plan puts a plan in force with one item, the bulletin, that starts at the
// first whole second after in from now, and returns that moment.
func (b *board) plan(t *testing.T, id string, in time.Duration) time.Time {
	t.Helper()
	start := time.Now().Add(in + time.Second - 1).Truncate(time.Second)
	b.write(t, map[string]any{
		"id": id, "class": "normal", "level": 2, "title": "Bản tin sáng", "lang": "vi",
		"start": start.In(time.FixedZone("+07", 7*3600)).Format("2006-01-02T15:04:05"), "after_cut": "resume",
		"media": []any{map[string]any{"sha256": b.bulletin.sha256, "bytes": b.bulletin.bytes, "type": b.bulletin.mime,
			"duration": fmt.Sprintf("PT%.0fS", b.bulletin.length().Seconds())}},
	})
	return start
}

// noPlan puts a plan in force with nothing in it.
func (b *board) noPlan(t *testing.T) {
	t.Helper()
	b.write(t)
}

// write replaces the plan in one step, as a careful editor does.
func (b *board) write(t *testing.T, items ...map[string]any) {
	t.Helper()
	b.seq++
	text, err := json.Marshal(map[string]any{
		"v": 1, "iss": "https://source.example", "aud": "local", "seq": b.seq, "iat": time.Now().UTC(),
		"exp": time.Now().Add(24 * time.Hour).UTC(), "zone": "Asia/Ho_Chi_Minh", "items": append([]map[string]any{}, items...),
	})
	require.NoError(t, err)
	require.NoError(t, b.WriteFile(t.Context(), planPath+".new", text))
	b.must(t, "mv %s.new %s", planPath, planPath)
}

// patience bounds every wait for the firmware; the emulated board is slow and
// shares the host.
const patience = 60 * time.Second

// await asks again and again until ok.
func (b *board) await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	turn := time.NewTicker(100 * time.Millisecond)
	defer turn.Stop()
	for !ok() {
		select {
		case <-turn.C:
		case <-limit.C:
			require.FailNow(t, "waited in vain for: "+what)
		case <-t.Context().Done():
			require.FailNow(t, "stopped while waiting for: "+what)
		}
	}
}

// heard is what the card played since the mark, a number of frames.
func (b *board) heard(mark int) machine.Sound { return b.Sound().From(mark) }

// loud is the level above which a sample counts as sound, -60 dBFS: dither and
// rounding stay below it.
const loud = 0.001

// edges returns when the first and the last sound arrived.
func edges(s machine.Sound) (first, last time.Time, ok bool) {
	x := listen.Mono(s.Samples, s.Channels)
	found := listen.Stretches(x, loud, len(x)+1)
	if len(found) == 0 {
		return first, last, false
	}
	return s.At(found[0].From), s.At(found[0].To - 1), true
}

// awaitSound waits until at least d of sound has been heard since the mark. It
// counts what is new in each turn only: the board needs the host's time.
func (b *board) awaitSound(t *testing.T, mark int, d time.Duration) {
	t.Helper()
	total := 0
	b.await(t, fmt.Sprintf("%v of sound", d), func() bool {
		s := b.heard(mark)
		mark += s.Frames()
		for _, st := range listen.Stretches(listen.Mono(s.Samples, s.Channels), loud, listen.Span(300*time.Millisecond, s.Rate)) {
			total += st.To - st.From
		}
		return total >= listen.Span(d, s.Rate)
	})
}

// pinsSince returns the changes of the amplifiers' lines since the moment.
func (b *board) pinsSince(t *testing.T, since time.Time) []machine.PinChange {
	t.Helper()
	all, err := b.Pins()
	require.NoError(t, err)
	var pins []machine.PinChange
	for _, p := range all {
		if (p.Line == amps[0] || p.Line == amps[1]) && p.At.After(since) {
			pins = append(pins, p)
		}
	}
	return pins
}

// awaitOff waits until the last change of both lines since the moment is to
// off, and returns the changes.
func (b *board) awaitOff(t *testing.T, since time.Time) []machine.PinChange {
	t.Helper()
	var pins []machine.PinChange
	b.await(t, "both amplifiers off", func() bool {
		pins = b.pinsSince(t, since)
		return len(pins) > 0 && !levels(pins)[amps[0]] && !levels(pins)[amps[1]]
	})
	return pins
}

// levels are the lines as the changes left them.
func levels(pins []machine.PinChange) map[int]bool {
	high := map[int]bool{}
	for _, p := range pins {
		high[p.Line] = p.High
	}
	return high
}

// daemons are the process ids of the supervising parent and of its child,
// which plays. Without supervision, or while the child is between two lives,
// both are the same.
func (b *board) daemons(t *testing.T) (parent, child int) {
	t.Helper()
	above := map[int]int{}
	out := b.must(t, "for p in $(pidof speakerd); do awk '/^Pid:/{pid=$2} /^PPid:/{print pid, $2}' /proc/$p/status; done 2>/dev/null; true")
	for line := range strings.Lines(out) {
		var pid, up int
		_, err := fmt.Sscan(line, &pid, &up)
		require.NoError(t, err, line)
		above[pid] = up
	}
	for pid, up := range above {
		if _, ok := above[up]; ok {
			return up, pid
		}
		parent, child = pid, pid
	}
	return parent, child
}

// rssAnon is the memory of a process that is its own, in KiB.
func (b *board) rssAnon(t *testing.T, pid int) int {
	t.Helper()
	n, err := strconv.Atoi(b.must(t, "awk '/^RssAnon/{print $2}' /proc/%d/status", pid))
	require.NoError(t, err)
	return n
}
