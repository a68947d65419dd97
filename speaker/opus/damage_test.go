package opus

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/thesyncim/gopus"
)

// recorded is a file of that many seconds, each packet of which is another, with
// perPage packets on a page.
func recorded(t testing.TB, seconds, channels, bitRate, perPage int) []byte {
	t.Helper()
	enc, err := gopus.NewEncoder(gopus.EncoderConfig{SampleRate: Rate, Channels: channels, Application: gopus.ApplicationAudio})
	require.NoError(t, err)
	require.NoError(t, enc.SetBitrate(bitRate))
	x := material(float64(seconds), channels)
	m := begin(11, makeHead(channels, 312, 0))
	packet := make([]byte, 4000)
	var packets [][]byte
	for ; len(x) >= 960*channels; x = x[960*channels:] {
		n, err := enc.Encode(x[:960*channels], packet)
		require.NoError(t, err)
		packets = append(packets, bytes.Clone(packet[:n]))
	}
	m.sound(perPage, packets...)
	return m.out
}

// torn is a damaged file; from says for each byte where it stood in the whole
// one, -1 when it is another.
type torn struct {
	bytes []byte
	from  []int
}

func (f *torn) put(at int, b []byte) {
	for i := range b {
		if at+i < len(f.bytes) && f.bytes[at+i] != b[i] {
			f.bytes[at+i], f.from[at+i] = b[i], -1
		}
	}
}

// tear damages the file behind keep in one of the ways that flash, links and
// careless tools do.
func (f *torn) tear(rnd *rand.Rand, keep int) (kind int) {
	at := keep + rnd.IntN(len(f.bytes)-keep)
	n := min(1+rnd.IntN(2048), len(f.bytes)-at)
	foreign := make([]byte, n)
	for i := range foreign {
		foreign[i] = byte(rnd.Uint32())
	}
	kind = rnd.IntN(8)
	switch kind {
	case 0: // bits flip here and there
		for range 1 + rnd.IntN(5) {
			i := keep + rnd.IntN(len(f.bytes)-keep)
			f.put(i, []byte{f.bytes[i] ^ 1<<rnd.IntN(8)})
		}
	case 1: // a block is lost
		f.bytes = append(f.bytes[:at:at], f.bytes[at+n:]...)
		f.from = append(f.from[:at:at], f.from[at+n:]...)
	case 2: // or reads as zeros
		f.put(at, make([]byte, n))
	case 3: // or as ones
		f.put(at, bytes.Repeat([]byte{0xff}, n))
	case 4: // or as another block of the file
		other := bytes.Clone(f.bytes[keep+rnd.IntN(len(f.bytes)-keep):])
		f.put(at, other[:min(n, len(other))])
	case 5: // or as something else
		f.put(at, foreign)
	case 6: // something is put in
		f.bytes = append(f.bytes[:at:at], append(foreign, f.bytes[at:]...)...)
		none := make([]int, n)
		for i := range none {
			none[i] = -1
		}
		f.from = append(f.from[:at:at], append(none, f.from[at:]...)...)
	case 7: // the file ends early
		f.bytes, f.from = f.bytes[:at], f.from[:at]
	}
	return kind
}

// untouched tells whether the bytes [lo, hi) of the whole file still follow
// each other.
func (f *torn) untouched(lo, hi int) bool {
	for i, from := range f.from {
		if from != lo {
			continue
		}
		for k := range hi - lo {
			if i+k >= len(f.from) || f.from[i+k] != lo+k {
				return false
			}
		}
		return true
	}
	return false
}

// placed is where each packet of a file lies in time.
func placed(b []byte) (at map[string]int64, err error) {
	at = map[string]int64{}
	s := newStream(newPager(bytes.NewReader(b)))
	for position := int64(0); ; {
		u, err := s.next()
		if err != nil {
			return at, err
		}
		if u.packet != nil {
			at[string(u.packet)] = position
		}
		position += int64(u.frames)
	}
}

// packetsOn is the packets of a page on which none is cut.
func packetsOn(page []byte) (packets []string) {
	n := lacingAt + int(page[lacingAt-1])
	from, at := n, n
	for _, size := range page[lacingAt:n] {
		at += int(size)
		if size < 255 {
			packets = append(packets, string(page[from:at]))
			from = at
		}
	}
	return packets
}

// TestDamageCostsNoMoreThanThePagesItTouched: a checksum speaks for a whole page,
// so what is asked for is each packet of each page of which no byte was lost or
// changed, at its time. The page with OpusHead is spared: without it there is no
// stream.
func TestDamageCostsNoMoreThanThePagesItTouched(t *testing.T) {
	files := [][]byte{
		recorded(t, 4, 1, 16000, 10), recorded(t, 4, 2, 64000, 10), recorded(t, 4, 1, 24000, 50), recorded(t, 4, 1, 32000, 1),
	}
	kept, asked, late, salvaged, touched := 0, 0, 0, 0, 0
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		whole := files[seed%4]
		want, err := placed(whole)
		require.Equal(t, io.EOF, err)
		f := torn{bytes: bytes.Clone(whole), from: make([]int, len(whole))}
		for i := range f.from {
			f.from[i] = i
		}
		keep := pagesOf(whole)[1]
		for range 1 + rnd.IntN(3) {
			if len(f.bytes) > keep+1 {
				f.tear(rnd, keep)
			}
		}
		got, err := placed(f.bytes)
		require.Equal(t, io.EOF, err)
		starts := pagesOf(whole)
		for k := 2; k < len(starts)-1; k++ {
			ok := f.untouched(starts[k], starts[k+1])
			for _, packet := range packetsOn(whole[starts[k]:starts[k+1]]) {
				position, there := got[packet]
				switch {
				case ok:
					asked++
					if there {
						kept++
					}
					if there && position != want[packet] {
						late++
					}
				default:
					touched++
					if there {
						salvaged++
					}
				}
			}
		}
		if seed%5 != 0 {
			continue // decoding is what takes the time
		}
		pcm, d, err := decodeAll(bytes.NewReader(f.bytes))
		require.Equal(t, io.EOF, err)
		info, err := Probe(bytes.NewReader(f.bytes))
		require.NoError(t, err)
		require.EqualValues(t, info.Frames, len(pcm)/d.channels, "probe and decoder agree")
		requireNumbers(t, pcm)
	}
	t.Logf("%d of %d packets of untouched pages kept, %d of them elsewhere; %d of %d of other pages", kept, asked, late, salvaged, touched)
	assert.GreaterOrEqual(t, kept, asked*99/100)
	assert.LessOrEqual(t, late, asked/100)
}

// requireNumbers checks that a sound can be given to a card.
func requireNumbers(t testing.TB, pcm []float32) {
	t.Helper()
	for i, x := range pcm {
		if !(x > -100 && x < 100) {
			require.Fail(t, "no sound", "%v at %d", x, i)
		}
	}
}
