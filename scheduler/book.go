package scheduler

import (
	"cmp"
	"slices"
	"time"
)

// key names an occurrence.
type key struct {
	Origin Origin
	ID     string
	At     time.Time // to the millisecond, UTC
	Air    bool
}

func keyOf(from Origin, id string, at time.Time, air bool) key {
	return key{Origin: from, ID: id, At: at.Truncate(time.Millisecond).UTC(), Air: air}
}

func (o Occurrence) key() key { return keyOf(o.Origin, o.ID, o.At, o.Air) }

func compareKeys(a, b key) int {
	return cmp.Or(a.At.Compare(b.At), compareOrigin(a.Origin, b.Origin), cmp.Compare(a.ID, b.ID), compareBool(a.Air, b.Air))
}

// book is the occurrences that are not to be taken up again, the oldest first.
type book struct{ list []Occurrence }

func newBook(list []Occurrence) book {
	b := book{list: slices.Clone(list)}
	for i := range b.list {
		b.list[i].At = b.list[i].key().At
	}
	slices.SortStableFunc(b.list, func(x, y Occurrence) int { return compareKeys(x.key(), y.key()) })
	b.list = slices.CompactFunc(b.list, func(x, y Occurrence) bool { return x.key() == y.key() })
	b.trim()
	return b
}

func (b *book) find(k key) (int, bool) {
	return slices.BinarySearchFunc(b.list, k, func(o Occurrence, k key) int { return compareKeys(o.key(), k) })
}

// get returns what is written of an occurrence; ok is false if nothing is.
func (b *book) get(k key) (o Occurrence, ok bool) {
	if i, ok := b.find(k); ok {
		return b.list[i], true
	}
	return o, false
}

// settled reports whether an occurrence may not be taken up (any more).
func (b *book) settled(k key) bool {
	o, ok := b.get(k)
	return ok && !(o.Missed && o.Again)
}

// reported reports whether an occurrence was already said not to have played.
func (b *book) reported(k key) bool {
	o, _ := b.get(k)
	return o.Missed
}

// put enters an occurrence with the given marks.
func (b *book) put(k key, open, missed bool) {
	o := Occurrence{Origin: k.Origin, ID: k.ID, At: k.At, Air: k.Air, Open: open, Missed: missed}
	i, found := b.find(k)
	if found {
		b.list[i] = o
		return
	}
	b.list = slices.Insert(b.list, i, o)
	b.trim()
}

func (b *book) open(k key)  { b.put(k, true, false) }
func (b *book) close(k key) { b.put(k, false, false) }
func (b *book) miss(k key)  { b.put(k, false, true) }

func (b *book) forget(k key) {
	if i, found := b.find(k); found {
		b.list = slices.Delete(b.list, i, i+1)
	}
}

// reopen lets what was reported and never sounded be taken up, because the
// clock went back.
func (b *book) reopen() {
	for i := range b.list {
		b.list[i].Again = b.list[i].Missed
	}
}

// trim forgets the oldest when there are too many. What is open goes last: it
// is still to be closed.
func (b *book) trim() {
	for _, open := range []bool{false, true} {
		surplus := len(b.list) - MaxOccurrences
		b.list = slices.DeleteFunc(b.list, func(o Occurrence) bool {
			if surplus <= 0 || o.Open != open {
				return false
			}
			surplus--
			return true
		})
	}
}
