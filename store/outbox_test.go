package store

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"loa"
)

// sent is an event as the source reads it.
type sent struct {
	V      int
	Device string
	Log    string
	N      uint64
	At     time.Time
	Prev   string
	Type   string

	ID          string
	First, Last uint64
	Hash, Of    string
}

func read(t testing.TB, e Entry) sent {
	t.Helper()
	var v sent
	require.NoError(t, json.Unmarshal(e.JSON, &v), string(e.JSON))
	require.Equal(t, 1, v.V)
	require.Equal(t, e.N, v.N)
	require.Equal(t, e.Log, v.Log)
	return v
}

func hashOf(e Entry) string {
	sum := sha256.Sum256(e.JSON)
	return hex.EncodeToString(sum[:])
}

// waiting reads the whole outbox as a source does that commits nothing.
func waitingEvents(t testing.TB, s *Store) (all []Entry) {
	t.Helper()
	log, n := "", uint64(0)
	for {
		entries, err := s.Pending(log, n, 100)
		require.NoError(t, err)
		if len(entries) == 0 {
			return all
		}
		all = append(all, entries...)
		last := entries[len(entries)-1]
		log, n = last.Log, last.N
	}
}

func play(id string) Event {
	return Event{Type: loa.EventPlay, At: noon, Members: struct {
		ID string `json:"id"`
	}{id}}
}

func TestEventsAreAChain(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	n, err := s.Append(play("b-1"), play("b-2"))
	require.NoError(t, err)
	assert.EqualValues(t, 2, n)
	require.NoError(t, s.Close())
	s = open(t, dir, Options{})
	_, err = s.Append(play("b-3"))
	require.NoError(t, err)

	events := waitingEvents(t, s)
	require.Len(t, events, 3)
	prev := ""
	for i, e := range events {
		v := read(t, e)
		assert.EqualValues(t, i+1, v.N)
		assert.Equal(t, prev, v.Prev)
		assert.Equal(t, s.DeviceID(), v.Device)
		assert.Equal(t, noon, v.At)
		assert.Equal(t, "play", v.Type)
		assert.Len(t, v.Log, 16)
		prev = hashOf(e)
	}
	c, err := s.Last()
	require.NoError(t, err)
	assert.Equal(t, Chain{Log: events[0].Log, N: 3, Hash: prev, Waiting: 3, Bytes: c.Bytes}, c)
}

// What a source reads must not change by accident.
func TestEventAsItIsSent(t *testing.T) {
	e := Event{Type: "play", At: time.Date(2026, 11, 22, 12, 30, 0, 1_999_999, time.FixedZone("", 7*3600)),
		Members: map[string]any{"id": "b-1", "title": "Bản tin sáng"}}
	b, err := e.encode("k3q", logState{Log: "00ff", N: 6, Hash: "ab"})
	require.NoError(t, err)
	assert.Equal(t, `{"v":1,"device":"k3q","log":"00ff","n":7,"at":"2026-11-22T05:30:00.001Z","prev":"ab","type":"play","id":"b-1","title":"Bản tin sáng"}`, string(b))

	e.Members = nil
	b, err = e.encode("k3q", logState{Log: "00ff"})
	require.NoError(t, err)
	assert.Equal(t, `{"v":1,"device":"k3q","log":"00ff","n":1,"at":"2026-11-22T05:30:00.001Z","prev":"","type":"play"}`, string(b))
}

func TestChainGoesOnWhenAllIsAcknowledged(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	_, err := s.Append(play("b-1"), play("b-2"))
	require.NoError(t, err)
	events := waitingEvents(t, s)
	log, hash := events[1].Log, hashOf(events[1])
	require.NoError(t, s.Ack(log, 2))
	assert.Empty(t, waitingEvents(t, s))
	assert.Zero(t, s.Stats().Outbox)
	require.NoError(t, s.Close())

	s = open(t, dir, Options{})
	_, err = s.Append(play("b-3"))
	require.NoError(t, err)
	events = waitingEvents(t, s)
	require.Len(t, events, 1)
	v := read(t, events[0])
	assert.EqualValues(t, 3, v.N)
	assert.Equal(t, log, v.Log)
	assert.Equal(t, hash, v.Prev)
}

func TestAckFreesUpToItsNumber(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	for range 5 {
		_, err := s.Append(play("b"))
		require.NoError(t, err)
	}
	c, err := s.Last()
	require.NoError(t, err)
	require.NoError(t, s.Ack(c.Log, 3))
	require.NoError(t, s.Ack(c.Log, 3), "again")
	require.NoError(t, s.Ack(c.Log, 1), "late")
	var left []uint64
	for _, e := range waitingEvents(t, s) {
		left = append(left, e.N)
	}
	assert.Equal(t, []uint64{4, 5}, left)

	assert.ErrorIs(t, s.Ack(c.Log, 6), ErrAck)
	assert.ErrorIs(t, s.Ack("0123456789abcdef", 4), ErrLog)
	assert.Len(t, waitingEvents(t, s), 2, "a wrong one frees nothing")
	require.NoError(t, s.Ack(c.Log, 5))
	c, err = s.Last()
	require.NoError(t, err)
	assert.EqualValues(t, 5, c.Acked)
	assert.Zero(t, c.Waiting)
	assert.Zero(t, c.Bytes)
}

func TestPendingGoesOnWhereItWasLeft(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	_, err := s.Append(play("1"), play("2"), play("3"))
	require.NoError(t, err)
	entries, err := s.Pending("", 0, 2)
	require.NoError(t, err)
	require.Len(t, entries, 2)
	entries, err = s.Pending(entries[1].Log, entries[1].N, 2)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	assert.EqualValues(t, 3, entries[0].N)
	entries, err = s.Pending(entries[0].Log, 3, 2)
	require.NoError(t, err)
	assert.Empty(t, entries)
	entries, err = s.Pending("not known", 99, 0)
	require.NoError(t, err)
	assert.Len(t, entries, 1, "from the oldest, at least one")
}

func TestFullOutboxDropsTheOldestAndSaysSoOnce(t *testing.T) {
	s := open(t, t.TempDir(), Options{OutboxEvents: 80})
	log := ""
	var all []Entry // every event that ever was
	for {
		_, err := s.Append(play("b"))
		require.NoError(t, err)
		entries := waitingEvents(t, s)
		require.LessOrEqual(t, len(entries), 80)
		log = entries[0].Log
		last := entries[len(entries)-1]
		if entries[0].N > 1 {
			break
		}
		all = append(all, last)
	}
	entries := waitingEvents(t, s)
	var found []sent
	for _, e := range entries {
		if v := read(t, e); v.Type == "overflow" {
			found = append(found, v)
		}
	}
	require.Len(t, found, 1)
	o := found[0]
	assert.EqualValues(t, 1, o.First)
	assert.Equal(t, entries[0].N-1, o.Last)
	assert.Equal(t, hashOf(all[o.Last-1]), o.Hash)
	assert.Equal(t, read(t, entries[0]).Prev, o.Hash, "the chain goes on from there")
	assert.Empty(t, o.Of)
	for i, e := range entries[1:] {
		assert.Equal(t, hashOf(entries[i]), read(t, e).Prev)
		assert.Equal(t, entries[i].N+1, e.N)
	}
	assert.Equal(t, o.N+1, entries[len(entries)-1].N, "the new event follows")
	require.NoError(t, s.Ack(log, o.N+1))
	_, err := s.Append(play("after"))
	require.NoError(t, err)
	assert.Len(t, waitingEvents(t, s), 1)
}

func TestRangeOfALaterOverflowBeginsAfterTheLastAck(t *testing.T) {
	s := open(t, t.TempDir(), Options{OutboxEvents: 16})
	_, err := s.Append(play("1"), play("2"), play("3"))
	require.NoError(t, err)
	c, err := s.Last()
	require.NoError(t, err)
	require.NoError(t, s.Ack(c.Log, 2))
	for range 100 {
		_, err := s.Append(play("b"))
		require.NoError(t, err)
	}
	entries := waitingEvents(t, s)
	require.LessOrEqual(t, len(entries), 16)
	var newest sent
	for _, e := range entries {
		if v := read(t, e); v.Type == "overflow" {
			newest = v
		}
	}
	assert.EqualValues(t, 3, newest.First, "one range says all that is missing")
	assert.Equal(t, entries[0].N-1, newest.Last)
	assert.Equal(t, read(t, entries[0]).Prev, newest.Hash)
}

func TestOutboxIsBoundedInBytes(t *testing.T) {
	s := open(t, t.TempDir(), Options{OutboxBytes: MinOutboxBytes})
	big := Event{Type: "selftest", At: noon, Members: map[string]string{"report": strings.Repeat("x", 15_000)}}
	for range 30 {
		_, err := s.Append(big)
		require.NoError(t, err)
		c, err := s.Last()
		require.NoError(t, err)
		require.LessOrEqual(t, c.Bytes, int64(MinOutboxBytes))
		require.Equal(t, len(waitingEvents(t, s)), c.Waiting)
	}
}

func TestWrongEventsAreRefused(t *testing.T) {
	s := open(t, t.TempDir(), Options{OutboxEvents: 16})
	for range 15 {
		_, err := s.Append(play("b"))
		require.NoError(t, err)
	}
	before := waitingEvents(t, s)
	for name, e := range map[string]Event{
		"no type":         {At: noon},
		"no time":         {Type: "play"},
		"overflow":        {Type: "overflow", At: noon},
		"no object":       {Type: "play", At: noon, Members: 7},
		"an array":        {Type: "play", At: noon, Members: []int{1}},
		"our own member":  {Type: "play", At: noon, Members: map[string]int{"n": 7}},
		"twice":           {Type: "play", At: noon, Members: json.RawMessage(`{"a":1,"a":2}`)},
		"not to be coded": {Type: "play", At: noon, Members: map[string]any{"f": func() {}}},
	} {
		_, err := s.Append(play("good"), e)
		assert.ErrorIs(t, err, ErrInvalid, name)
	}
	_, err := s.Append(Event{Type: "play", At: noon, Members: map[string]string{"x": strings.Repeat("x", MaxEvent)}})
	assert.ErrorIs(t, err, ErrTooLarge)
	_, err = s.Append(make([]Event, MaxAppend+1)...)
	assert.ErrorIs(t, err, ErrTooLarge)
	assert.Equal(t, before, waitingEvents(t, s), "no good one beside it is stored, none is dropped")

	// Even for a caller that does not look.
	require.NoError(t, s.Update(func(tx *Tx) error {
		tx.Append(play("good"), Event{})
		return tx.Put("a", nil)
	}))
	assert.Equal(t, before, waitingEvents(t, s))
}
