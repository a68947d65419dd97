package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"loa"
)

// outboxLimits bound what waits, in all logs together.
type outboxLimits struct {
	events int
	bytes  int64
}

// eventKey is the place of an event in the outbox: logs in their order, numbers
// in theirs.
func eventKey(log uint32, n uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(nil, log), n)
}

// Append stores events in the order given, each with the next number of the
// log and the digest of the one before it, and returns the number of the last.
// When the outbox is full the oldest eighth is dropped, and before the new ones
// stands one event of type overflow with members `first`, `last` (the range of
// numbers that never arrives) and `hash` (SHA-256 of the last one dropped, the
// `prev` of the next that does arrive); if they are of an older log, `of` names
// it.
//
// At most MaxAppend events of MaxEvent bytes (else ErrTooLarge); a wrong event
// is ErrInvalid. Either all are stored or none.
func (t *Tx) Append(events ...Event) (last uint64, err error) {
	if len(events) > MaxAppend {
		return 0, fmt.Errorf("append %w: %d events; allowed: %d", ErrTooLarge, len(events), MaxAppend)
	}
	for _, e := range events {
		if err := t.valid(e); err != nil {
			return 0, err
		}
	}
	err = t.outbox(func(b table, c chain) error {
		for _, e := range events {
			if err := t.makeRoom(b, c, e.At); err != nil {
				return err
			}
			if err := t.append(b, c.current(), e); err != nil {
				return err
			}
		}
		last = c.current().N
		return nil
	})
	return last, err
}

// valid says whether e can be appended wherever the chain stands, before
// anything is changed.
func (t *Tx) valid(e Event) error {
	if e.Type == loa.EventOverflow {
		return fmt.Errorf("%w: event of type %s is made by the store alone", ErrInvalid, e.Type)
	}
	longest := logState{Log: longestLog, N: math.MaxUint64 - 1, Hash: longestHash}
	_, err := e.encode(t.st.device, longest)
	return err
}

// longestLog and longestHash are as long as any.
var (
	longestLog  = strings.Repeat("0", 2*logBytes)
	longestHash = strings.Repeat("0", 2*sha256.Size)
)

// outbox runs fn on the outbox and stores the chain if fn changed something.
func (t *Tx) outbox(fn func(b table, c chain) error) error {
	c, err := t.chain()
	if err != nil {
		return err
	}
	return t.do(outboxBucket, func(b table) error {
		before := slices.Clone(c)
		err = fn(b, c)
		if slices.Equal(before, c) {
			return err
		}
		if err != nil {
			t.spoilt = err
			return err
		}
		return t.writeChain(c)
	})
}

func (t *Tx) append(b table, l *logState, e Event) error {
	body, err := e.encode(t.st.device, *l)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	l.N++
	l.Hash = hex.EncodeToString(sum[:])
	l.Count++
	l.Bytes += int64(len(body))
	b.bucket.FillPercent = 1 // numbers only rise
	return b.put(eventKey(l.ID, l.N), body)
}

// overflow is the members of an overflow event.
type overflow struct {
	Of    string `json:"of,omitempty"`
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
	Hash  string `json:"hash"`
}

// makeRoom drops the oldest eighth if the outbox may not take one more event
// of any size, and says so by one overflow event for each log that lost some.
func (t *Tx) makeRoom(b table, c chain, at time.Time) error {
	limits := t.st.limits
	// The overflow event itself takes room, too.
	if c.count()+2 <= limits.events && c.bytes()+2*MaxEvent <= limits.bytes {
		return nil
	}
	keepEvents, keepBytes := limits.events/8*7, limits.bytes/8*7-2*MaxEvent
	var lost []overflow
	for i := range c {
		l := &c[i]
		over := func() bool { return c.count() > keepEvents || c.bytes() > keepBytes }
		first := l.Acked + 1
		last, hash, err := drop(b, l, over)
		if err != nil {
			return err
		}
		if last == 0 {
			continue
		}
		o := overflow{First: first, Last: last, Hash: hash}
		if l != c.current() {
			o.Of = l.Log
		}
		lost = append(lost, o)
	}
	for _, o := range lost {
		if err := t.append(b, c.current(), Event{Type: loa.EventOverflow, At: at, Members: o}); err != nil {
			return err
		}
	}
	return nil
}

// drop removes the oldest events of l while over says so, and returns the
// number and digest of the last one; 0 if there was none.
func drop(b table, l *logState, over func() bool) (last uint64, hash string, err error) {
	for over() {
		key, v := oldest(b, l.ID)
		if key == nil {
			break
		}
		body := v[min(sealSize, len(v)):]
		sum := sha256.Sum256(body)
		last, hash = binary.BigEndian.Uint64(key[4:]), hex.EncodeToString(sum[:])
		if err := l.free(b, key, body); err != nil {
			return last, hash, err
		}
	}
	return last, hash, nil
}

// oldest returns the first stored event of a log, or nil.
func oldest(b table, id uint32) (key, v []byte) {
	first := eventKey(id, 0)
	if key, v = b.bucket.Cursor().Seek(first); len(key) != len(first) || !bytes.Equal(key[:4], first[:4]) {
		return nil, nil
	}
	return key, v
}

// free removes one event of l.
func (l *logState) free(b table, key, body []byte) error {
	l.Count--
	l.Bytes -= int64(len(body))
	return b.remove(key)
}

// Ack frees the events of log up to n, which the source has committed. Freeing
// them again changes nothing. It is ErrLog if nothing of that log waits and it
// is not the one being written, and ErrAck if n was never given out in the log
// being written. A log from before state.db was restored may have gone further
// than this file knows: there any n is taken.
func (t *Tx) Ack(log string, n uint64) error {
	return t.outbox(func(b table, c chain) error {
		i := slices.IndexFunc(c, func(l logState) bool { return l.Log == log })
		if i < 0 {
			return fmt.Errorf("ack %q: %w, %q", log, ErrLog, c.current().Log)
		}
		l := &c[i]
		if n > l.N && l == c.current() {
			return fmt.Errorf("ack %q: %w: %d of %d", log, ErrAck, n, l.N)
		}
		for {
			key, v := oldest(b, l.ID)
			if key == nil || binary.BigEndian.Uint64(key[4:]) > n {
				break
			}
			if err := l.free(b, key, v[min(sealSize, len(v)):]); err != nil {
				return err
			}
		}
		l.Acked = max(l.Acked, n)
		return nil
	})
}

// MaxPending bounds what one Pending returns, in events.
const MaxPending = 256

// Pending returns up to limit (1 to MaxPending, else the nearer one) of the
// events that wait, oldest first, beginning after number n of log. With a log
// of which nothing is known, such as "", it begins with the oldest. Events of an
// older log stand before those of the current one, where numbers begin again.
func (t *Tx) Pending(log string, n uint64, limit int) (entries []Entry, err error) {
	limit = min(max(limit, 1), MaxPending)
	c, err := t.chain()
	if err != nil {
		return nil, err
	}
	err = t.do(outboxBucket, func(b table) error {
		var from []byte
		names := make(map[uint32]string, len(c))
		for _, l := range c {
			names[l.ID] = l.Log
			if l.Log == log {
				from = eventKey(l.ID, n+1)
			}
		}
		cursor := b.bucket.Cursor()
		for key, v := cursor.Seek(from); key != nil && len(entries) < limit; key, v = cursor.Next() {
			e, err := readEntry(key, v, names)
			if err != nil {
				return err
			}
			entries = append(entries, e)
		}
		return nil
	})
	return entries, err
}

func readEntry(key, v []byte, names map[uint32]string) (Entry, error) {
	if len(key) != 12 {
		return Entry{}, fmt.Errorf("event key: %w: %d bytes", ErrDamaged, len(key))
	}
	body, err := unseal(key, v)
	if err != nil {
		return Entry{}, fmt.Errorf("event %w", err)
	}
	return Entry{
		Log:  names[binary.BigEndian.Uint32(key)],
		N:    binary.BigEndian.Uint64(key[4:]),
		JSON: bytes.Clone(body),
	}, nil
}

// Append is Tx.Append in a transaction of its own.
func (s *Store) Append(events ...Event) (last uint64, err error) {
	err = s.Update(func(t *Tx) error {
		last, err = t.Append(events...)
		return err
	})
	return last, err
}

// Ack is Tx.Ack in a transaction of its own.
func (s *Store) Ack(log string, n uint64) error {
	return s.Update(func(t *Tx) error { return t.Ack(log, n) })
}

// Pending is Tx.Pending in a transaction of its own.
func (s *Store) Pending(log string, n uint64, limit int) (entries []Entry, err error) {
	err = s.View(func(t *Tx) error {
		entries, err = t.Pending(log, n, limit)
		return err
	})
	return entries, err
}

// Last is Tx.Last in a transaction of its own.
func (s *Store) Last() (c Chain, err error) {
	err = s.View(func(t *Tx) error {
		c, err = t.Last()
		return err
	})
	return c, err
}
