package mp3

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

const (
	id3v2Bytes = 10  // header: id3.org, ID3v2.4 main structure, section 3.1
	id3v1Bytes = 128 // "TAG" at the end of a file
	id3v1Plus  = 227 // "TAG+", the extended form before it
	apeBytes   = 32  // header and footer of an APE tag, version 1 and 2

	// mostTag is how long a tag between frames may be. A longer one is a length
	// that was damaged: it would swallow the rest of the sound.
	mostTag = 16 << 20

	lyricsBegin = 11 // "LYRICSBEGIN"
	lyricsEnd   = 9  // "LYRICSEND" or "LYRICS200"
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
	case len(b) >= lyricsBegin && string(b[:lyricsBegin]) == "LYRICSBEGIN":
		return lyricsBegin
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

// skipTags drops the tags that begin where a frame could begin. One between frames
// that is longer than the file is damage: there was sound in it, perhaps.
func (w *walker) skipTags() {
	for w.tagAt(0) {
		b := w.peek(apeBytes)
		n := tagBytes(b)
		w.cutTag = ""
		before := w.tags
		got := w.discard(n)
		whole := got == n
		if !whole {
			w.cutTag = fmt.Sprintf("; a tag that begins with %q says it has %d bytes, of which %d are there", b[:3], n, got)
		}
		if n == lyricsBegin {
			whole = w.discardLyrics()
		}
		if !whole && w.locked {
			w.damaged += w.tags - before
			w.tags = before
		}
	}
}

// discardLyrics drops the rest of a Lyrics3 tag, whose length stands at its end. It
// is false when there is no end.
func (w *walker) discardLyrics() bool {
	for len(w.peek(lyricsEnd)) == lyricsEnd {
		b := w.peek(windowBytes / 2)
		for _, end := range []string{"LYRICSEND", "LYRICS200"} { // version 1 and 2
			if n := bytes.Index(b, []byte(end)); n >= 0 {
				w.discard(int64(n + lyricsEnd))
				return true
			}
		}
		w.discard(int64(len(b) - lyricsEnd + 1))
	}
	return false
}

// tagAt is true when a tag begins at offset at. It looks at one byte first: a
// slow source must not be asked for more than is needed to play on.
func (w *walker) tagAt(at int) bool {
	b := w.ahead(at, 1)
	if len(b) < 1 || b[0] == 0xff {
		return false
	}
	n := tagBytes(w.ahead(at, apeBytes))
	return n > 0 && (n <= mostTag || !w.locked)
}

// infoTag is what the first frame of a file may hold in the place of sound: the
// Xing, Info (LAME, Lavc) or VBRI header. There is no standard; the layout is
// what encoders write.
type infoTag struct {
	frames  int64  // sound frames that follow; 0: unknown
	delay   int    // PCM frames the encoder put before the sound
	padding int    // PCM frames it put after
	gapless bool   // delay and padding are known
	encoder string // its name and version, when told
}

// parseInfo reads the info tag of a Layer III frame. It is false for a frame
// that holds sound. Sound could hold the four letters by chance, so in the
// middle of a stream all before them, but a CRC, must be zero.
func parseInfo(h header, frame []byte, first bool) (infoTag, bool) {
	if h.layer != 3 {
		return infoTag{}, false
	}
	// Encoders leave out the CRC when they place the tag; look at both.
	for _, at := range []int{headerBytes + h.sideBytes(), h.mainStart()} {
		t, ok := parseXing(frame, min(at, len(frame)))
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

// parseXing reads a Xing or Info tag at offset at of the frame and, behind it,
// the extension that LAME introduced and FFmpeg writes too.
func parseXing(frame []byte, at int) (t infoTag, ok bool) {
	b := frame[at:]
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
	t.extend(frame, len(frame)-len(b))
	return t, true
}

// extend reads LAME's extension at offset at: the encoder, and delay and padding
// unless its checksum says that they are not what was written. A checksum of
// zero is none.
func (t *infoTag) extend(frame []byte, at int) {
	const nameBytes, delayAt, crcAt = 9, 21, 34
	b := frame[at:]
	if len(b) < delayAt+3 || !bytes.HasPrefix(b, []byte("LAME")) && !bytes.HasPrefix(b, []byte("Lav")) {
		return
	}
	t.encoder = printable(b[:nameBytes])
	if len(b) >= crcAt+2 {
		crc := binary.BigEndian.Uint16(b[crcAt:])
		if crc != 0 && crc != tagCRC(frame[:at+crcAt]) && crc != lavcCRC(frame, at+crcAt) {
			return
		}
	}
	d := b[delayAt:]
	t.delay = int(d[0])<<4 | int(d[1])>>4
	t.padding = int(d[1]&15)<<8 | int(d[2])
	t.gapless = true
}

// printable is the text up to the first byte that is none.
func printable(b []byte) string {
	n := bytes.IndexFunc(b, func(r rune) bool { return r < ' ' || r > '~' })
	if n < 0 {
		n = len(b)
	}
	return string(bytes.TrimSpace(b[:n]))
}

// lavcCRC is the checksum as FFmpeg makes it, when the frame is another than that
// of MPEG-1 in stereo: over as many bytes as lie before it there and its own two,
// with zeros in their place and behind a shorter frame.
func lavcCRC(frame []byte, at int) uint16 {
	var b [190]byte
	copy(b[:], frame)
	if at+2 <= len(b) {
		b[at], b[at+1] = 0, 0
	}
	return tagCRC(b[:])
}

// tagCRC is the checksum of an info tag: the polynomial of crcPolynomial, but
// from the least significant bit on and beginning with 0.
func tagCRC(b []byte) (crc uint16) {
	const reversed = 0xa001
	for _, v := range b {
		crc ^= uint16(v)
		for range 8 {
			crc = crc>>1 ^ crc&1*reversed
		}
	}
	return crc
}
