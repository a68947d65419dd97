package mp3_test

import (
	"bytes"
	"errors"
	"fmt"
)

// harmFrame is where one frame of sound lies in a good file, and which frames it
// takes its main data from. It is found here and not by the package under test,
// so that the two cannot be wrong together.
type harmFrame struct {
	at, size int
	from     int // first frame whose main data it uses
}

// harmFile is a good file, its frames, and what it decodes to.
type harmFile struct {
	name     string
	data     []byte
	frames   []harmFrame
	rate     int
	channels int
	pcm      []float32
	trimmed  int // PCM frames that gapless playing leaves out at the start
	peak     float32
}

// history is how many frames before it a frame sounds with: two granules, for
// the overlap of the transform and the memory of the filter bank.
func (f *harmFile) history() int {
	if f.rate < 32000 {
		return 2 // one granule in a frame
	}
	return 1
}

// needs is the first frame that must be whole for frame i to sound as it did:
// of itself and its history, all that hold their main data.
func (f *harmFile) needs(i int) int {
	first := i
	for k := max(0, i-f.history()); k <= i; k++ {
		first = min(first, k, f.frames[k].from)
	}
	return first
}

// block is the sound of frame i, shorter at a gapless file's ends, nil when it
// is trimmed away.
func (f *harmFile) block(i int) []float32 {
	n := samplesPerFrame(f.rate)
	lo := max(i*n-f.trimmed, 0) * f.channels
	hi := min(max((i+1)*n-f.trimmed, 0)*f.channels, len(f.pcm))
	if lo >= hi {
		return nil
	}
	return f.pcm[lo:hi]
}

// scan finds the frames of a file without garbage.
func (f *harmFile) scan() error {
	b, at := f.data, 0
	if string(b[:3]) == "ID3" {
		at = 10 + int(b[6])<<21 + int(b[7])<<14 + int(b[8])<<7 + int(b[9])
	}
	free := 0
	if b[at+2]>>4 == 0 {
		if free = freeDistance(b[at:]); free == 0 {
			return errors.New("no second frame of free format")
		}
	}
	for at+4 < len(b) && string(b[at:at+3]) != "TAG" {
		size := harmSize(b[at:], f.rate, free)
		if size == 0 || at+size > len(b) {
			return fmt.Errorf("no frame at %d of %d", at, len(b))
		}
		head := b[at : at+min(60, size)]
		if !bytes.Contains(head, []byte("Info")) && !bytes.Contains(head, []byte("Xing")) {
			f.frames = append(f.frames, harmFrame{at: at, size: size})
		}
		at += size
	}
	for i := range f.frames {
		f.reservoir(i)
	}
	return nil
}

// harmSize is the length of the Layer III frame that begins at b: 11172-3 and
// 13818-3, 2.4.3.1. In free format it is the distance, given without padding.
func harmSize(b []byte, rate, free int) int {
	if b[0] != 0xff || b[1]&0xe6 != 0xe2 || b[2]>>4 == 15 {
		return 0
	}
	padding := int(b[2] >> 1 & 1)
	if free > 0 {
		return free + padding
	}
	list := kbits(16000)
	if rate >= 32000 {
		list = kbits(rate)
	}
	return samplesPerFrame(rate)/8*list[b[2]>>4-1]*1000/rate + padding
}

// freeDistance is how far apart two headers of free format are when neither has
// padding.
func freeDistance(b []byte) int {
	same := func(at int) bool {
		return at+4 <= len(b) && b[at] == b[0] && b[at+1] == b[1] && (b[at+2]^b[2])&0xfc == 0
	}
	pad := func(at int) int { return int(b[at+2] >> 1 & 1) }
	for n := 24; n < 6000; n++ {
		if same(n) && same(2*n-pad(0)+pad(n)) {
			return n - pad(0)
		}
	}
	return 0
}

// reservoir follows main_data_begin of frame i back to where it points.
func (f *harmFile) reservoir(i int) {
	frame := f.frames[i]
	b := f.data[frame.at:]
	side, begin := 4, 0
	if b[1]&1 == 0 {
		side += 2 // CRC
	}
	begin = int(b[side])
	if f.rate >= 32000 {
		begin = begin<<1 | int(b[side+1]>>7)
	}
	k := i
	for begin > 0 && k > 0 {
		k--
		begin -= f.frames[k].size - f.mainStart(k)
	}
	f.frames[i].from = k
}

// mainStart is the length of header, CRC and side information: 2.4.1.7.
func (f *harmFile) mainStart(k int) int {
	b := f.data[f.frames[k].at:]
	n := 4
	if b[1]&1 == 0 {
		n += 2
	}
	mono := b[3]>>6 == 3
	switch {
	case f.rate >= 32000 && !mono:
		return n + 32
	case f.rate < 32000 && mono:
		return n + 9
	}
	return n + 17
}
