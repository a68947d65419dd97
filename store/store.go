package store

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Limits and defaults of Options.
const (
	DefaultAudioBudget  = 512 << 20
	MinAudioBudget      = 1 << 20
	DefaultLockTimeout  = 2 * time.Second
	DefaultOutboxEvents = 2048
	MinOutboxEvents     = 16
	MaxOutboxEvents     = 1 << 20
	DefaultOutboxBytes  = 3 << 19 // 1.5 MiB: two months of plays
	MinOutboxBytes      = 64 << 10
	MaxOutboxBytes      = 32 << 20
)

// Options says how to open a store. The zero value is good.
type Options struct {
	// Log takes what happens at opening and in the background; nil is silent.
	Log *slog.Logger
	// AudioBudget bounds the sound in audio.db, in bytes of whole pages:
	// MinAudioBudget to MaxAudioBudget, 0 for DefaultAudioBudget. The file may
	// be larger by AudioMargin.
	AudioBudget int64
	// LockTimeout is how long Open waits for another process to let go; 0 for
	// DefaultLockTimeout, below 0 not at all.
	LockTimeout time.Duration
	// OutboxEvents and OutboxBytes bound the events that wait for their
	// acknowledgement; 0 for the defaults. When either is reached the oldest
	// eighth is dropped.
	OutboxEvents int
	OutboxBytes  int64
}

// filled returns o with the defaults in place of zeros.
func (o Options) filled() (Options, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.LockTimeout == 0 {
		o.LockTimeout = DefaultLockTimeout
	}
	events := int64(o.OutboxEvents)
	for _, f := range []struct {
		name             string
		v                *int64
		def, least, most int64
	}{
		{"audio budget", &o.AudioBudget, DefaultAudioBudget, MinAudioBudget, MaxAudioBudget},
		{"outbox events", &events, DefaultOutboxEvents, MinOutboxEvents, MaxOutboxEvents},
		{"outbox bytes", &o.OutboxBytes, DefaultOutboxBytes, MinOutboxBytes, MaxOutboxBytes},
	} {
		if *f.v == 0 {
			*f.v = f.def
		}
		if *f.v < f.least || *f.v > f.most {
			return o, fmt.Errorf("%w: %s %d; allowed: %d to %d", ErrInvalid, f.name, *f.v, f.least, f.most)
		}
	}
	o.OutboxEvents = int(events)
	return o, nil
}

// Store is the memory of one device. Its methods may be called from several
// goroutines. Writes block until they are on the disk.
type Store struct {
	dir       *os.File // holds the lock on everything
	state     *state
	audio     *audio
	recovered []Recovery

	closing  sync.Once
	closeErr error
}

// Open opens the store in dir, which it makes (mode 0700) with state.db and
// audio.db in it (0600) if they are missing. Damage does not stop it: see
// Recovered. It fails only for options out of range (ErrInvalid), for a dir
// that another process uses (ErrLocked), and if not even memory can be had.
// One goroutine runs until Close.
func Open(dir string, opt Options) (*Store, error) {
	opt, err := opt.filled()
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", dir, err)
	}
	opt.Log = opt.Log.With("component", "store")
	s := &Store{}
	if s.dir, err = lockDir(dir, opt.LockTimeout); errors.Is(err, ErrLocked) {
		return nil, fmt.Errorf("open %s: %w", filepath.Join(dir, stateName), err)
	} else if err != nil {
		// Both files say below what that means for them.
		opt.Log.Warn("store directory not locked", "dir", dir, "err", err)
	}
	if s.state, err = openState(dir, opt, &s.recovered); err != nil {
		s.unlock()
		return nil, err
	}
	if s.audio, err = openAudio(dir, opt, &s.recovered); err != nil {
		s.state.close()
		s.unlock()
		return nil, err
	}
	for _, r := range s.recovered {
		opt.Log.Warn("store recovered", "file", r.File, "what", string(r.What), "aside", r.Aside, "err", r.Err)
	}
	return s, nil
}

// lockDir makes dir and locks it, so that two processes never rename each
// other's files.
func lockDir(dir string, wait time.Duration) (*os.File, error) {
	_, missing := os.Stat(dir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if missing != nil {
		syncDir(filepath.Dir(dir)) // as well as can be: what is in it is synced later
	}
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := lockFile(f, true, wait); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func (s *Store) unlock() {
	if s.dir != nil {
		s.dir.Close()
	}
}

// Recovered returns what Open found wrong, in the order in which it was found;
// none if all was well. The slice is the caller's.
func (s *Store) Recovered() []Recovery {
	return append([]Recovery(nil), s.recovered...)
}

// Close ends all use of the store and lets other processes in. Readers and
// Writers that are still open fail with ErrClosed. It waits for transactions
// under way; a second call does nothing.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.closeErr = errors.Join(s.audio.close(), s.state.close())
		s.unlock()
	})
	return s.closeErr
}

// Stats is a snapshot of what the store holds. Bytes are of the disk.
type Stats struct {
	Items  int   // sounds known, complete or not
	Cached int   // sounds complete and verified
	Budget int64 // bound of all sound
	Used   int64 // by sound, what is being written counted in full
	Free   int64 // Budget - Used, at most what the disk has; never below 0

	StateBytes int64 // length of state.db
	AudioBytes int64 // length of audio.db
	DiskFree   int64 // of the file system, for this user; -1 if not known
	Written    int64 // handed to the kernel since Open, by everything here

	Outbox   int   // events that wait for their acknowledgement
	CopyErr  error // why the last good copy of state.db could not be made, or nil
	ReadOnly bool  // state.db takes no writes
	Memory   bool  // state.db ends with the process
}

// Stats returns the figures of now.
func (s *Store) Stats() Stats {
	var st Stats
	s.state.stats(&st)
	s.audio.stats(&st)
	return st
}
