package store

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
)

// deviceBytes is how much of the key's digest makes the device id.
const deviceBytes = 10

// makeIdentity stores a new key, unless there is one.
func makeIdentity(m table) error {
	if m.has(identityKey) {
		return nil
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	return m.put(identityKey, key.Seed())
}

func (st *state) loadIdentity() error {
	return st.read(func(t *Tx) error {
		return t.do(metaBucket, func(m table) error {
			seed, err := m.get(identityKey)
			if err != nil {
				return err
			}
			if len(seed) != ed25519.SeedSize {
				return fmt.Errorf("identity: %w: %d bytes", ErrDamaged, len(seed))
			}
			st.key = ed25519.NewKeyFromSeed(seed)
			st.device = deviceID(st.key.Public().(ed25519.PublicKey))
			return nil
		})
	})
}

// deviceID is the name of the device with this key: lower-case base32 (RFC
// 4648, no padding) of the first 10 bytes of SHA-256 of the raw public key, 16
// characters.
func deviceID(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:deviceBytes]))
}

// Identity returns the Ed25519 key that was made when the store was first
// opened; its Seed and Public are what other forms are made of. It must not
// leave the device. The slice is the caller's.
func (s *Store) Identity() ed25519.PrivateKey {
	return bytes.Clone(s.state.key)
}

// DeviceID returns the 16 characters that name the device: lower-case base32,
// without padding, of the first 10 bytes of the SHA-256 of the public key.
func (s *Store) DeviceID() string { return s.state.device }
