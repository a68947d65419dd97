package machine

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"sort"
	"sync"
	"time"
)

// SoundRate and SoundChannels are what the emulated card plays, in frames per
// second and samples per frame.
const (
	SoundRate     = 48000
	SoundChannels = 2
	frameBytes    = 2 * SoundChannels
)

// SoundLag is the longest time from a frame's leaving the guest to its arrival
// here. On an idle host it is about 60 ms: some in the emulated card, 10 ms turn
// of QEMU's audio timer, 21 ms until a block is full. A busy host lets the
// card's buffer of 200 ms fill up.
const SoundLag = 250 * time.Millisecond

// Sound is what the board's sound card has played up to a moment: signed 16-bit
// samples of all stretches in which the card was running, one behind the other.
// While no program plays, the card is not running and nothing is recorded.
type Sound struct {
	Rate     int     // frames per second
	Channels int     // interleaved
	Samples  []int16 // len = frames * Channels
	Plugged  []int   // frame numbers at which the card was plugged in
	marks    []mark
}

// mark says that the frames before frame had arrived at the time at.
type mark struct {
	frame int
	at    time.Time
}

// Frames is the length of the sound.
func (s Sound) Frames() int { return len(s.Samples) / s.Channels }

// At is the time when the frame arrived here, on the host's clock: at most
// SoundLag after it left the guest, and never before. The zero time stands for
// a frame that has not arrived.
func (s Sound) At(frame int) time.Time {
	i := sort.Search(len(s.marks), func(i int) bool { return s.marks[i].frame > frame })
	if i == len(s.marks) {
		return time.Time{}
	}
	m := s.marks[i]
	return m.at.Add(-time.Duration(m.frame-frame) * time.Second / time.Duration(s.Rate))
}

// From is the sound from the frame on, with its times. It shares the samples.
func (s Sound) From(frame int) Sound {
	cut := Sound{Rate: s.Rate, Channels: s.Channels, Samples: s.Samples[frame*s.Channels:]}
	for _, p := range s.Plugged {
		if p >= frame {
			cut.Plugged = append(cut.Plugged, p-frame)
		}
	}
	for _, m := range s.marks {
		if m.frame > frame {
			cut.marks = append(cut.marks, mark{m.frame - frame, m.at})
		}
	}
	return cut
}

// WriteWAV writes the sound as a 16-bit WAV file.
func (s Sound) WriteWAV(path string) error {
	var out bytes.Buffer
	out.Write(wavHeader(s.Rate, s.Channels, uint32(2*len(s.Samples))))
	for _, v := range s.Samples {
		out.Write(binary.LittleEndian.AppendUint16(nil, uint16(v)))
	}
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write sound: %w", err)
	}
	return nil
}

// wavHeader is the 44-byte header of a PCM WAV file as QEMU and we write it:
// RIFF size WAVE, "fmt " 16 bytes, "data" size (Microsoft RIFF MCI, 1991).
func wavHeader(rate, channels int, dataBytes uint32) []byte {
	b := make([]byte, 0, 44)
	le := binary.LittleEndian
	b = append(b, "RIFF"...)
	b = le.AppendUint32(b, dataBytes+36)
	b = append(b, "WAVEfmt "...)
	b = le.AppendUint32(b, 16)
	b = le.AppendUint16(b, 1) // PCM
	b = le.AppendUint16(b, uint16(channels))
	b = le.AppendUint32(b, uint32(rate))
	b = le.AppendUint32(b, uint32(rate*channels*2))
	b = le.AppendUint16(b, uint16(channels*2))
	b = le.AppendUint16(b, 16)
	b = append(b, "data"...)
	return le.AppendUint32(b, dataBytes)
}

// tap takes in what QEMU's WAV driver writes into a pipe, with the time of
// each block. Each time the card is plugged in the driver begins a new file,
// that is, a header comes in the midst of the samples. It is found by its
// bytes: the driver leaves the sizes in it at 0, because a pipe has no way back.
type tap struct {
	now func() time.Time

	mu      sync.Mutex
	pending []byte // not yet a whole frame, or perhaps part of a header
	sound   Sound
	done    chan struct{}
}

func newTap(now func() time.Time) *tap {
	return &tap{now: now, sound: Sound{Rate: SoundRate, Channels: SoundChannels}, done: make(chan struct{})}
}

// drain reads until the pipe ends.
func (t *tap) drain(r io.Reader) {
	defer close(t.done)
	block := make([]byte, 64<<10)
	for {
		n, err := r.Read(block)
		t.take(block[:n], t.now())
		if err != nil {
			return
		}
	}
}

var wavStart = wavHeader(SoundRate, SoundChannels, 0)[8:40] // behind the size, before the size

// take adds the bytes that arrived at the time at.
func (t *tap) take(b []byte, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pending = append(t.pending, b...)
	for {
		i := bytes.Index(t.pending, wavStart)
		if i < 8 || len(t.pending) < i+36 {
			break
		}
		t.add(t.pending[:i-8], at)
		t.pending = t.pending[i+36:]
		t.sound.Plugged = append(t.sound.Plugged, t.sound.Frames())
	}
	whole := len(t.pending) - headerTail(t.pending)
	whole -= whole % frameBytes
	t.add(t.pending[:whole], at)
	t.pending = append([]byte(nil), t.pending[whole:]...)
}

// headerTail is the number of bytes at the end of b that may be the first part
// of a header.
func headerTail(b []byte) int {
	for n := min(len(b), 43); n > 0; n-- {
		tail := b[len(b)-n:]
		if bytes.HasPrefix([]byte("RIFF"), tail[:min(n, 4)]) &&
			(n <= 8 || bytes.HasPrefix(wavStart, tail[8:min(n, 40)])) {
			return n
		}
	}
	return 0
}

func (t *tap) add(b []byte, at time.Time) {
	for ; len(b) >= 2; b = b[2:] {
		t.sound.Samples = append(t.sound.Samples, int16(binary.LittleEndian.Uint16(b)))
	}
	if n := t.sound.Frames(); len(t.sound.marks) == 0 && n > 0 || len(t.sound.marks) > 0 && n > t.sound.marks[len(t.sound.marks)-1].frame {
		t.sound.marks = append(t.sound.marks, mark{n, at})
	}
}

// snapshot is the sound up to now. Later samples do not change it.
func (t *tap) snapshot() Sound {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.sound
	s.Samples = s.Samples[:len(s.Samples):len(s.Samples)]
	s.Plugged = s.Plugged[:len(s.Plugged):len(s.Plugged)]
	s.marks = s.marks[:len(s.marks):len(s.marks)]
	return s
}
