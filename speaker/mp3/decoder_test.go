package mp3

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// soundDir holds the encoded files; its README says where they come from.
const soundDir = "../../testdata/sound"

func sound(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(soundDir, name))
	require.NoError(t, err)
	return b
}

// decodeAll returns everything that r yields and the error that ended it.
func decodeAll(r io.Reader) (pcm []float32, d *Decoder, err error) {
	d, err = NewDecoder(r)
	if err != nil {
		return nil, nil, err
	}
	pcm, err = readAll(d)
	return pcm, d, err
}

// readAll returns what d yields up to the next error.
func readAll(d *Decoder) (pcm []float32, err error) {
	_, channels := d.Format()
	buf := make([]float32, 1000*channels)
	for {
		n, err := d.Read(buf)
		pcm = append(pcm, buf[:n*channels]...)
		if err != nil {
			return pcm, err
		}
	}
}

func mustDecode(t *testing.T, b []byte) ([]float32, *Decoder) {
	t.Helper()
	pcm, d, err := decodeAll(bytes.NewReader(b))
	require.ErrorIs(t, err, io.EOF)
	return pcm, d
}

func TestFilesDecodeAsTheReferenceDecoderDoes(t *testing.T) {
	refs, err := filepath.Glob(filepath.Join(soundDir, "*.ref"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(refs), 8)
	for _, ref := range refs {
		name := strings.TrimSuffix(filepath.Base(ref), ".ref")
		if _, err := os.Stat(filepath.Join(soundDir, name+".mp3")); err != nil {
			continue // of another codec
		}
		t.Run(name, func(t *testing.T) {
			want, samples := readRef(t, ref)
			got, d := mustDecode(t, sound(t, name+".mp3"))
			require.Equal(t, samples, len(got), "gapless length")
			for i, w := range want {
				require.InDelta(t, w, 32768*got[63*i], 0.51, "sample %d: nothing but the reference's rounding", 63*i)
			}
			damage, bad := d.Damage()
			assert.Zero(t, damage)
			assert.Zero(t, bad)
		})
	}
}

// readRef reads every 63rd sample and how many there are.
func readRef(t *testing.T, path string) (every63rd []float32, samples int) {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		if n, ok := strings.CutPrefix(sc.Text(), "samples "); ok {
			_, err = fmt.Sscan(n, &samples)
		} else {
			var v float32
			_, err = fmt.Sscan(sc.Text(), &v)
			every63rd = append(every63rd, v)
		}
		require.NoError(t, err)
	}
	return every63rd, samples
}

func TestFormatIsThatOfTheFile(t *testing.T) {
	for name, want := range map[string][2]int{
		"mono44-cbr48.mp3": {44100, 1}, "mono48-cbr64.mp3": {48000, 1}, "mono32-cbr32.mp3": {32000, 1},
		"stereo44-vbr.mp3": {44100, 2}, "stereo48-cbr96.mp3": {48000, 2}, "free.mp3": {44100, 1},
		"mpeg2-24k.mp3": {24000, 1}, "mpeg2-22k.mp3": {22050, 1}, "mpeg25-11k.mp3": {11025, 1},
	} {
		d, err := NewDecoder(bytes.NewReader(sound(t, name)))
		require.NoError(t, err, name)
		rate, channels := d.Format()
		assert.Equal(t, want, [2]int{rate, channels}, name)
	}
}

func TestOtherFormatsAreRefusedByName(t *testing.T) {
	for _, tc := range []struct {
		file string
		is   error
		says string
	}{
		{"layer1.mp1", ErrUnsupported, "MPEG-1 Layer I, 32000 Hz, mono, 32 kbit/s"},
		{"aac.aac", ErrNotAudio, "no frame in"},
		{"make.sh", ErrNotAudio, "no frame in"},
	} {
		t.Run(tc.file, func(t *testing.T) {
			_, err := NewDecoder(bytes.NewReader(sound(t, tc.file)))
			require.ErrorIs(t, err, tc.is)
			assert.ErrorContains(t, err, tc.says)
			if tc.is == ErrUnsupported {
				assert.ErrorContains(t, err, "can be played: MPEG-1, 2 and 2.5 Layers II and III")
			}
			_, err = Probe(bytes.NewReader(sound(t, tc.file)))
			assert.ErrorIs(t, err, tc.is, "probe")
		})
	}
}

func TestShortReadsChangeNothing(t *testing.T) {
	b := sound(t, "stereo44-vbr.mp3")
	want, _ := mustDecode(t, b)
	for name, r := range map[string]io.Reader{
		"one byte":      iotest.OneByteReader(bytes.NewReader(b)),
		"half":          iotest.HalfReader(bytes.NewReader(b)),
		"data with EOF": iotest.DataErrReader(bytes.NewReader(b)),
	} {
		got, _, err := decodeAll(r)
		require.ErrorIs(t, err, io.EOF, name)
		requireSame(t, want, got, 0)
	}
}

func TestReaderErrorComesAfterTheSoundBeforeIt(t *testing.T) {
	b := sound(t, "mono44-cbr48.mp3")
	bad := errors.New("flash worn out")
	pcm, _, err := decodeAll(io.MultiReader(bytes.NewReader(b[:2000]), iotest.ErrReader(bad)))
	assert.ErrorIs(t, err, bad)
	assert.Greater(t, len(pcm), 10*frameLen)
}

func TestReaderThatNeverGivesAnythingEnds(t *testing.T) {
	_, _, err := decodeAll(stuck{})
	assert.ErrorIs(t, err, io.ErrNoProgress)
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

func TestProbeKnowsTheLengthWithoutDecoding(t *testing.T) {
	for _, name := range []string{"mono44-cbr48.mp3", "mono44-crc.mp3", "stereo44-vbr.mp3", "mono44-tags.mp3",
		"mpeg2-24k.mp3", "mpeg25-11k.mp3", "free.mp3"} {
		t.Run(name, func(t *testing.T) {
			b := sound(t, name)
			pcm, d := mustDecode(t, b)
			info, err := Probe(bytes.NewReader(b))
			require.NoError(t, err)
			rate, channels := d.Format()
			assert.Equal(t, rate, info.Rate)
			assert.Equal(t, channels, info.Channels)
			assert.Equal(t, int64(len(pcm)/channels), info.Frames)
			assert.InDelta(t, float64(info.Frames)/float64(rate), info.Duration.Seconds(), 1e-6)
			assert.Zero(t, info.Damaged)
		})
	}
}

func TestProbeTellsBitRateAndTags(t *testing.T) {
	info, err := Probe(bytes.NewReader(sound(t, "mono44-tags.mp3")))
	require.NoError(t, err)
	assert.True(t, info.Constant)
	assert.InDelta(t, 48000, info.BitRate, 100)
	assert.Positive(t, info.Tags)
	info, err = Probe(bytes.NewReader(sound(t, "stereo44-vbr.mp3")))
	require.NoError(t, err)
	assert.False(t, info.Constant)
	assert.True(t, info.Gapless)
	assert.Equal(t, 576+decoderDelay, info.Delay)
}

func TestProbeTellsWhatKindOfFileItIs(t *testing.T) {
	for name, want := range map[string]Info{
		"mono44-cbr48.mp3": {Version: "MPEG-1 Layer III", Mode: "mono", Constant: true, Rate: 44100},
		"stereo44-vbr.mp3": {Version: "MPEG-1 Layer III", Mode: "joint stereo", VBR: true, Rate: 44100},
		"mpeg2-22k.mp3":    {Version: "MPEG-2 Layer III", Mode: "mono", Constant: true, Rate: 22050},
		"mpeg25-11k.mp3":   {Version: "MPEG-2.5 Layer III", Mode: "mono", Constant: true, Rate: 11025},
		"free.mp3":         {Version: "MPEG-1 Layer III", Mode: "mono", Constant: true, Free: true, Rate: 44100},
	} {
		got, err := Probe(bytes.NewReader(sound(t, name)))
		require.NoError(t, err)
		assert.Equal(t, want.Version, got.Version, name)
		assert.Equal(t, want.Mode, got.Mode, name)
		assert.Equal(t, want.Rate, got.Rate, name)
		assert.Equal(t, [3]bool{want.Constant, want.VBR, want.Free}, [3]bool{got.Constant, got.VBR, got.Free}, name)
		assert.Zero(t, got.BadFrames, name)
	}
	info, err := Probe(bytes.NewReader(sound(t, "mono44-crc.mp3")))
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(info.Encoder, "LAME3."), info.Encoder)
	assert.Positive(t, info.Padding)
	info, err = Probe(bytes.NewReader(sound(t, "mono44-cbr48.mp3")[:3000]))
	require.NoError(t, err)
	assert.Positive(t, info.Damaged, "the last frame is cut short")
}

// TestProbeTellsWhatABrokenLinkLeftOut: the tag at the start counts what was
// encoded, and a file cut between two frames has no other sign of it.
func TestProbeTellsWhatABrokenLinkLeftOut(t *testing.T) {
	missing := func(b []byte) int64 {
		info, err := Probe(bytes.NewReader(b))
		require.NoError(t, err)
		require.Zero(t, info.Damaged)
		return info.Missing
	}
	for _, name := range []string{"mono44-crc.mp3", "stereo44-vbr.mp3", "stereo48-cbr96.mp3"} {
		b := sound(t, name)
		starts := frameStarts(b)
		assert.Zero(t, missing(b), name)
		third := len(starts) / 3
		assert.Equal(t, int64(len(starts)-third), missing(b[:starts[third]]), name)
		assert.Zero(t, missing(b[:starts[len(starts)-1]]), "%s: a tag that counts itself", name)
		assert.Zero(t, missing(join(b, b[:starts[third]])), "%s: two in one", name)
	}
	b := sound(t, "mono44-notag.mp3")
	assert.Zero(t, missing(b[:frameStarts(b)[5]]), "nothing was counted")
	assert.Equal(t, int64(10), missing(infoFrame(10, 576, 1000, "LAME")))
	assert.Equal(t, int64(6), missing(join(infoFrame(10, 0, 0, ""), frames(mono48, 4))), "a tag without delay and padding")
}

// TestSkipStopsWhereTheRateChanges and goes on at the new one.
func TestSkipStopsWhereTheRateChanges(t *testing.T) {
	first, second := sound(t, "mono44-notag.mp3"), sound(t, "mpeg2-24k.mp3")
	want, _ := mustDecode(t, second)
	for _, before := range []int64{0, 1000} {
		d, err := NewDecoder(bytes.NewReader(join(first, second)))
		require.NoError(t, err)
		if before > 0 {
			_, err = d.Read(make([]float32, before))
			require.NoError(t, err)
		}
		n, err := d.Skip(1 << 30)
		require.ErrorIs(t, err, ErrChanged)
		assert.Equal(t, 28*frameLen-before, n)
		rate, _ := d.Format()
		assert.Equal(t, 24000, rate)
		n, err = d.Skip(5000)
		require.NoError(t, err)
		require.Equal(t, int64(5000), n)
		rest, err := readAll(d)
		require.ErrorIs(t, err, io.EOF)
		requireSame(t, want[5000:], rest, 0)
	}
}
