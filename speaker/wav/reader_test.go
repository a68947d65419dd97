package wav

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// chunk is one RIFF chunk with its padding.
func chunk(id, body string) string {
	size := binary.LittleEndian.AppendUint32(nil, uint32(len(body)))
	if len(body)%2 == 1 {
		body += "\x00"
	}
	return id + string(size) + body
}

const (
	mono8k  = "\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00"
	subtype = "\x16\x00\x10\x00\x04\x00\x00\x00\x01\x00\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"
)

func riff(chunks ...string) string {
	body := "WAVE"
	for _, c := range chunks {
		body += c
	}
	return chunk("RIFF", body)
}

func TestFilesOfOtherPrograms(t *testing.T) {
	for name, file := range map[string]string{
		"the plainest":               riff(chunk("fmt ", mono8k), chunk("data", "\x01\x00\xff\xff")),
		"a fmt chunk of 18 bytes":    riff(chunk("fmt ", mono8k+"\x00\x00"), chunk("data", "\x01\x00\xff\xff")),
		"WAVE_FORMAT_EXTENSIBLE":     riff(chunk("fmt ", "\xfe\xff"+mono8k[2:]+subtype), chunk("data", "\x01\x00\xff\xff")),
		"an odd chunk before it":     riff(chunk("LIST", "INFO!"), chunk("fmt ", mono8k), chunk("data", "\x01\x00\xff\xff")),
		"a chunk behind the samples": riff(chunk("fmt ", mono8k), chunk("data", "\x01\x00\xff\xff"), chunk("LIST", "x")),
	} {
		t.Run(name, func(t *testing.T) {
			info, samples, err := Parse([]byte(file))
			require.NoError(t, err)
			assert.Equal(t, Info{Format: Format{Rate: 8000, Channels: 1}, Frames: 2}, info)
			assert.Equal(t, []int16{1, -1}, samples)
		})
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	data := chunk("data", "\x01\x00\xff\xff")
	many := make([]string, 65)
	for i := range many {
		many[i] = chunk("x   ", "")
	}
	for name, test := range map[string]struct{ file, want string }{
		"an MP3":                   {"ID3\x03\x00\x00\x00\x00\x00\x00", `begins with "ID3`},
		"an AVI":                   {chunk("RIFF", "AVI "), `form "AVI "`},
		"8 bits":                   {riff(chunk("fmt ", mono8k[:12]+"\x01\x00\x08\x00"), data), "of 8 bits"},
		"floats":                   {riff(chunk("fmt ", "\x03\x00"+mono8k[2:]), data), "format 0x3"},
		"no channels":              {riff(chunk("fmt ", mono8k[:2]+"\x00\x00"+mono8k[4:]), data), "channels 0"},
		"a rate of 1 Hz":           {riff(chunk("fmt ", mono8k[:4]+"\x01\x00\x00\x00"+mono8k[8:]), data), "rate 1:"},
		"a rate of 4 GHz":          {riff(chunk("fmt ", mono8k[:4]+"\xff\xff\xff\xff"+mono8k[8:]), data), "rate 4294967295"},
		"frames of another size":   {riff(chunk("fmt ", mono8k[:12]+"\x04\x00\x10\x00"), data), "frames of 4 bytes"},
		"a short fmt chunk":        {riff(chunk("fmt ", "\x01\x00"), data), "fmt chunk of 2 bytes"},
		"two fmt chunks":           {riff(chunk("fmt ", mono8k), chunk("fmt ", mono8k), data), "two fmt"},
		"samples first":            {riff(data, chunk("fmt ", mono8k)), "before the fmt"},
		"half a frame":             {riff(chunk("fmt ", mono8k), chunk("data", "\x01\x00\xff")), "no whole frames"},
		"more samples than file":   {riff(chunk("fmt ", mono8k), "data\xff\xff\xff\x7f"), "in a file that has"},
		"a recorder's open end":    {riff(chunk("fmt ", mono8k), "data\xff\xff\xff\xff"), "in a file that has"},
		"too many chunks":          {riff(many...), "within 64 chunks"},
		"a large unknown chunk":    {riff("blob\x01\x00\x10\x00"), "allowed are 1048576"},
		"RF64 without its sizes":   {"RF64\xff\xff\xff\xffWAVE" + chunk("fmt ", mono8k), "without ds64"},
		"RF64 of negative size":    {"RF64\xff\xff\xff\xffWAVE" + chunk("ds64", string(bytes.Repeat([]byte{0xff}, 28))), "RF64 of"},
		"RF64 that contains less":  {"RF64\xff\xff\xff\xffWAVE" + chunk("ds64", "\x10"+string(make([]byte, 7))+"\x20"+string(make([]byte, 19))), "RF64 of"},
		"RF64 with a size in RIFF": {"RF64\x00\x00\x00\x00WAVE" + chunk("ds64", string(make([]byte, 28))), "without ds64"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := Parse([]byte(test.file))
			require.ErrorIs(t, err, ErrFormat)
			assert.ErrorContains(t, err, test.want)
		})
	}
}

func TestATruncatedFileSaysSo(t *testing.T) {
	whole := riff(chunk("fmt ", mono8k), chunk("data", "\x01\x00\xff\xff"))
	for n := range len(whole) {
		_, _, err := Parse([]byte(whole[:n]))
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, "%d bytes", n)
	}
}

func TestATruncatedFileGivesWhatItHas(t *testing.T) {
	file := riff(chunk("fmt ", mono8k), chunk("data", "\x01\x00\x02\x00\x03\x00"))
	r, err := NewReader(bytes.NewReader([]byte(file[:len(file)-3])))
	require.NoError(t, err)
	dst := make([]int16, 10)
	n, err := r.ReadInt16(dst)
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, 1, n)
	assert.EqualValues(t, 1, dst[0])
}

func TestFramesAreReadWholeAndToTheEnd(t *testing.T) {
	d := &disk{}
	w, err := NewWriter(d, stereo)
	require.NoError(t, err)
	require.NoError(t, w.WriteFloat([]float32{0.5, -0.5, 1, -1, 0, 0}))
	require.NoError(t, w.Close())
	r, err := NewReader(iotest.OneByteReader(bytes.NewReader(d.bytes)))
	require.NoError(t, err)
	dst := make([]float32, 5) // two frames and a half
	n, err := r.ReadFloat(dst)
	require.NoError(t, err)
	assert.Equal(t, 2, n)
	assert.InDelta(t, 0.5, dst[0], 0.0001)
	assert.InDelta(t, -1, dst[3], 0.0001)
	n, err = r.ReadFloat(dst)
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	_, err = r.ReadFloat(dst)
	assert.ErrorIs(t, err, io.EOF)
}

func TestAFailingDiskIsNoFormatError(t *testing.T) {
	_, err := NewReader(iotest.ErrReader(io.ErrClosedPipe))
	assert.ErrorIs(t, err, io.ErrClosedPipe)
	_, _, err = ReadFile("/nowhere/at/all.wav")
	assert.Error(t, err)
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(riff(chunk("fmt ", mono8k), chunk("data", "\x01\x00\xff\xff"))))
	f.Add([]byte(riff(chunk("LIST", "odd"), chunk("fmt ", "\xfe\xff"+mono8k[2:]+subtype), chunk("data", ""))))
	f.Add(append(header(stereo, 2, 1), 1, 2, 3, 4, 5, 6, 7, 8))
	f.Add(header(stereo, 1<<40, rf64Limit))
	f.Fuzz(func(t *testing.T, file []byte) {
		info, samples, err := Parse(file)
		if err != nil {
			return
		}
		require.NoError(t, info.Validate())
		require.Equal(t, info.Frames*int64(info.Channels), int64(len(samples)))
		// What was read can be written, and is the same when read again.
		d := &disk{}
		w, err := NewWriter(d, info.Format)
		require.NoError(t, err)
		require.NoError(t, w.Skip(info.Frames))
		require.NoError(t, w.Close())
		again, _, err := Parse(d.bytes)
		require.NoError(t, err)
		require.Equal(t, info.Frames, again.Frames)
		require.Equal(t, info.Format, again.Format)
	})
}
