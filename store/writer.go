package store

import (
	"bytes"
	"crypto/sha256"
	"encoding"
	"errors"
	"fmt"
	"hash"
	"time"

	bolt "go.etcd.io/bbolt"
)

// Writer takes the bytes of one sound in order, beginning at Offset. It holds
// up to 1 MiB before it writes them to the disk. It is for one goroutine, and
// must be ended with Commit or Close.
type Writer struct {
	a    *audio
	it   *item
	now  time.Time // as Create was told, for eviction
	hash hash.Hash // of what is stored

	stored  int64  // bytes on the disk
	base    int64  // of them, what an earlier writer stored
	baseSum []byte // digest of those

	buf  []byte // batchChunks values, sealSize before each
	full int    // chunks in buf that are complete
	fill int    // bytes in the one after them
	err  error  // what ended the writer
}

// Create begins a sound of size bytes, or goes on with one that was cut: the
// writer's Offset says where. Room is made first, in the budget and on the disk:
// what was used longest ago is evicted, but nothing that is needed up to KeepFor
// after now (see Keep), or that is being read or written. With a budget of
// 128 MiB or more up to 1 MiB beyond the need is evicted, to write less often.
//
// Errors: ErrExists if the sound is complete, ErrBusy if somebody writes it, a
// *FullError if not enough may be evicted, ErrNoSpace, ErrReadOnly, ErrInvalid
// for a size below 1.
func (s *Store) Create(d Digest, size int64, now time.Time) (*Writer, error) {
	a := s.audio
	if err := a.ready(true); err != nil {
		return nil, err
	}
	if size < 1 {
		return nil, fmt.Errorf("%w: sound %v of %d bytes; allowed: from 1", ErrInvalid, d, size)
	}
	a.writing.Lock()
	defer a.writing.Unlock()
	it, err := a.claim(d, size)
	if err != nil {
		return nil, fmt.Errorf("create sound %v: %w", d, err)
	}
	w := &Writer{a: a, it: it, now: now, hash: sha256.New(), stored: it.stored, base: it.stored}
	err = a.makeRoom(diskBytes(size)-diskBytes(it.stored), now)
	if err == nil {
		err = w.resume()
	}
	if err != nil {
		a.release(it)
		return nil, fmt.Errorf("create sound %v: %w", d, err)
	}
	// Only now does all of it count: above it was what was asked for.
	a.mu.Lock()
	it.writing = true
	a.mu.Unlock()
	w.buf = make([]byte, min(batchChunks, chunkCount(size-it.stored))*chunkValue)
	return w, nil
}

// claim finds the item to go on with, or makes one. It is marked as read, so
// that nobody takes it away.
func (a *audio) claim(d Digest, size int64) (*item, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	it := a.items[d]
	if it != nil {
		switch {
		case it.verified && !it.bad:
			return nil, ErrExists
		case it.busy():
			return nil, ErrBusy
		case it.bad || it.size != size:
			a.hide([]*item{it})
			a.mu.Unlock()
			err := a.erase(it)
			a.mu.Lock()
			if err != nil {
				return nil, err
			}
			it = nil
		}
	}
	if it == nil {
		a.lastID++
		it = &item{digest: d, id: a.lastID, size: size}
		a.items[d] = it
	}
	a.touch(it)
	it.readers++
	return it, nil
}

// release undoes claim. An item of which nothing was stored is forgotten.
func (a *audio) release(it *item) {
	a.mu.Lock()
	defer a.mu.Unlock()
	it.readers--
	it.writing = false
	if it.stored == 0 && a.items[it.digest] == it {
		delete(a.items, it.digest)
	}
}

// resume takes up the digest of what is stored.
func (w *Writer) resume() error {
	if w.base == 0 {
		return nil
	}
	err := w.hash.(encoding.BinaryUnmarshaler).UnmarshalBinary(w.it.hash)
	if err != nil {
		// The form is not promised to stay the same between releases of Go.
		w.hash, err = w.a.hashStored(w.it, w.base)
	}
	if err != nil {
		return err
	}
	w.baseSum = w.hash.Sum(nil)
	return nil
}

// hashStored reads the first n bytes of an item that are stored.
func (a *audio) hashStored(it *item, n int64) (hash.Hash, error) {
	r, err := a.newReader(it, n)
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	_, err = r.WriteTo(h)
	return h, err
}

// Offset is how many bytes the writer has, from the beginning of the sound: the
// next Write goes there.
func (w *Writer) Offset() int64 {
	return w.stored + int64(w.full)*chunkData + int64(w.fill)
}

// Write takes the next bytes; p stays the caller's. It blocks for the disk each
// time 1 MiB has come together. More bytes than the size that was announced are
// ErrTooLarge. After an error of the disk the writer takes nothing more; what
// was stored before stays, to be gone on with.
func (w *Writer) Write(p []byte) (n int, err error) {
	if w.err != nil {
		return 0, w.err
	}
	if w.Offset()+int64(len(p)) > w.it.size {
		return 0, fmt.Errorf("write sound %v: %w: over the %d bytes announced", w.it.digest, ErrTooLarge, w.it.size)
	}
	for len(p) > 0 {
		if w.full == len(w.buf)/chunkValue {
			if err := w.flush(false); err != nil {
				return n, err
			}
		}
		at := w.full*chunkValue + sealSize + w.fill
		c := copy(w.buf[at:at+chunkData-w.fill], p)
		p, n, w.fill = p[c:], n+c, w.fill+c
		if w.fill == chunkData {
			w.full, w.fill = w.full+1, 0
		}
	}
	return n, nil
}

// Commit ends a sound of which all bytes were written: if they are those of the
// digest it can be opened from now on, even after a power cut. If not, it is
// deleted and the error is ErrDigest. With bytes still missing Commit changes
// nothing and the error is ErrIncomplete.
//
// The digest is that of the bytes as they were written; what an earlier Writer
// stored before a cut is read again.
func (w *Writer) Commit() error {
	if w.err != nil {
		return w.err
	}
	if w.Offset() != w.it.size {
		return fmt.Errorf("commit sound %v: %w: %d of %d bytes", w.it.digest, ErrIncomplete, w.Offset(), w.it.size)
	}
	if err := w.flush(true); err != nil {
		return err
	}
	w.end(ErrClosed)
	return nil
}

// Close ends the writer without Commit. Whole chunks are stored, so that at
// most 64 KiB must be fetched again. After Commit or an error it does nothing.
func (w *Writer) Close() error {
	if w.err != nil {
		return nil
	}
	var err error
	if w.fill = 0; w.full > 0 {
		err = w.flush(false)
	}
	w.end(ErrClosed)
	return err
}

// end gives up the item; every later call returns err.
func (w *Writer) end(err error) {
	if w.err == nil {
		w.a.release(w.it)
	}
	w.err, w.buf = err, nil
}

// flush stores the complete chunks, and with last also the rest and that the
// sound is verified.
func (w *Writer) flush(last bool) error {
	w.a.writing.Lock()
	defer w.a.writing.Unlock()
	next, values := w.sealed(last)
	var err error
	if last {
		err = w.verify()
	}
	if err == nil {
		err = w.store(next, values)
	}
	if errors.Is(err, ErrDigest) {
		err = errors.Join(err, w.discard())
	}
	if err != nil {
		err = fmt.Errorf("write sound %v: %w", w.it.digest, err)
		w.end(err)
		return err
	}
	w.full, w.fill = 0, 0
	return nil
}

// value is one chunk ready to be stored.
type value struct {
	key, v []byte
	n      int // bytes of sound
}

// sealed finishes the chunks in the buffer, adds them to the digest, and
// returns them with the item as it will be.
func (w *Writer) sealed(last bool) (item, []value) {
	w.a.mu.Lock()
	next := *w.it
	w.a.mu.Unlock()
	lens := make([]int, w.full, w.full+1)
	for i := range lens {
		lens[i] = chunkData
	}
	if last && w.fill > 0 {
		lens = append(lens, w.fill)
	}
	values := make([]value, len(lens))
	for i, n := range lens {
		buf := w.buf[i*chunkValue : (i+1)*chunkValue]
		key := chunkKey(next.id, int(next.stored/chunkData))
		w.hash.Write(buf[sealSize : sealSize+n])
		values[i] = value{key, sealChunk(key, buf, n), n}
		next.stored += int64(n)
	}
	next.verified = last
	next.hash = nil
	if !last {
		next.hash, _ = w.hash.(encoding.BinaryMarshaler).MarshalBinary() // of SHA-256 it cannot fail
	}
	return next, values
}

// verify compares the digest of all bytes, and that of the ones which an
// earlier writer stored with what the disk gives back.
func (w *Writer) verify() error {
	if !bytes.Equal(w.hash.Sum(nil), w.it.digest[:]) {
		return ErrDigest
	}
	if w.base == 0 {
		return nil
	}
	h, err := w.a.hashStored(w.it, w.base)
	if errors.Is(err, ErrDamaged) || err == nil && !bytes.Equal(h.Sum(nil), w.baseSum) {
		return fmt.Errorf("%w: what was stored before: %w", ErrDigest, ErrDamaged)
	}
	return err
}

// store writes chunks and item in one transaction. If there is no space it
// evicts and tries once more.
func (w *Writer) store(next item, values []value) error {
	write := func() error {
		return w.a.change(func(tx *bolt.Tx) error {
			sounds := tx.Bucket(soundBucket)
			sounds.FillPercent = 1 // keys only rise
			for _, v := range values {
				if err := putChunk(sounds, v.key, v.v, v.n); err != nil {
					return err
				}
			}
			key := itemKey(next.id)
			return sounds.Put(key, seal(key, next.bytes()))
		})
	}
	err := write()
	if errors.Is(err, ErrNoSpace) && w.a.squeeze(int64(len(w.buf)), w.now) {
		err = write()
	}
	if err != nil {
		return err
	}
	w.a.mu.Lock()
	defer w.a.mu.Unlock()
	w.it.stored, w.it.hash, w.it.verified = next.stored, next.hash, next.verified
	w.it.unsaved = w.it.use != next.use
	w.stored = next.stored
	return nil
}

// discard removes what is stored of a sound that is not what it should be.
func (w *Writer) discard() error {
	if w.stored == 0 {
		return nil
	}
	w.a.mu.Lock()
	w.a.hide([]*item{w.it})
	w.a.mu.Unlock()
	return w.a.erase(w.it)
}
