package opus

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	pion "github.com/pion/opus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEverySortOfFileSoundsAsLibopusDecodesIt(t *testing.T) {
	for _, channels := range []int{1, 2} {
		for _, args := range []string{
			"-b:a 6k -application voip", "-b:a 12k -application voip", "-b:a 16k -application voip -frame_duration 60",
			"-b:a 24k -application voip -frame_duration 40", "-b:a 24k -application voip -fec 1 -packet_loss 10",
			"-b:a 32k -application voip", "-b:a 32k -application audio", "-b:a 48k -application audio -frame_duration 10",
			"-b:a 64k -application audio -vbr off", "-b:a 64k -application lowdelay -frame_duration 2.5",
			"-b:a 96k -application lowdelay -frame_duration 5", "-b:a 128k -application audio", "-b:a 24k -application audio -frame_duration 120",
		} {
			t.Run(fmt.Sprint(channels, " ", args), func(t *testing.T) {
				t.Parallel()
				file := encode(t, 1.7, channels, args)
				want := reference(t, file)
				got, d := mustDecode(t, file)
				require.Equal(t, channels, d.channels)
				info := probe(t, file)
				require.Equal(t, len(want), len(got))
				// ffmpeg's libopus gives 16 bits: rounding alone is -101 dB.
				assert.Less(t, apart(want, got), -100.0, "%s, %v", info.Mode, info.Packet)
				assert.Greater(t, rms(want), 0.005)
				assert.EqualValues(t, len(got)/channels, info.Frames)
			})
		}
	}
}

// refs reads what libopus makes of a committed file: every 63rd sample, and how
// many there are.
func refs(t *testing.T, name string) (every63rd []float32, samples int) {
	t.Helper()
	for line := range strings.Lines(string(sound(t, strings.TrimSuffix(name, ".opus")+".ref"))) {
		if _, err := fmt.Sscanf(line, "samples %d", &samples); err == nil {
			return every63rd, samples
		}
		var x int
		_, err := fmt.Sscan(line, &x)
		require.NoError(t, err)
		every63rd = append(every63rd, float32(x)/32768)
	}
	require.Fail(t, "no number of samples")
	return nil, 0
}

func TestCommittedFilesSoundAsLibopusDecodedThem(t *testing.T) {
	for name, holds := range map[string]string{silkFile: "SILK", hybridFile: "hybrid", celtFile: "CELT"} {
		t.Run(name, func(t *testing.T) {
			want, samples := refs(t, name)
			got, _ := mustDecode(t, sound(t, name))
			require.Equal(t, samples, len(got))
			for i, w := range want {
				require.InDelta(t, w, got[63*i], 1.01/32768)
			}
			info := probe(t, sound(t, name))
			assert.Equal(t, holds, info.Mode)
			assert.Equal(t, 700*time.Millisecond, info.Duration)
			assert.Equal(t, 312, info.PreSkip)
			assert.EqualValues(t, 48000, info.InputRate)
			assert.Contains(t, info.Encoder, "Lavf")
			assert.Equal(t, 1, info.Links)
			assert.Zero(t, info.Lost+info.Malformed+info.Damaged+info.Mended)
		})
	}
}

// pion/opus conceals nothing and knows no container: it is given the packets.
// Its SILK and hybrid differ a little from libopus, to which gopus is exact.
func TestAnotherDecoderHearsTheSame(t *testing.T) {
	for _, tc := range []struct {
		name     string
		channels int
		apart    float64
	}{{silkFile, 1, -65}, {hybridFile, 1, -70}, {celtFile, 2, -105}} {
		t.Run(tc.name, func(t *testing.T) {
			file := sound(t, tc.name)
			other, err := pion.NewDecoderWithOutput(Rate, tc.channels)
			require.NoError(t, err)
			var want []float32
			buf := make([]float32, packetFrames*tc.channels)
			for _, p := range packetsOf(t, file) {
				n, err := other.DecodeToFloat32(p, buf)
				require.NoError(t, err)
				want = append(want, buf[:n*tc.channels]...)
			}
			got, _ := mustDecode(t, file)
			want = want[312*tc.channels:][:len(got)]
			t.Logf("%.1f dB", apart(want, got))
			assert.Less(t, apart(want, got), tc.apart)
		})
	}
}

// long is the packets of a file n times over, as one stream.
func long(t testing.TB, name string, channels, n int) []byte {
	m := begin(3, makeHead(channels, 312, 0))
	packets := packetsOf(t, sound(t, name))
	for range n {
		m.sound(10, packets...)
	}
	return m.out
}

func TestSkipLandsOnTheFrame(t *testing.T) {
	for _, tc := range []struct {
		name     string
		channels int
		apart    float64
	}{{celtFile, 2, -150}, {hybridFile, 1, -45}, {silkFile, 1, -45}} {
		t.Run(tc.name, func(t *testing.T) {
			file := long(t, tc.name, tc.channels, 5)
			want, _ := mustDecode(t, file)
			frames := len(want) / tc.channels
			worst := -200.0
			for _, n := range []int{0, 1, 959, 960, 30000, 38400 + 960, 70_001, 110_000, frames - 5000, frames - 1, frames} {
				d, err := NewDecoder(bytes.NewReader(file))
				require.NoError(t, err)
				skipped, err := d.Skip(int64(n))
				require.NoError(t, err)
				require.EqualValues(t, n, skipped)
				got := rest(t, d)
				require.Equal(t, frames-n, len(got)/tc.channels, "after %d frames", n)
				worst = max(worst, apart(want[n*tc.channels:], got))
			}
			assert.Less(t, worst, tc.apart)
			t.Logf("%.0f dB apart", worst)
		})
	}
}

func TestSkipInPartsAndPastTheEnd(t *testing.T) {
	file := long(t, celtFile, 2, 6)
	want, _ := mustDecode(t, file)
	d, err := NewDecoder(bytes.NewReader(file))
	require.NoError(t, err)
	buf := make([]float32, 2*777)
	at := 0
	for _, n := range []int{1, 40_000, 0, 5, 60_000, 960} {
		skipped, err := d.Skip(int64(n))
		require.NoError(t, err)
		require.EqualValues(t, n, skipped)
		at += n
		_, err = d.Read(buf)
		require.NoError(t, err)
		require.Less(t, apart(want[2*at:], buf), -100.0)
		at += 777
	}
	skipped, err := d.Skip(1 << 40)
	assert.ErrorIs(t, err, io.EOF)
	assert.EqualValues(t, len(want)/2-at, skipped)
	_, err = d.Read(buf)
	assert.ErrorIs(t, err, io.EOF)
}

func TestSkipOverHolesAndLinks(t *testing.T) {
	packets := packetsOf(t, sound(t, celtFile))
	m := begin(1, makeHead(2, 312, 0))
	m.sound(5, packets...)
	m.granule += 3 * 48000
	m.sound(5, packets...)
	n := &muxer{serial: 4}
	n.page(0, 0, makeHead(2, 100, -256))
	n.page(0, 0, makeTags(1))
	n.sound(5, packets...)
	file := join(m.out, n.out)
	want, _ := mustDecode(t, file)
	for at := 0; at < len(want)/2; at += 15_001 {
		d, err := NewDecoder(bytes.NewReader(file))
		require.NoError(t, err)
		skipped, err := d.Skip(int64(at))
		require.NoError(t, err)
		require.EqualValues(t, at, skipped)
		require.Equal(t, len(want)-2*at, len(rest(t, d)))
	}
}

// rest reads what is left.
func rest(t testing.TB, d *Decoder) (pcm []float32) {
	t.Helper()
	buf := make([]float32, 700*d.channels)
	for {
		n, err := d.Read(buf)
		pcm = append(pcm, buf[:n*d.channels]...)
		if err == io.EOF {
			return pcm
		}
		require.NoError(t, err)
	}
}

func TestReadingAllocatesNothing(t *testing.T) {
	for name, channels := range map[string]int{silkFile: 1, hybridFile: 1, celtFile: 2} {
		packets := packetsOf(t, sound(t, name))
		m := begin(1, makeHead(channels, 312, 0))
		for range 20 {
			m.laces(7, packets...)                                         // packets over page boundaries
			m.page(0, m.granule+960, []byte{0xff, 63})                     // one that is none
			m.granule += 2 * 4800                                          // and holes
			m.out = append(m.out, bytes.Repeat([]byte("garbage"), 300)...) // and what belongs to nothing
		}
		d, err := NewDecoder(bytes.NewReader(m.out))
		require.NoError(t, err)
		buf := make([]float32, 480*channels)
		for range 200 {
			_, err := d.Read(buf)
			require.NoError(t, err)
		}
		n := testing.AllocsPerRun(500, func() {
			if _, err := d.Read(buf); err != nil {
				t.Fatal(err)
			}
		})
		assert.Zero(t, n, name)
	}
}
