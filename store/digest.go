package store

import (
	"encoding/hex"
	"fmt"
)

// Digest names sound: the SHA-256 of its bytes.
type Digest [32]byte

// ParseDigest reads 64 lower-case hexadecimal digits; anything else is
// ErrInvalid.
func ParseDigest(s string) (d Digest, err error) {
	err = d.UnmarshalText([]byte(s))
	return d, err
}

// String returns 64 lower-case hexadecimal digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// MarshalText is String, for JSON and TOML.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText is ParseDigest.
func (d *Digest) UnmarshalText(text []byte) error {
	var v Digest
	n, err := hex.Decode(v[:], text[:min(len(text), 2*len(v))])
	// Decoding takes capitals, too; the names of one sound must not differ.
	if err != nil || n != len(v) || v.String() != string(text) {
		return fmt.Errorf("%w: digest %.80q; allowed: 64 lower-case hexadecimal digits", ErrInvalid, text)
	}
	*d = v
	return nil
}
