package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"

	bolt "go.etcd.io/bbolt"
)

// The geometry of stored sound. A chunk is a bucket of one leaf with one value,
// made so long that the leaf fills its pages to the last byte:
//
//	page header 16 | element 16 | key 8 | CRC-32C 4 | sound, up to 65492 | zeros
//
// A leaf of bbolt is written anew when anything in it changes; with a leaf of
// its own a chunk is written once. And since all but the last chunk of a sound
// have the same 16 pages, what one sound leaves another one fits into.
const (
	chunkSpan  = 64 << 10
	chunkHead  = pageHeader + elementSize + chunkKeySize
	chunkData  = chunkSpan - chunkHead - sealSize // 65492 bytes of sound
	chunkValue = chunkSpan - chunkHead            // the longest value

	chunkKeySize = 8

	// itemChunk is the number under which a sound's own record stands, after
	// all its chunks: what one sound changes is on one page of the index.
	itemChunk = 1<<32 - 1

	// batchChunks is how many chunks one transaction stores. Its own pages, six
	// or seven of them, then cost 3 % of the sound.
	batchChunks = 16
)

// chunkKey names a chunk: the number of its sound, then its own, so that the
// chunks of a sound stand together and a new sound at the end of the tree.
func chunkKey(id uint32, i int) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, id), uint32(i))
}

// itemKey is the key of a sound's record.
func itemKey(id uint32) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, id), itemChunk)
}

// chunkCount is how many chunks n bytes of sound have.
func chunkCount(n int64) int { return int((n + chunkData - 1) / chunkData) }

// chunkLen is how many bytes of a sound of size bytes are in chunk i.
func chunkLen(size int64, i int) int {
	return int(min(size-int64(i)*chunkData, chunkData))
}

// chunkPages is how many pages a chunk of n bytes has.
func chunkPages(n int) int { return (chunkHead + sealSize + n + pageSize - 1) / pageSize }

// diskBytes is what n bytes of sound take on the disk, in whole pages.
func diskBytes(n int64) int64 {
	b := n / chunkData * chunkSpan
	if rest := int(n % chunkData); rest > 0 {
		b += int64(chunkPages(rest)) * pageSize
	}
	return b
}

// sealChunk finishes the value of a chunk in place: buf holds chunkValue bytes,
// the first sealSize for the checksum, then n of sound. It returns the part of
// buf that is stored.
func sealChunk(key, buf []byte, n int) []byte {
	v := buf[:chunkPages(n)*pageSize-chunkHead]
	clear(v[sealSize+n:])
	binary.BigEndian.PutUint32(v, checksum(key, v[sealSize:sealSize+n]))
	return v
}

// putChunk stores a sealed value of n bytes of sound.
func putChunk(sounds *bolt.Bucket, key, value []byte, n int) error {
	b, err := sounds.CreateBucket(key)
	if err != nil {
		return err
	}
	// The length is what the check at opening knows the pages from.
	if err := b.SetSequence(uint64(n)); err != nil {
		return err
	}
	return b.Put(key, value)
}

// chunkPage returns the page that the chunk of n bytes under key begins at. The
// page itself is not touched. ok is false if there is no such chunk.
func chunkPage(sounds *bolt.Bucket, key []byte, n int) (page uint64, ok bool) {
	b := sounds.Bucket(key)
	if b == nil || b.Sequence() != uint64(n) || b.Root() == 0 {
		return 0, false
	}
	return uint64(b.Root()), true
}

// headOf is what the first bytes of a chunk's pages must be.
func headOf(page uint64, key []byte, n int) (h [chunkHead]byte) {
	pages := chunkPages(n)
	binary.LittleEndian.PutUint64(h[0:], page)
	binary.LittleEndian.PutUint16(h[8:], flagLeaf)
	binary.LittleEndian.PutUint16(h[10:], 1)
	binary.LittleEndian.PutUint32(h[12:], uint32(pages-1))
	binary.LittleEndian.PutUint32(h[20:], elementSize)
	binary.LittleEndian.PutUint32(h[24:], chunkKeySize)
	binary.LittleEndian.PutUint32(h[28:], uint32(pages*pageSize-chunkHead))
	copy(h[pageHeader+elementSize:], key)
	return h
}

// readChunk reads the chunk of n bytes at page into buf, which has chunkSpan
// bytes, and returns the sound in it. It allocates nothing if all is well. What
// it reads is checked to the bit, without a transaction: the caller must know
// that the chunk is not deleted meanwhile.
func readChunk(f *os.File, page uint64, key []byte, n int, buf []byte) ([]byte, error) {
	b := buf[:chunkPages(n)*pageSize]
	if _, err := f.ReadAt(b, int64(page)*pageSize); err != nil {
		return nil, classify(err)
	}
	want := headOf(page, key, n)
	sound := b[chunkHead+sealSize : chunkHead+sealSize+n]
	if !bytes.Equal(b[:chunkHead], want[:]) || binary.BigEndian.Uint32(b[chunkHead:]) != checksum(key, sound) {
		return nil, fmt.Errorf("chunk %x on page %d: %w", key, page, ErrDamaged)
	}
	return sound, nil
}

// mendHead makes sure that freeing a chunk frees its own pages and no others:
// bbolt takes their number from the first of them. If that one is damaged it is
// written anew; the sound in it is given up anyway.
func mendHead(f *os.File, page uint64, key []byte, n int) error {
	want := headOf(page, key, n)
	var have [chunkHead]byte
	if _, err := f.ReadAt(have[:], int64(page)*pageSize); err == nil && have == want {
		return nil
	}
	whole := make([]byte, pageSize) // a whole page needs no reading of the old one
	copy(whole, want[:])
	_, err := f.WriteAt(whole, int64(page)*pageSize)
	return err
}
