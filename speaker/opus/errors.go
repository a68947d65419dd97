package opus

import (
	"errors"
	"fmt"
)

var (
	// ErrUnsupported is wrapped when the file is Ogg of a kind that cannot be
	// played; the error names the kind found and those allowed.
	ErrUnsupported = errors.New("unsupported Ogg")
	// ErrNotAudio is wrapped when no Ogg stream was found.
	ErrNotAudio = errors.New("no Ogg stream")
)

// playable is what every refusal ends with.
const playable = "can be played: Opus in Ogg, 1 or 2 channels"

func unsupported(format string, args ...any) error {
	return fmt.Errorf("%w: found %s; %s", ErrUnsupported, fmt.Sprintf(format, args...), playable)
}
