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
	At     int64 // Unix milliseconds: UnixNano does not reach the year 9999
	Air    bool
}

func keyOf(from Origin, id string, at time.Time, air bool) key {
	return key{Origin: from, ID: id, At: at.UnixMilli(), Air: air}
}

// book is the occurrences that are not to be taken up again.
type book map[key]*Occurrence

func newBook(list []Occurrence) book {
	b := book{}
	for _, o := range list {
		b[keyOf(o.Origin, o.ID, o.At, o.Air)] = &o
	}
	b.trim()
	return b
}

// settled reports whether an occurrence may not be taken up (any more).
func (b book) settled(k key) bool {
	o := b[k]
	return o != nil && !(o.Missed && o.Again)
}

// reported reports whether an occurrence was already said not to have played.
func (b book) reported(k key) bool { return b[k] != nil && b[k].Missed }

// put enters an occurrence with the given marks.
func (b book) put(k key, open, missed bool) {
	b[k] = &Occurrence{Origin: k.Origin, ID: k.ID, At: time.UnixMilli(k.At).UTC(), Air: k.Air, Open: open, Missed: missed}
	b.trim()
}

func (b book) open(k key)   { b.put(k, true, false) }
func (b book) close(k key)  { b.put(k, false, false) }
func (b book) miss(k key)   { b.put(k, false, true) }
func (b book) forget(k key) { delete(b, k) }

// reopen lets what was reported and never sounded be taken up, because the
// clock went back before its moment.
func (b book) reopen() {
	for _, o := range b {
		o.Again = o.Missed
	}
}

// list returns all entries, the oldest first.
func (b book) list() []Occurrence {
	out := make([]Occurrence, 0, len(b))
	for _, o := range b {
		out = append(out, *o)
	}
	slices.SortFunc(out, func(x, y Occurrence) int {
		return cmp.Or(x.At.Compare(y.At), compareOrigin(x.Origin, y.Origin), cmp.Compare(x.ID, y.ID), compareBool(x.Air, y.Air))
	})
	return out
}

// trim forgets the oldest when there are too many, some at a time so that it
// is rarely done.
func (b book) trim() {
	if len(b) <= MaxOccurrences {
		return
	}
	drop := len(b) - MaxOccurrences + 64
	for _, o := range b.list() {
		if drop > 0 && !o.Open {
			b.forget(keyOf(o.Origin, o.ID, o.At, o.Air))
			drop--
		}
	}
}
