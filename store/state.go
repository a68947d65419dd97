package store

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"
)

const (
	stateName = "state.db"
	goodName  = stateName + ".good"
	// stateMax bounds state.db, and so what a fault of a caller can fill.
	stateMax = 64 << 20
	// stateSpan bounds one page with its overflow, in pages: four values of
	// maxPayload are the most that bbolt puts into one.
	stateSpan = 4*maxPayload/pageSize + 16
	// stateKept is how many damaged state.db are kept for whoever looks.
	stateKept = 2
	format    = 1 // of both files, as meta/format
)

// state is state.db with the copy that is kept of it.
type state struct {
	*database
	dir      string
	log      *slog.Logger
	lock     time.Duration
	key      ed25519.PrivateKey
	device   string
	limits   outboxLimits
	memory   bool // ends with the process
	readOnly bool // the disk takes no writes
	copier   *copier
	report   func(Recovery)
}

// openState opens state.db, from its last good copy or empty if it must, and
// read-only or in memory if the disk does not allow more.
func openState(dir string, opt Options, recovered *[]Recovery) (*state, error) {
	st := &state{
		dir: dir, log: opt.Log, lock: max(opt.LockTimeout, 0),
		limits: outboxLimits{opt.OutboxEvents, opt.OutboxBytes},
		report: func(r Recovery) { *recovered = append(*recovered, r) },
	}
	err := st.open()
	if err == nil {
		err = st.loadIdentity()
	}
	if err != nil && !errors.Is(err, ErrLocked) {
		err = st.fallBack(err)
	}
	if err != nil {
		return nil, err
	}
	st.begin()
	return st, nil
}

func (st *state) path(name string) string { return filepath.Join(st.dir, name) }

func (st *state) options(readOnly bool) fileOptions {
	return fileOptions{readOnly: readOnly, lock: st.lock, maxBytes: stateMax, layout: stateLayout}
}

// open opens state.db for writing.
func (st *state) open() error {
	os.Remove(st.path(stateName + tmpMark))
	os.Remove(st.path(goodName + tmpMark))
	path := st.path(stateName)
	there, _, err := exists(path)
	if err != nil {
		return err
	}
	if !there {
		return st.rebuild(nil)
	}
	st.database, err = openDatabase(stateName, path, st.options(false))
	if errors.Is(err, ErrDamaged) {
		return st.rebuild(err)
	}
	return err
}

// tmpMark ends the name of a file that is being made.
const tmpMark = ".tmp"

// rebuild makes a new state.db, from the good copy if there is a valid one, and
// puts it in place of the one that is damaged or, with cause nil, missing. At
// no moment a power cut leaves less than there was.
func (st *state) rebuild(cause error) error {
	path, tmp := st.path(stateName), st.path(stateName+tmpMark)
	what := Restored
	err := st.fromGood(tmp)
	if isDiskFault(err) {
		return err
	}
	if err != nil {
		if what = Emptied; errors.Is(err, os.ErrNotExist) && cause == nil {
			what = "" // the first start
		}
		cause = errors.Join(cause, err)
		if err := st.empty(tmp); err != nil {
			return err
		}
	}
	aside := ""
	if there, _, _ := exists(path); there {
		if aside, err = setAside(path, stateKept); err != nil {
			return err
		}
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	if err := syncDir(st.dir); err != nil {
		return err
	}
	if what != "" {
		if cause == nil {
			cause = fmt.Errorf("open %s: %w", path, os.ErrNotExist)
		}
		st.report(Recovery{File: stateName, What: what, Aside: aside, Err: cause})
	}
	st.database, err = openDatabase(stateName, path, st.options(false))
	return err
}

// isDiskFault tells a disk that takes no writes, or a file that is in use, from
// a file that is damaged or missing.
func isDiskFault(err error) bool {
	return err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, os.ErrNotExist)
}

// fromGood makes path of the good copy, with a new log in it.
func (st *state) fromGood(path string) error {
	if err := copyFile(path, st.path(goodName)); err != nil {
		return err
	}
	d, err := openDatabase(goodName, path, st.options(false))
	if err != nil {
		return fmt.Errorf("last good copy: %w", err)
	}
	return errors.Join((&state{database: d}).update(newLog), d.close())
}

// empty makes path a database with a new identity and nothing else.
func (st *state) empty(path string) error {
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return classify(err)
	}
	d, err := openDatabase(stateName, path, st.options(false))
	if err != nil {
		return err
	}
	return errors.Join((&state{database: d}).update(initState), d.close())
}

// fallBack opens what can be read on a disk that cannot be written, and if
// there is nothing, makes a state in memory.
func (st *state) fallBack(cause error) (err error) {
	cause = classify(cause)
	if st.database != nil {
		st.database.close()
	}
	for _, name := range []string{stateName, goodName} {
		st.database, err = openDatabase(name, st.path(name), st.options(true))
		if err == nil {
			err = st.loadIdentity()
		}
		if err == nil {
			st.readOnly = true
			st.report(Recovery{File: stateName, What: ReadOnly, Err: cause})
			return nil
		}
		cause = errors.Join(cause, err)
	}
	f, err := memoryFile()
	if err != nil {
		return fmt.Errorf("open %s: %w", st.path(stateName), errors.Join(cause, err))
	}
	o := st.options(false)
	o.memory = f
	if st.database, err = openDatabase(stateName, f.Name(), o); err != nil {
		return err
	}
	st.memory = true
	st.report(Recovery{File: stateName, What: InMemory, Err: cause})
	return errors.Join(st.update(initState), st.loadIdentity())
}

// memoryFile makes a file with no name, where files live in memory if there is
// such a place. It holds a private key, so nothing must be left behind.
func memoryFile() (*os.File, error) {
	var errs []error
	for _, dir := range []string{"/dev/shm", "/run", os.TempDir()} {
		f, err := os.CreateTemp(dir, "loa-state-")
		if err == nil {
			return f, os.Remove(f.Name())
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

// copyFile copies from to path and makes it durable.
func copyFile(path, from string) (err error) {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return classify(err)
	}
	defer func() { err = classify(errors.Join(err, dst.Close())) }()
	if _, err := io.Copy(dst, src); err != nil {
		return err
	}
	return dst.Sync()
}

// begin takes up work on the open database.
func (st *state) begin() {
	if st.lost {
		err := fmt.Errorf("a meta page: %w", ErrDamaged)
		if !st.readOnly {
			err = errors.Join(err, st.update(newLog))
		}
		st.report(Recovery{File: stateName, What: RolledBack, Err: err})
	}
	if !st.readOnly && !st.memory {
		st.copier = startCopier(st)
	}
}

// update runs fn in a write transaction and wakes the copier when a copy is
// due.
func (st *state) update(fn func(*Tx) error) error {
	var id int64
	err := st.database.update(func(tx *bolt.Tx) error {
		id = int64(tx.ID())
		t := &Tx{tx: tx, st: st}
		if err := t.call(fn); err != nil {
			return err
		}
		switch {
		case t.spoilt != nil:
			return t.spoilt
		case !t.changed:
			return errUnchanged
		}
		return t.settle(tx)
	})
	if err == nil && st.copier != nil {
		st.copier.note(id)
	}
	return err
}

// read runs fn in a read transaction.
func (st *state) read(fn func(*Tx) error) error {
	return st.view(func(tx *bolt.Tx) error {
		t := &Tx{tx: tx, st: st}
		return t.call(fn)
	})
}

func (st *state) close() error {
	if st.copier != nil {
		st.copier.stop()
	}
	return st.database.close()
}

func (st *state) stats(s *Stats) {
	s.StateBytes = st.fileBytes()
	s.Written += st.written()
	s.ReadOnly, s.Memory = st.readOnly, st.memory
	if c := st.copier; c != nil {
		s.Written += c.written.Load()
		s.CopyErr = c.lastErr()
	}
	st.read(func(t *Tx) error {
		c, err := t.chain()
		s.Outbox = c.count()
		return err
	})
}
