package wav

import (
	"encoding/binary"
	"fmt"
)

const (
	headerSize = 80
	junkSize   = 28         // of a ds64 chunk without a table
	unknown    = 0xFFFFFFFF // a 32-bit size that stands in ds64
	pcm        = 1          // WAVE_FORMAT_PCM
	extensible = 0xFFFE     // WAVE_FORMAT_EXTENSIBLE
	bytes16    = 2          // for each sample
	// rf64Limit is how much data a plain RIFF file takes: 2 GiB.
	rf64Limit = 1 << 31
)

// Format is what a file holds besides samples of 16 bits.
type Format struct {
	Rate     int // frames per second, 8000 to 192000
	Channels int // interleaved channels, 1 to 8
}

// Validate says what is wrong with f and what is allowed.
func (f Format) Validate() error {
	if f.Rate < 8000 || f.Rate > 192000 {
		return fmt.Errorf("wav rate %d: allowed are 8000 to 192000", f.Rate)
	}
	if f.Channels < 1 || f.Channels > 8 {
		return fmt.Errorf("wav channels %d: allowed are 1 to 8", f.Channels)
	}
	return nil
}

// block is the bytes of one frame.
func (f Format) block() int64 { return int64(f.Channels) * bytes16 }

// header is the whole head of a file of that many frames; above limit bytes
// of data it is RF64.
func header(f Format, frames, limit int64) []byte {
	data := frames * f.block()
	riff := data + headerSize - 8
	le := binary.LittleEndian
	if data <= limit {
		b := le.AppendUint32([]byte("RIFF"), uint32(riff))
		b = le.AppendUint32(append(b, "WAVEJUNK"...), junkSize)
		b = append(b, make([]byte, junkSize)...)
		return le.AppendUint32(append(appendFmt(b, f), "data"...), uint32(data))
	}
	b := le.AppendUint32([]byte("RF64"), unknown)
	b = le.AppendUint32(append(b, "WAVEds64"...), junkSize)
	b = le.AppendUint64(b, uint64(riff))
	b = le.AppendUint64(b, uint64(data))
	b = le.AppendUint64(b, uint64(frames))
	b = le.AppendUint32(b, 0)
	return le.AppendUint32(append(appendFmt(b, f), "data"...), unknown)
}

func appendFmt(b []byte, f Format) []byte {
	le := binary.LittleEndian
	b = le.AppendUint32(append(b, "fmt "...), 16)
	b = le.AppendUint16(b, pcm)
	b = le.AppendUint16(b, uint16(f.Channels))
	b = le.AppendUint32(b, uint32(f.Rate))
	b = le.AppendUint32(b, uint32(int64(f.Rate)*f.block()))
	b = le.AppendUint16(b, uint16(f.block()))
	return le.AppendUint16(b, bytes16*8)
}
