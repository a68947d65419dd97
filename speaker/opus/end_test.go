package opus

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAFileThatEndsWithoutItsLastPageSaysSo: cut at a page's end it has no damage
// at all, and nothing else tells that sound is missing.
func TestAFileThatEndsWithoutItsLastPageSaysSo(t *testing.T) {
	file, other := sound(t, silkFile), sound(t, celtFile)
	starts := pagesOf(file)
	last := starts[len(starts)-2]
	assert.False(t, probe(t, file).NoEnd)
	for _, at := range starts[1 : len(starts)-1] {
		info := probe(t, file[:at])
		assert.True(t, info.NoEnd, "cut at %d", at)
		assert.Zero(t, info.Damaged)
	}
	for n := last + 1; n < len(file); n++ {
		info := probe(t, file[:n])
		require.True(t, info.NoEnd, "cut at %d", n)
		require.EqualValues(t, n-last, info.Damaged)
	}
	packets, live, _ := plain(t)
	assert.True(t, probe(t, live).NoEnd, "captured")
	m := begin(1, makeHead(2, 0, 0))
	m.sound(5, packets...)
	m.raw(flagLast, m.granule, nil, nil)
	assert.False(t, probe(t, m.out).NoEnd, "an empty last page")

	assert.False(t, probe(t, join(file, other)).NoEnd, "a chain")
	assert.True(t, probe(t, join(file[:last], other)).NoEnd, "its first link is cut short")
	assert.True(t, probe(t, join(other, file[:last])).NoEnd, "its last link is cut short")
	assert.True(t, probe(t, join(file[:last], other, other)).NoEnd, "a link before the last is cut short")
	assert.False(t, probe(t, join(file[:starts[3]], file[starts[4]:])).NoEnd, "a page in the middle is missing")
}
