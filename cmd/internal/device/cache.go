package device

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
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
	report chan<- soundNews
	wants  chan want     // newest wins
	again  chan struct{} // the folder has changed
	paths  sync.Map      // digest to path, of sounds that the cache did not take
	told   map[string]soundNews
	judged map[string]soundNews   // by digest; grows with the sounds of one run only
	failed atomic.Pointer[string] // why a sound could not be cached, "" when all were

	scanErr error // of the last look at the folder
}

// want is what the schedule needs as of a moment.
type want struct {
	needs []scheduler.Need
	now   time.Time
}

var _ Library = (*cache)(nil)

func newCache(s *store.Store, dir string, log *slog.Logger, report chan<- soundNews) *cache {
	return &cache{store: s, folder: OpenFolder(dir), log: log, report: report,
		wants: make(chan want, 1), again: make(chan struct{}, 1), told: map[string]soundNews{}, judged: map[string]soundNews{}}
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
		return openVerified(p.(string), sha)
	}
	c.rescan() // what was here is not any more
	return nil, fmt.Errorf("sound %s: %w", short(sha), err)
}

// openVerified opens a file and reads it once to be sure that it is the sound
// that was asked for: files in a folder change.
func openVerified(path, sha string) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	_, err = io.Copy(h, f)
	if err == nil && hex.EncodeToString(h.Sum(nil)) != sha {
		err = fmt.Errorf("%w: %s has changed since", ErrNoSound, path)
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
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
// and reports each whose state has changed.
func (c *cache) fetch(ctx context.Context, w want) error {
	c.scan()
	c.keep(w.needs)
	trouble := ""
	for _, n := range w.needs {
		if n.Media.Inline != nil {
			continue // it came with its document
		}
		err := c.obtain(n.Media, w.now)
		if err != nil && trouble == "" {
			trouble = "sound not cached, the folder's own file is played: " + err.Error()
		}
		if s, news := c.look(n.Media); news {
			select {
			case c.report <- s:
			case <-ctx.Done():
				return nil
			}
		}
	}
	c.failed.Store(&trouble)
	return nil
}

// scan reads the folder; that it cannot be read is said once.
func (c *cache) scan() {
	_, err := c.folder.Scan()
	if err != nil && (c.scanErr == nil || c.scanErr.Error() != err.Error()) {
		c.log.Warn("folder of sounds not read", "err", err)
	}
	c.scanErr = err
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

// obtain makes sure that a sound is in the cache, if the folder has it and the
// device can play it. When the cache does not take it the error says why, and
// the folder's own file is played until a later try succeeds.
func (c *cache) obtain(m loa.Media, now time.Time) error {
	d, err := store.ParseDigest(m.SHA256)
	if err != nil {
		return nil // a file that is not there
	}
	if it, err := c.store.Item(d); err == nil && it.Verified {
		c.paths.Delete(m.SHA256)
		return nil
	}
	path, ok := c.folder.Find(m)
	if !ok {
		c.paths.Delete(m.SHA256)
		return nil
	}
	if !c.admit(m, path) {
		return nil
	}
	if err := c.copy(d, path, now); err != nil {
		if _, known := c.paths.Swap(m.SHA256, path); !known {
			c.log.Error("sound not cached; the folder's own file is played", "file", path, "err", err)
		}
		return err
	}
	c.paths.Delete(m.SHA256)
	return nil
}

// admit judges a file before it wears the flash. What it finds is kept for
// look: the same bytes need no second judgement.
func (c *cache) admit(m loa.Media, path string) bool {
	if s, ok := c.judged[m.SHA256]; ok {
		return s.Bad == ""
	}
	info, err := os.Stat(path)
	if err != nil {
		return false // gone since
	}
	v := Judge(info.Size(), func() (io.ReadCloser, error) { return openVerified(path, m.SHA256) })
	if v.Refusal == RefusedUnreadable {
		c.log.Warn("sound not read", "file", path, "err", v.Err)
		return false // not the fault of the sound: tried again
	}
	c.judged[m.SHA256] = newsOf(m, v)
	return v.Playable()
}

// look says what is known of a sound, and whether that is news. A sound that
// was judged is not read again.
func (c *cache) look(m loa.Media) (s soundNews, news bool) {
	key := scheduler.MediaKey(m)
	here := c.here(m.SHA256)
	s, known := c.judged[key]
	switch {
	case known && (here || s.Bad != ""):
	case here:
		s = c.judgeCached(m)
	default:
		s = c.folder.absent(m)
	}
	old, told := c.told[key]
	c.told[key] = s
	return s, !told || s != old
}

// judgeCached judges a sound that an earlier run cached, or that the cache did
// not take and the folder has.
func (c *cache) judgeCached(m loa.Media) soundNews {
	v := Judge(c.size(m.SHA256), func() (io.ReadCloser, error) { return c.Open(m.SHA256) })
	s := newsOf(m, v)
	if v.Refusal != RefusedUnreadable {
		c.judged[m.SHA256] = s
	}
	return s
}

// size is how many bytes a sound that is here has.
func (c *cache) size(sha string) int64 {
	if d, err := store.ParseDigest(sha); err == nil {
		if it, err := c.store.Item(d); err == nil && it.Verified {
			return it.Size
		}
	}
	if p, ok := c.paths.Load(sha); ok {
		if info, err := os.Stat(p.(string)); err == nil {
			return info.Size()
		}
	}
	return 0
}

// here reports whether a sound can be opened.
func (c *cache) here(sha string) bool {
	if _, direct := c.paths.Load(sha); direct {
		return true
	}
	d, err := store.ParseDigest(sha)
	if err != nil {
		return false
	}
	it, err := c.store.Item(d)
	return err == nil && it.Verified
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
