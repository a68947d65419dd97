package mp3_test

import (
	"bytes"
	"image"
	"image/png"
	"math/rand/v2"
	"slices"
	"strings"
)

// torn is a damaged file that remembers where each of its bytes comes from:
// file<<32 + offset, or -1 for a byte that is new or changed.
type torn struct {
	b      []byte
	origin []int64
}

// whole is file number k of the test without damage.
func whole(k int, data []byte) torn {
	t := torn{b: bytes.Clone(data), origin: make([]int64, len(data))}
	for i := range data {
		t.origin[i] = int64(k)<<32 + int64(i)
	}
	return t
}

func foreign(b []byte) torn {
	t := torn{b: b, origin: make([]int64, len(b))}
	for i := range b {
		t.origin[i] = -1
	}
	return t
}

func (t torn) cut(from, to int) torn {
	return torn{b: t.b[from:to], origin: t.origin[from:to]}
}

func glue(parts ...torn) (t torn) {
	for _, p := range parts {
		t.b = append(t.b, p.b...)
		t.origin = append(t.origin, p.origin...)
	}
	return t
}

// stretchOf is a random stretch of 1 B to 8 KiB, short ones as likely as long
// ones, and at most a third of the file.
func stretchOf(rnd *rand.Rand, t torn) (from, to int) {
	n := 1 << rnd.IntN(14)
	n = min(n+rnd.IntN(n), 8<<10, len(t.b)/3)
	from = rnd.IntN(len(t.b) - n)
	return from, from + n
}

// harmKinds are the kinds of damage. Each gets the file, and others to glue to
// it.
var harmKinds = []struct {
	name string
	do   func(rnd *rand.Rand, t torn, others gluable) torn
}{
	{"hole", func(rnd *rand.Rand, t torn, _ gluable) torn { return hole(rnd, t) }},
	{"zeros", func(rnd *rand.Rand, t torn, _ gluable) torn { return zeros(rnd, t) }},
	{"flipped bits", func(rnd *rand.Rand, t torn, _ gluable) torn { return flips(rnd, t) }},
	{"cut short", func(rnd *rand.Rand, t torn, _ gluable) torn { return shorten(rnd, t) }},
	{"same kind behind", func(rnd *rand.Rand, t torn, o gluable) torn { return behind(rnd, t, o.same) }},
	{"other rate behind", func(rnd *rand.Rand, t torn, o gluable) torn { return behind(rnd, t, o.rate) }},
	{"other channels behind", func(rnd *rand.Rand, t torn, o gluable) torn { return behind(rnd, t, o.channels) }},
	{"foreign bytes", func(rnd *rand.Rand, t torn, _ gluable) torn { return stranger(rnd, t) }},
	{"doubled stretch", func(rnd *rand.Rand, t torn, _ gluable) torn { return doubled(rnd, t) }},
	{"several", func(rnd *rand.Rand, t torn, _ gluable) torn { return several(rnd, t) }},
}

// gluable are files to put behind another: of its own kind, of another rate,
// and of its rate with the other number of channels.
type gluable struct{ same, rate, channels torn }

func hole(rnd *rand.Rand, t torn) torn {
	from, to := stretchOf(rnd, t)
	return glue(t.cut(0, from), t.cut(to, len(t.b)))
}

// zeros is what a sector reads as that was never written.
func zeros(rnd *rand.Rand, t torn) torn {
	from, to := stretchOf(rnd, t)
	return glue(t.cut(0, from), foreign(make([]byte, to-from)), t.cut(to, len(t.b)))
}

func flips(rnd *rand.Rand, t torn) torn {
	t = glue(t)
	for range 1 + rnd.IntN(50) {
		at := rnd.IntN(len(t.b))
		t.b[at] ^= 1 << rnd.IntN(8)
		t.origin[at] = -1
	}
	return t
}

// shorten takes the head, the tail, or both.
func shorten(rnd *rand.Rand, t torn) torn {
	how := 1 + rnd.IntN(3)
	from, to := 0, len(t.b)
	if how&1 != 0 {
		from = rnd.IntN(len(t.b) / 2)
	}
	if how&2 != 0 {
		to -= rnd.IntN(len(t.b) / 2)
	}
	return t.cut(from, to)
}

// behind puts a second file behind the first, whose end is missing every other
// time, as when a download was begun again.
func behind(rnd *rand.Rand, t, second torn) torn {
	if rnd.IntN(2) == 0 {
		t = t.cut(0, len(t.b)-rnd.IntN(len(t.b)/3))
	}
	return glue(t, second)
}

// stranger puts in what is no sound at all: noise, text, a picture, a tag, the
// page of a web server that had no more.
func stranger(rnd *rand.Rand, t torn) torn {
	at := rnd.IntN(len(t.b))
	return glue(t.cut(0, at), foreign(strange(rnd)), t.cut(at, len(t.b)))
}

func strange(rnd *rand.Rand) []byte {
	n := 1 + rnd.IntN(4<<10)
	switch rnd.IntN(5) {
	case 0:
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
		return b
	case 1:
		return []byte(strings.Repeat("Kính thưa bà con nhân dân trong xã. ", 1+n/40))
	case 2:
		picture := image.NewRGBA(image.Rect(0, 0, 24, 8+n/120))
		for i := range picture.Pix {
			picture.Pix[i] = byte(rnd.Uint32())
		}
		var out bytes.Buffer
		_ = png.Encode(&out, picture) // into memory
		return out.Bytes()
	case 3:
		size := []byte{0, 0, byte(n >> 7), byte(n & 0x7f)}
		return slices.Concat([]byte("ID3\x03\x00\x00"), size, make([]byte, n))
	}
	return []byte("<html><head><title>502 Bad Gateway</title></head><body>" + strings.Repeat("<hr>nginx", n/60) + "</body></html>\r\n")
}

func doubled(rnd *rand.Rand, t torn) torn {
	from, to := stretchOf(rnd, t)
	return glue(t.cut(0, to), t.cut(from, len(t.b)))
}

func several(rnd *rand.Rand, t torn) torn {
	for range 2 + rnd.IntN(3) {
		t = []func(*rand.Rand, torn) torn{hole, zeros, flips, stranger, doubled}[rnd.IntN(5)](rnd, t)
	}
	return t
}

// survivor is a frame that is in the damaged file byte for byte.
type survivor struct {
	file, frame int
	at          int // in the damaged file
	untouched   bool
	joined      bool // the survivor before it stood before it in the good file too
}

// survivors finds the frames that are whole, and among them those that are
// untouched: all bytes that their sound is made of are there, in their places
// relative to each other. That is the frame itself, the frames before it that it
// sounds with, and those that hold the main data of all these.
func (t torn) survivors(files []*harmFile) (list []survivor) {
	starts := make([]map[int]int, len(files))
	for k, f := range files {
		starts[k] = map[int]int{}
		for i, frame := range f.frames {
			starts[k][frame.at] = i
		}
	}
	for at := 0; at < len(t.b); at++ {
		if t.origin[at] < 0 {
			continue
		}
		k := int(t.origin[at] >> 32)
		i, ok := starts[k][int(t.origin[at]&0xffffffff)]
		if !ok || !t.intact(at, files[k].frames[i].size) {
			continue
		}
		s := survivor{file: k, frame: i, at: at}
		if n := len(list); n > 0 {
			last := list[n-1]
			s.joined = last.file == k && last.frame == i-1 && last.at+files[k].frames[i-1].size == at
		}
		list = append(list, s)
		list[len(list)-1].untouched = untouched(files[k], list)
	}
	return list
}

// intact is true when size bytes from at on stood so in the good file.
func (t torn) intact(at, size int) bool {
	if at+size > len(t.b) {
		return false
	}
	for i := range size {
		if t.origin[at+i] != t.origin[at]+int64(i) {
			return false
		}
	}
	return true
}

// untouched judges the last of the list by those before it.
func untouched(f *harmFile, list []survivor) bool {
	last := list[len(list)-1]
	run := 1 // frames in a row that end here
	for run <= last.frame && list[len(list)-run].joined {
		run++
	}
	if last.frame < f.history() && len(list) > run {
		return false // a file's start that sounds with the end of another
	}
	return last.frame-run < f.needs(last.frame)
}
