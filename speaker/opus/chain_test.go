package opus

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// beheaded is a file whose first page has two wrong bytes.
func beheaded(file []byte) []byte {
	b := bytes.Clone(file)
	b[30] ^= 1
	b[40] ^= 3
	return b
}

// TestALinkWithoutItsHeadIsPlayedLikeTheOneBefore: of 47 bytes two are wrong, and
// all the sound behind them is whole.
func TestALinkWithoutItsHeadIsPlayedLikeTheOneBefore(t *testing.T) {
	celt, silk := sound(t, celtFile), sound(t, silkFile)
	for name, files := range map[string][2][]byte{
		"one more":           {silk, sound(t, hybridFile)},
		"of the same serial": {silk, silk},
		"of two channels":    {silk, celt},
		"of one channel":     {celt, silk},
	} {
		t.Run(name, func(t *testing.T) {
			want, _ := mustDecode(t, join(files[0], files[1]))
			file := join(files[0], beheaded(files[1]))
			got, d := mustDecode(t, file)
			requireSame(t, want, got, "sound")
			info := probe(t, file)
			assert.Equal(t, 2, info.Links)
			assert.EqualValues(t, pagesOf(files[1])[1], info.Damaged, "the head")
			assert.False(t, info.NoEnd)
			_, bad := d.Damage()
			assert.Zero(t, bad)
		})
	}
	want, _ := mustDecode(t, join(celt, silk, celt))
	got, _ := mustDecode(t, join(celt, beheaded(silk), beheaded(celt)))
	requireSame(t, want, got, "two links without heads")
}

// TestPagesOfAStreamThatNeverBeganAreDamage: with its tags gone too, or the end
// of the link before, what follows cannot be told from anything else; that it was
// not played must be known.
func TestPagesOfAStreamThatNeverBeganAreDamage(t *testing.T) {
	silk, celt := sound(t, silkFile), sound(t, celtFile)
	want, _ := mustDecode(t, silk)
	second := pagesOf(celt)
	for name, rest := range map[string][]byte{
		"no head and no tags": celt[second[2]:],
		"from the middle on":  celt[second[4]:],
	} {
		t.Run(name, func(t *testing.T) {
			got, d := mustDecode(t, join(silk, rest))
			requireSame(t, want, got, "the first link")
			damaged, _ := d.Damage()
			assert.EqualValues(t, len(rest), damaged)
			got, d = mustDecode(t, join(rest, silk))
			requireSame(t, want, got, "the only link that begins")
			damaged, _ = d.Damage()
			assert.EqualValues(t, len(rest), damaged)
		})
	}
	starts := pagesOf(silk)
	open := silk[:starts[len(starts)-2]]
	info := probe(t, join(open, beheaded(celt)))
	assert.EqualValues(t, len(celt), info.Damaged, "behind a link that did not end")
	assert.True(t, info.NoEnd)
}

// TestAnOpusStreamBesideTheOnePlayedIsNoLink: two that begin together are heard
// one at a time, the first of them, in whatever order their pages come.
func TestAnOpusStreamBesideTheOnePlayedIsNoLink(t *testing.T) {
	packets, _, want := plain(t)
	other := packetsOf(t, sound(t, silkFile))
	a, b := &muxer{serial: 1}, &muxer{serial: 2}
	var file []byte
	take := func(ms ...*muxer) {
		for _, m := range ms {
			file = append(file, m.out...)
			m.out = nil
		}
	}
	a.page(0, 0, makeHead(2, 0, 0))
	b.page(0, 0, makeHead(1, 312, 0))
	take(a, b)
	a.page(0, 0, makeTags(3))
	b.page(0, 0, makeTags(3))
	take(a, b)
	for i := 0; i+5 <= len(packets); i += 5 {
		a.sound(5, packets[i:i+5]...)
		b.sound(5, other[i%20:i%20+5]...)
		take(b, a)
	}
	rest := len(packets) % 5
	a.page(flagLast, a.granule+int64(960*rest), packets[len(packets)-rest:]...)
	take(a)
	// It goes on when the one played is over.
	b.sound(5, other[:5]...)
	b.page(flagLast, b.granule+960, other[6])
	take(b)
	got, d := mustDecode(t, file)
	requireSame(t, want, got, "the first of them")
	damaged, bad := d.Damage()
	assert.Zero(t, damaged+bad)
	info := probe(t, file)
	assert.Equal(t, 1, info.Links)
	assert.Equal(t, 2, info.Channels)
	assert.Equal(t, "CELT", info.Mode)
	assert.False(t, info.NoEnd)
	require.Zero(t, info.Damaged)
}
