package riff

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
)

// openEnd reads samples of which nobody said where they end, and takes out the
// chunks that writers of tags put behind them: they would be a burst of noise.
// What is taken for a chunk has a name, a size and a kind in the right places,
// which no sound has by chance. A slow source is played as it comes: only what
// begins like a chunk has to wait for the rest of its twelve bytes.
type openEnd struct {
	r   *bufio.Reader
	err error // of r, once it failed or ended: comes behind what is buffered
}

const (
	openEndBytes  = 16 << 10
	chunkHead     = 12       // name, size and kind
	maxChunkTaken = 64 << 20 // nothing longer is taken out
)

func newOpenEnd(r io.Reader) *openEnd { return &openEnd{r: bufio.NewReaderSize(r, openEndBytes)} }

// Read is io.Reader's.
func (o *openEnd) Read(p []byte) (int, error) {
	for {
		n := o.r.Buffered()
		if n == 0 {
			if o.err != nil {
				return 0, o.err
			}
			_, err := o.r.Peek(1)
			o.keep(err)
			continue
		}
		b, _ := o.r.Peek(n)
		at := suspect(b)
		if at == 0 {
			var err error
			b, err = o.r.Peek(chunkHead)
			o.keep(err)
			if isChunk(b) {
				o.pass(binary.LittleEndian.Uint32(b[4:]))
				continue
			}
			at = 1 + suspect(b[1:])
		}
		n = copy(p, b[:at])
		_, err := o.r.Discard(n)
		return n, err
	}
}

// keep remembers the first error: bufio tells it once.
func (o *openEnd) keep(err error) {
	if o.err == nil {
		o.err = err
	}
}

// pass drops a chunk of that size, and the byte that makes it even.
func (o *openEnd) pass(size uint32) {
	if _, err := o.r.Discard(8 + int(size)); err != nil || size%2 == 0 {
		o.keep(err)
		return
	}
	pad, err := o.r.Peek(1)
	o.keep(err)
	if len(pad) > 0 && pad[0] == 0 {
		_, err = o.r.Discard(1)
		o.keep(err)
	}
}

// names are those of the chunks that are taken out.
var names = [...][]byte{[]byte("LIST"), []byte("id3 "), []byte("ID3 ")}

// suspect is where in b a chunk could begin, its length when nowhere.
func suspect(b []byte) int {
	at := len(b)
	for _, name := range names {
		if n := bytes.Index(b, name); n >= 0 {
			at = min(at, n)
		}
		for k := 1; k < len(name); k++ {
			if bytes.HasSuffix(b, name[:k]) {
				at = min(at, len(b)-k)
			}
		}
	}
	return at
}

// isChunk is true when b begins a chunk of tags: LIST of INFO or adtl
// (Multimedia Programming Interface 1.0), or ID3v2.
func isChunk(b []byte) bool {
	if len(b) < chunkHead || binary.LittleEndian.Uint32(b[4:]) > maxChunkTaken {
		return false
	}
	kind := string(b[8:12])
	if string(b[:4]) == "LIST" {
		return kind == "INFO" || kind == "adtl"
	}
	return (string(b[:4]) == "id3 " || string(b[:4]) == "ID3 ") && kind[:3] == "ID3"
}
