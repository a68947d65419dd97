package store

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	berrors "go.etcd.io/bbolt/errors"
)

var (
	// ErrClosed is returned by everything after Close.
	ErrClosed = errors.New("store is closed")
	// ErrDamaged says that what the disk gave back is not what was written.
	ErrDamaged = errors.New("damaged")
	// ErrLocked is returned by Open when another process holds the store.
	ErrLocked = errors.New("locked by another process")
	// ErrNoSpace says that the disk is full; reading goes on.
	ErrNoSpace = errors.New("no space left")
	// ErrReadOnly says that the disk takes no writes; reading goes on.
	ErrReadOnly = errors.New("read-only")
	// ErrInvalid wraps every error about an argument out of range; the message
	// names the argument and what is allowed.
	ErrInvalid = errors.New("invalid")
	// ErrTooLarge is returned for what is larger than its limit.
	ErrTooLarge = errors.New("too large")
	// ErrNotFound is returned for a name, key or digest that is not stored.
	ErrNotFound = errors.New("not found")
	// ErrTxDone is returned by a Tx that is used after its function returned.
	ErrTxDone = errors.New("transaction is over")

	// ErrSeq is returned for a document that is not newer than the last one of
	// its key: a replay.
	ErrSeq = errors.New("sequence number is not above the last one")
	// ErrLog is returned by Ack for a log that is not the one being written.
	ErrLog = errors.New("not the current log")
	// ErrAck is returned by Ack for a number that was never given out.
	ErrAck = errors.New("acknowledges more than was written")

	// ErrExists is returned by Create for sound that is complete and verified.
	ErrExists = errors.New("already stored")
	// ErrBusy is returned for sound that somebody else is writing or reading.
	ErrBusy = errors.New("in use")
	// ErrUnverified is returned by Open for sound that is not complete.
	ErrUnverified = errors.New("not verified")
	// ErrIncomplete is returned by Commit when bytes are still missing.
	ErrIncomplete = errors.New("incomplete")
	// ErrDigest is returned by Commit when the bytes are not those of the digest.
	ErrDigest = errors.New("digest does not match")
	// ErrFull is what a *FullError unwraps to.
	ErrFull = errors.New("audio budget is full")
)

// FullError says why Create found no room for a sound. All figures are bytes
// on the disk, whole pages.
type FullError struct {
	Need      int64 // what the new sound takes
	Have      int64 // what is free, or could be made so by eviction
	Protected int64 // held by what is needed soon, being read or being written
	Budget    int64 // the limit of all sound together
}

func (e *FullError) Error() string {
	return fmt.Sprintf("%v: need %d bytes, have %d of %d, %d protected", ErrFull, e.Need, e.Have, e.Budget, e.Protected)
}

// Unwrap returns ErrFull.
func (e *FullError) Unwrap() error { return ErrFull }

// kinds maps what the kernel and bbolt say to our sentinels.
var kinds = []struct {
	is, become error
}{
	{syscall.ENOSPC, ErrNoSpace},
	{syscall.EDQUOT, ErrNoSpace},
	{syscall.EFBIG, ErrNoSpace},
	{berrors.ErrMaxSizeReached, ErrNoSpace},
	{syscall.EROFS, ErrReadOnly},
	{berrors.ErrDatabaseReadOnly, ErrReadOnly},
	{berrors.ErrTimeout, ErrLocked},
	{berrors.ErrInvalid, ErrDamaged},
	{berrors.ErrVersionMismatch, ErrDamaged},
	{berrors.ErrChecksum, ErrDamaged},
	{berrors.ErrDatabaseNotOpen, ErrClosed},
	{fs.ErrClosed, ErrClosed},
	{syscall.EIO, ErrDamaged},
}

// classify adds the sentinel that err stands for, if any, and keeps err in the
// chain. bbolt formats some causes with %s, so growing a file on a full disk is
// only known by its text.
func classify(err error) error {
	if err == nil {
		return nil
	}
	for _, k := range kinds {
		if errors.Is(err, k.become) {
			return err
		}
	}
	for _, k := range kinds {
		if errors.Is(err, k.is) {
			return fmt.Errorf("%w: %w", k.become, err)
		}
	}
	for _, no := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG, syscall.EROFS} {
		if strings.HasSuffix(err.Error(), no.Error()) {
			return classify(fmt.Errorf("%w (%w)", err, no))
		}
	}
	return err
}
