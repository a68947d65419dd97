package opus

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzOgg takes any bytes for a file, once as they are and once with the
// checksums of what looks like pages put right, or nothing would get past them.
func FuzzOgg(f *testing.F) {
	f.Add(sound(f, silkFile)[:900])
	f.Add(sound(f, hybridFile)[:1200])
	m := begin(1, makeHead(1, 312, 256))
	m.laces(1, packetsOf(f, sound(f, silkFile))[:6]...)
	m.page(flagLast, 5000, []byte{0xff, 63}, nil)
	f.Add(m.out)
	f.Add(join(m.out, beheaded(m.out)))
	f.Add(join(m.out, begin(2, makeHead(2, 0, 0)).out, m.out[:200]))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 4000 {
			return
		}
		requireSound(t, b)
		requireSound(t, resealed(b))
	})
}

// FuzzDecode takes any bytes for packets: a length, then so many bytes, again
// and again.
func FuzzDecode(f *testing.F) {
	for _, name := range []string{silkFile, hybridFile, celtFile} {
		b := []byte{2}
		for _, p := range packetsOf(f, sound(f, name))[2:5] {
			b = append(append(b, byte(min(len(p), 255))), p[:min(len(p), 255)]...)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == 0 {
			return
		}
		m := begin(1, makeHead(1+int(b[0]&1), 10, 0))
		for b = b[1:]; len(b) > 0 && m.sequence < 20; {
			n := min(int(b[0]), len(b)-1)
			m.sound(1, b[1:1+n])
			b = b[1+n:]
		}
		requireSound(t, m.out)
	})
}

// requireSound checks what must hold of every file.
func requireSound(t *testing.T, b []byte) {
	t.Helper()
	info, perr := Probe(bytes.NewReader(b))
	require.LessOrEqual(t, info.Damaged, int64(len(b)))
	require.LessOrEqual(t, info.Lost, int64(holesMost/concealFrames)+1)
	require.LessOrEqual(t, (info.Lost-1)*concealFrames, holesAhead+info.Packets*packetFrames)
	if perr == nil && info.Frames > 10*Rate {
		return // holes of minutes: they take their time
	}
	pcm, d, err := decodeAll(bytes.NewReader(b))
	switch {
	case errors.Is(err, io.EOF):
		require.NoError(t, perr)
		require.EqualValues(t, info.Frames, len(pcm)/d.channels)
	case d != nil:
		require.EqualValues(t, info.Frames, len(pcm)/d.channels)
		fallthrough
	default:
		require.Error(t, perr)
		require.True(t, errors.Is(err, ErrUnsupported) || errors.Is(err, ErrNotAudio), "%v", err)
	}
	for _, x := range pcm {
		require.False(t, x != x, "not a number")
	}
	if d == nil || len(pcm) == 0 {
		return
	}
	n := int64(len(pcm) / d.channels / 2)
	d, err = NewDecoder(bytes.NewReader(b))
	require.NoError(t, err)
	skipped, err := d.Skip(n)
	require.NoError(t, err)
	require.Equal(t, n, skipped)
}

// resealed is b with right checksums.
func resealed(b []byte) []byte {
	b = bytes.Clone(b)
	starts := pagesOf(b)
	for i, at := range starts[:len(starts)-1] {
		page := b[at:starts[i+1]]
		if len(page) < lacingAt || len(page) < lacingAt+int(page[lacingAt-1]) {
			continue
		}
		size := lacingAt + int(page[lacingAt-1])
		for _, n := range page[lacingAt:size] {
			size += int(n)
		}
		if size <= len(page) {
			seal(page[:size])
		}
	}
	return b
}
