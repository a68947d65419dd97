package store

import (
	"encoding/binary"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// Limits of names and values.
const (
	MaxName  = 255       // bytes of a name, at least 1
	MaxValue = 256 << 10 // bytes of a named value
)

// maxPayload is the longest of all values: it bounds the memory of opening.
const maxPayload = MaxDocument

// Tx is one transaction on state.db: all of it is stored or nothing. It is only
// good inside the function it was given to, and for one goroutine. Slices that
// it returns are the caller's.
type Tx struct {
	tx      *bolt.Tx
	st      *state
	changed bool
	sum     uint64 // by how much the balance changed
	inside  int    // our own methods that run, above 0 in a panic of bbolt
	spoilt  error  // an operation failed half way: never commit
}

// Update runs fn in a write transaction and returns when it is on the disk. An
// error of fn undoes everything and is returned (errors.Is finds it); a panic
// of fn undoes everything and goes on. If nothing changes nothing is written. fn
// must not call the store's own methods. Others' writes wait meanwhile, so fn
// should be short.
//
// The error is ErrNoSpace, ErrReadOnly, ErrDamaged, ErrClosed or the disk's
// own. After an error of the disk, whether the change was stored is known only
// from reading it again; repeating it is safe.
func (s *Store) Update(fn func(*Tx) error) error {
	return s.state.update(fn)
}

// View runs fn in a read transaction: it sees one moment of the state. fn must
// not call the store's own methods.
func (s *Store) View(fn func(*Tx) error) error {
	return s.state.read(fn)
}

// call runs fn, and keeps apart its own panics from those of bbolt.
func (t *Tx) call(fn func(*Tx) error) error {
	defer func() {
		t.tx = nil
		if t.inside > 0 {
			return
		}
		if p := recover(); p != nil {
			panic(callerPanic{p})
		}
	}()
	return fn(t)
}

// do runs one operation on a bucket.
func (t *Tx) do(bucket []byte, fn func(b table) error) error {
	if t.tx == nil {
		return ErrTxDone
	}
	t.inside++
	b := t.tx.Bucket(bucket)
	err := fmt.Errorf("bucket %q: %w: missing", bucket, ErrDamaged)
	if b != nil {
		err = fn(table{t, string(bucket), b})
	}
	t.inside-- // not deferred: a panic leaves it
	return err
}

// Put stores v under name: 1 to MaxName bytes, at most MaxValue bytes (else
// ErrInvalid, ErrTooLarge). Storing what is there already writes nothing.
func (t *Tx) Put(name string, v []byte) error {
	if err := checkName(name); err != nil {
		return err
	}
	if len(v) > MaxValue {
		return fmt.Errorf("value %q: %w: %d bytes; allowed: %d", name, ErrTooLarge, len(v), MaxValue)
	}
	return t.do(valueBucket, func(b table) error { return b.put([]byte(name), v) })
}

// Get returns the value of name, or ErrNotFound.
func (t *Tx) Get(name string) (v []byte, err error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	err = t.do(valueBucket, func(b table) error {
		v, err = b.get([]byte(name))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("value %w", err)
	}
	return v, nil
}

// Delete removes the value of name; it is no error if there is none.
func (t *Tx) Delete(name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	return t.do(valueBucket, func(b table) error { return b.remove([]byte(name)) })
}

// Increment adds one to the counter name and returns it, beginning with 1. A
// counter is a value of 8 bytes, big-endian; anything else is ErrInvalid.
func (t *Tx) Increment(name string) (n uint64, err error) {
	if err := checkName(name); err != nil {
		return 0, err
	}
	err = t.do(valueBucket, func(b table) error {
		key := []byte(name)
		if b.has(key) {
			v, err := b.get(key)
			if err != nil {
				return err
			}
			if len(v) != 8 {
				return fmt.Errorf("%w: value %q is no counter: %d bytes", ErrInvalid, name, len(v))
			}
			n = binary.BigEndian.Uint64(v)
		}
		n++
		return b.put(key, binary.BigEndian.AppendUint64(nil, n))
	})
	return n, err
}

func checkName(name string) error {
	if len(name) == 0 || len(name) > MaxName {
		return fmt.Errorf("%w: name of %d bytes; allowed: 1 to %d", ErrInvalid, len(name), MaxName)
	}
	return nil
}

// Put is Tx.Put in a transaction of its own.
func (s *Store) Put(name string, v []byte) error {
	return s.Update(func(t *Tx) error { return t.Put(name, v) })
}

// Get is Tx.Get in a transaction of its own.
func (s *Store) Get(name string) (v []byte, err error) {
	err = s.View(func(t *Tx) error {
		v, err = t.Get(name)
		return err
	})
	return v, err
}

// Delete is Tx.Delete in a transaction of its own.
func (s *Store) Delete(name string) error {
	return s.Update(func(t *Tx) error { return t.Delete(name) })
}

// Increment is Tx.Increment in a transaction of its own.
func (s *Store) Increment(name string) (n uint64, err error) {
	err = s.Update(func(t *Tx) error {
		n, err = t.Increment(name)
		return err
	})
	return n, err
}
