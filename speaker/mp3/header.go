package mp3

import (
	"encoding/binary"
	"fmt"
)

// headerBytes is the length of a frame header: ISO/IEC 11172-3, 2.4.1.3.
const headerBytes = 4

// Values of the two-bit ID field, whose high bit is the twelfth sync bit of
// MPEG-1 and 2; 13818-3 knows no 2.5, an industry extension that clears it.
const (
	version25 = 0
	version2  = 2
	version1  = 3
)

// Values of the mode field, and bits of mode_extension: 11172-3, 2.4.2.3.
const (
	modeJoint = 1
	modeMono  = 3

	jointIntensity = 1
	jointMidSide   = 2
)

// header is the parsed header of one MPEG audio frame, of any version and layer.
type header struct {
	version byte // version1, version2 or version25
	layer   byte // 1, 2 or 3
	crc     bool // a CRC-16 of two bytes follows the header
	bitRate int  // bit/s; 0: free format
	rate    int  // sampling rate in Hz
	free    int  // bytes of a free-format frame without padding, as the walker found out
	padding int  // slots added: 0 or 1
	mode    byte // 0 stereo, 1 joint stereo, 2 dual channel, 3 mono
	joint   byte // mode_extension: bit 0 intensity, bit 1 middle/side
}

// kbit holds bitrate_index 1..14 in kbit/s: 11172-3 and 13818-3, 2.4.2.3.
var kbit = [5][15]int{
	{0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448}, // MPEG-1 Layer I
	{0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384},    // MPEG-1 Layer II
	{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},     // MPEG-1 Layer III
	{0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256},    // MPEG-2, 2.5 Layer I
	{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},         // MPEG-2, 2.5 Layers II, III
}

// hertz holds sampling_frequency 0..2 of MPEG-1; 2 halves, 2.5 quarters it.
var hertz = [3]int{44100, 48000, 32000}

// parseHeader reads the header at b[0:4]. It is false when the sync word is
// missing or a field holds a reserved value.
func parseHeader(b []byte) (header, bool) {
	if len(b) < headerBytes || b[0] != 0xff || b[1]&0xe0 != 0xe0 {
		return header{}, false
	}
	w := binary.BigEndian.Uint32(b)
	h := header{
		version: byte(w >> 19 & 3),
		layer:   byte(4 - w>>17&3),
		crc:     w>>16&1 == 0,
		padding: int(w >> 9 & 1),
		mode:    byte(w >> 6 & 3),
		joint:   byte(w >> 4 & 3),
	}
	index, freq := w>>12&15, w>>10&3
	const reservedEmphasis = 2
	if h.version == 1 || h.layer == 4 || index == 15 || freq == 3 || w&3 == reservedEmphasis {
		return header{}, false
	}
	h.bitRate = 1000 * kbit[h.table()][index]
	h.rate = hertz[freq]
	switch h.version {
	case version2:
		h.rate /= 2
	case version25:
		h.rate /= 4
	}
	return h, true
}

// table is the row of kbit that holds for h.
func (h header) table() int {
	switch {
	case h.version == version1:
		return int(h.layer) - 1
	case h.layer == 1:
		return 3
	}
	return 4
}

// channels is 1 or 2.
func (h header) channels() int {
	if h.mode == modeMono {
		return 1
	}
	return 2
}

// samples is the number of PCM frames that one MPEG frame holds.
func (h header) samples() int {
	switch {
	case h.layer == 1:
		return 384
	case h.layer == 3 && h.version != version1:
		return 576
	}
	return 1152
}

// granules is how many of 576 lines a Layer III frame holds.
func (h header) granules() int { return h.samples() / lines }

// bytes is the length of the frame, header included; 0 for free format, as long
// as its length is not known. Fractions are dropped, the padding slot makes up
// for them (11172-3, 2.4.3.1).
func (h header) bytes() int {
	switch {
	case h.bitRate == 0 && h.free == 0:
		return 0
	case h.bitRate == 0:
		return h.free + h.padding
	}
	if h.layer == 1 {
		return 4 * (12*h.bitRate/h.rate + h.padding)
	}
	return h.samples()/8*h.bitRate/h.rate + h.padding
}

// sideBytes is the length of Layer III side information: 11172-3 and 13818-3,
// 2.4.1.7. The other layers have none.
func (h header) sideBytes() int {
	switch {
	case h.layer != 3:
		return 0
	case h.version == version1 && h.mode != modeMono:
		return 32
	case h.version != version1 && h.mode == modeMono:
		return 9
	}
	return 17
}

// mainStart is the offset of the main data in the frame.
func (h header) mainStart() int {
	n := headerBytes + h.sideBytes()
	if h.crc {
		n += 2
	}
	return n
}

// fits is true when the length of the frame is known and it is long enough for
// its CRC and side information: all but very short frames of free format are.
func (h header) fits() bool { return h.bytes() >= h.mainStart() }

// playable is true for what Decoder decodes: frames of Layers II and III.
func (h header) playable() bool { return h.layer >= 2 && h.fits() }

// same is true when both can be frames of one stream: everything that must not
// change agrees. Bit rate, padding and stereo mode may change with each frame;
// between mono and stereo a stream switches only in conformance tests, and
// those are kept playable.
func (h header) same(o header) bool {
	return h.version == o.version && h.layer == o.layer && h.rate == o.rate &&
		(h.bitRate == 0) == (o.bitRate == 0)
}

// String names the kind of frame for a person: "MPEG-2 Layer III, 22050 Hz,
// mono, 32 kbit/s".
func (h header) String() string {
	channels, rate := "stereo", "free format"
	if h.mode == modeMono {
		channels = "mono"
	}
	if h.bitRate != 0 {
		rate = fmt.Sprintf("%d kbit/s", h.bitRate/1000)
	}
	return fmt.Sprintf("%s, %d Hz, %s, %s", h.kind(), h.rate, channels, rate)
}

// kind names version and layer: "MPEG-2.5 Layer III".
func (h header) kind() string {
	version := [...]string{version1: "1", version2: "2", version25: "2.5"}[h.version]
	layer := [...]string{"", "I", "II", "III"}[h.layer]
	return "MPEG-" + version + " Layer " + layer
}

// modeName names the mode field: 11172-3, 2.4.2.3.
func (h header) modeName() string {
	return [...]string{"stereo", "joint stereo", "dual channel", "mono"}[h.mode]
}
