package store

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestValueSurvivesRestart(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	require.NoError(t, s.Put("clock/trusted", []byte("2026-11-22T05:00:00Z")))
	require.NoError(t, s.Put("empty", nil))
	require.NoError(t, s.Close())

	s = open(t, dir, Options{})
	v, err := s.Get("clock/trusted")
	require.NoError(t, err)
	assert.Equal(t, "2026-11-22T05:00:00Z", string(v))
	v, err = s.Get("empty")
	require.NoError(t, err)
	assert.Empty(t, v)
	assert.Empty(t, s.Recovered())
}

func TestValueThatIsNotThere(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	_, err := s.Get("nothing")
	require.ErrorIs(t, err, ErrNotFound)
	assert.ErrorContains(t, err, "nothing")
	assert.NoError(t, s.Delete("nothing"))
}

func TestValueOverItsLimit(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	assert.NoError(t, s.Put("big", make([]byte, MaxValue)))
	err := s.Put("big", make([]byte, MaxValue+1))
	require.ErrorIs(t, err, ErrTooLarge)
	assert.ErrorContains(t, err, "262144", "the limit is named")
	assert.ErrorIs(t, s.Put("", nil), ErrInvalid)
	assert.ErrorIs(t, s.Put(strings.Repeat("n", MaxName+1), nil), ErrInvalid)
	_, err = s.Get("")
	assert.ErrorIs(t, err, ErrInvalid)
}

func TestReturnedValueIsTheCallers(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	v := []byte("sound")
	require.NoError(t, s.Put("a", v))
	v[0] = 'X'
	got, err := s.Get("a")
	require.NoError(t, err)
	got[1] = 'X'
	again, err := s.Get("a")
	require.NoError(t, err)
	assert.Equal(t, "sound", string(again))
}

func TestCounterRisesOverRestarts(t *testing.T) {
	dir := t.TempDir()
	for boot := uint64(1); boot <= 3; boot++ {
		s := open(t, dir, Options{})
		n, err := s.Increment("boot")
		require.NoError(t, err)
		assert.Equal(t, boot, n)
		require.NoError(t, s.Close())
	}
	s := open(t, dir, Options{})
	require.NoError(t, s.Put("text", []byte("abc")))
	_, err := s.Increment("text")
	assert.ErrorIs(t, err, ErrInvalid)
}

func TestFailedUpdateChangesNothing(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	require.NoError(t, s.Put("a", []byte("old")))
	why := errors.New("the scheduler said no")
	err := s.Update(func(tx *Tx) error {
		require.NoError(t, tx.Put("a", []byte("new")))
		require.NoError(t, tx.Put("b", []byte("new")))
		v, err := tx.Get("a")
		require.NoError(t, err)
		assert.Equal(t, "new", string(v), "inside, the change is seen")
		return why
	})
	require.ErrorIs(t, err, why)
	v, err := s.Get("a")
	require.NoError(t, err)
	assert.Equal(t, "old", string(v))
	_, err = s.Get("b")
	assert.ErrorIs(t, err, ErrNotFound)
}

func TestPanicOfTheCallerGoesOnAndChangesNothing(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	assert.PanicsWithValue(t, "the caller's own", func() {
		s.Update(func(tx *Tx) error {
			require.NoError(t, tx.Put("a", []byte("new")))
			panic("the caller's own")
		})
	})
	assert.PanicsWithValue(t, "reading", func() { s.View(func(*Tx) error { panic("reading") }) })
	_, err := s.Get("a")
	require.ErrorIs(t, err, ErrNotFound)
	assert.NoError(t, s.Put("a", []byte("later")), "the store is not hurt")
}

func TestTransactionUsedTooLate(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	var kept *Tx
	require.NoError(t, s.Update(func(tx *Tx) error { kept = tx; return nil }))
	assert.ErrorIs(t, kept.Put("a", nil), ErrTxDone)
	_, err := kept.Get("a")
	assert.ErrorIs(t, err, ErrTxDone)
	_, err = kept.Last()
	assert.ErrorIs(t, err, ErrTxDone)
	_, err = kept.Append(Event{Type: "boot", At: noon})
	assert.ErrorIs(t, err, ErrTxDone)
}

func TestWritingInAReadTransaction(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	err := s.View(func(tx *Tx) error { return tx.Put("a", []byte("x")) })
	require.Error(t, err)
	require.NoError(t, s.Put("a", []byte("y")))
}

func TestNothingChangedWritesNothing(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	require.NoError(t, s.Put("a", []byte("same")))
	k := Key{Kind: "plan", KID: "k", Aud: "d"}
	require.NoError(t, s.PutDocument(k, 7, []byte("{}")))
	before := s.Stats().Written
	for range 10 {
		require.NoError(t, s.Put("a", []byte("same")))
		require.NoError(t, s.Delete("not there"))
		require.NoError(t, s.PutDocument(k, 7, []byte("{}")))
		require.NoError(t, s.Update(func(*Tx) error { return nil }))
		_, err := s.Append()
		require.NoError(t, err)
	}
	assert.Equal(t, before, s.Stats().Written)
}

func TestManyGoroutines(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 10 {
				_, err := s.Increment("n")
				assert.NoError(t, err)
				_, err = s.Append(Event{Type: "fault", At: noon, Members: map[string]int{"i": i}})
				assert.NoError(t, err)
				_, err = s.Get("n")
				assert.NoError(t, err)
				s.Stats()
			}
		})
	}
	wg.Wait()
	n, err := s.Increment("n")
	require.NoError(t, err)
	assert.EqualValues(t, 81, n)
	c, err := s.Last()
	require.NoError(t, err)
	assert.EqualValues(t, 80, c.N)
}

func TestUseAfterClose(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	b := noise(1, 100_000)
	d := add(t, s, b)
	r, err := s.Open(d)
	require.NoError(t, err)
	w, err := s.Create(digestOf([]byte("other")), 100, noon)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	require.NoError(t, s.Close(), "twice is no error")

	for name, err := range map[string]error{
		"Put":    s.Put("a", nil),
		"Get":    second(s.Get("a")),
		"Append": second(s.Append(Event{Type: "boot", At: noon})),
		"Open":   second(s.Open(d)),
		"Create": second(s.Create(d, 1, noon)),
		"Read":   second(r.Read(make([]byte, 10))),
		"Verify": s.Verify(d),
		"Remove": s.Remove(d),
		"Backup": s.Backup(),
	} {
		assert.ErrorIs(t, err, ErrClosed, name)
	}
	_, err = w.Write(make([]byte, 100))
	require.NoError(t, err, "only memory yet")
	assert.Error(t, w.Commit())
	assert.NoError(t, w.Close())
	assert.NoError(t, r.Close())
	s.Stats()
}

func second[T any](_ T, err error) error { return err }
