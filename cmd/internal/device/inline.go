package device

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"loa"
)

// inline opens media that came inside its document, after checking its digest.
func inline(m loa.Media) (io.ReadCloser, error) {
	if sum := sha256.Sum256(m.Inline); hex.EncodeToString(sum[:]) != m.SHA256 {
		return nil, fmt.Errorf("inline media %s: its bytes have another digest (%x)", short(m.SHA256), sum[:6])
	}
	return io.NopCloser(bytes.NewReader(m.Inline)), nil
}
