package machine

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// samples are n stereo frames that count up from first.
func samples(first, n int) []byte {
	var b []byte
	for i := range n {
		b = binary.LittleEndian.AppendUint16(b, uint16(first+i))
		b = binary.LittleEndian.AppendUint16(b, uint16(first+i))
	}
	return b
}

// recording is what QEMU writes when the card is plugged in twice.
func recording(before, after int) []byte {
	b := append(wavHeader(SoundRate, SoundChannels, 0), samples(0, before)...)
	b = append(b, wavHeader(SoundRate, SoundChannels, 0)...)
	// QEMU leaves the sizes at 0: it has not been closed.
	binary.LittleEndian.PutUint32(b[4:], 0)
	binary.LittleEndian.PutUint32(b[44+before*frameBytes+4:], 0)
	return append(b, samples(before, after)...)
}

func TestRecordingIsTakenWholeHoweverItArrives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := rapid.IntRange(0, 300).Draw(t, "frames before the card is pulled")
		after := rapid.IntRange(0, 300).Draw(t, "frames after it is back")
		stream := recording(before, after)
		tap := newTap(nil)
		for len(stream) > 0 {
			n := rapid.IntRange(1, min(len(stream), 200)).Draw(t, "bytes of a read")
			tap.take(stream[:n], time.Unix(0, 0))
			stream = stream[n:]
		}
		sound := tap.snapshot()
		require.Equal(t, []int{0, before}, sound.Plugged)
		require.Equal(t, before+after, sound.Frames())
		for i := range sound.Frames() {
			require.Equal(t, int16(i), sound.Samples[2*i])
		}
	})
}

func TestSoundThatLooksLikeTheStartOfAHeaderIsSound(t *testing.T) {
	tap := newTap(nil)
	tap.take(wavHeader(SoundRate, SoundChannels, 0), time.Unix(0, 0))
	tap.take([]byte("RIFFabcdWAVEnothing.RI"), time.Unix(0, 0))
	tap.take([]byte("FFabcdWAVEfmt no"), time.Unix(0, 0))
	tap.take(make([]byte, 44), time.Unix(0, 0))
	assert.Equal(t, (22+16+44)/frameBytes, tap.snapshot().Frames())
}

func TestFramesCarryTheTimeOfTheirArrival(t *testing.T) {
	start := time.Unix(1000, 0)
	tap := newTap(nil)
	tap.take(append(wavHeader(SoundRate, SoundChannels, 0), samples(0, 480)...), start)
	tap.take(samples(480, 480), start.Add(time.Second))
	sound := tap.snapshot()
	assert.Equal(t, start.Add(-10*time.Millisecond), sound.At(0))
	assert.Equal(t, start.Add(time.Second-10*time.Millisecond), sound.At(480))
	assert.Zero(t, sound.At(960), "not yet arrived")

	later := sound.From(500)
	assert.Equal(t, 460, later.Frames())
	assert.Equal(t, sound.At(500), later.At(0))
	assert.Equal(t, int16(500), later.Samples[0])
	assert.Empty(t, later.Plugged)
}

func TestSnapshotDoesNotChangeWhenMoreArrives(t *testing.T) {
	tap := newTap(nil)
	tap.take(append(wavHeader(SoundRate, SoundChannels, 0), samples(0, 10)...), time.Unix(0, 0))
	first := tap.snapshot()
	tap.take(samples(10, 10), time.Unix(1, 0))
	assert.Equal(t, 10, first.Frames())
	assert.Zero(t, first.At(10))
	assert.Equal(t, 20, tap.snapshot().Frames())
}

func TestDrainEndsWithThePipe(t *testing.T) {
	r, w, err := os.Pipe()
	require.NoError(t, err)
	tap := newTap(time.Now)
	go tap.drain(r)
	_, err = w.Write(recording(5, 5))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	<-tap.done
	assert.Equal(t, 10, tap.snapshot().Frames())
}

func TestSoundIsWrittenAsWAV(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sound.wav")
	sound := Sound{Rate: 48000, Channels: 2, Samples: []int16{1, -1, 2, -2}}
	require.NoError(t, sound.WriteWAV(path))
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Len(t, got, 44+8)
	le := binary.LittleEndian
	assert.Equal(t, "RIFF", string(got[:4]))
	assert.Equal(t, uint32(44), le.Uint32(got[4:]), "bytes behind the size")
	assert.Equal(t, uint16(1), le.Uint16(got[20:]), "PCM")
	assert.Equal(t, uint16(2), le.Uint16(got[22:]), "channels")
	assert.Equal(t, uint32(48000), le.Uint32(got[24:]), "rate")
	assert.Equal(t, uint32(192000), le.Uint32(got[28:]), "bytes per second")
	assert.Equal(t, uint16(4), le.Uint16(got[32:]), "bytes per frame")
	assert.Equal(t, uint16(16), le.Uint16(got[34:]), "bits")
	assert.Equal(t, uint32(8), le.Uint32(got[40:]), "bytes of data")
	assert.True(t, bytes.HasSuffix(got, []byte{1, 0, 0xff, 0xff, 2, 0, 0xfe, 0xff}))
}
