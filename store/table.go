package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// table is one bucket of state.db in a transaction: sealed values, and a
// balance of all of them.
//
// Checksums of values do not find a write that the disk claimed to have done
// and did not: the page still holds what was there before, and that is whole,
// too. So each transaction also stores its number and the balance, a sum over
// all values. At opening both must be those of the transaction in force, or
// some page is an old one.
type table struct {
	tx     *Tx
	name   string
	bucket *bolt.Bucket
}

// balance is meta/sum. It is not counted in itself.
type balance struct {
	txid uint64
	sum  uint64 // of weigh over all values
}

const balanceSize = 16

func (b balance) bytes() []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, b.txid), b.sum)
}

func parseBalance(body []byte) (balance, error) {
	if len(body) != balanceSize {
		return balance{}, fmt.Errorf("meta/sum: %w: %d bytes", ErrDamaged, len(body))
	}
	return balance{binary.BigEndian.Uint64(body), binary.BigEndian.Uint64(body[8:])}, nil
}

// weigh makes a number of a stored value of which the key is in the checksum
// already. Sums of such numbers rise and fall with the values in any order.
func weigh(bucket string, v []byte) uint64 {
	x := uint64(checksum([]byte(bucket), v[:min(sealSize, len(v))]))<<32 | uint64(binary.BigEndian.Uint32(v))
	// The finalizer of splitmix64 spreads the bits.
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// get returns a copy of the value under key, or ErrNotFound.
func (b table) get(key []byte) ([]byte, error) {
	v := b.bucket.Get(key)
	if v == nil {
		return nil, fmt.Errorf("%q: %w", printable(key), ErrNotFound)
	}
	body, err := unseal(key, v)
	return bytes.Clone(body), err
}

// has says whether there is a value under key.
func (b table) has(key []byte) bool { return b.bucket.Get(key) != nil }

// put stores body, unless it is what stands there already.
func (b table) put(key, body []byte) error {
	v, old := seal(key, body), b.bucket.Get(key)
	if bytes.Equal(old, v) {
		return nil
	}
	b.tx.changed = true
	b.tx.sum -= b.weight(old)
	b.tx.sum += b.weight(v)
	b.tx.spoilt = errors.Join(b.tx.spoilt, b.bucket.Put(key, v))
	return b.tx.spoilt
}

// remove deletes the value under key, if there is one.
func (b table) remove(key []byte) error {
	old := b.bucket.Get(key)
	if old == nil {
		return nil
	}
	b.tx.changed = true
	b.tx.sum -= b.weight(old)
	b.tx.spoilt = errors.Join(b.tx.spoilt, b.bucket.Delete(bytes.Clone(key)))
	return b.tx.spoilt
}

func (b table) weight(v []byte) uint64 {
	if len(v) < sealSize {
		return 0
	}
	return weigh(b.name, v)
}

// settle stores the balance of a transaction that changed something.
func (t *Tx) settle(tx *bolt.Tx) error {
	m := tx.Bucket(metaBucket)
	if m == nil {
		return fmt.Errorf("bucket %q: %w: missing", metaBucket, ErrDamaged)
	}
	var b balance
	if v := m.Get(sumKey); v != nil {
		body, err := unseal(sumKey, v)
		if err != nil {
			return err
		}
		if b, err = parseBalance(body); err != nil {
			return err
		}
	}
	b.txid, b.sum = uint64(tx.ID()), b.sum+t.sum
	return m.Put(sumKey, seal(sumKey, b.bytes()))
}
