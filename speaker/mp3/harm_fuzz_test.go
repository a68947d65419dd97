package mp3_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"loa/speaker/mp3"
)

// fuzzBytes bounds what the targets look at: damage needs no long files.
const fuzzBytes = 8 << 10

// seedFuzz adds the beginnings of small files of every kind.
func seedFuzz(f *testing.F, with func([]byte)) {
	f.Helper()
	paths, err := filepath.Glob("../../testdata/sound/*.mp3")
	require.NoError(f, err)
	require.NotEmpty(f, paths)
	for _, path := range paths {
		b, err := os.ReadFile(path)
		require.NoError(f, err)
		with(b[:min(len(b), 3000)])
	}
}

// drain reads to the end, in blocks that fit no frame. It stops with an error at
// the first that is neither the end nor a change of the sampling rate, and with
// errEndless when the sound does not end.
func drain(d *mp3.Decoder) (list []stretch, err error) {
	rate, channels := d.Format()
	list = []stretch{{rate: rate, channels: channels}}
	buf := make([]float32, 2*700)
	for range 10_000 {
		now := &list[len(list)-1]
		n, err := d.Read(buf[:700*now.channels])
		now.pcm = append(now.pcm, buf[:n*now.channels]...)
		switch {
		case errors.Is(err, mp3.ErrChanged):
			rate, channels := d.Format()
			if rate == now.rate {
				return list, err
			}
			list = append(list, stretch{rate: rate, channels: channels})
		case err != nil:
			return list, err
		}
	}
	return list, errEndless
}

// FuzzSkipIsRead holds Skip to what it promises: the sound behind it is bit for
// bit that which reading would have reached.
func FuzzSkipIsRead(f *testing.F) {
	seedFuzz(f, func(b []byte) {
		f.Add(b, uint32(0))
		f.Add(b, uint32(6000))
		f.Add(append(bytes.Clone(b), b...), uint32(15000))
	})
	low, err := os.ReadFile("../../testdata/sound/mpeg25-11k.mp3")
	require.NoError(f, err)
	f.Add(bytes.Repeat(low, 12), uint32(90_000)) // far enough for the decoder to jump
	f.Fuzz(func(t *testing.T, b []byte, n uint32) {
		if len(b) > 3*fuzzBytes {
			return
		}
		skipIsRead(t, b, int64(n%100_000))
	})
}

func skipIsRead(t *testing.T, b []byte, n int64) {
	t.Helper()
	d, err := mp3.NewDecoder(bytes.NewReader(b))
	if err != nil {
		return
	}
	whole, end := drain(d)
	require.Error(t, end)
	require.NotErrorIs(t, end, errEndless)
	d, err = mp3.NewDecoder(bytes.NewReader(b))
	require.NoError(t, err)
	first := whole[0]
	frames := int64(len(first.pcm) / first.channels)
	skipped, err := d.Skip(n)
	require.LessOrEqual(t, skipped, n)
	if n > frames {
		require.Error(t, err, "beyond the stretch of one rate")
		require.Equal(t, frames, skipped)
		return
	}
	require.NoError(t, err)
	require.Equal(t, n, skipped)
	rest, again := drain(d)
	require.Equal(t, errors.Is(end, io.EOF), errors.Is(again, io.EOF), "%v, %v", end, again)
	require.Len(t, rest, len(whole))
	whole[0].pcm = first.pcm[int(n)*first.channels:]
	for i := range whole {
		require.Equal(t, whole[i].rate, rest[i].rate)
		require.Equal(t, len(whole[i].pcm), len(rest[i].pcm))
		for k, x := range whole[i].pcm {
			if rest[i].pcm[k] != x {
				require.Equal(t, x, rest[i].pcm[k], "sample %d of stretch %d", k, i)
			}
		}
	}
}

// FuzzProbeIsRead holds Probe to what Read then yields: durations of the plan
// come from it.
func FuzzProbeIsRead(f *testing.F) {
	seedFuzz(f, func(b []byte) { f.Add(b) })
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > fuzzBytes {
			return
		}
		info, errProbe := mp3.Probe(bytes.NewReader(b))
		d, err := mp3.NewDecoder(bytes.NewReader(b))
		if err != nil {
			require.Error(t, errProbe)
			return
		}
		rate, channels := d.Format()
		require.Equal(t, rate, info.Rate)
		require.Equal(t, channels, info.Channels)
		list, err := drain(d)
		if !errors.Is(err, io.EOF) || len(list) > 1 {
			return
		}
		require.NoError(t, errProbe)
		require.Equal(t, info.Frames, int64(len(list[0].pcm)/channels))
	})
}

// FuzzTorn gives a decoder bytes of which any part may be wrong: no panic, an
// end, and numbers: what is above full scale stays within what the loudest
// granule that passes for sound can hold, when it is not alone.
func FuzzTorn(f *testing.F) {
	seedFuzz(f, func(b []byte) { f.Add(b, uint16(500), uint16(100), uint8(1)) })
	f.Fuzz(func(t *testing.T, b []byte, at, n uint16, bit uint8) {
		if len(b) > fuzzBytes || len(b) == 0 {
			return
		}
		b = bytes.Clone(b)
		from := int(at) % len(b)
		to := min(from+int(n), len(b))
		b[from] ^= 1 << (bit % 8)
		b = append(b[:from+1], b[max(to, from+1):]...)
		list, _, err := byUs(b)
		require.NotErrorIs(t, err, errEndless)
		for _, s := range list {
			for i, x := range s.pcm {
				if !(x >= -400 && x <= 400) {
					require.Failf(t, "out of range", "%v at %d", x, i)
				}
			}
		}
	})
}
