//go:build linux

package store

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// processWrites is how many bytes this process has handed to write(2) and its
// kin (proc(5), wchar). It counts on any file system, in memory or not.
func processWrites(t testing.TB) int64 {
	t.Helper()
	f, err := os.Open("/proc/self/io")
	if err != nil {
		t.Skipf("not run: the kernel does not count what a process writes: %v", err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var n int64
		if c, _ := fmt.Sscanf(lines.Text(), "wchar: %d", &n); c == 1 {
			return n
		}
	}
	t.Fatal("no wchar in /proc/self/io")
	return 0
}

func TestBytesWrittenForEachByteCached(t *testing.T) {
	const most = 1.3
	s := open(t, ramDir(t), Options{AudioBudget: 128 << 20})
	// Full, so that what is new evicts what is old.
	for i := range 68 {
		add(t, s, noise(uint64(1000+i), 2_000_000))
	}
	for name, c := range map[string]struct{ size, count int }{
		"bulletins of 80 s": {480_000, 40},
		"an hour":           {21_600_000, 2},
		"short messages":    {120_000, 60},
	} {
		t.Run(name, func(t *testing.T) {
			sounds := make([][]byte, c.count)
			for i := range sounds {
				sounds[i] = noise(uint64(i), c.size)
			}
			before, told := processWrites(t), s.Stats().Written
			for _, b := range sounds {
				add(t, s, b)
			}
			wrote, told := processWrites(t)-before, s.Stats().Written-told
			ratio := float64(wrote) / float64(c.size*c.count)
			t.Logf("%.3f bytes written for each byte cached", ratio)
			assert.LessOrEqual(t, ratio, most)
			assert.InEpsilon(t, wrote, told, 0.01, "Stats tells what the kernel counts")
		})
	}
	assert.Less(t, len(s.Items()), 68+102, "something was evicted")
}

// idleDay is a day on which the plan is played and nothing else happens: the
// time is saved each hour, 20 items are played, the connection breaks 4 times.
func idleDay(t testing.TB, s *Store, online bool) {
	t.Helper()
	memory := noise(1, 4000) // of the scheduler
	plan8 := noise(2, 8<<10)
	plays := 0
	for hour := range 24 {
		require.NoError(t, s.Put("clock/trusted", fmt.Append(nil, "hour", hour, s.Stats().Outbox)))
		if hour%6 == 0 {
			_, err := s.Increment("conn")
			require.NoError(t, err)
			if online {
				require.NoError(t, s.PutDocument(plan, 1, plan8)) // sent again with each connection
			}
		}
		for ; plays < (hour+1)*20/24; plays++ {
			for _, what := range []string{"begins", "is done"} {
				copy(memory, fmt.Sprint(what, plays))
				require.NoError(t, s.Put("scheduler", memory))
			}
			r, err := s.Open(s.Items()[0].Digest)
			require.NoError(t, err)
			require.NoError(t, r.Close())
			n, err := s.Append(Event{Type: "play", At: noon, Members: map[string]any{
				"id": "b-1021", "title": strings.Repeat("Bản tin sáng ", 5), "planned": noon, "started": noon, "ended": noon,
				"frames_planned": 3_840_000, "frames_played": 3_840_000, "result": "played",
			}})
			require.NoError(t, err)
			if online {
				c, err := s.Last()
				require.NoError(t, err)
				require.NoError(t, s.Ack(c.Log, n))
			}
		}
	}
}

func TestBytesWrittenOnAnIdleDay(t *testing.T) {
	const most = 5_000_000
	days := 12
	if raceEnabled {
		days = 5
	}
	for name, prepare := range map[string]func(s *Store) (online bool){
		"online": func(*Store) bool { return true },
		"offline with a full outbox": func(s *Store) bool {
			for range DefaultOutboxEvents {
				_, err := s.Append(Event{Type: "fault", At: noon, Members: map[string]string{"text": strings.Repeat("x", 300)}})
				require.NoError(t, err)
			}
			return false
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := ramDir(t)
			s, err := Open(dir, Options{})
			require.NoError(t, err)
			defer func() { s.Close() }()
			add(t, s, noise(1, 480_000))
			require.NoError(t, s.PutDocument(plan, 1, noise(2, 8<<10)))
			s.state.db.NoSync = true
			online := prepare(s)
			s.state.copier.idle()
			var worst int64
			for day := range days {
				before := processWrites(t)
				idleDay(t, s, online)
				if day%4 == 0 { // a restart is in it, too
					require.NoError(t, s.Close())
					s, err = Open(dir, Options{})
					require.NoError(t, err)
					require.Empty(t, s.Recovered())
				} else {
					s.state.copier.idle()
				}
				worst = max(worst, processWrites(t)-before)
			}
			t.Logf("%d bytes on the worst of %d days, state.db has %d", worst, days, s.Stats().StateBytes)
			assert.LessOrEqual(t, worst, int64(most))
		})
	}
}

// idle waits until no copy is being made or asked for.
func (c *copier) idle() {
	for !c.settled() {
	}
}

// settled waits for a copy under way and reports that no other is asked for.
func (c *copier) settled() bool {
	c.run.Lock()
	defer c.run.Unlock()
	return len(c.wake) == 0
}

func TestCopyCostsAtMostAPageForEachCommit(t *testing.T) {
	for _, size := range []int{10, 200_000} {
		s := open(t, ramDir(t), Options{})
		require.NoError(t, s.Put("big", noise(1, size)))
		require.NoError(t, s.Backup())
		before, commits := s.state.copier.written.Load(), 0
		for i := range 300 {
			require.NoError(t, s.Put("x", fmt.Append(nil, i)))
			commits++
		}
		s.state.copier.idle()
		copied := s.state.copier.written.Load() - before
		assert.NotZero(t, copied)
		assert.LessOrEqual(t, copied, (int64(commits)+s.state.usedPages())*pageSize)
	}
}
