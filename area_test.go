package loa

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAreas(t *testing.T) {
	for _, s := range []string{"vn", "vn/tien-giang", "vn/tien-giang/cho-gao/xuan-dong", "k3qabcdefghijklm", "a/1/-", strings.Repeat("a", 256)} {
		a, err := ParseArea(s)
		require.NoError(t, err, s)
		assert.Equal(t, Area(s), a)
	}
}

// TestNotAreas: what would be a wildcard or another topic in MQTT is not an
// area.
func TestNotAreas(t *testing.T) {
	for _, s := range []string{
		"", "/", "vn/", "/vn", "vn//x", "VN", "vn/tiền-giang", "vn/+", "vn/#", "vn/a b", "vn/a_b", "vn/..", "vn\x00", "$share/x", strings.Repeat("a", 257),
	} {
		_, err := ParseArea(s)
		assert.ErrorContains(t, err, `allowed: slugs of a-z, 0-9 and "-"`, s)
	}
}

func TestAreaHolds(t *testing.T) {
	for _, tc := range []struct {
		a, b  Area
		holds bool
	}{
		{"vn", "vn", true}, {"vn", "vn/a", true}, {"vn", "vn/a/b", true}, {"vn/a", "vn", false}, {"vn/a", "vn/ab", false}, {"vn/a", "vn/b", false},
		{"", "vn", false}, {"vn", "", false}, {"v", "vn", false},
	} {
		assert.Equal(t, tc.holds, tc.a.Holds(tc.b), "%q %q", tc.a, tc.b)
	}
}

func TestAncestors(t *testing.T) {
	assert.Equal(t, []Area{"vn/a/b", "vn/a", "vn"}, Area("vn/a/b").Ancestors())
	assert.Equal(t, []Area{"vn"}, Area("vn").Ancestors())
	assert.Empty(t, Area("").Ancestors())
	for _, a := range Area("vn/a/b/c").Ancestors() {
		assert.True(t, a.Holds("vn/a/b/c"))
	}
}
