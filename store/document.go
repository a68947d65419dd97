package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// MaxDocument bounds the payload of a document, in bytes. A signed document of
// loa/1 has at most 256 KiB of JSON, which its base64 form makes 342 KiB.
const MaxDocument = 512 << 10

// Key names a document: a newer one of the same key replaces it. No member may
// hold a zero byte or more than MaxName bytes; Kind must not be empty.
type Key struct {
	Pairing string // which pairing it came by: each begins new counters
	KID     string // signer, RFC 7638 thumbprint
	Kind    string // "plan", "air", "config", "signers"
	Aud     string // device or area it is for
}

func (k Key) String() string {
	return fmt.Sprintf("%s of %q for %q (pairing %q)", k.Kind, k.KID, k.Aud, k.Pairing)
}

// bytes is the stored form of k, ordered by kind first.
func (k Key) bytes() ([]byte, error) {
	members := []string{k.Kind, k.Pairing, k.KID, k.Aud}
	for _, m := range members {
		if len(m) > MaxName || strings.ContainsRune(m, 0) {
			return nil, fmt.Errorf("%w: document %v: a member of over %d bytes or with a zero byte", ErrInvalid, k, MaxName)
		}
	}
	if k.Kind == "" {
		return nil, fmt.Errorf("%w: document %v: kind is empty", ErrInvalid, k)
	}
	return []byte(strings.Join(members, "\x00")), nil
}

func parseKey(b []byte) (Key, error) {
	m := strings.Split(string(b), "\x00")
	if len(m) != 4 {
		return Key{}, fmt.Errorf("document key: %w: %d members", ErrDamaged, len(m))
	}
	return Key{Kind: m[0], Pairing: m[1], KID: m[2], Aud: m[3]}, nil
}

// Document is a stored document. Payload is the caller's.
type Document struct {
	Key     Key
	Seq     uint64
	Payload []byte
}

// lastSeq is what is remembered of a document even after it was deleted.
type lastSeq struct {
	seq uint64
	sum [sha256.Size]byte // of the payload
}

func (l lastSeq) bytes() []byte {
	return append(binary.BigEndian.AppendUint64(nil, l.seq), l.sum[:]...)
}

// seqOf returns the last sequence number taken under key; ok is false if there
// was none.
func seqOf(b table, key []byte) (l lastSeq, ok bool, err error) {
	v, err := b.get(key)
	if errors.Is(err, ErrNotFound) {
		return l, false, nil
	}
	if err == nil && len(v) != 8+sha256.Size {
		err = fmt.Errorf("seq: %w: %d bytes", ErrDamaged, len(v))
	}
	if err != nil {
		return l, false, err
	}
	l.seq = binary.BigEndian.Uint64(v)
	copy(l.sum[:], v[8:])
	return l, true, nil
}

// PutDocument stores payload and seq together, if seq is above the last one of
// k, and returns ErrSeq if it is not. The same seq with the same bytes is no
// error and changes nothing: in particular it does not bring back a document
// that was deleted. payload has at most MaxDocument bytes.
func (t *Tx) PutDocument(k Key, seq uint64, payload []byte) error {
	key, err := k.bytes()
	if err != nil {
		return err
	}
	if len(payload) > MaxDocument {
		return fmt.Errorf("document %v: %w: %d bytes; allowed: %d", k, ErrTooLarge, len(payload), MaxDocument)
	}
	next := lastSeq{seq, sha256.Sum256(payload)}
	err = t.do(seqBucket, func(b table) error {
		last, ok, err := seqOf(b, key)
		switch {
		case err != nil:
			return err
		case ok && last == next:
			return errUnchanged
		case ok && seq <= last.seq:
			return fmt.Errorf("document %v: %w: %d after %d", k, ErrSeq, seq, last.seq)
		}
		return b.put(key, next.bytes())
	})
	if err == errUnchanged {
		return nil
	}
	if err != nil {
		return err
	}
	body := append(binary.BigEndian.AppendUint64(nil, seq), payload...)
	return t.do(documentBucket, func(b table) error { return b.put(key, body) })
}

// parseDocument takes a stored document apart; body is given away.
func parseDocument(k Key, body []byte) (Document, error) {
	if len(body) < 8 {
		return Document{}, fmt.Errorf("document %v: %w: %d bytes", k, ErrDamaged, len(body))
	}
	return Document{Key: k, Seq: binary.BigEndian.Uint64(body), Payload: body[8:]}, nil
}

// Document returns the document of k, or ErrNotFound.
func (t *Tx) Document(k Key) (d Document, err error) {
	key, err := k.bytes()
	if err != nil {
		return d, err
	}
	err = t.do(documentBucket, func(b table) error {
		body, err := b.get(key)
		if err != nil {
			return fmt.Errorf("document %w", err)
		}
		d, err = parseDocument(k, body)
		return err
	})
	return d, err
}

// Documents returns all documents of a kind, or of all kinds if it is empty,
// in a fixed order. If some cannot be read the error says which, and the others
// are returned with it.
func (t *Tx) Documents(kind string) (ds []Document, err error) {
	var prefix []byte
	if kind != "" {
		prefix = append([]byte(kind), 0)
	}
	var bad []error
	err = t.do(documentBucket, func(b table) error {
		c := b.bucket.Cursor()
		for key, v := c.Seek(prefix); key != nil && bytes.HasPrefix(key, prefix); key, v = c.Next() {
			d, err := readDocument(key, v)
			if err != nil {
				bad = append(bad, err)
				continue
			}
			ds = append(ds, d)
		}
		return nil
	})
	return ds, errors.Join(append(bad, err)...)
}

func readDocument(key, v []byte) (Document, error) {
	k, err := parseKey(key)
	if err != nil {
		return Document{}, err
	}
	body, err := unseal(key, v)
	if err != nil {
		return Document{}, err
	}
	return parseDocument(k, bytes.Clone(body))
}

// DeleteDocument removes the document of k and keeps its sequence number, so
// that it cannot be played back later. It is no error if there is none.
func (t *Tx) DeleteDocument(k Key) error {
	key, err := k.bytes()
	if err != nil {
		return err
	}
	return t.do(documentBucket, func(b table) error { return b.remove(key) })
}

// Seq returns the last sequence number that PutDocument took for k, 0 if there
// was none, whether or not the document is still there.
func (t *Tx) Seq(k Key) (uint64, error) {
	key, err := k.bytes()
	if err != nil {
		return 0, err
	}
	var last lastSeq
	err = t.do(seqBucket, func(b table) error {
		last, _, err = seqOf(b, key)
		return err
	})
	return last.seq, err
}

// ForgetPairing removes all documents and all sequence numbers of a pairing:
// what it once sent can never be taken for something of a later one.
func (t *Tx) ForgetPairing(pairing string) error {
	for _, bucket := range [][]byte{documentBucket, seqBucket} {
		err := t.do(bucket, func(b table) error {
			keys, err := keysOf(b, pairing)
			if err != nil {
				return err
			}
			for _, key := range keys {
				if err := b.remove(key); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// keysOf returns copies of the keys of a pairing.
func keysOf(b table, pairing string) (keys [][]byte, err error) {
	return keys, b.bucket.ForEach(func(key, _ []byte) error {
		k, err := parseKey(key)
		if err == nil && k.Pairing == pairing {
			keys = append(keys, bytes.Clone(key))
		}
		return err
	})
}

// PutDocument is Tx.PutDocument in a transaction of its own.
func (s *Store) PutDocument(k Key, seq uint64, payload []byte) error {
	return s.Update(func(t *Tx) error { return t.PutDocument(k, seq, payload) })
}

// Document is Tx.Document in a transaction of its own.
func (s *Store) Document(k Key) (d Document, err error) {
	err = s.View(func(t *Tx) error {
		d, err = t.Document(k)
		return err
	})
	return d, err
}

// Documents is Tx.Documents in a transaction of its own.
func (s *Store) Documents(kind string) (ds []Document, err error) {
	err = s.View(func(t *Tx) error {
		ds, err = t.Documents(kind)
		return err
	})
	return ds, err
}

// DeleteDocument is Tx.DeleteDocument in a transaction of its own.
func (s *Store) DeleteDocument(k Key) error {
	return s.Update(func(t *Tx) error { return t.DeleteDocument(k) })
}

// Seq is Tx.Seq in a transaction of its own.
func (s *Store) Seq(k Key) (n uint64, err error) {
	err = s.View(func(t *Tx) error {
		n, err = t.Seq(k)
		return err
	})
	return n, err
}

// ForgetPairing is Tx.ForgetPairing in a transaction of its own.
func (s *Store) ForgetPairing(pairing string) error {
	return s.Update(func(t *Tx) error { return t.ForgetPairing(pairing) })
}
