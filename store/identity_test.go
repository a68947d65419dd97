package store

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestIdentityIsMadeOnceAndStays(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	key, id := s.Identity(), s.DeviceID()
	require.Len(t, key, ed25519.PrivateKeySize)
	assert.Regexp(t, regexp.MustCompile(`^[a-z2-7]{16}$`), id)
	key[0] ^= 1
	assert.NotEqual(t, key, s.Identity(), "the caller's copy is its own")
	key[0] ^= 1
	require.NoError(t, s.Close())

	s = open(t, dir, Options{})
	assert.Equal(t, key, s.Identity())
	assert.Equal(t, id, s.DeviceID())
	assert.NotEqual(t, id, open(t, t.TempDir(), Options{}).DeviceID(), "another device is another one")
}

// The example key of RFC 8032, section 7.1, test 1, so that others can check
// how they make the id.
func TestDeviceIDOfAKnownKey(t *testing.T) {
	seed, err := hex.DecodeString("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
	require.NoError(t, err)
	public := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	require.Equal(t, "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", hex.EncodeToString(public))
	sum := sha256.Sum256(public)
	want := strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:10]))
	assert.Equal(t, want, deviceID(public))
	assert.Equal(t, "eh7ddx5bksrgcytl", deviceID(public))
}

func TestFilesAreForTheOwnerAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data", "loa")
	s := open(t, dir, Options{})
	require.NoError(t, s.Backup())
	info, err := os.Stat(dir)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		info, err := e.Info()
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), e.Name())
		names = append(names, e.Name())
	}
	assert.Equal(t, []string{"audio.db", "state.db", "state.db.good"}, names, "nothing half made is left")
}
