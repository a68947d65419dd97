package store

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// bbolt checks the shape of its pages, not what stands in them: a page of
// zeros in the middle of a large value passes. So every value carries a
// CRC-32C over its key and itself.

// castagnoli is the polynomial of CRC-32C (RFC 3720, appendix B.4).
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sealSize is what seal adds to a value, in bytes.
const sealSize = 4

// checksum covers the key too, so that a value found under another key fails.
func checksum(key, body []byte) uint32 {
	return crc32.Update(crc32.Update(0, castagnoli, key), castagnoli, body)
}

// seal returns the stored form of body under key: CRC-32C, big-endian, then
// body. The result is the caller's.
func seal(key, body []byte) []byte {
	v := make([]byte, sealSize+len(body))
	binary.BigEndian.PutUint32(v, checksum(key, body))
	copy(v[sealSize:], body)
	return v
}

// unseal returns the body of v, which still points into v.
func unseal(key, v []byte) ([]byte, error) {
	if len(v) < sealSize {
		return nil, fmt.Errorf("value of %q: %w: %d bytes", printable(key), ErrDamaged, len(v))
	}
	body := v[sealSize:]
	if binary.BigEndian.Uint32(v) != checksum(key, body) {
		return nil, fmt.Errorf("value of %q: %w: checksum does not match", printable(key), ErrDamaged)
	}
	return body, nil
}

// printable cuts a key for a message.
func printable(key []byte) []byte {
	return key[:min(len(key), 40)]
}
