package store

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var plan = Key{Pairing: "p1", KID: "k3q", Kind: "plan", Aud: "vn/tien-giang/cho-gao"}

func TestDocumentSurvivesRestart(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	payload := noise(3, MaxDocument)
	require.NoError(t, s.PutDocument(plan, 42, payload))
	require.NoError(t, s.Close())

	s = open(t, dir, Options{})
	d, err := s.Document(plan)
	require.NoError(t, err)
	assert.Equal(t, plan, d.Key)
	assert.EqualValues(t, 42, d.Seq)
	assert.Equal(t, payload, d.Payload)
}

func TestReplayOfAnOlderDocumentIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	require.NoError(t, s.PutDocument(plan, 42, []byte("new")))
	for restart := range 2 {
		assert.ErrorIs(t, s.PutDocument(plan, 41, []byte("old")), ErrSeq, "restart %d", restart)
		assert.ErrorIs(t, s.PutDocument(plan, 42, []byte("other bytes")), ErrSeq, "restart %d", restart)
		assert.NoError(t, s.PutDocument(plan, 42, []byte("new")), "the same again is harmless")
		d, err := s.Document(plan)
		require.NoError(t, err)
		assert.Equal(t, "new", string(d.Payload))
		require.NoError(t, s.Close())
		s = open(t, dir, Options{})
	}
	require.NoError(t, s.PutDocument(plan, 43, []byte("newer")))
}

func TestReplayAfterDeletionIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	require.NoError(t, s.PutDocument(plan, 42, []byte("new")))
	require.NoError(t, s.DeleteDocument(plan))
	require.NoError(t, s.DeleteDocument(plan), "twice is no error")
	require.NoError(t, s.Close())

	s = open(t, dir, Options{})
	n, err := s.Seq(plan)
	require.NoError(t, err)
	assert.EqualValues(t, 42, n)
	assert.ErrorIs(t, s.PutDocument(plan, 41, []byte("old")), ErrSeq)
	assert.NoError(t, s.PutDocument(plan, 42, []byte("new")), "nothing happens")
	_, err = s.Document(plan)
	assert.ErrorIs(t, err, ErrNotFound, "the same again does not bring it back")
	assert.NoError(t, s.PutDocument(plan, 43, []byte("newer")))
}

func TestFirstDocumentMayHaveSeqZero(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	n, err := s.Seq(plan)
	require.NoError(t, err)
	assert.Zero(t, n)
	require.NoError(t, s.PutDocument(plan, 0, []byte("x")))
	_, err = s.Document(plan)
	assert.NoError(t, err)
}

func TestDocumentsOfOneKind(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	put := func(kind, kid, aud string) {
		k := Key{Pairing: "p1", KID: kid, Kind: kind, Aud: aud}
		require.NoError(t, s.PutDocument(k, 1, []byte(kind+kid+aud)))
	}
	put("air", "k1", "vn")
	put("air", "k1", "vn/tien-giang")
	put("air", "k2", "vn")
	put("plan", "k1", "vn")
	put("airx", "k1", "vn") // begins with the same letters

	var got []string
	ds, err := s.Documents("air")
	require.NoError(t, err)
	for _, d := range ds {
		assert.Equal(t, d.Key.Kind+d.Key.KID+d.Key.Aud, string(d.Payload))
		got = append(got, d.Key.KID+" "+d.Key.Aud)
	}
	assert.Equal(t, []string{"k1 vn", "k1 vn/tien-giang", "k2 vn"}, got)
	ds, err = s.Documents("")
	require.NoError(t, err)
	assert.Len(t, ds, 5)
	ds, err = s.Documents("config")
	require.NoError(t, err)
	assert.Empty(t, ds)
}

func TestPairingIsForgotten(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	other := plan
	other.Pairing = "p2"
	require.NoError(t, s.PutDocument(plan, 42, []byte("one")))
	require.NoError(t, s.PutDocument(other, 5, []byte("two")))
	require.NoError(t, s.ForgetPairing("p1"))
	_, err := s.Document(plan)
	assert.ErrorIs(t, err, ErrNotFound)
	assert.NoError(t, s.PutDocument(plan, 1, []byte("counters begin anew")))
	d, err := s.Document(other)
	require.NoError(t, err)
	assert.EqualValues(t, 5, d.Seq)
}

func TestDocumentArgumentsOutOfRange(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	for _, k := range []Key{
		{},
		{Kind: "plan\x00"},
		{Kind: "plan", KID: strings.Repeat("k", MaxName+1)},
	} {
		assert.ErrorIs(t, s.PutDocument(k, 1, nil), ErrInvalid, "%q", k)
		assert.ErrorIs(t, s.DeleteDocument(k), ErrInvalid, "%q", k)
		_, err := s.Document(k)
		assert.ErrorIs(t, err, ErrInvalid, "%q", k)
		_, err = s.Seq(k)
		assert.ErrorIs(t, err, ErrInvalid, "%q", k)
	}
	err := s.PutDocument(plan, 1, make([]byte, MaxDocument+1))
	require.ErrorIs(t, err, ErrTooLarge)
	assert.ErrorContains(t, err, fmt.Sprint(MaxDocument))
}

func TestDocumentAndMemoryAreStoredTogether(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	err := s.Update(func(tx *Tx) error {
		if err := tx.PutDocument(plan, 1, []byte("x")); err != nil {
			return err
		}
		if _, err := tx.Append(Event{Type: "accepted", At: noon}); err != nil {
			return err
		}
		return tx.PutDocument(plan, 0, []byte("y"))
	})
	require.ErrorIs(t, err, ErrSeq)
	_, err = s.Document(plan)
	assert.ErrorIs(t, err, ErrNotFound)
	c, err := s.Last()
	require.NoError(t, err)
	assert.Zero(t, c.N)
}

// What is large but right must never be taken for damage.
func TestLargestDocumentsWithTheLongestKeys(t *testing.T) {
	dir := ramDir(t)
	long := strings.Repeat("k", MaxName)
	for round := range uint64(4) {
		s := open(t, dir, Options{})
		require.Empty(t, s.Recovered())
		for i := range 9 {
			k := Key{Pairing: long, KID: long, Kind: long[:MaxName-1] + fmt.Sprint(i*5%9), Aud: long}
			n := MaxDocument
			if (i+int(round))%3 == 0 {
				n = 100
			}
			require.NoError(t, s.PutDocument(k, round, make([]byte, n)))
			if (i+int(round))%4 == 0 {
				require.NoError(t, s.DeleteDocument(k))
			}
		}
		require.NoError(t, s.Backup())
		require.NoError(t, s.Stats().CopyErr)
		require.NoError(t, s.Close())
	}
}
