package mp3

import (
	"bytes"
	"encoding/binary"
)

const (
	id3v2Bytes = 10  // header: id3.org, ID3v2.4 main structure, section 3.1
	id3v1Bytes = 128 // "TAG" at the end of a file
	id3v1Plus  = 227 // "TAG+", the extended form before it
	apeBytes   = 32  // header and footer of an APE tag, version 1 and 2
)

// tagBytes is the length of the tag that begins at b, 0 when there is none.
func tagBytes(b []byte) int64 {
	switch {
	case len(b) >= id3v2Bytes && string(b[:3]) == "ID3":
		return id3v2Size(b)
	case len(b) >= 4 && string(b[:4]) == "TAG+":
		return id3v1Plus
	case len(b) >= 3 && string(b[:3]) == "TAG":
		return id3v1Bytes
	case len(b) >= apeBytes && string(b[:8]) == "APETAGEX":
		return apeSize(b)
	}
	return 0
}

// id3v2Size adds the header and the footer to the synchsafe size: seven bits in
// each byte, so that no tag looks like a frame.
func id3v2Size(b []byte) int64 {
	if b[3] == 0xff || b[4] == 0xff || (b[6]|b[7]|b[8]|b[9])&0x80 != 0 {
		return 0
	}
	n := int64(b[6])<<21 | int64(b[7])<<14 | int64(b[8])<<7 | int64(b[9])
	const footerPresent = 0x10
	if b[5]&footerPresent != 0 {
		n += id3v2Bytes
	}
	return n + id3v2Bytes
}

// apeSize is the length from a header to the end of the footer; a footer met
// alone is 32 bytes.
func apeSize(b []byte) int64 {
	const isHeader = 1 << 29
	if binary.LittleEndian.Uint32(b[20:])&isHeader == 0 {
		return apeBytes
	}
	return apeBytes + int64(binary.LittleEndian.Uint32(b[12:]))
}

// skipTags drops the tags that begin where a frame could begin.
func (w *walker) skipTags() {
	for w.tagAt(0) {
		n := tagBytes(w.peek(apeBytes))
		w.tags += n
		w.discard(n)
	}
}

// tagAt is true when a tag begins at offset at. It looks at one byte first: a
// slow source must not be asked for more than is needed to play on.
func (w *walker) tagAt(at int) bool {
	b := w.ahead(at, 1)
	return len(b) == 1 && b[0] != 0xff && tagBytes(w.ahead(at, apeBytes)) > 0
}

// infoTag is what the first frame of a file may hold in the place of sound: the
// Xing, Info (LAME, Lavc) or VBRI header. There is no standard; the layout is
// what encoders write.
type infoTag struct {
	frames  int64 // sound frames that follow; 0: unknown
	delay   int   // PCM frames the encoder put before the sound
	padding int   // PCM frames it put after
	gapless bool  // delay and padding are known
}

// parseInfo reads the info tag of a Layer III frame. It is false for a frame
// that holds sound. Sound could hold the four letters by chance, so in the
// middle of a stream all before them, but a CRC, must be zero.
func parseInfo(h header, frame []byte, first bool) (infoTag, bool) {
	// Encoders leave out the CRC when they place the tag; look at both.
	for _, at := range []int{headerBytes + h.sideBytes(), h.mainStart()} {
		t, ok := parseXing(frame[min(at, len(frame)):])
		if ok && (first || len(bytes.Trim(frame[headerBytes+2:at], "\x00")) == 0) {
			return t, true
		}
	}
	const vbriAt = headerBytes + 32
	b := frame[min(vbriAt, len(frame)):]
	if first && len(b) >= 18 && string(b[:4]) == "VBRI" {
		return infoTag{frames: int64(binary.BigEndian.Uint32(b[14:]))}, true
	}
	return infoTag{}, false
}

// parseXing reads a Xing or Info tag and, behind it, the extension that LAME
// introduced and FFmpeg writes too.
func parseXing(b []byte) (t infoTag, ok bool) {
	if len(b) < 8 || string(b[:4]) != "Xing" && string(b[:4]) != "Info" {
		return infoTag{}, false
	}
	flags := binary.BigEndian.Uint32(b[4:])
	b = b[8:]
	for bit, n := range []int{4, 4, 100, 4} { // frames, bytes, seek table, quality
		if flags>>bit&1 == 0 {
			continue
		}
		if len(b) < n {
			return t, true
		}
		if bit == 0 {
			t.frames = int64(binary.BigEndian.Uint32(b))
		}
		b = b[n:]
	}
	const delayAt = 21 // behind the encoder's name and its settings
	if len(b) < delayAt+3 || !bytes.HasPrefix(b, []byte("LAME")) && !bytes.HasPrefix(b, []byte("Lav")) {
		return t, true
	}
	d := b[delayAt:]
	t.delay = int(d[0])<<4 | int(d[1])>>4
	t.padding = int(d[1]&15)<<8 | int(d[2])
	t.gapless = true
	return t, true
}
