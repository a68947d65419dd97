package store

import (
	"bytes"
	"encoding/binary"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// spoil applies patches to a file: each three bytes of position, one of what to
// xor and one of how many bytes. mend gives both meta pages right checksums
// again, so that damage behind them is reached.
func spoil(b, patches []byte, length uint32, mend bool) []byte {
	b = bytes.Clone(b)
	for ; len(patches) >= 5; patches = patches[5:] {
		at := int(patches[0])<<16 | int(patches[1])<<8 | int(patches[2])
		for n := range int(patches[4]) + 1 {
			b[(at+n)%len(b)] ^= patches[3]
		}
	}
	if mend {
		for id := range 2 {
			p := b[id*pageSize+pageHeader:]
			h := fnv.New64a()
			h.Write(p[:56])
			binary.LittleEndian.PutUint64(p[56:], h.Sum64())
		}
	}
	if length > 0 {
		b = b[:min(int(length), len(b))]
	}
	return b
}

// seeds reach each kind of page of a sample.
func seeds(f *testing.F, b []byte) {
	f.Add([]byte{}, uint32(0), false)
	f.Add([]byte{}, uint32(5000), false)
	f.Add([]byte{}, uint32(len(b)-pageSize), false)
	for id := range min(len(b)/pageSize, 24) {
		at := id * pageSize
		f.Add([]byte{byte(at >> 16), byte(at >> 8), 0, 0xFF, 15}, uint32(0), false)          // head
		f.Add([]byte{byte(at >> 16), byte(at >> 8), 12, 0x80, 3}, uint32(0), true)           // overflow
		f.Add([]byte{byte(at >> 16), byte(at >> 8), 16, 1, 40}, uint32(0), true)             // elements
		f.Add([]byte{byte(at >> 16), byte((at + 300) >> 8), 200, 1, 0}, uint32(0), false)    // keys and values
		f.Add([]byte{byte(at >> 16), byte(at >> 8), 48, byte(id), 0, 0, 0}, uint32(0), true) // meta: root
	}
}

func FuzzOpenDamagedState(f *testing.F) {
	whole := sampleState(f)
	base := ramDir(f)
	want, _ := contentOf(f, filepath.Join(base, "whole"), stateName, whole, nil)
	good, _ := contentOf(f, filepath.Join(base, "good"), stateName, whole, whole)
	require.Equal(f, want, good)
	seeds(f, whole)
	f.Fuzz(func(t *testing.T, patches []byte, length uint32, mend bool) {
		dir := ramDir(t)
		got, rs := contentOf(t, dir, stateName, spoil(whole, patches, length, mend), whole)
		switch {
		case len(rs) == 0, rs[0].What == Restored:
			assert.Equal(t, want, got, "%v", rs)
		default:
			assert.Equal(t, RolledBack, rs[0].What, "%v", rs)
		}
	})
}

func FuzzOpenDamagedAudio(f *testing.F) {
	whole := sampleAudio(f)
	seeds(f, whole)
	f.Fuzz(func(t *testing.T, patches []byte, length uint32, mend bool) {
		dir := ramDir(t)
		path := filepath.Join(dir, audioName)
		require.NoError(t, os.WriteFile(path, spoil(whole, patches, length, mend), 0o600))
		s, err := Open(dir, Options{AudioBudget: 4 << 20})
		require.NoError(t, err)
		defer s.Close()
		for _, it := range s.Items() {
			if it.Verified {
				checkReads(t, s, it.Digest)
				s.Verify(it.Digest)
			} else {
				goOn(t, s, it)
			}
		}
		b := noise(77, 300_000)
		add(t, s, b)
		requireSound(t, s, b)
		for _, it := range s.Items() {
			require.NoError(t, s.Remove(it.Digest))
		}
		info, err := s.audio.file.Stat()
		require.NoError(t, err)
		_, err = check(s.audio.file, info.Size(), audioLayout())
		require.NoError(t, err, "what is damaged is freed without harm to the rest")
	})
}

// goOn finishes the sound of the sample that was cut.
func goOn(t *testing.T, s *Store, it Item) {
	t.Helper()
	b := noise(9, 300_000)
	if it.Digest != digestOf(b) {
		return
	}
	w, err := s.Create(it.Digest, int64(len(b)), noon)
	require.NoError(t, err)
	_, err = w.Write(b[w.Offset():])
	require.NoError(t, err)
	if err := w.Commit(); err != nil {
		require.ErrorIs(t, err, ErrDigest)
		return
	}
	requireSound(t, s, b)
}

func FuzzDigest(f *testing.F) {
	f.Add("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if d, err := ParseDigest(text); err == nil {
			assert.Equal(t, text, d.String())
		}
	})
}

func FuzzChunkOfSound(f *testing.F) {
	f.Add([]byte("x"), uint32(1), 0)
	f.Fuzz(func(t *testing.T, sound []byte, id uint32, i int) {
		if len(sound) == 0 || len(sound) > chunkData {
			return
		}
		key := chunkKey(id, i)
		buf := make([]byte, chunkValue)
		copy(buf[sealSize:], sound)
		v := sealChunk(key, buf, len(sound))
		assert.Zero(t, (len(v)+chunkHead)%pageSize, "it fills its pages")
		head := headOf(3, key, len(sound))
		file := filepath.Join(ramDir(t), "pages")
		require.NoError(t, os.WriteFile(file, append(make([]byte, 3*pageSize), append(head[:], v...)...), 0o600))
		r, err := os.Open(file)
		require.NoError(t, err)
		defer r.Close()
		got, err := readChunk(r, 3, key, len(sound), make([]byte, chunkSpan))
		require.NoError(t, err)
		assert.Equal(t, sound, got)
		_, err = readChunk(r, 3, chunkKey(id+1, i), len(sound), make([]byte, chunkSpan))
		assert.ErrorIs(t, err, ErrDamaged, "of another sound")
		_, err = r.Seek(0, io.SeekStart)
		assert.NoError(t, err)
	})
}
