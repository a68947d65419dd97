package mp3_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os/exec"
	"strings"
	"testing"

	gomp3 "github.com/hajimehoshi/go-mp3"

	"loa/speaker/mp3"
)

// The other decoders that ours is compared with. Each gets the file and gives
// the sound as it would play it, gapless trimming included.
//
//	mpg123  libmpg123, float output. No dither, no clipping.
//	ffmpeg  its decoder mp3float. Knows no free format.
//	go-mp3  v0.3.4, MPEG-1 only, 16 bits and truncated, always stereo, trims
//	        nothing. Its intensity stereo is wrong and it is not asked there.
//	lame    --decode, a descendant of mpglib: 16 bits. Asked only where both
//	        of the first two give up.

// need skips the test when a program is missing.
func need(t testing.TB, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("not run: %s is missing (apt-get install %s)", p, p)
		}
	}
}

// command runs a program and returns what it printed on standard output.
func command(name string, args ...string) ([]byte, error) {
	cmd := exec.Command(name, args...)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, complaint.String())
	}
	return out.Bytes(), nil
}

// byMpg123 decodes with mpg123. Gapless is its default and trims what the info
// tag says, as we do: 529 frames more than the encoder's delay at the start, 529
// fewer than the padding at the end.
func byMpg123(path string) ([]float32, error) {
	out, err := command("mpg123", "-q", "--gapless", "-e", "f32", "-s", path)
	return float32s(out), err
}

// byFFmpeg decodes with ffmpeg's mp3float. Its demuxer trims as mpg123 does.
func byFFmpeg(path string) ([]float32, error) {
	out, err := command("ffmpeg", "-v", "error", "-nostdin", "-threads", "1",
		"-f", "mp3", "-c:a", "mp3float", "-i", path, "-map", "0:a:0", "-f", "f32le", "-")
	return float32s(out), err
}

// byLame decodes with lame, 16 bits without a WAV header.
func byLame(path string) ([]float32, error) {
	out, err := command("lame", "--quiet", "--decode", "-t", path, "-")
	pcm := make([]float32, len(out)/2)
	for i := range pcm {
		pcm[i] = float32(int16(binary.LittleEndian.Uint16(out[2*i:]))) / 32768
	}
	return pcm, err
}

// byGoMP3 decodes MPEG-1 with go-mp3. What it doubled for mono is taken back.
func byGoMP3(b []byte, channels int) (pcm []float32, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("go-mp3 panicked: %v", p)
		}
	}()
	d, err := gomp3.NewDecoder(struct{ io.Reader }{bytes.NewReader(b)})
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(d)
	step := 2 * (2 / channels)
	for i := 0; i+4 <= len(raw); i += step {
		pcm = append(pcm, float32(int16(binary.LittleEndian.Uint16(raw[i:])))/32768)
	}
	return pcm, err
}

func float32s(b []byte) []float32 {
	pcm := make([]float32, len(b)/4)
	for i := range pcm {
		pcm[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return pcm
}

// stretch is sound of one format: a stream that goes on at another sampling
// rate gives several.
type stretch struct {
	rate, channels int
	pcm            []float32
}

// errEndless ends a decoder that yields more than its bytes can hold.
var errEndless = errors.New("more sound than the bytes can hold")

// byUs decodes with the package under test to the end and returns the error
// that ended it, nil for io.EOF.
func byUs(b []byte) (list []stretch, d *mp3.Decoder, err error) {
	d, err = mp3.NewDecoder(bytes.NewReader(b))
	if err != nil {
		return nil, nil, err
	}
	// The shortest frame is 24 bytes (8 kbit/s at 24 kHz) and holds 576 frames,
	// at most 1152 in any; what is asked of a stretch of damage is silence of the
	// length that was there.
	limit := (len(b)/24 + 16) * 1152
	rate, channels := d.Format()
	list = []stretch{{rate: rate, channels: channels}}
	buf := make([]float32, 1000*2)
	for got, idle := 0, 0; ; {
		now := &list[len(list)-1]
		n, err := d.Read(buf[:1000*now.channels])
		now.pcm = append(now.pcm, buf[:n*now.channels]...)
		got += n
		if idle++; n > 0 {
			idle = 0
		}
		switch {
		case errors.Is(err, io.EOF):
			return list, d, nil
		case errors.Is(err, mp3.ErrChanged) && n == 0 && idle < 1000:
			rate, channels := d.Format()
			if rate == now.rate {
				return list, d, err // final, as it was before files were glued
			}
			list = append(list, stretch{rate: rate, channels: channels})
		case err != nil:
			return list, d, err
		case got > limit || idle > 1000:
			return list, d, errEndless
		}
	}
}

// difference is how far two decodings of one file are apart, full scale 1.
type difference struct {
	a, b int // samples
	rms  float64
	max  float64
	at   int // of max
}

// differ compares what both have.
func differ(a, b []float32) difference {
	d := difference{a: len(a), b: len(b)}
	n := min(len(a), len(b))
	var sum float64
	for i := range n {
		e := math.Abs(float64(a[i]) - float64(b[i]))
		sum += e * e
		if e > d.max || e != e {
			d.max, d.at = e, i
		}
	}
	if n > 0 {
		d.rms = math.Sqrt(sum / float64(n))
	}
	return d
}

// differ16 compares with a decoder of 16 bits, which clips.
func differ16(ours, theirs []float32) difference {
	clipped := make([]float32, len(ours))
	for i, x := range ours {
		clipped[i] = limit(x)
	}
	return differ(clipped, theirs)
}

func limit(x float32) float32 { return min(max(x, -1), 1) }

func (d difference) String() string {
	return fmt.Sprintf("%d and %d samples, RMS %.2g, worst %.2g at %d", d.a, d.b, d.rms, d.max, d.at)
}

const (
	// fullAccuracy of a decoder: ISO/IEC 11172-4, 2.6.2.5.
	rmsLimit = 1.0 / 32768 / 3.4641016151377544 // 2^-15/sqrt(12)
	maxLimit = 1.0 / 16384                      // 2^-14
	// What 16 bits add: truncation by a whole step, and the clipping of peaks.
	rms16 = 1.5 / 32768
	max16 = 4.0 / 32768
)

// exact is true when both are of one length and within full accuracy.
func (d difference) exact() bool {
	return d.a == d.b && d.rms < rmsLimit && d.max < maxLimit
}

// close16 is true when they agree as far as 16 bits let them.
func (d difference) close16() bool { return d.rms < rms16 && d.max <= max16 }
