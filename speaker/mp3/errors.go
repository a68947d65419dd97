package mp3

import (
	"errors"
	"fmt"
)

var (
	// ErrUnsupported is wrapped when the file is MPEG audio of a kind that
	// cannot be played; the error names the kind found and those allowed.
	ErrUnsupported = errors.New("unsupported sound format")
	// ErrNotAudio is wrapped when no MPEG audio frame was found.
	ErrNotAudio = errors.New("not MPEG audio")
	// ErrChanged is wrapped when the sampling rate, version or layer changes in
	// mid-stream. What came before has been played.
	ErrChanged = errors.New("sound format changes in mid-stream")
	// ErrDamaged is wrapped when so many frames in a row could not be decoded
	// that the rest is not worth playing.
	ErrDamaged = errors.New("sound is damaged")
)

// playable is what every refusal ends with.
const playable = "can be played: MPEG-1 Layer III (MP3) at 32000, 44100 or 48000 Hz, 32 to 320 kbit/s"

func unsupported(h header) error {
	return fmt.Errorf("%w: found %v; %s", ErrUnsupported, h, playable)
}
