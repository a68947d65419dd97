package device

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"loa"
	"loa/scheduler"
	"loa/store"
)

// cache is the Library of a real device: sound in audio.db, filled from the
// local folder in order of next need. When the cache cannot take a sound the
// folder's own file is played, its digest checked first.
type cache struct {
	store  *store.Store
	folder *Folder
	log    *slog.Logger
	report chan<- scheduler.Sound
	wants  chan want     // newest wins
	again  chan struct{} // the folder has changed
	paths  sync.Map      // digest to path, of sounds that the cache did not take
	told   map[string]scheduler.Sound
	failed atomic.Pointer[string] // why the last sound could not be cached
}

// want is what the schedule needs as of a moment.
type want struct {
	needs []scheduler.Need
	now   time.Time
}

var _ Library = (*cache)(nil)

func newCache(s *store.Store, dir string, log *slog.Logger, report chan<- scheduler.Sound) *cache {
	return &cache{store: s, folder: OpenFolder(dir), log: log, report: report,
		wants: make(chan want, 1), again: make(chan struct{}, 1), told: map[string]scheduler.Sound{}}
}

// Want replaces what was wanted before.
func (c *cache) Want(needs []scheduler.Need, now time.Time) {
	select {
	case <-c.wants:
	default:
	}
	c.wants <- want{needs, now} // the only sender, and there is room
}

// rescan has the folder read again.
func (c *cache) rescan() {
	select {
	case c.again <- struct{}{}:
	default:
	}
}

// Open opens a sound: from the cache, or from the folder when the cache could
// not take it. It is called by decoders' goroutines.
func (c *cache) Open(sha string) (io.ReadCloser, error) {
	d, err := store.ParseDigest(sha)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrNoSound, sha)
	}
	r, err := c.store.Open(d)
	if err == nil {
		return r, nil
	}
	if p, ok := c.paths.Load(sha); ok {
		return os.Open(p.(string))
	}
	return nil, fmt.Errorf("sound %s: %w", short(sha), err)
}

// trouble says why sound cannot be cached, "" when it can.
func (c *cache) trouble() string {
	if text := c.failed.Load(); text != nil {
		return *text
	}
	return ""
}

// retryCache is how long to wait before a sound that could not be had is tried
// again.
const retryCache = 30 * time.Second

// run fetches what is wanted until ctx ends.
func (c *cache) run(ctx context.Context) error {
	var now want
	retry := time.NewTicker(retryCache)
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now = <-c.wants:
		case <-c.again:
		case <-retry.C:
		}
		if err := c.fetch(ctx, now); err != nil {
			return err
		}
	}
}

// fetch brings everything that is wanted into the cache, one after the other,
// and reports each.
func (c *cache) fetch(ctx context.Context, w want) error {
	if _, err := c.folder.Scan(); err != nil {
		c.log.Warn("folder of sounds not read", "err", err)
	}
	c.keep(w.needs)
	for _, n := range w.needs {
		key := scheduler.MediaKey(n.Media)
		if c.told[key].Ready || n.Media.Inline != nil {
			continue
		}
		s := c.obtain(n.Media, w.now)
		if old, told := c.told[key]; told && s == old {
			continue
		}
		c.told[key] = s
		select {
		case c.report <- s:
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}

// keep tells the store what must not be evicted.
func (c *cache) keep(all []scheduler.Need) {
	var needs []store.Need
	for _, n := range all {
		if d, err := store.ParseDigest(n.Media.SHA256); err == nil {
			needs = append(needs, store.Need{Digest: d, At: n.At})
		}
	}
	c.store.Keep(needs)
}

// obtain makes sure that a sound is in the cache and looks at what it is. One
// that is nowhere is not ready.
func (c *cache) obtain(m loa.Media, now time.Time) scheduler.Sound {
	sha := m.SHA256
	absent := scheduler.Sound{SHA256: scheduler.MediaKey(m)}
	d, err := store.ParseDigest(sha)
	if err != nil {
		return absent
	}
	if it, err := c.store.Item(d); err != nil || !it.Verified {
		path, ok := c.folder.Path(sha)
		if !ok {
			return absent
		}
		if err := c.copy(d, path, now); err != nil {
			c.log.Error("sound not cached; the folder's own file is played", "file", path, "err", err)
			c.paths.Store(sha, path)
			text := "sound not cached, the folder's own file is played: " + err.Error()
			c.failed.Store(&text)
		} else {
			c.failed.Store(nil)
		}
	}
	return probe(sha, func() (io.ReadCloser, error) { return c.Open(sha) })
}

// copy writes a file into the cache, from where an earlier try ended.
func (c *cache) copy(d store.Digest, path string, now time.Time) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	w, err := c.store.Create(d, info.Size(), now)
	if err != nil {
		return err
	}
	if _, err := f.Seek(w.Offset(), io.SeekStart); err != nil {
		return errors.Join(err, w.Close())
	}
	if _, err := io.Copy(w, f); err != nil {
		return errors.Join(err, w.Close())
	}
	return w.Commit()
}
