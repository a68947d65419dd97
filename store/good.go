package store

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	bolt "go.etcd.io/bbolt"
)

// minCommits is how many commits lie between two copies of a small state.db.
const minCommits = 16

// copier keeps state.db.good: a copy of state.db that was whole when it was
// made. A copy is due after as many commits as the database has pages, and
// minCommits at least, so that copying costs at most one page (4 KiB) a commit
// whatever the size, and an idle device copies nothing. Counting commits needs
// no clock and, since both files carry their transaction number, survives a
// restart.
type copier struct {
	st      *state
	made    atomic.Int64  // transaction of the last copy, or of the last try
	written atomic.Int64  // bytes
	wake    chan struct{} // one is enough: the copy takes what is newest
	quit    chan struct{}
	done    sync.WaitGroup

	mu  sync.Mutex
	err error
	run sync.Mutex // held while copying
}

// startCopier makes a copy at once if there is none that is whole, and starts
// the goroutine that makes the later ones. That the first one failed is no
// reason not to start.
func startCopier(st *state) *copier {
	c := &copier{st: st, wake: make(chan struct{}, 1), quit: make(chan struct{})}
	made, err := inspect(st.file(goodName))
	if err != nil {
		if !errors.Is(err, os.ErrNotExist) {
			st.log.Warn("last good copy replaced", "err", err)
		}
		c.copy()
	} else {
		c.made.Store(made)
		c.resume()
	}
	c.done.Go(c.loop)
	return c
}

// inspect checks a copy and returns its transaction.
func inspect(path string) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	h, err := check(f, info.Size(), stateLayout())
	if err == nil && h.lost {
		err = fmt.Errorf("%s: %w: a meta page", path, ErrDamaged)
	}
	return int64(h.txid), err
}

// resume counts the commits since the copy that an earlier run made. A copy
// that is newer than state.db is of a state that was lost.
func (c *copier) resume() {
	c.st.view(func(tx *bolt.Tx) error {
		id := int64(tx.ID())
		if c.made.Load() > id {
			c.made.Store(id - minCommits - tx.Size()/pageSize)
		}
		c.note(id, tx.Size()/pageSize)
		return nil
	})
}

// note hears of each commit: its number and the pages of the database.
func (c *copier) note(id, pages int64) {
	if id-c.made.Load() < max(pages, minCommits) {
		return
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *copier) loop() {
	for {
		select {
		case <-c.quit:
			return
		case <-c.wake:
			if err := c.copy(); err != nil {
				c.st.log.Warn("last good copy not made", "err", err)
			}
		}
	}
}

func (c *copier) stop() {
	close(c.quit)
	c.done.Wait()
}

// copy makes a copy now. The old one stands until the new one is whole, checked
// and on the disk.
func (c *copier) copy() error {
	c.run.Lock()
	defer c.run.Unlock()
	err := classify(c.write())
	c.mu.Lock()
	c.err = err
	c.mu.Unlock()
	return err
}

func (c *copier) lastErr() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

func (c *copier) write() (err error) {
	path := c.st.file(goodName)
	f, err := os.OpenFile(path+tmpMark, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			os.Remove(path + tmpMark)
		}
	}()
	var size int64
	err = c.st.view(func(tx *bolt.Tx) error {
		c.made.Store(int64(tx.ID())) // a copy that fails is not tried at each commit
		size, err = tx.WriteTo(f)
		c.written.Add(size)
		return err
	})
	if err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if _, err := check(f, size, stateLayout()); err != nil {
		return fmt.Errorf("copy of %s: %w", c.st.path, err)
	}
	if err := os.Rename(path+tmpMark, path); err != nil {
		return err
	}
	return syncDir(c.st.dir)
}

// Backup makes the last good copy of state.db now, whatever was written since
// the one before: for what must not be lost, such as a pairing. It writes as
// many bytes as state.db holds. It does nothing if the state is read-only or in
// memory.
func (s *Store) Backup() error {
	if s.state.copier == nil {
		return nil
	}
	if s.state.closed.Load() {
		return fmt.Errorf("%s: %w", stateName, ErrClosed)
	}
	return s.state.copier.copy()
}
