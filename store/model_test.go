package store

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// twin is a store of maps that does what the documentation says.
type twin struct {
	values map[string]string
	docs   map[Key]Document
	seqs   map[Key]Document // the last ever
	n      uint64           // events
	events []string         // ids of those waiting
	sounds map[Digest]*twinSound
	clock  int
	needs  map[Digest]time.Time
}

type twinSound struct {
	b        []byte
	stored   int
	verified bool
	use      int
}

func (m *twin) used() (n int64) {
	for _, s := range m.sounds {
		n += diskBytes(int64(s.stored))
	}
	return n
}

// room evicts for need bytes and says whether that was enough.
func (m *twin) room(need int64, self Digest) bool {
	free := modelBudget - m.used()
	var order []Digest
	for d := range m.sounds {
		at, needed := m.needs[d]
		if d != self && !(needed && !at.After(noon.Add(KeepFor))) {
			order = append(order, d)
		}
	}
	slices.SortFunc(order, func(x, y Digest) int { return m.sounds[x].use - m.sounds[y].use })
	var gone []Digest
	for _, d := range order {
		if free >= need {
			break
		}
		free += diskBytes(int64(m.sounds[d].stored))
		gone = append(gone, d)
	}
	if free < need {
		return false
	}
	for _, d := range gone {
		delete(m.sounds, d)
	}
	return true
}

const (
	modelBudget = 1 << 20
	modelEvents = 40
)

// machine drives a store and its twin. Every method is one kind of operation.
type machine struct {
	t   *testing.T
	dir string
	s   *Store
	m   twin
}

func (x *machine) open(t require.TestingT) {
	var err error
	x.s, err = Open(x.dir, Options{AudioBudget: modelBudget, OutboxEvents: modelEvents})
	require.NoError(t, err)
	require.Empty(t, x.s.Recovered())
	x.s.state.db.NoSync = true // in memory anyway
	x.s.audio.db.NoSync = true
	x.m.needs = nil // what is needed is not stored
}

func (x *machine) Restart(t *rapid.T) {
	require.NoError(t, x.s.Close())
	x.open(t)
}

// PowerCut goes on with what is on the disk. Uses that were not stored yet are
// forgotten, so the order of eviction is read back.
func (x *machine) PowerCut(t *rapid.T) {
	next := x.dir + "x"
	require.NoError(t, os.MkdirAll(next, 0o700))
	for _, name := range []string{stateName, audioName} {
		b, err := os.ReadFile(filepath.Join(x.dir, name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(next, name), b, 0o600))
	}
	require.NoError(t, x.s.Close())
	require.NoError(t, os.RemoveAll(x.dir))
	x.dir = next
	x.open(t)
	for i, it := range x.s.Items() {
		if s := x.m.sounds[it.Digest]; s != nil {
			s.use = i - 1_000_000 // in their order, before everything later
		}
	}
}

func (x *machine) Put(t *rapid.T) {
	name := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "name")
	if rapid.IntRange(0, 4).Draw(t, "delete") == 0 {
		delete(x.m.values, name)
		require.NoError(t, x.s.Delete(name))
		return
	}
	v := string(noise(rapid.Uint64Range(0, 99).Draw(t, "seed"), rapid.SampledFrom([]int{0, 1, 30, 1000, 5000, 20_000}).Draw(t, "len")))
	x.m.values[name] = v
	require.NoError(t, x.s.Put(name, []byte(v)))
}

func (x *machine) Document(t *rapid.T) {
	k := Key{
		Pairing: rapid.SampledFrom([]string{"", "p"}).Draw(t, "pairing"),
		Kind:    rapid.SampledFrom([]string{"air", "plan"}).Draw(t, "kind"),
		Aud:     rapid.SampledFrom([]string{"vn", "vn/x"}).Draw(t, "aud"),
	}
	switch rapid.SampledFrom([]string{"put", "put", "put", "delete", "forget"}).Draw(t, "what") {
	case "delete":
		delete(x.m.docs, k)
		require.NoError(t, x.s.DeleteDocument(k))
	case "forget":
		other := func(have Key, _ Document) bool { return have.Pairing == k.Pairing }
		maps.DeleteFunc(x.m.docs, other)
		maps.DeleteFunc(x.m.seqs, other)
		require.NoError(t, x.s.ForgetPairing(k.Pairing))
	default:
		d := Document{Key: k, Seq: rapid.Uint64Range(0, 9).Draw(t, "seq"), Payload: noise(rapid.Uint64Range(0, 2).Draw(t, "seed"), rapid.SampledFrom([]int{1, 700, 9000, 70_000}).Draw(t, "len"))}
		last, ever := x.m.seqs[k]
		err := x.s.PutDocument(k, d.Seq, d.Payload)
		switch {
		case ever && last.Seq == d.Seq && string(last.Payload) == string(d.Payload):
			require.NoError(t, err)
		case ever && d.Seq <= last.Seq:
			require.ErrorIs(t, err, ErrSeq)
		default:
			require.NoError(t, err)
			x.m.docs[k], x.m.seqs[k] = d, d
		}
	}
}

func (x *machine) Append(t *rapid.T) {
	for range rapid.IntRange(1, 6).Draw(t, "events") {
		id := fmt.Sprint(rapid.Uint16().Draw(t, "id"))
		x.m.append(id)
		n, err := x.s.Append(play(id))
		require.NoError(t, err)
		require.Equal(t, x.m.n, n)
	}
}

// append does what Append does when the outbox is full.
func (m *twin) append(id string) {
	if len(m.events)+2 > modelEvents {
		m.events = m.events[len(m.events)-modelEvents/8*7:]
		m.events = append(m.events, "overflow")
		m.n++
	}
	m.events = append(m.events, id)
	m.n++
}

func (x *machine) Ack(t *rapid.T) {
	n := rapid.Uint64Range(0, x.m.n+1).Draw(t, "n")
	c, err := x.s.Last()
	require.NoError(t, err)
	err = x.s.Ack(c.Log, n)
	if n > x.m.n {
		require.ErrorIs(t, err, ErrAck)
		return
	}
	require.NoError(t, err)
	first := x.m.n - uint64(len(x.m.events)) + 1
	if n >= first {
		x.m.events = x.m.events[n-first+1:]
	}
}

// modelSound is one of a few, so that they meet again.
func modelSound(t *rapid.T) []byte {
	n := rapid.SampledFrom([]int{1, 4000, 65_492, 65_493, 150_000, 400_000, 400_000, 900_000, 1_200_000}).Draw(t, "len")
	return noise(rapid.Uint64Range(0, 2).Draw(t, "seed"), n)
}

func (x *machine) Download(t *rapid.T) {
	b := modelSound(t)
	d := digestOf(b)
	have := x.m.sounds[d]
	w, err := x.s.Create(d, int64(len(b)), noon)
	if have != nil && have.verified {
		require.ErrorIs(t, err, ErrExists)
		return
	}
	// To begin is a use, even if it fails.
	x.m.clock++
	stored := 0
	if have != nil {
		have.use = x.m.clock
		stored = have.stored
	}
	if !x.m.room(diskBytes(int64(len(b)))-diskBytes(int64(stored)), d) {
		require.ErrorIs(t, err, ErrFull)
		return
	}
	require.NoError(t, err)
	require.EqualValues(t, stored, w.Offset())
	n := len(b) - stored
	if rapid.Bool().Draw(t, "cut") {
		n = rapid.IntRange(0, n).Draw(t, "bytes")
	}
	wrong := n == len(b)-stored && rapid.IntRange(0, 5).Draw(t, "wrong") == 0 && n > 0
	rest := slices.Clone(b[stored : stored+n])
	if wrong {
		rest[0] ^= 1
	}
	_, err = w.Write(rest)
	require.NoError(t, err)
	switch {
	case wrong:
		require.ErrorIs(t, w.Commit(), ErrDigest)
		delete(x.m.sounds, d)
		return
	case stored+n == len(b):
		require.NoError(t, w.Commit())
	default:
		require.ErrorIs(t, w.Commit(), ErrIncomplete)
		require.NoError(t, w.Close())
		n -= (stored + n) % chunkData
	}
	if stored+n > 0 {
		x.m.sounds[d] = &twinSound{b: b, stored: stored + n, verified: stored+n == len(b), use: x.m.clock}
	}
}

func (x *machine) Play(t *rapid.T) {
	b := modelSound(t)
	d := digestOf(b)
	r, err := x.s.Open(d)
	switch have := x.m.sounds[d]; {
	case have == nil:
		require.ErrorIs(t, err, ErrNotFound)
	case !have.verified:
		require.ErrorIs(t, err, ErrUnverified)
	default:
		require.NoError(t, err)
		x.m.clock++
		have.use = x.m.clock
		from := rapid.IntRange(0, len(b)).Draw(t, "from")
		_, err = r.Seek(int64(from), io.SeekStart)
		require.NoError(t, err)
		got, err := io.ReadAll(r)
		require.NoError(t, err)
		require.Equal(t, digestOf(b[from:]), digestOf(got))
		require.NoError(t, r.Close())
	}
}

func (x *machine) Keep(t *rapid.T) {
	x.m.needs = map[Digest]time.Time{}
	var needs []Need
	for d := range x.m.sounds {
		if rapid.Bool().Draw(t, "needed") {
			at := noon.Add(time.Duration(rapid.IntRange(0, 96).Draw(t, "hours")) * time.Hour)
			x.m.needs[d] = at
			needs = append(needs, Need{d, at})
		}
	}
	x.s.Keep(needs)
}

func (x *machine) Remove(t *rapid.T) {
	d := digestOf(modelSound(t))
	err := x.s.Remove(d)
	if x.m.sounds[d] == nil {
		require.ErrorIs(t, err, ErrNotFound)
		return
	}
	require.NoError(t, err)
	delete(x.m.sounds, d)
}

// Check compares everything after each operation.
func (x *machine) Check(t *rapid.T) {
	for _, name := range []string{"a", "b", "c"} {
		v, err := x.s.Get(name)
		if want, there := x.m.values[name]; there {
			require.NoError(t, err)
			require.Equal(t, want, string(v))
		} else {
			require.ErrorIs(t, err, ErrNotFound)
		}
	}
	ds, err := x.s.Documents("")
	require.NoError(t, err)
	require.Len(t, ds, len(x.m.docs))
	for _, d := range ds {
		require.Equal(t, x.m.docs[d.Key].Seq, d.Seq)
		require.Equal(t, digestOf(x.m.docs[d.Key].Payload), digestOf(d.Payload))
	}
	for k, d := range x.m.seqs {
		n, err := x.s.Seq(k)
		require.NoError(t, err)
		require.Equal(t, d.Seq, n)
	}
	x.checkEvents(t)
	items := x.s.Items()
	require.Len(t, items, len(x.m.sounds))
	for i, it := range items {
		want := x.m.sounds[it.Digest]
		require.NotNil(t, want)
		require.Equal(t, Item{Digest: it.Digest, Size: int64(len(want.b)), Stored: int64(want.stored), Verified: want.verified}, it)
		if i > 0 {
			require.Less(t, x.m.sounds[items[i-1].Digest].use, want.use, "longest unused first")
		}
	}
	st := x.s.Stats()
	require.Equal(t, x.m.used(), st.Used)
	require.LessOrEqual(t, st.Used, int64(modelBudget))
	require.LessOrEqual(t, st.AudioBytes, modelBudget+AudioMargin(modelBudget))
}

func (x *machine) checkEvents(t *rapid.T) {
	entries, err := x.s.Pending("", 0, MaxPending)
	require.NoError(t, err)
	require.Len(t, entries, len(x.m.events))
	for i, e := range entries {
		require.Equal(t, x.m.n-uint64(len(entries)-i)+1, e.N)
		v := read(x.t, e)
		if x.m.events[i] == "overflow" {
			require.Equal(t, "overflow", v.Type)
		} else {
			require.Equal(t, x.m.events[i], v.ID)
		}
		if i > 0 {
			require.Equal(t, hashOf(entries[i-1]), v.Prev)
		}
	}
}

func TestStoreDoesWhatItsTwinDoes(t *testing.T) {
	base := ramDir(t)
	runs := 0
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		x := &machine{t: t, dir: filepath.Join(base, fmt.Sprint(runs)), m: twin{
			values: map[string]string{}, docs: map[Key]Document{}, seqs: map[Key]Document{}, sounds: map[Digest]*twinSound{},
		}}
		x.open(rt)
		defer func() {
			boltCheck(t, x.s)
			require.NoError(rt, x.s.Close())
			os.RemoveAll(x.dir)
		}()
		rt.Repeat(map[string]func(*rapid.T){
			"restart": x.Restart, "power cut": x.PowerCut,
			"put": x.Put, "document": x.Document, "append": x.Append, "ack": x.Ack,
			"download": x.Download, "play": x.Play, "keep": x.Keep, "remove": x.Remove,
			"": x.Check,
		})
	})
}
