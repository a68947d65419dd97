package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
)

const (
	audioName = "audio.db"
	// audioGrow is the step by which audio.db grows: each costs an fsync.
	audioGrow = 1 << 20
	// audioSpan bounds one page of the index with its overflow, in pages.
	audioSpan = 16
	// emptyMax is the length over which an audio.db with nothing in it is made
	// anew: its list of free pages would be written with each commit.
	emptyMax = 4 << 20

	// audioMax is the longest audio.db that is opened: one from a board with
	// more address space may be longer than can be mapped here.
	audioMax = 1<<30 + is64*(128<<30-1<<30)

	is64 = int64(^uint(0) >> 63) // 1 where an address has 64 bits

	// MaxAudioBudget is the largest AudioBudget, in bytes. bbolt maps the whole
	// file, rounded up to a power of two: on 32 bits the file with its margin
	// must stay within 1 GiB, a third of the address space.
	MaxAudioBudget = 960<<20 + is64*(64<<30-960<<20)
)

// AudioMargin is by how much audio.db may be longer than the budget, in bytes:
// the index, what is being replaced, and holes too small for a chunk.
func AudioMargin(budget int64) int64 { return 4<<20 + budget/32 }

// soundBucket holds all sound; the meta bucket is as in state.db.
var soundBucket = []byte("sound")

// item is one sound. What is above the line is stored.
type item struct {
	digest   Digest
	id       uint32 // prefix of its chunks' keys
	size     int64
	stored   int64  // bytes on the disk, from the beginning
	use      uint64 // higher was used later
	verified bool
	hash     []byte // SHA-256 state after the stored bytes, until it is verified

	// ----
	unsaved bool // use is newer than on the disk
	bad     bool // a chunk could not be read
	writing bool
	readers int
}

// held is what the item may take on the disk.
func (it *item) held() int64 {
	if it.writing {
		return diskBytes(it.size)
	}
	return diskBytes(it.stored)
}

// busy says that the item must not go away now.
func (it *item) busy() bool { return it.writing || it.readers > 0 }

const itemVerified = 1

// bytes is the stored form. The number is in the key.
//
//	digest 32 | size u64 | stored u64 | use u64 | flags u8 | hash state
func (it *item) bytes() []byte {
	b := bytes.Clone(it.digest[:])
	b = binary.BigEndian.AppendUint64(b, uint64(it.size))
	b = binary.BigEndian.AppendUint64(b, uint64(it.stored))
	b = binary.BigEndian.AppendUint64(b, it.use)
	var flags byte
	if it.verified {
		flags = itemVerified
	}
	return append(append(b, flags), it.hash...)
}

// itemSize is the length of a record without the hash state.
const itemSize = len(Digest{}) + 3*8 + 1

func parseItem(key, v []byte) (*item, error) {
	body, err := unseal(key, v)
	if err != nil {
		return nil, err
	}
	if len(key) != chunkKeySize || len(body) < itemSize {
		return nil, fmt.Errorf("item %x: %w: %d bytes", printable(key), ErrDamaged, len(body))
	}
	it := &item{
		digest:   Digest(body[:32]),
		id:       binary.BigEndian.Uint32(key),
		size:     int64(binary.BigEndian.Uint64(body[32:])),
		stored:   int64(binary.BigEndian.Uint64(body[40:])),
		use:      binary.BigEndian.Uint64(body[48:]),
		verified: body[56] == itemVerified,
		hash:     bytes.Clone(body[itemSize:]),
	}
	whole := it.stored%chunkData == 0 || it.stored == it.size
	if it.size < 1 || it.stored < 1 || it.stored > it.size || !whole || it.verified && it.stored != it.size {
		return nil, fmt.Errorf("item %v: %w: %d of %d bytes", it.digest, ErrDamaged, it.stored, it.size)
	}
	return it, nil
}

// audio is audio.db and what is known of the sound in it.
type audio struct {
	*database        // nil if there is none
	cause     error  // why there is none
	dir       string // for the free space of the disk
	log       *slog.Logger
	budget    int64
	readOnly  bool

	// writing is held by whoever changes the file; mu, inside it, guards what
	// follows and is never held over a transaction, so that playing does not
	// wait for a download to reach the disk.
	writing sync.Mutex
	mu      sync.Mutex
	items   map[Digest]*item
	needs   map[Digest]time.Time
	clock   uint64 // the last use
	lastID  uint32
}

// openAudio opens audio.db, empty if it is damaged and not at all if the disk
// does not allow it. It fails only if another process holds it.
func openAudio(dir string, opt Options, recovered *[]Recovery) (*audio, error) {
	a := &audio{dir: dir, log: opt.Log, budget: opt.AudioBudget, items: map[Digest]*item{}}
	report := func(what What, aside string, err error) {
		*recovered = append(*recovered, Recovery{File: audioName, What: what, Aside: aside, Err: err})
	}
	err := a.open(max(opt.LockTimeout, 0), report)
	if err == nil || errors.Is(err, ErrLocked) {
		return a, err
	}
	a.detach()
	a.cause = fmt.Errorf("%s is not available: %w", audioName, err)
	report(Unavailable, "", err)
	return a, nil
}

func (a *audio) open(lock time.Duration, report func(What, string, error)) error {
	path := filepath.Join(a.dir, audioName)
	os.Remove(path + tmpMark)
	there, size, err := exists(path)
	o := a.options(lock, size)
	if err == nil && size > audioMax {
		err = fmt.Errorf("%w: %d bytes; this board can map %d", ErrDamaged, size, int64(audioMax))
	} else if err == nil && there {
		err = a.attach(path, o)
	}
	switch {
	case err == nil && there && !a.oversized():
		if a.lost {
			report(RolledBack, "", fmt.Errorf("a meta page: %w", ErrDamaged))
		}
		return nil
	case err == nil: // missing, or larger than nothing needs
	case errors.Is(err, ErrReadOnly):
		o.readOnly, a.readOnly = true, true
		if again := a.attach(path, o); again != nil {
			return again
		}
		report(ReadOnly, "", err)
		return nil
	case errors.Is(err, ErrDamaged):
		a.detach()
		aside, asideErr := a.dispose(path)
		if asideErr != nil {
			return errors.Join(err, asideErr)
		}
		report(Emptied, aside, err)
	default:
		return err
	}
	a.detach()
	o = a.options(lock, 0)
	if err := a.create(path, o); err != nil {
		return err
	}
	return a.attach(path, o)
}

func (a *audio) options(lock time.Duration, size int64) fileOptions {
	// A file from a larger budget does not shrink, but it must be able to move
	// the pages of its index when sound is evicted.
	limit := int(max(a.budget+AudioMargin(a.budget), min(size, audioMax)+4*audioGrow))
	return fileOptions{lock: lock, mapBytes: limit, maxBytes: limit, grow: audioGrow, layout: audioLayout}
}

// attach opens the file and learns what is in it.
func (a *audio) attach(path string, o fileOptions) (err error) {
	if a.database, err = openMapped(path, o); err != nil {
		return err
	}
	return a.reload()
}

// openMapped opens the file with all the address space that it may ever need,
// or if there is not so much in one piece, with what it needs now.
func openMapped(path string, o fileOptions) (*database, error) {
	d, err := openDatabase(audioName, path, o)
	if errors.Is(err, syscall.ENOMEM) {
		o.mapBytes = 0
		return openDatabase(audioName, path, o)
	}
	return d, err
}

func (a *audio) detach() {
	if a.database != nil {
		a.database.close()
		a.database = nil
	}
}

// oversized says that the file is long and holds nothing.
func (a *audio) oversized() bool { return len(a.items) == 0 && a.size > emptyMax }

// dispose gets a damaged file out of the way. It is kept, one of them, if the
// disk has room for a new one beside it.
func (a *audio) dispose(path string) (aside string, err error) {
	for _, n := range damagedFiles(path) {
		os.Remove(damagedName(path, n))
	}
	if free := diskFree(a.dir); free >= 0 && free < a.budget+AudioMargin(a.budget)+diskReserve {
		return "", classify(os.Remove(path))
	}
	aside, err = setAside(path, 1)
	return aside, classify(err)
}

// create makes an empty audio.db, which has its name only when it is complete.
func (a *audio) create(path string, o fileOptions) error {
	d, err := openMapped(path+tmpMark, o)
	if err != nil {
		return err
	}
	if err := errors.Join(d.update(initAudio), d.close()); err != nil {
		return err
	}
	if err := os.Rename(path+tmpMark, path); err != nil {
		return classify(err)
	}
	return syncDir(a.dir)
}

func initAudio(tx *bolt.Tx) error {
	for _, name := range [][]byte{metaBucket, soundBucket} {
		if _, err := tx.CreateBucket(name); err != nil {
			return err
		}
	}
	v := seal(formatKey, binary.BigEndian.AppendUint32(nil, format))
	return tx.Bucket(metaBucket).Put(formatKey, v)
}

// audioLayout checks the index of audio.db. Sound is not read, only accounted
// for: that would take minutes. Each read checks what it reads.
func audioLayout() layout {
	found := false
	return layout{
		maxSpan:    audioSpan,
		leafBucket: string(soundBucket),
		value: func(bucket string, key, value []byte) error {
			if bucket == string(soundBucket) {
				_, err := parseItem(key, value)
				return err
			}
			body, err := unseal(key, value)
			if err != nil {
				return err
			}
			found = true
			return checkFormat(body)
		},
		leafPages: func(key []byte, n uint64) (uint64, error) {
			if len(key) != chunkKeySize || n < 1 || n > chunkData {
				return 0, fmt.Errorf("chunk %x: %w: %d bytes", printable(key), ErrDamaged, n)
			}
			return uint64(chunkPages(int(n))), nil
		},
		done: func(meta) error {
			if !found {
				return fmt.Errorf("%w: meta/format is missing", ErrDamaged)
			}
			return nil
		},
	}
}

// reload reads the index from the file: at opening, and after a write that
// failed, when only the file knows how far it came.
func (a *audio) reload() error {
	items := map[Digest]*item{}
	var lastID uint32
	var clock uint64
	err := a.view(func(tx *bolt.Tx) error {
		return eachItem(tx.Bucket(soundBucket), func(it *item) {
			items[it.digest] = it
			lastID, clock = max(lastID, it.id), max(clock, it.use)
		})
	})
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.adopt(items)
	a.lastID, a.clock = max(a.lastID, lastID), max(a.clock, clock)
	return nil
}

// eachItem reads all records and compares each with the chunks before it, which
// must follow each other and be full but for the last. The pages of the chunks
// are not touched.
func eachItem(sounds *bolt.Bucket, fn func(*item)) error {
	var id uint32
	var stored int64
	c := sounds.Cursor()
	for key, v := c.First(); key != nil; key, v = c.Next() {
		if len(key) != chunkKeySize {
			return fmt.Errorf("key %x: %w", printable(key), ErrDamaged)
		}
		if stored == 0 {
			id = binary.BigEndian.Uint32(key)
		}
		if v == nil {
			if !bytes.Equal(key, chunkKey(id, int(stored/chunkData))) || stored%chunkData != 0 {
				return fmt.Errorf("chunk %x: %w: after %d bytes of item %d", key, ErrDamaged, stored, id)
			}
			stored += int64(sounds.Bucket(key).Sequence())
			continue
		}
		it, err := parseItem(key, v)
		if err != nil {
			return err
		}
		if !bytes.Equal(key, itemKey(id)) || it.stored != stored {
			return fmt.Errorf("item %v: %w: chunks of %d bytes for %d", it.digest, ErrDamaged, stored, it.stored)
		}
		fn(it)
		stored = 0
	}
	if stored != 0 {
		return fmt.Errorf("item %d: %w: chunks without a record", id, ErrDamaged)
	}
	return nil
}

// adopt takes over items as read from the file. Whoever uses an item goes on
// with the one in memory.
func (a *audio) adopt(items map[Digest]*item) {
	for d, old := range a.items {
		now, there := items[d]
		if !there {
			if !old.busy() {
				continue
			}
			now = &item{digest: d, id: old.id, size: old.size}
		}
		old.id, old.size, old.stored, old.verified, old.hash = now.id, now.size, now.stored, now.verified, now.hash
		items[d] = old
	}
	a.items = items
}
