package store

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// logState is what is remembered of one log: enough to go on with its chain
// when all its events are gone.
type logState struct {
	ID    uint32 `json:"id"` // prefix of its keys
	Log   string `json:"log"`
	N     uint64 `json:"n"`               // last number given out
	Hash  string `json:"hash"`            // SHA-256 of that event, hex; "" before the first
	Acked uint64 `json:"acked,omitempty"` // last number that Ack freed
	Count int    `json:"count,omitempty"` // events that wait
	Bytes int64  `json:"bytes,omitempty"` // of their JSON
}

// chain is the logs that have events waiting, oldest first, and at the end the
// one that is being written.
type chain []logState

func (c chain) current() *logState { return &c[len(c)-1] }

func (c chain) count() (n int) {
	for _, l := range c {
		n += l.Count
	}
	return n
}

func (c chain) bytes() (n int64) {
	for _, l := range c {
		n += l.Bytes
	}
	return n
}

func parseChain(b []byte) (c chain, err error) {
	if err := json.Unmarshal(b, &c); err != nil {
		return nil, fmt.Errorf("meta/chain: %w: %w", ErrDamaged, err)
	}
	if len(c) == 0 {
		return nil, fmt.Errorf("meta/chain: %w: no log", ErrDamaged)
	}
	return c, nil
}

// chain reads where the logs stand.
func (t *Tx) chain() (c chain, err error) {
	return c, t.do(metaBucket, func(b table) error {
		body, err := b.get(chainKey)
		if err == nil {
			c, err = parseChain(body)
		}
		return err
	})
}

// writeChain stores c. Old logs with nothing waiting are dropped.
func (t *Tx) writeChain(c chain) error {
	last := len(c) - 1
	kept := chain{}
	for i, l := range c {
		if i == last || l.Count > 0 {
			kept = append(kept, l)
		}
	}
	b, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	return t.do(metaBucket, func(m table) error { return m.put(chainKey, b) })
}

// logBytes is the length of a log's random id.
const logBytes = 8

// newLog begins a log. It is used where the numbers of the last one may have
// been given out further than this file knows: going on with them would make
// two histories with the same numbers. What waits in the old one still does.
func newLog(t *Tx) error {
	c, err := t.chain()
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	var id [logBytes]byte
	rand.Read(id[:]) // never fails
	next := logState{Log: hex.EncodeToString(id[:])}
	if len(c) > 0 {
		next.ID = c.current().ID + 1
	}
	return t.writeChain(append(c, next))
}

// Chain is where the log being written stands.
type Chain struct {
	Log     string // 16 hexadecimal digits, random
	N       uint64 // number of the last event, 0 before the first
	Hash    string // SHA-256 of its JSON in hexadecimal, "" before the first
	Acked   uint64 // last number that Ack freed
	Waiting int    // events that wait, those of older logs counted
	Bytes   int64  // of their JSON
}

// Last returns where the log being written stands. It goes on from there after
// every event was acknowledged, and after a restart.
func (t *Tx) Last() (Chain, error) {
	c, err := t.chain()
	if err != nil {
		return Chain{}, err
	}
	l := c.current()
	return Chain{Log: l.Log, N: l.N, Hash: l.Hash, Acked: l.Acked, Waiting: c.count(), Bytes: c.bytes()}, nil
}
