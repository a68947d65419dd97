package store

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
)

// database is one bbolt file that is checked before it is mapped, and whose
// transactions cannot take the process down: a panic inside bbolt, or a fault
// on a page that the disk does not give back, becomes ErrDamaged.
type database struct {
	name  string // "state.db", for messages
	path  string
	db    *bolt.DB
	file  *os.File // what bbolt reads and writes; chunks are read through it too
	lost  bool     // one meta page was invalid at opening
	size  int64    // of the file at opening
	fresh bool     // it had to be made

	stuck  atomic.Bool // a panic may have left bbolt's locks held: use no more
	frozen atomic.Bool // a panic during writing: write no more
	closed atomic.Bool
	metas  atomic.Int64 // meta pages written
	pages  atomic.Int64 // up to the high-water mark, as the last transaction saw it
}

// fileOptions says how to open a database.
type fileOptions struct {
	readOnly bool
	lock     time.Duration // wait for another process
	mapBytes int           // address space to reserve
	maxBytes int           // bound of the file
	grow     int           // bytes that the file grows by
	layout   func() layout // a new one for each check
	// memory, if set, is the open file to use in place of the path.
	memory *os.File
}

// openDatabase opens path, or makes it if it is missing and the options allow
// writing. The check runs on the very file that bbolt is then given, under its
// lock.
func openDatabase(name, path string, o fileOptions) (d *database, err error) {
	d = &database{name: name, path: path}
	defer func() {
		if err != nil {
			err = fmt.Errorf("open %s: %w", path, classify(err))
			if d.fresh {
				os.Truncate(path, 0) // not half a database
			}
			d.abandon()
			d = nil
		}
	}()
	options := &bolt.Options{
		Timeout: time.Second, // never waited for: open holds the lock already
		// The list on disk costs 8 bytes a free page and commit, but without it
		// bbolt scans the file at opening and after each failed commit, in a
		// goroutine that no recover covers.
		NoFreelistSync: false,
		// First fit keeps free space in large runs; the map picks any run.
		FreelistType:    bolt.FreelistArrayType,
		ReadOnly:        o.readOnly,
		PageSize:        pageSize,
		InitialMmapSize: o.mapBytes,
		MaxSize:         o.maxBytes,
		OpenFile:        func(_ string, flag int, mode os.FileMode) (*os.File, error) { return d.open(o, flag, mode) },
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", ErrDamaged, p)
		}
	}()
	d.db, err = bolt.Open(path, 0o600, options)
	if err == nil && o.grow > 0 {
		d.db.AllocSize = o.grow
	}
	return d, err
}

// open is what bbolt calls to get its file: opened, locked and checked.
func (d *database) open(o fileOptions, flag int, mode os.FileMode) (*os.File, error) {
	f := o.memory
	if f == nil {
		var err error
		if f, err = os.OpenFile(d.path, flag, mode); err != nil {
			return nil, err
		}
	}
	d.file = f
	if err := lockFile(f, !o.readOnly, o.lock); err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	d.size = info.Size()
	switch {
	case d.size == 0 && !o.readOnly: // bbolt will make it
		d.fresh = o.memory == nil
		return f, nil
	case d.size == 0:
		return nil, fmt.Errorf("%w: the file is empty", ErrDamaged)
	}
	h, err := check(f, d.size, o.layout())
	d.lost = h.lost
	return f, err
}

// lockFile takes an advisory lock (flock(2)), trying for up to wait.
func lockFile(f *os.File, exclusive bool, wait time.Duration) error {
	const pause = 20 * time.Millisecond
	how := syscall.LOCK_SH
	if exclusive {
		how = syscall.LOCK_EX
	}
	for end := time.Now().Add(wait); ; time.Sleep(pause) {
		err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, syscall.EINTR):
		case !errors.Is(err, syscall.EWOULDBLOCK):
			return err
		case time.Now().After(end):
			return ErrLocked
		}
	}
}

// callerPanic carries a panic of the caller's own code through a transaction.
type callerPanic struct{ value any }

// view runs fn in a short read transaction. What fn reads is only valid inside.
func (d *database) view(fn func(*bolt.Tx) error) error {
	return d.run(false, fn)
}

// errUnchanged is returned by the function of an update that found nothing to
// do: the transaction is dropped and nothing is written.
var errUnchanged = errors.New("nothing changed")

// update runs fn in a write transaction; it is on the disk when update
// returns nil. After any other error the change may or may not be there.
func (d *database) update(fn func(*bolt.Tx) error) error {
	if d.frozen.Load() && !d.closed.Load() {
		return fmt.Errorf("%s: %w: an earlier write failed half way", d.name, ErrDamaged)
	}
	return d.run(true, fn)
}

func (d *database) run(write bool, fn func(*bolt.Tx) error) (err error) {
	switch {
	case d.closed.Load():
		return fmt.Errorf("%s: %w", d.name, ErrClosed)
	case d.stuck.Load():
		return fmt.Errorf("%s: %w: a meta page cannot be read", d.name, ErrDamaged)
	}
	var began bool
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch p := recover().(type) {
		case nil:
		case callerPanic:
			panic(p.value)
		default:
			if !began {
				d.stuck.Store(true)
			}
			if write {
				d.frozen.Store(true)
			}
			err = fmt.Errorf("%s: %w: %v", d.name, ErrDamaged, p)
		}
	}()
	do := d.db.View
	if write {
		do = d.db.Update
	}
	err = do(func(tx *bolt.Tx) error {
		began = true
		d.pages.Store(tx.Size() / pageSize)
		return fn(tx)
	})
	if write && err == nil {
		d.metas.Add(1)
	}
	if err == errUnchanged {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", d.name, classify(err))
	}
	return nil
}

// written is the number of bytes handed to the kernel since opening. bbolt
// writes each page that it allocates whole, and one meta page a commit; a
// commit that failed counts as if it had written all.
func (d *database) written() int64 {
	stats := d.db.Stats()
	n := stats.TxStats.GetPageAlloc() + d.metas.Load()*pageSize
	if d.size == 0 {
		n += 4 * pageSize // what bbolt makes a new file of
	}
	return n
}

// usedPages is how many pages hold something.
func (d *database) usedPages() int64 {
	return d.pages.Load() - d.freeBytes()/pageSize
}

// freeBytes is what can be written before the file grows.
func (d *database) freeBytes() int64 {
	stats := d.db.Stats()
	return int64(stats.FreePageN+stats.PendingPageN) * pageSize
}

// fileBytes is how long the file is.
func (d *database) fileBytes() int64 {
	info, err := d.file.Stat()
	if err != nil {
		return d.size
	}
	return info.Size()
}

// abandon lets go of the file without bbolt, whose locks a panic may have left
// held. The mapping goes with the process; it would keep the lock on the file.
func (d *database) abandon() error {
	if d.file == nil {
		return nil
	}
	return errors.Join(syscall.Flock(int(d.file.Fd()), syscall.LOCK_UN), d.file.Close())
}

// close ends the use of the file.
func (d *database) close() error {
	if d.closed.Swap(true) {
		return nil
	}
	if d.stuck.Load() || d.frozen.Load() {
		return d.abandon()
	}
	if err := d.db.Close(); err != nil {
		return fmt.Errorf("close %s: %w", d.path, err)
	}
	return nil
}
