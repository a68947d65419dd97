package mp3

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// vectors returns the folder of conformance bitstreams (ISO/IEC 11172-4). They
// are not part of the project; LOA_VECTORS says where they lie.
func vectors(t *testing.T) string {
	dir := os.Getenv("LOA_VECTORS")
	if dir == "" {
		dir = "../../../shared/vectors/mp3"
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("not run: no conformance vectors; set LOA_VECTORS to their folder")
	}
	return dir
}

// frameSound is what one MPEG frame gave: go-mp3's PCM, always stereo.
type frameSound struct {
	h   header
	pcm []byte
	err error
}

// TestConformance compares frame by frame, because reference decoders leave out
// frames that cannot be decoded and we put silence there.
func TestConformance(t *testing.T) {
	dir := vectors(t)
	files, err := filepath.Glob(filepath.Join(dir, "*.bit"))
	require.NoError(t, err)
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			b, err := os.ReadFile(path)
			require.NoError(t, err)
			want, err := os.ReadFile(strings.TrimSuffix(path, ".bit") + ".pcm")
			require.NoError(t, err)
			got, err := decodeFrames(b)
			if errors.Is(err, ErrUnsupported) {
				t.Log("refused:", err)
				return
			}
			require.NoError(t, err)
			compareFrames(t, got, want)
		})
	}
}

func decodeFrames(b []byte) (list []frameSound, err error) {
	w := newWalker(bytes.NewReader(b))
	var f feeder
	for {
		h, frame, err := w.next()
		if isEnd(err) {
			return list, nil
		}
		if err != nil {
			return nil, err
		}
		if _, ok := parseInfo(h, frame, len(list) == 0); ok {
			continue
		}
		if w.gap {
			f.gap()
		}
		err = f.decode(h, frame, w.suspect)
		list = append(list, frameSound{h, bytes.Clone(f.pcm[:]), err})
	}
}

// compareFrames matches the frames that were decoded with those of the
// reference, in order. The reference may lack the frames after a damaged one,
// and the last of the file.
func compareFrames(t *testing.T, got []frameSound, ref []byte) {
	var sum float64
	var n, odd int
	for i, f := range got {
		size := frameLen * 2 * f.h.channels()
		if f.err != nil || len(ref) < size {
			odd++
			continue
		}
		e, worst := frameError(f, ref[:size])
		intensity := f.h.mode == 1 && f.h.joint&1 != 0
		switch {
		case intensity:
			// go-mp3 gets the right channel of intensity stereo wrong: known.
			require.Less(t, worst, 64.0)
		case worst > closeEnough:
			odd++
			if comesLater(got[i+1:], ref) {
				continue
			}
		default:
			sum += e
			n += size / 2
		}
		ref = ref[size:]
	}
	assert.LessOrEqual(t, odd, 7, "frames that do not fit")
	assert.Equal(t, 0, len(ref), "all of the reference was met")
	if n > 0 {
		// Truncation to 16 bits alone is 0.58. The standard allows 0.29, which
		// go-mp3 does not reach: it is of "limited accuracy".
		rms := math.Sqrt(sum / float64(n))
		t.Logf("%d frames, %d odd, RMS error %.2f of 32768", len(got), odd, rms)
		assert.Less(t, rms, 1.5)
	}
}

// closeEnough is the largest difference of a sample between decoders that
// decoded the same.
const closeEnough = 6

// comesLater is true when the reference's next frame is one of the next few.
func comesLater(got []frameSound, ref []byte) bool {
	for _, f := range got[:min(len(got), 7)] {
		size := frameLen * 2 * f.h.channels()
		if len(ref) < size {
			return true
		}
		if _, worst := frameError(f, ref[:size]); worst <= closeEnough {
			return true
		}
	}
	return false
}

// frameError is the sum of squares and the largest of the differences.
func frameError(f frameSound, ref []byte) (sum, worst float64) {
	channels := f.h.channels()
	for i := range frameLen {
		for c := range channels {
			got := int16(binary.LittleEndian.Uint16(f.pcm[4*i+2*c:]))
			want := int16(binary.LittleEndian.Uint16(ref[2*(i*channels+c):]))
			d := math.Abs(float64(got) - float64(want))
			sum += d * d
			worst = max(worst, d)
		}
	}
	return sum, worst
}
