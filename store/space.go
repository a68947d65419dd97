package store

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"
)

const (
	// KeepFor is how far ahead a need protects sound from eviction: two days
	// without a network.
	KeepFor = 48 * time.Hour
	// diskReserve is what sound leaves free on the disk, in bytes, so that
	// state.db can always be written.
	diskReserve = 16 << 20
)

// Need says that a sound will be played.
type Need struct {
	Digest Digest
	At     time.Time // the next time, or the beginning of what plays now
}

// Keep declares everything that is needed, in place of what was declared
// before; the slice stays the caller's. Until it is called nothing is
// protected. It is not stored.
func (s *Store) Keep(needs []Need) {
	m := make(map[Digest]time.Time, len(needs))
	for _, n := range needs {
		if at, there := m[n.Digest]; !there || n.At.Before(at) {
			m[n.Digest] = n.At
		}
	}
	s.audio.mu.Lock()
	defer s.audio.mu.Unlock()
	s.audio.needs = m
}

// ready says why there is no audio.db, or that it takes no writes.
func (a *audio) ready(write bool) error {
	switch {
	case a.database == nil:
		return a.cause
	case a.closed.Load():
		return fmt.Errorf("%s: %w", audioName, ErrClosed)
	case write && a.readOnly:
		return fmt.Errorf("%s: %w", audioName, ErrReadOnly)
	}
	return nil
}

// used is what all sound may take. a.mu is held.
func (a *audio) used() (n int64) {
	for _, it := range a.items {
		n += it.held()
	}
	return n
}

// protected says that the item must not be evicted. a.mu is held.
func (a *audio) protected(it *item, now time.Time) bool {
	at, needed := a.needs[it.digest]
	return it.busy() || needed && !at.After(now.Add(KeepFor))
}

// spareRoom is what is evicted beyond the need, in bytes: without it a cache
// that is full would write an eviction for each short message that comes. A
// small budget has nothing to spare.
func (a *audio) spareRoom() int64 {
	if a.budget < 128<<20 {
		return 0
	}
	return 1 << 20
}

// victims picks what to evict so that room bytes become free, what was used
// longest ago first; nil and what could be freed if that is not enough. a.mu is
// held.
func (a *audio) victims(room int64, now time.Time) (picked []*item, could int64) {
	if room <= 0 {
		return nil, 0
	}
	var free []*item
	for _, it := range a.items {
		if !a.protected(it, now) && it.stored > 0 {
			free = append(free, it)
		}
	}
	slices.SortFunc(free, byUse)
	for _, it := range free {
		if could >= room+a.spareRoom() {
			break
		}
		could += it.held()
		picked = append(picked, it)
	}
	if could < room {
		return nil, could
	}
	return picked, could
}

// byUse orders what was used longest ago first.
func byUse(x, y *item) int { return cmp.Compare(x.use, y.use) }

// makeRoom evicts until need more bytes fit into the budget and onto the disk.
// If they cannot, nothing is evicted. a.writing is held.
func (a *audio) makeRoom(need int64, now time.Time) error {
	a.mu.Lock()
	have := a.budget - a.used()
	short := a.diskShort(need)
	gone, could := a.victims(max(need-have, short), now)
	var kept int64
	for _, it := range a.items {
		if a.protected(it, now) {
			kept += it.held()
		}
	}
	if have+could >= need && could >= short {
		a.hide(gone)
	}
	a.mu.Unlock()
	switch {
	case have+could < need:
		return &FullError{Need: need, Have: have + could, Protected: kept, Budget: a.budget}
	case could < short:
		return fmt.Errorf("%s: %w: %d bytes more needed on the disk, %d kept free", audioName, ErrNoSpace, short-could, diskReserve)
	}
	return a.erase(gone...)
}

// diskShort is how many bytes the disk lacks to take need more, over the
// reserve; what is free inside the file needs no disk.
func (a *audio) diskShort(need int64) int64 {
	grow, free := need-a.freeBytes(), diskFree(a.dir)
	if grow <= 0 || free < 0 {
		return 0
	}
	return grow + diskReserve - free
}

// squeeze evicts for a write of n bytes that found no space, and says whether
// it freed enough to try again. a.writing is held.
func (a *audio) squeeze(n int64, now time.Time) bool {
	a.mu.Lock()
	gone, _ := a.victims(n, now)
	a.hide(gone)
	a.mu.Unlock()
	return len(gone) > 0 && a.erase(gone...) == nil
}

// hide makes sure that nobody can begin to use items that will be erased. a.mu
// is held since it was seen that nobody does.
func (a *audio) hide(gone []*item) {
	for _, it := range gone {
		delete(a.items, it.digest)
	}
}

// erase deletes hidden items and their chunks. If it fails they are back, as
// far as they are still in the file. a.writing is held.
func (a *audio) erase(gone ...*item) error {
	if len(gone) == 0 {
		return nil
	}
	err := a.change(func(tx *bolt.Tx) error {
		for _, it := range gone {
			if err := a.removeItem(tx, it); err != nil {
				return fmt.Errorf("remove %v: %w", it.digest, err)
			}
		}
		return nil
	})
	if err == nil {
		a.log.Debug("sound removed", "items", len(gone))
	}
	return err
}

func (a *audio) removeItem(tx *bolt.Tx, it *item) error {
	sounds := tx.Bucket(soundBucket)
	for i := range chunkCount(it.stored) {
		key, n := chunkKey(it.id, i), chunkLen(it.stored, i)
		page, ok := chunkPage(sounds, key, n)
		if !ok {
			return fmt.Errorf("chunk %x: %w: missing", key, ErrDamaged)
		}
		if err := mendHead(a.file, page, key, n); err != nil {
			return err
		}
		if err := sounds.DeleteBucket(key); err != nil {
			return err
		}
	}
	return sounds.Delete(itemKey(it.id))
}

// change runs fn in a write transaction that also stores when sound was last
// used, as far as that is not stored yet: playing alone writes nothing.
// a.writing is held. After a failure the items in memory follow the file.
func (a *audio) change(fn func(tx *bolt.Tx) error) error {
	uses := a.unsavedUses()
	err := a.update(func(tx *bolt.Tx) error {
		err := fn(tx)
		if err == errUnchanged && len(uses) > 0 {
			err = nil
		}
		if err != nil {
			return err
		}
		return saveUses(tx.Bucket(soundBucket), uses)
	})
	if err != nil {
		if again := a.reload(); again != nil {
			err = errors.Join(err, again)
		}
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, it := range a.items {
		if use, saved := uses[it.id]; saved && it.use == use {
			it.unsaved = false
		}
	}
	return nil
}

// unsavedUses returns by number of item when it was last used.
func (a *audio) unsavedUses() map[uint32]uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	uses := map[uint32]uint64{}
	for _, it := range a.items {
		if it.unsaved && it.stored > 0 {
			uses[it.id] = it.use
		}
	}
	return uses
}

func saveUses(sounds *bolt.Bucket, uses map[uint32]uint64) error {
	for id, use := range uses {
		key := itemKey(id)
		v := sounds.Get(key)
		if v == nil {
			continue // removed in this transaction
		}
		it, err := parseItem(key, v)
		if err != nil {
			return err
		}
		it.use = use
		if err := sounds.Put(key, seal(key, it.bytes())); err != nil {
			return err
		}
	}
	return nil
}

// touch marks an item as used now. a.mu is held.
func (a *audio) touch(it *item) {
	a.clock++
	it.use, it.unsaved = a.clock, true
}

// close stores when sound was last used, and closes the file.
func (a *audio) close() error {
	if a.database == nil {
		return nil
	}
	a.writing.Lock()
	defer a.writing.Unlock()
	var err error
	if a.ready(true) == nil {
		err = a.change(func(*bolt.Tx) error { return errUnchanged })
	}
	return errors.Join(err, a.database.close())
}

func (a *audio) stats(s *Stats) {
	a.mu.Lock()
	s.Items = len(a.items)
	for _, it := range a.items {
		if it.verified && !it.bad {
			s.Cached++
		}
	}
	s.Budget, s.Used = a.budget, a.used()
	a.mu.Unlock()
	s.DiskFree = diskFree(a.dir)
	s.Free = max(s.Budget-s.Used, 0)
	if a.database == nil {
		s.Free = 0
		return
	}
	if s.DiskFree >= 0 {
		s.Free = min(s.Free, max(s.DiskFree-diskReserve, 0)+a.freeBytes())
	}
	s.AudioBytes = a.fileBytes()
	s.Written += a.written()
}

// Item is what is known of one sound.
type Item struct {
	Digest   Digest
	Size     int64 // bytes
	Stored   int64 // bytes of it that are on the disk, from the beginning
	Verified bool  // complete, and the bytes are those of the digest
	Damaged  bool  // a read failed: Create begins anew
}

func (it *item) public() Item {
	return Item{Digest: it.digest, Size: it.size, Stored: it.stored, Verified: it.verified && !it.bad, Damaged: it.bad}
}

// Item returns what is known of a sound, or ErrNotFound.
func (s *Store) Item(d Digest) (Item, error) {
	s.audio.mu.Lock()
	defer s.audio.mu.Unlock()
	it := s.audio.items[d]
	if it == nil {
		return Item{}, fmt.Errorf("sound %v: %w", d, ErrNotFound)
	}
	return it.public(), nil
}

// Items returns what is known of all sound, what was used longest ago first.
func (s *Store) Items() []Item {
	s.audio.mu.Lock()
	defer s.audio.mu.Unlock()
	all := make([]*item, 0, len(s.audio.items))
	for _, it := range s.audio.items {
		all = append(all, it)
	}
	slices.SortFunc(all, byUse)
	out := make([]Item, len(all))
	for i, it := range all {
		out[i] = it.public()
	}
	return out
}

// Remove deletes a sound. It is ErrNotFound if there is none and ErrBusy while
// somebody reads or writes it.
func (s *Store) Remove(d Digest) error { return s.audio.delete(d) }

func (a *audio) delete(d Digest) error {
	if err := a.ready(true); err != nil {
		return err
	}
	a.writing.Lock()
	defer a.writing.Unlock()
	a.mu.Lock()
	it := a.items[d]
	var err error
	switch {
	case it == nil:
		err = ErrNotFound
	case it.busy():
		err = ErrBusy
	default:
		a.hide([]*item{it})
	}
	a.mu.Unlock()
	if err != nil {
		return fmt.Errorf("sound %v: %w", d, err)
	}
	return a.erase(it)
}
