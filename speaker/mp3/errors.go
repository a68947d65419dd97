package mp3

import (
	"errors"
	"fmt"
)

// Why a frame could not be decoded, or not all of it.
var (
	errReservoir = errors.New("main data of earlier frames are missing")
	errSuspect   = errors.New("bytes of the frame were lost")
	errSide      = errors.New("side information is invalid")
	errCRC       = errors.New("checksum is wrong")
	errLevel     = errors.New("level is far beyond full scale")
	errHuffman   = errors.New("huffman codes reach beyond their end")
	errTable     = errors.New("huffman table 4 or 14, which do not exist")
	errZeros     = errors.New("main data are zeros")
	errScale     = errors.New("scalefactors reach beyond their end")
	errShort     = errors.New("frame ends before what it should hold")
	errFactor    = errors.New("scale factor 63, which does not exist")
)

var (
	// ErrUnsupported is wrapped when the file is MPEG audio of a kind that
	// cannot be played; the error names the kind found and those allowed.
	ErrUnsupported = errors.New("unsupported sound format")
	// ErrNotAudio is wrapped when no MPEG audio frame was found.
	ErrNotAudio = errors.New("not MPEG audio")
	// ErrChanged is wrapped, once, where the stream goes on at another sampling
	// rate. What came before has been played, and reading may go on.
	ErrChanged = errors.New("sound format changes in mid-stream")
)

// playable is what every refusal ends with.
const playable = "can be played: MPEG-1, 2 and 2.5 Layers II and III (MP2, MP3)"

func unsupported(h header) error {
	return fmt.Errorf("%w: found %v; %s", ErrUnsupported, h, playable)
}
