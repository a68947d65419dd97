package speaker

import (
	"errors"
	"fmt"
	"time"
)

var (
	// ErrNoOutput is returned by Load while no output is open.
	ErrNoOutput = errors.New("no sound output is open")
	// ErrOutputLost ends the tracks that were started when the output went.
	ErrOutputLost = errors.New("sound output lost")
	// ErrUnsupported is wrapped for sound of a kind that cannot be played; the
	// error names the kind found and those allowed.
	ErrUnsupported = errors.New("sound cannot be played")
	// ErrNotAudio is wrapped for bytes that are no sound at all.
	ErrNotAudio = errors.New("no sound")
	// ErrStarved ends a track that got no data for ten seconds while playing.
	ErrStarved = errors.New("no sound data for 10 s")
	// ErrSilent ends a track none of whose sources gave a single frame; the
	// reasons stand in Progress.Failures.
	ErrSilent = errors.New("no source could be played")
	// ErrBusy ends a track that was started while maxTracks others were.
	ErrBusy = errors.New("too many tracks are started")
	// ErrClosed ends a track that was closed while it played, and every track
	// when the speaker's Run returns.
	ErrClosed = errors.New("closed")
	// errFormat is wrapped when an output offers a format that is out of range.
	errFormat = errors.New("output format out of range")
)

// SourceError says why a source of a program was left before its end. The
// sound before At was played, the next source follows without a gap.
type SourceError struct {
	Index int           // of Program.Sources
	Name  string        // Source.Name
	At    time.Duration // position in the source's own sound
	Err   error
}

// Error names the source, by number and name, and the position.
func (e SourceError) Error() string {
	return fmt.Sprintf("source %d %q at %v: %v", e.Index, e.Name, e.At.Round(time.Millisecond), e.Err)
}

// Unwrap returns Err.
func (e SourceError) Unwrap() error { return e.Err }
