package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	bolt "go.etcd.io/bbolt"
)

// Reader reads one verified sound. While it is open the sound is not evicted;
// it holds 64 KiB and no transaction, so nothing waits for it. Its methods may
// be called from several goroutines.
type Reader struct {
	a      *audio
	it     *item
	digest Digest
	id     uint32
	size   int64
	pages  []uint32 // where each chunk begins

	mu    sync.Mutex
	off   int64
	buf   []byte
	held  int    // the chunk in buf, -1 for none
	sound []byte // its bytes
	key   [chunkKeySize]byte
	done  bool
}

var (
	_ io.ReadSeekCloser = (*Reader)(nil)
	_ io.ReaderAt       = (*Reader)(nil)
	_ io.WriterTo       = (*Reader)(nil)
)

// Open opens a sound for reading and marks it as used. Errors: ErrNotFound,
// ErrUnverified if it is not complete, ErrDamaged if it could not be read
// before, ErrClosed.
func (s *Store) Open(d Digest) (*Reader, error) {
	a := s.audio
	if err := a.ready(false); err != nil {
		return nil, err
	}
	it, err := a.pin(d)
	if err != nil {
		return nil, fmt.Errorf("open sound %v: %w", d, err)
	}
	r, err := a.newReader(it, it.size)
	if err != nil {
		a.release(it)
		return nil, fmt.Errorf("open sound %v: %w", d, err)
	}
	return r, nil
}

// pin finds a verified item and keeps it from being removed.
func (a *audio) pin(d Digest) (*item, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	it := a.items[d]
	switch {
	case it == nil:
		return nil, ErrNotFound
	case it.bad:
		return nil, ErrDamaged
	case !it.verified:
		return nil, ErrUnverified
	}
	a.touch(it)
	it.readers++
	return it, nil
}

// newReader reads the first size bytes of an item that the caller keeps from
// being removed. Where its chunks are is looked up once: they never move.
func (a *audio) newReader(it *item, size int64) (*Reader, error) {
	r := &Reader{a: a, it: it, digest: it.digest, id: it.id, size: size, held: -1}
	r.pages = make([]uint32, chunkCount(size))
	err := a.view(func(tx *bolt.Tx) error {
		sounds := tx.Bucket(soundBucket)
		for i := range r.pages {
			key := chunkKey(r.id, i)
			page, ok := chunkPage(sounds, key, chunkLen(size, i))
			if !ok {
				return fmt.Errorf("chunk %x: %w: missing", key, ErrDamaged)
			}
			r.pages[i] = uint32(page)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	r.buf = make([]byte, min(chunkSpan, chunkPages(chunkLen(size, 0))*pageSize))
	return r, nil
}

// Size is the length of the sound in bytes.
func (r *Reader) Size() int64 { return r.size }

// Digest is the name of the sound.
func (r *Reader) Digest() Digest { return r.digest }

// Read reads from where the last one ended, and stops at the end of a chunk: it
// may return fewer bytes than len(p). It allocates nothing. At the end it
// returns io.EOF; if the disk does not give back what was stored, ErrDamaged.
func (r *Reader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n, err := r.read(p, r.off)
	r.off += int64(n)
	return n, err
}

// ReadAt reads len(p) bytes from off, with io.EOF if the sound ends before.
// Where Read goes on is not changed.
func (r *Reader) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, fmt.Errorf("%w: offset %d; allowed: from 0", ErrInvalid, off)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for n < len(p) {
		c, err := r.read(p[n:], off+int64(n))
		if n += c; err != nil {
			return n, err
		}
	}
	return n, nil
}

// Seek sets where the next Read begins. Past the end is allowed.
func (r *Reader) Seek(offset int64, whence int) (int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += r.off
	case io.SeekEnd:
		offset += r.size
	default:
		return r.off, fmt.Errorf("%w: whence %d; allowed: 0 to 2", ErrInvalid, whence)
	}
	if offset < 0 {
		return r.off, fmt.Errorf("%w: offset %d; allowed: from 0", ErrInvalid, offset)
	}
	r.off = offset
	return offset, nil
}

// WriteTo writes what is left to w, a chunk at a time.
func (r *Reader) WriteTo(w io.Writer) (n int64, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.off < r.size {
		sound, err := r.from(r.off)
		if err != nil {
			return n, err
		}
		c, err := w.Write(sound)
		n, r.off = n+int64(c), r.off+int64(c)
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// Close ends the reader; the sound may be evicted again. A second call does
// nothing.
func (r *Reader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done {
		return nil
	}
	r.done, r.buf, r.sound, r.held = true, nil, nil, -1
	r.a.release(r.it)
	return nil
}

// read copies bytes of one chunk. r.mu is held.
func (r *Reader) read(p []byte, off int64) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if off >= r.size && !r.done {
		return 0, io.EOF
	}
	sound, err := r.from(off)
	return copy(p, sound), err
}

// from returns the bytes at off up to the end of their chunk. r.mu is held.
func (r *Reader) from(off int64) ([]byte, error) {
	if r.done {
		return nil, fmt.Errorf("read sound %v: %w", r.digest, ErrClosed)
	}
	i := int(off / chunkData)
	if i != r.held {
		if err := r.load(i); err != nil {
			return nil, fmt.Errorf("read sound %v at %d: %w", r.digest, off, err)
		}
	}
	return r.sound[off%chunkData:], nil
}

func (r *Reader) load(i int) error {
	r.held = -1
	binary.BigEndian.PutUint32(r.key[:4], r.id)
	binary.BigEndian.PutUint32(r.key[4:], uint32(i))
	sound, err := readChunk(r.a.file, uint64(r.pages[i]), r.key[:], chunkLen(r.size, i), r.buf)
	if err != nil {
		if errors.Is(err, ErrDamaged) {
			r.a.condemn(r.it)
		}
		return err
	}
	r.held, r.sound = i, sound
	return nil
}

// condemn keeps a damaged item from being opened again; Create begins it anew.
func (a *audio) condemn(it *item) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !it.bad {
		a.log.Warn("sound is damaged", "digest", it.digest.String())
	}
	it.bad = true
}

// Verify reads a whole sound and compares its digest: for idle times, since it
// takes as long as the disk does. If the bytes are no longer those that were
// stored the sound is removed, or marked as damaged while somebody reads it, and
// the error is ErrDamaged. Other errors are those of Open.
func (s *Store) Verify(d Digest) error {
	r, err := s.Open(d)
	if err != nil {
		return err
	}
	h := sha256.New()
	_, err = r.WriteTo(h)
	if err == nil && !bytes.Equal(h.Sum(nil), d[:]) {
		s.audio.condemn(r.it)
		err = fmt.Errorf("verify sound %v: %w", d, ErrDamaged)
	}
	r.Close()
	if errors.Is(err, ErrDamaged) {
		if gone := s.audio.delete(d); gone != nil && !errors.Is(gone, ErrBusy) {
			err = errors.Join(err, gone)
		}
	}
	return err
}
