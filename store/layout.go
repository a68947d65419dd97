package store

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
)

// The buckets of state.db.
var (
	metaBucket     = []byte("meta")
	documentBucket = []byte("document")
	seqBucket      = []byte("seq")
	valueBucket    = []byte("value")
	outboxBucket   = []byte("outbox")
)

// The keys of the meta bucket.
var (
	formatKey   = []byte("format")
	identityKey = []byte("identity")
	chainKey    = []byte("chain")
	sumKey      = []byte("sum")
)

// initState fills a new state.db.
func initState(t *Tx) error {
	t.inside++
	for _, name := range [][]byte{metaBucket, documentBucket, seqBucket, valueBucket, outboxBucket} {
		if _, err := t.tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	t.inside--
	err := t.do(metaBucket, func(m table) error {
		if err := m.put(formatKey, binary.BigEndian.AppendUint32(nil, format)); err != nil {
			return err
		}
		return makeIdentity(m)
	})
	if err != nil {
		return err
	}
	return newLog(t)
}

// stateLayout checks every value of state.db, that what each one has is there,
// and that no page is an old one.
func stateLayout() layout {
	missing := map[string]bool{"format": true, "identity": true, "chain": true, "sum": true}
	var sum uint64
	var want balance
	return layout{
		maxSpan: stateSpan,
		value: func(bucket string, key, value []byte) error {
			body, err := unseal(key, value)
			switch {
			case err != nil:
				return err
			case bucket != string(metaBucket):
				sum += weigh(bucket, value)
				return nil
			}
			delete(missing, string(key))
			if bytes.Equal(key, sumKey) {
				want, err = parseBalance(body)
				return err
			}
			sum += weigh(bucket, value)
			return checkMeta(string(key), body)
		},
		done: func(m meta) error {
			for name := range missing {
				return fmt.Errorf("%w: meta/%s is missing", ErrDamaged, name)
			}
			if want.txid != m.txid || want.sum != sum {
				return fmt.Errorf("%w: a page is older than transaction %d", ErrDamaged, m.txid)
			}
			return nil
		},
	}
}

// checkMeta looks into the values without which nothing works.
func checkMeta(key string, body []byte) error {
	switch key {
	case "format":
		return checkFormat(body)
	case "identity":
		if len(body) != ed25519.SeedSize {
			return fmt.Errorf("meta/identity: %w: %d bytes", ErrDamaged, len(body))
		}
	case "chain":
		_, err := parseChain(body)
		return err
	}
	return nil
}

// checkFormat refuses a file that another firmware wrote in a later format.
func checkFormat(body []byte) error {
	if len(body) != 4 || binary.BigEndian.Uint32(body) != format {
		return fmt.Errorf("meta/format: %w: %x; this firmware knows %d", ErrDamaged, body, format)
	}
	return nil
}
