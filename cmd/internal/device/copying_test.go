package device

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"loa"
	"loa/scheduler"
	"loa/store"
)

// desk is where the plan of a device is read in virtual time, and what the
// cache makes of it.
type desk struct {
	t     *testing.T
	dir   string
	dev   *Device
	cache *cache
	said  chan soundNews
	keys  []string // of the sound, in each plan that was handed on
	stop  context.CancelFunc
	done  chan error
}

// newDesk reads a plan that names tin.mp3. Files of the caller lie there before.
func newDesk(t *testing.T, files func(*desk)) *desk {
	d := &desk{t: t, dir: t.TempDir(), said: make(chan soundNews, 64), done: make(chan error, 1)}
	require.NoError(t, os.Mkdir(filepath.Join(d.dir, "sounds"), 0o755))
	plan := filepath.Join(d.dir, "plan.json")
	require.NoError(t, os.WriteFile(plan, []byte(`{"v":1,"items":[{"id":"tin","start":"2030-01-01T05:30:00","media":[{"file":"tin.mp3"}]}]}`), 0o600))
	if files != nil {
		files(d)
	}
	s, err := store.Open(filepath.Join(d.dir, "state"), store.Options{Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	d.cache = newCache(s, filepath.Join(d.dir, "sounds"), slog.New(slog.DiscardHandler), d.said)
	d.dev = &Device{log: slog.New(slog.DiscardHandler), store: s, cache: d.cache, plans: make(chan localPlan, 1)}
	d.dev.cfg.Local.Plan, d.dev.cfg.Local.MediaDir = plan, filepath.Join(d.dir, "sounds")
	ctx, stop := context.WithCancel(t.Context())
	d.stop = stop
	go func() { d.done <- d.dev.watchPlan(ctx) }()
	return d
}

func (d *desk) close() {
	d.stop()
	assert.NoError(d.t, <-d.done)
	assert.NoError(d.t, d.dev.store.Close())
}

// put writes a file as a copy does: its time is now, which is virtual.
func (d *desk) put(name string, b []byte) {
	d.t.Helper()
	path := filepath.Join(d.dir, "sounds", name)
	require.NoError(d.t, os.WriteFile(path, b, 0o600))
	require.NoError(d.t, os.Chtimes(path, time.Now(), time.Now()))
}

// pass lets time pass and takes in the plans that were read meanwhile.
func (d *desk) pass(dt time.Duration) {
	for end := time.Now().Add(dt); time.Now().Before(end); {
		<-time.After(time.Second)
		d.take()
	}
}

func (d *desk) take() {
	synctest.Wait()
	select {
	case p := <-d.dev.plans:
		require.NoError(d.t, p.err)
		d.keys = append(d.keys, scheduler.MediaKey(p.plan.Items[0].Media[0]))
	default:
	}
}

// news is what the cache says of the sound that the plan wants now.
func (d *desk) news() soundNews {
	d.t.Helper()
	m := loa.Media{File: "tin.mp3"}
	if key := d.keys[len(d.keys)-1]; key != m.File {
		m.SHA256 = key
	}
	require.NoError(d.t, d.cache.fetch(d.t.Context(), want{needs: []scheduler.Need{{Media: m}}, now: time.Now()}))
	for len(d.said) > 0 {
		<-d.said
	}
	return d.cache.told[scheduler.MediaKey(m)]
}

// cached is how many sounds were written to the flash, whole or not.
func (d *desk) cached() int { return d.dev.store.Stats().Items }

func TestAFileThatIsBeingCopiedDoesNotCountUntilItIsWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, nil)
		defer d.close()
		d.take()
		assert.Equal(t, "sound tin.mp3 is not on this device", d.news().trouble(loa.Media{File: "tin.mp3"}))
		b := sound(t, "mono48-cbr64.mp3")
		for n := 1000; n < len(b); n += 1000 { // 3 s a piece
			d.put("tin.mp3", b[:n])
			d.pass(3 * time.Second)
			if n > 2000 {
				assert.Equal(t, copying, d.news().Absent)
			}
		}
		d.put("tin.mp3", b)
		d.pass(5 * time.Second)
		assert.Equal(t, []string{"tin.mp3"}, d.keys, "one plan, and no digest of a part")
		assert.Zero(t, d.cached(), "the flash was left alone")
		d.pass(12 * time.Second)
		require.Len(t, d.keys, 2)
		assert.True(t, d.news().Ready)
		assert.Equal(t, 1, d.cached())
	})
}

func TestTheOldSoundCountsUntilTheNewOneIsWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, renewed := sound(t, "mono48-cbr64.mp3"), sound(t, "mono44-cbr48.mp3")
		d := newDesk(t, func(d *desk) {
			d.put("tin.mp3", old)
			<-time.After(time.Minute)
		})
		defer d.close()
		d.take()
		require.Len(t, d.keys, 1, "a file that settled long ago counts at once")
		require.True(t, d.news().Ready)
		for range 4 {
			d.put("tin.mp3", renewed[:len(renewed)/2])
			d.pass(6 * time.Second)
			assert.True(t, d.news().Ready)
		}
		d.put("tin.mp3", renewed)
		d.pass(5 * time.Second)
		assert.Len(t, d.keys, 1, "nothing was read anew")
		assert.Equal(t, 1, d.cached())
		d.pass(12 * time.Second)
		require.Len(t, d.keys, 2)
		assert.NotEqual(t, d.keys[0], d.keys[1])
		assert.True(t, d.news().Ready)
	})
}

// Without a clock files are of the future.
func TestAWrongClockDelaysAFileAndDoesNotLoseIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, func(d *desk) {
			d.put("tin.mp3", sound(t, "mono48-cbr64.mp3"))
			later := time.Now().AddDate(26, 0, 0)
			require.NoError(t, os.Chtimes(filepath.Join(d.dir, "sounds", "tin.mp3"), later, later))
		})
		defer d.close()
		d.take()
		assert.Equal(t, []string{"tin.mp3"}, d.keys)
		d.pass(12 * time.Second)
		require.Len(t, d.keys, 2)
		assert.True(t, d.news().Ready)
	})
}

// What else happens in the folder is no news of the plan.
func TestAnotherFileDoesNotPutThePlanInForceAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, func(d *desk) {
			d.put("tin.mp3", sound(t, "mono48-cbr64.mp3"))
			<-time.After(time.Minute)
		})
		defer d.close()
		d.take()
		d.put("khac.mp3", sound(t, "mono44-cbr48.mp3"))
		d.pass(time.Minute)
		assert.Len(t, d.keys, 1)
	})
}

func TestAFileOnItsWayIsNoFaultAndTheScheduleSaysSo(t *testing.T) {
	r := newRig(t, "")
	r.plan(time.Hour, "")
	now := time.Now().Add(time.Hour) // stays young whatever time passes here
	path := filepath.Join(r.dir, "sounds", "tin.mp3")
	require.NoError(t, os.Chtimes(path, now, now))
	r.start()
	r.await("plan", ofType(loa.EventAccepted))
	var b []byte
	st := r.until("told", func(loa.Status) bool {
		_, b = r.ask("GET", "/v1/plan", "")
		return strings.Contains(string(b), `"sound tin.mp3 is being copied"`)
	})
	assert.Empty(t, st.Faults)
	assert.Equal(t, loa.StateReady, st.State)
	assert.Equal(t, loa.Cache{Items: 1, Missing: 1}, st.Cache)
	r.until("cached", func(st loa.Status) bool { return st.Cache.Cached == 1 })
}
