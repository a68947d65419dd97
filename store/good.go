package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"

	bolt "go.etcd.io/bbolt"
)

// minCommits is how many commits lie between two copies of a small state.db.
const minCommits = 16

// copier keeps state.db.good: a copy of state.db that was whole when it was
// made. A copy is due after as many commits as the database has pages in use,
// and minCommits at least, so that copying costs at most one page (4 KiB) a
// commit whatever the size, and an idle device copies nothing. Counting commits
// needs no clock and, since both files carry their transaction number, survives
// a restart.
type copier struct {
	st      *state
	made    atomic.Int64  // transaction of the last copy, or of the last try
	last    atomic.Int64  // transaction that was committed last
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
	made, err := inspect(st.path(goodName))
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
		c.note(id)
		return nil
	})
}

// note hears of each commit.
func (c *copier) note(id int64) {
	c.last.Store(id)
	if !c.due() {
		return
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *copier) due() bool {
	return c.last.Load()-c.made.Load() >= max(c.st.usedPages(), minCommits)
}

func (c *copier) loop() {
	for {
		select {
		case <-c.quit:
			return
		case <-c.wake:
			if !c.due() { // asked for again before the last one had begun
				continue
			}
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
	path := c.st.path(goodName)
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
		used := &usedPages{from: c.st.file, to: f}
		size, err = tx.WriteTo(used)
		c.written.Add(used.written)
		return err
	})
	if err != nil {
		return err
	}
	if err := f.Truncate(size); err != nil { // the last page may be a free one
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if _, err := check(f, size, stateLayout()); err != nil {
		return fmt.Errorf("copy of %s: %w", c.st.database.path, err)
	}
	if err := os.Rename(path+tmpMark, path); err != nil {
		return err
	}
	return syncDir(c.st.dir)
}

// usedPages takes what Tx.WriteTo writes, which is the whole file, and leaves
// out the free pages: they are holes in the copy.
type usedPages struct {
	from    *os.File // of the transaction that is written
	to      *os.File
	free    map[uint64]bool
	off     int64 // where the next byte of the stream belongs
	written int64
}

func (u *usedPages) Write(p []byte) (n int, err error) {
	if u.off == 0 {
		if err := u.begin(p); err != nil {
			return 0, err
		}
	}
	for n < len(p) {
		id, within := uint64(u.off/pageSize), int(u.off%pageSize)
		part := p[n:min(len(p), n+pageSize-within)]
		if !u.free[id] {
			if _, err := u.to.WriteAt(part, u.off); err != nil {
				return n, err
			}
			u.written += int64(len(part))
		}
		n, u.off = n+len(part), u.off+int64(len(part))
	}
	return n, nil
}

// begin learns from the first meta page which pages are free. The list is that
// of the transaction, so nobody changes it meanwhile.
func (u *usedPages) begin(first []byte) error {
	if len(first) < pageSize {
		return io.ErrShortBuffer
	}
	m, ok := parseMeta(first[:pageSize])
	if !ok {
		return fmt.Errorf("meta page of the copy: %w", ErrDamaged)
	}
	read := func(b []byte, id uint64) error {
		_, err := u.from.ReadAt(b, int64(id)*pageSize)
		return err
	}
	u.free = map[uint64]bool{}
	_, err := eachFree(read, m.freelist, func(id uint64) error {
		u.free[id] = true
		return nil
	})
	return err
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
