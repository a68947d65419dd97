package opus

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// framesOf is how long a file is, by Probe and by Decoder, which must agree.
func framesOf(t testing.TB, file []byte) int64 {
	t.Helper()
	got, d := mustDecode(t, file)
	n := probe(t, file).Frames
	require.EqualValues(t, n, len(got)/d.channels, "probe and decoder agree")
	return n
}

// TestAHoleIsNoLongerThanThePagesThatAreMissing: up to ten seconds for each, one
// second when there is none; what claims to be longer is no hole at all.
func TestAHoleIsNoLongerThanThePagesThatAreMissing(t *testing.T) {
	packets, _, want := plain(t)
	whole := int64(len(want) / 2)
	for name, tc := range map[string]struct {
		pages uint32
		hole  int64
		kept  bool
	}{
		"none, and a second":          {0, Rate, true},
		"none, and more":              {0, Rate + quantum, false},
		"none, and half a minute":     {0, 30 * Rate, false},
		"one of ten seconds":          {1, 10 * Rate, true},
		"one of more":                 {1, 10*Rate + quantum, false},
		"three of half a minute":      {3, 30 * Rate, true},
		"twelve of five minutes":      {12, 300 * Rate, false},
		"thousands of a minute":       {5000, 60 * Rate, true},
		"thousands of an hour":        {5000, 3600 * Rate, false},
		"a count that jumps for ever": {1 << 30, 1 << 62, false},
	} {
		t.Run(name, func(t *testing.T) {
			m := begin(1, makeHead(2, 0, 0))
			m.sound(5, packets[:10]...)
			m.sequence += tc.pages
			m.granule += tc.hole
			m.sound(5, packets[10:]...)
			longer := int64(0)
			if tc.kept {
				longer = tc.hole
			}
			assert.Equal(t, whole+longer, framesOf(t, m.out))
		})
	}
}

// TestAllHolesOfAFileTogetherAreBounded: a few kilobytes of pages, each with a
// hole that is believable by itself, must not mean hours of silence.
func TestAllHolesOfAFileTogetherAreBounded(t *testing.T) {
	packets, _, _ := plain(t)
	for name, tc := range map[string]struct {
		pages     int
		missing   uint32
		hole      int64
		perPage   int
		most, min int64
	}{
		"five minutes a page":     {100, 12, 5 * 60 * Rate, 1, 0, 0},
		"two minutes a page":      {100, 12, 2 * 60 * Rate, 1, 0, 0},
		"thirty seconds a page":   {100, 3, 30 * Rate, 1, 62 * Rate, 30 * Rate},
		"ten seconds a page":      {100, 1, 10 * Rate, 1, 62 * Rate, 60 * Rate},
		"a second a page":         {500, 0, Rate, 1, 70 * Rate, 60 * Rate},
		"and sound for as long":   {100, 1, 10 * Rate, 500, holesMost, holesMost - 10*Rate},
		"thirty and no page gone": {100, 0, 30 * Rate, 1, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			m := begin(1, makeHead(2, 0, 0))
			m.sound(1, packets[0])
			frames := int64(960)
			for i := range tc.pages {
				m.sequence += tc.missing
				m.granule += tc.hole
				for range tc.perPage {
					m.sound(1, packets[i%len(packets)])
					frames += 960
				}
			}
			n := probe(t, m.out).Frames
			assert.LessOrEqual(t, n-frames, tc.most)
			assert.GreaterOrEqual(t, n-frames, tc.min)
			if n < 100*Rate {
				assert.Equal(t, n, framesOf(t, m.out))
			}
		})
	}
}

// TestALinkDoesNotBeginTheCountOfHolesAnew: the bound is the file's.
func TestALinkDoesNotBeginTheCountOfHolesAnew(t *testing.T) {
	packets, _, _ := plain(t)
	var file []byte
	for i := range uint32(50) {
		m := begin(i, makeHead(2, 0, 0))
		m.sound(1, packets[0])
		m.sequence += 4
		m.granule += 40 * Rate
		m.sound(1, packets[1])
		file = append(file, m.out...)
	}
	assert.LessOrEqual(t, framesOf(t, file), int64(62*Rate))
}

// TestAHoleBeforeAPageWithoutAnEndIsFilledBehindIt: the pages that are missing
// are remembered until one says where it lies.
func TestAHoleBeforeAPageWithoutAnEndIsFilledBehindIt(t *testing.T) {
	packets, _, want := plain(t)
	m := begin(1, makeHead(2, 0, 0))
	m.sound(5, packets[:10]...)
	m.sequence++
	m.page(0, -1, packets[15])
	m.granule += 6 * 960
	m.sound(5, packets[16:]...)
	assert.EqualValues(t, len(want)/2, framesOf(t, m.out))
	m = begin(1, makeHead(2, 0, 0))
	m.sound(5, packets[:10]...)
	m.sequence++
	m.page(0, -1)
	m.granule += 4 * Rate
	m.sound(5, packets[10:]...)
	assert.EqualValues(t, len(want)/2+4*Rate, framesOf(t, m.out))
}

// TestPagesThatWereMissingOnceExplainNoLaterGap: what is filled is filled.
func TestPagesThatWereMissingOnceExplainNoLaterGap(t *testing.T) {
	packets, _, want := plain(t)
	m := begin(1, makeHead(2, 0, 0))
	m.sound(5, packets[:10]...)
	m.sequence += 5
	m.granule += 5 * Rate
	m.sound(5, packets[10:20]...)
	m.granule += 5 * Rate
	m.sound(5, packets[20:]...)
	assert.EqualValues(t, len(want)/2+5*Rate, framesOf(t, m.out))
}
