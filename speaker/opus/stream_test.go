package opus

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const celtFile, silkFile, hybridFile = "celt-48k.opus", "silk-12k.opus", "hybrid-24k.opus"

// plain is the file that most of these tests write in another way: its packets
// from the first on, with no pre-skip and no trimming.
func plain(t *testing.T) (packets [][]byte, file []byte, pcm []float32) {
	t.Helper()
	packets = packetsOf(t, sound(t, celtFile))
	m := begin(1, makeHead(2, 0, 0))
	m.sound(5, packets...)
	pcm, _ = mustDecode(t, m.out)
	require.Len(t, pcm, 2*960*len(packets))
	return packets, m.out, pcm
}

func TestPacketsGoOverPageBoundaries(t *testing.T) {
	packets, _, want := plain(t)
	for n := 1; n < 40; n++ {
		m := begin(1, makeHead(2, 0, 0))
		m.laces(n, packets...)
		got, d := mustDecode(t, m.out)
		requireSame(t, want, got, "%d segments a page", n)
		damaged, bad := d.Damage()
		assert.Zero(t, damaged)
		assert.Zero(t, bad)
	}
}

func TestAPageLostInTheMidstOfAPacketCostsItsOwnTime(t *testing.T) {
	packets, _, want := plain(t)
	for n := 1; n < 6; n++ {
		m := begin(1, makeHead(2, 0, 0))
		m.laces(n, packets...)
		starts := pagesOf(m.out)
		for k := 2; k < len(starts)-1-4; k += 3 {
			got, d := mustDecode(t, join(m.out[:starts[k]], m.out[starts[k+1]:]))
			require.Equal(t, len(want), len(got), "page %d of %d segments", k, n)
			_, bad := d.Damage()
			require.Positive(t, bad)
			require.LessOrEqual(t, bad, int64(n+1))
		}
	}
}

func TestTagsOfMegabytesAreSkipped(t *testing.T) {
	packets, _, want := plain(t)
	for _, size := range []int{0, 10, 239, 240, 65025, 3 << 20} {
		m := &muxer{serial: 9}
		m.page(0, 0, makeHead(2, 0, 0))
		m.packet(0, makeTags(size), 255)
		m.sound(7, packets...)
		got, d := mustDecode(t, m.out)
		requireSame(t, want, got, "%d bytes", size)
		damaged, bad := d.Damage()
		assert.Zero(t, damaged+bad)
	}
	m := &muxer{}
	m.page(0, 0, makeHead(2, 0, 0))
	m.sound(7, packets...)
	got, _ := mustDecode(t, m.out)
	requireSame(t, want, got, "no tags at all")
	m = &muxer{}
	m.page(0, 0, makeHead(2, 0, 0))
	m.page(0, 4800, append([][]byte{makeTags(5)}, packets[:5]...)...)
	m.granule = 4800
	m.sound(7, packets[5:]...)
	got, _ = mustDecode(t, m.out)
	requireSame(t, want, got, "sound on the page of the tags")
}

func TestChainsPlayOneLinkAfterTheOther(t *testing.T) {
	celt, hybrid, silk := sound(t, celtFile), sound(t, hybridFile), sound(t, silkFile)
	a, _ := mustDecode(t, hybrid)
	b, _ := mustDecode(t, silk)
	got, d := mustDecode(t, join(hybrid, silk, hybrid))
	requireSame(t, append(append(append([]float32(nil), a...), b...), a...), got, "three")
	info := probe(t, join(hybrid, silk, hybrid))
	assert.Equal(t, 3, info.Links)
	assert.EqualValues(t, 3*33600, info.Frames)
	assert.Equal(t, "SILK and hybrid", info.Mode)
	damaged, bad := d.Damage()
	assert.Zero(t, damaged+bad)

	// Another number of channels is made to fit the first.
	got, d = mustDecode(t, join(hybrid, celt))
	assert.Equal(t, 1, d.channels)
	assert.Equal(t, 2*33600, len(got))
	both, _ := mustDecode(t, celt)
	mean := make([]float32, 33600)
	for i := range mean {
		mean[i] = (both[2*i] + both[2*i+1]) / 2
	}
	assert.Less(t, apart(mean, got[33600:]), -40.0)
}

func TestALinkThatCannotBePlayedEndsTheFile(t *testing.T) {
	file := sound(t, silkFile)
	m := begin(77, append(makeHead(6, 312, 0)[:18], 1, 4, 2, 0, 4, 1, 2, 3, 5))
	m.sound(1, make([]byte, 50))
	got, _, err := decodeAll(bytes.NewReader(join(file, m.out)))
	assert.ErrorIs(t, err, ErrUnsupported)
	assert.ErrorContains(t, err, "Opus of 6 channels, mapping family 1; can be played: Opus in Ogg, 1 or 2 channels")
	assert.Equal(t, 33600, len(got))
}

func TestOtherStreamsInTheFileArePassedOver(t *testing.T) {
	packets, _, want := plain(t)
	skeleton, film, other := &muxer{serial: 5}, &muxer{serial: 6}, &muxer{serial: 7}
	m := &muxer{serial: 8}
	var out []byte
	write := func(x *muxer, f func()) {
		f()
		out = append(out, x.out...)
		x.out = nil
	}
	write(skeleton, func() { skeleton.page(0, 0, []byte("fishead\x00\x03\x00")) })
	write(film, func() { film.page(0, 0, []byte("\x80theora\x03\x02\x00")) })
	write(m, func() { m.page(0, 0, makeHead(2, 0, 0)) })
	write(other, func() { other.page(0, 0, makeHead(1, 0, 0)) })
	write(film, func() { film.packet(0, bytes.Repeat([]byte("\x81theora"), 20000), 200) })
	write(m, func() { m.page(0, 0, makeTags(3)) })
	write(other, func() { other.page(0, 0, makeTags(3)) })
	for len(packets) > 0 {
		n := min(3, len(packets))
		write(film, func() { film.packet(100, make([]byte, 70000), 200) })
		write(m, func() { m.sound(3, packets[:n]...) })
		write(other, func() { other.sound(3, packets[:n]...) })
		packets = packets[n:]
	}
	got, d := mustDecode(t, out)
	requireSame(t, want, got, "sound")
	damaged, bad := d.Damage()
	assert.Zero(t, damaged+bad)
}

func TestWhatIsNoOpusIsNamed(t *testing.T) {
	page := func(packet []byte) []byte {
		m := &muxer{}
		m.page(0, 0, packet)
		m.page(0, 0, []byte("\x03comment"))
		m.page(0, 100, make([]byte, 100))
		return m.out
	}
	for name, tc := range map[string]struct {
		file []byte
		is   error
		says string
	}{
		"vorbis":            {page([]byte("\x01vorbis\x00\x00\x00\x00")), ErrUnsupported, "Ogg with Vorbis"},
		"flac":              {page([]byte("\x7fFLAC\x01\x00")), ErrUnsupported, "Ogg with FLAC"},
		"speex":             {page([]byte("Speex   1.2")), ErrUnsupported, "Ogg with Speex"},
		"a film":            {join(page([]byte("\x80theora\x03"))[:40], page([]byte("\x80theora\x03"))), ErrUnsupported, "Ogg with Theora"},
		"new":               {page([]byte("something")), ErrUnsupported, "Ogg with an unknown codec"},
		"surround":          {page(append(makeHead(6, 0, 0)[:18], 1, 4, 2)), ErrUnsupported, "Opus of 6 channels, mapping family 1"},
		"ambisonics":        {page(append(makeHead(4, 0, 0)[:18], 2, 4, 0)), ErrUnsupported, "Opus of 4 channels, mapping family 2"},
		"no channels":       {page(makeHead(0, 0, 0)), ErrUnsupported, "Opus of 0 channels"},
		"two streams":       {page(append(makeHead(2, 0, 0)[:18], 255, 2, 0, 0, 1)), ErrUnsupported, "Opus of mapping family 255"},
		"next version":      {page(append([]byte("OpusHead\x10"), makeHead(2, 0, 0)[9:]...)), ErrUnsupported, "version 16"},
		"a stump":           {page([]byte("OpusHead\x01\x02")), ErrUnsupported, "OpusHead of 10 bytes"},
		"nothing":           {nil, ErrNotAudio, "no stream begins in 0 bytes"},
		"text":              {[]byte("OggS is how it begins, but no more than that"), ErrNotAudio, "no stream begins in 44 bytes"},
		"zeros for a while": {make([]byte, 1<<20), ErrNotAudio, "no stream begins in the first"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewDecoder(bytes.NewReader(tc.file))
			require.ErrorIs(t, err, tc.is)
			assert.ErrorContains(t, err, tc.says)
			_, again := Probe(bytes.NewReader(tc.file))
			assert.Equal(t, err, again)
		})
	}
}

func TestMappingFamiliesThatSayTheSameAsNoneArePlayed(t *testing.T) {
	for _, tail := range [][]byte{{1, 1, 1, 0, 1}, {255, 1, 1, 0, 1}} {
		m := begin(1, append(makeHead(2, 0, 0)[:18], tail...))
		packets, _, want := plain(t)
		m.sound(5, packets...)
		got, _ := mustDecode(t, m.out)
		requireSame(t, want, got, "sound")
	}
}

func TestARecordingThatBeginsInMidBroadcastIsWhole(t *testing.T) {
	packets, _, want := plain(t)
	m := begin(1, makeHead(2, 312, 0))
	m.granule = 123_456_789
	m.sound(5, packets...)
	got, _ := mustDecode(t, m.out)
	requireSame(t, want[2*312:], got, "only the pre-skip is missing")
}

func TestTheEndIsTrimmedAsTheLastPageSays(t *testing.T) {
	packets, _, want := plain(t)
	n := len(packets)
	end := func(m *muxer, granule int64) []byte {
		m.sound(5, packets[:n-1]...)
		m.page(flagLast, granule, packets[n-1])
		return m.out
	}
	total := int64(960 * n)
	for name, tc := range map[string]struct {
		start, granule int64
		frames         int64
	}{
		"in the last packet":              {0, total - 500, total - 500},
		"at its end":                      {0, total, total},
		"at its beginning":                {0, total - 960, total - 960},
		"with an offset":                  {48000, 48000 + total - 7, total - 7},
		"before it, which cannot be":      {0, 5000, total},
		"a little behind, which is noise": {0, total + 60, total},
	} {
		t.Run(name, func(t *testing.T) {
			m := begin(1, makeHead(2, 0, 0))
			m.granule = tc.start
			file := end(m, tc.granule)
			got, _ := mustDecode(t, file)
			requireSame(t, want[:2*tc.frames], got, "sound")
			assert.Equal(t, tc.frames, probe(t, file).Frames)
		})
	}
	m := begin(1, makeHead(2, 312, 0))
	m.page(flagLast, 1000, packets[:3]...)
	got, _ := mustDecode(t, m.out)
	requireSame(t, want[2*312:2*1000], got, "all on one page")
	m = begin(1, makeHead(2, 3000, 0))
	m.page(flagLast, 2000, packets[:3]...)
	got, _ = mustDecode(t, m.out)
	assert.Empty(t, got, "nothing is left behind the pre-skip")
}

func TestTheOutputGainIsApplied(t *testing.T) {
	packets, _, want := plain(t)
	for _, gain := range []int{-6 * 256, 6 * 256, 0} {
		m := begin(1, makeHead(2, 0, gain))
		m.sound(5, packets...)
		got, _ := mustDecode(t, m.out)
		assert.InDelta(t, float64(gain)/256, decibels(rms(got)/rms(want)), 0.01)
		assert.InDelta(t, float64(gain)/256, probe(t, m.out).GainDB, 0)
	}
}

func TestABrokenPacketCostsItsOwnTime(t *testing.T) {
	packets, _, want := plain(t)
	for name, broken := range map[string][]byte{
		"empty": {}, "of 63 frames": {0xff, 63}, "of no frames": {0xff, 0}, "of odd halves": {packets[0][0]&^3 | 1, 1, 2, 3}, "too long for a frame": append([]byte{packets[0][0] &^ 3}, make([]byte, 1300)...),
	} {
		t.Run(name, func(t *testing.T) {
			m := begin(1, makeHead(2, 0, 0))
			m.sound(5, packets[:10]...)
			m.page(0, m.granule+3*960, packets[10], broken, packets[12])
			m.granule += 3 * 960
			m.sound(5, packets[13:]...)
			got, d := mustDecode(t, m.out)
			require.Equal(t, len(want), len(got))
			_, bad := d.Damage()
			assert.Positive(t, bad)
			requireSame(t, want[:2*11*960], got[:2*11*960], "sound")
			requireComesBack(t, want, got, 2, 12*960)
		})
	}
}

// requireComesBack checks that the sound from frame on, which follows something
// lost, becomes what it was within 60 ms.
func requireComesBack(t testing.TB, want, got []float32, channels, frame int) {
	t.Helper()
	from := channels * (frame + 60*48)
	require.Equal(t, len(want), len(got))
	if from < len(want) {
		require.Less(t, apart(want[from:], got[from:]), -30.0, "behind frame %d", frame)
	}
}

func TestLostPagesCostTheirOwnTime(t *testing.T) {
	for _, name := range []string{celtFile, silkFile, hybridFile} {
		t.Run(name, func(t *testing.T) {
			file := sound(t, name)
			want, d := mustDecode(t, file)
			starts := pagesOf(file)
			require.Greater(t, len(starts), 5)
			for k := 2; k < len(starts)-2; k++ { // the headers stay, and the last page, which says how long all is
				cut := join(file[:starts[k]], file[starts[k+1]:])
				got, torn := mustDecode(t, cut)
				require.Equal(t, len(want), len(got), "page %d", k)
				_, bad := torn.Damage()
				assert.Positive(t, bad)
				assert.Equal(t, int64(len(want)/d.channels), probe(t, cut).Frames)
			}
			// The tags' page and the first of sound are gone: the start of the sound is known by the numbers.
			got, _ := mustDecode(t, join(file[:starts[1]], file[starts[3]:]))
			assert.Equal(t, len(want), len(got))
		})
	}
}

func TestSoundComesBackBehindALostPage(t *testing.T) {
	packets, _, want := plain(t)
	m := begin(1, makeHead(2, 0, 0))
	m.sound(5, packets[:15]...)
	m.sequence++
	m.granule += 5 * 960
	m.sound(5, packets[20:]...)
	got, d := mustDecode(t, m.out)
	requireSame(t, want[:2*15*960], got[:2*15*960], "sound")
	requireComesBack(t, want, got, 2, 20*960)
	_, bad := d.Damage()
	assert.EqualValues(t, 5, bad)
	hole := got[2*15*960 : 2*20*960]
	assert.Positive(t, rms(hole[:2*480]), "it is concealed, not cut off")
	assert.Less(t, rms(hole), 2*rms(want), "and no burst")
}

func TestALongHoleIsSilentAndTheSoundComesBackSoftly(t *testing.T) {
	packets, _, want := plain(t)
	m := begin(1, makeHead(2, 0, 0))
	m.sound(5, packets[:15]...)
	at := int(m.granule)
	m.granule += 5 * 48000
	m.sequence++
	m.sound(5, packets[15:]...)
	got, _ := mustDecode(t, m.out)
	require.Equal(t, len(want)+2*5*48000, len(got))
	assert.Less(t, decibels(rms(got[2*at:2*(at+4800)])), decibels(rms(want))+3)
	assert.Zero(t, rms(got[2*(at+4800):2*(at+5*48000)]))
	tail := got[2*(at+5*48000):]
	assert.Less(t, rms(tail[:2*24]), 0.1*rms(want), "the first half millisecond")
	requireComesBack(t, want[2*at:], tail, 2, 0)
	step := float32(0)
	for i := 2 * (at - 1000); i < 2*(at+5*48000+1000); i++ {
		step = max(step, got[i+2]-got[i], got[i]-got[i+2])
	}
	most := float32(0)
	for i := range len(want) - 2 {
		most = max(most, want[i+2]-want[i], want[i]-want[i+2])
	}
	assert.LessOrEqual(t, step, 1.5*most, "no click")
}

func TestGapsThatTheEncoderLeftAreKept(t *testing.T) {
	packets, _, want := plain(t)
	m := begin(1, makeHead(2, 0, 0))
	m.sound(5, packets[:10]...)
	m.granule += 48000
	m.sound(5, packets[10:]...)
	got, _ := mustDecode(t, m.out)
	assert.Equal(t, len(want)+2*48000, len(got))
	assert.Equal(t, int64(len(got)/2), probe(t, m.out).Frames)
}

func TestAJumpOfHoursIsNoHole(t *testing.T) {
	packets, _, want := plain(t)
	for name, jump := range map[string]int64{"forward": 3600 * 48000, "back": -4000, "a little": 60, "almost for ever": 1 << 62} {
		t.Run(name, func(t *testing.T) {
			m := begin(1, makeHead(2, 0, 0))
			m.sound(5, packets[:10]...)
			m.granule += jump
			m.sound(5, packets[10:]...)
			got, _ := mustDecode(t, m.out)
			requireSame(t, want, got, "sound")
		})
	}
}

func TestOfAFileCutShortAllWholePagesPlayAndTheRestIsDamage(t *testing.T) {
	packets, file, want := plain(t)
	starts := pagesOf(file)
	for n := starts[2]; n <= len(file); n++ {
		whole := 0 // pages of sound
		for whole+3 < len(starts) && starts[whole+3] <= n {
			whole++
		}
		played := min(5*whole, len(packets))
		info := probe(t, file[:n])
		require.EqualValues(t, 960*played, info.Frames, "%d of %d bytes", n, len(file))
		require.EqualValues(t, n-starts[whole+2], info.Damaged, "%d of %d bytes", n, len(file))
		require.Zero(t, info.Mended, "%d of %d bytes", n, len(file))
		if n%97 == 0 {
			got, d := mustDecode(t, file[:n])
			requireSame(t, want[:2*960*played], got, "%d of %d bytes", n, len(file))
			bytes, _ := d.Damage()
			require.Equal(t, info.Damaged, bytes)
		}
	}
}

// TestASizeThatReachesBehindTheFileIsNoNoise: with a wrong lacing value, or count
// of them, the last page seems to be cut short and all its packets lie elsewhere.
// Nothing of it may be played as it stands; with one wrong byte all of it can be.
func TestASizeThatReachesBehindTheFileIsNoNoise(t *testing.T) {
	for _, name := range []string{celtFile, silkFile, hybridFile} {
		file := sound(t, name)
		want, _ := mustDecode(t, file)
		starts := pagesOf(file)
		at := starts[len(starts)-2]
		n := int(file[at+lacingAt-1])
		before := placedPackets(t, file[:at])
		for i := at + lacingAt - 1; i < at+lacingAt+n; i++ {
			for bit := range 8 {
				b := bytes.Clone(file)
				if b[i] ^= 1 << bit; b[i] < file[i] {
					continue // shorter: the checksum of what is there tells
				}
				info := probe(t, b)
				require.EqualValues(t, 1, info.Mended, "%s: byte %d", name, i-at)
				require.Zero(t, info.Damaged)
				if bit == 7 {
					got, _ := mustDecode(t, b)
					requireSame(t, want, got, "%s: byte %d", name, i-at)
				}
				b[len(b)-1] ^= 1 // two wrong
				require.Equal(t, before, placedPackets(t, b), "%s: byte %d and another", name, i-at)
				require.EqualValues(t, len(file)-at, probe(t, b).Damaged)
			}
		}
	}
}

// placedPackets is the packets of a file in their order.
func placedPackets(t testing.TB, file []byte) (packets []string) {
	t.Helper()
	for _, p := range packetsOf(t, file) {
		packets = append(packets, string(p))
	}
	return packets
}

func TestOneWrongByteInAPageIsPutRight(t *testing.T) {
	packets, file, _ := plain(t)
	starts := pagesOf(file)
	mended, tried := 0, 0
	for n := starts[2]; n < len(file); n += 5 {
		tried++
		b := bytes.Clone(file)
		b[n] ^= byte(1 + n%255)
		info := probe(t, b)
		if info.Mended == 0 { // a byte that says where others lie
			require.EqualValues(t, 960*len(packets), info.Frames)
			continue
		}
		mended++
		require.Equal(t, packets, packetsOf(t, b), "byte %d", n)
	}
	assert.Greater(t, mended, tried*97/100)
}

func TestTwoWrongBytesInAPageAreNotMended(t *testing.T) {
	_, file, _ := plain(t)
	wrongly, tried := int64(0), 0
	for n := pagesOf(file)[3] + 40; n < len(file)-400; n += 3 {
		tried++
		b := bytes.Clone(file)
		b[n] ^= 0x55
		b[n+1+n%300] ^= 0x0f
		info := probe(t, b)
		if n+1+n%300 < len(file)-1 && samePage(file, n, n+1+n%300) {
			wrongly += info.Mended
		}
	}
	assert.LessOrEqual(t, wrongly, int64(tried/1000))
}

// samePage is true when two bytes are of one page.
func samePage(file []byte, a, b int) bool {
	for _, at := range pagesOf(file) {
		if at > a && at <= b {
			return false
		}
	}
	return true
}

func TestASlowSourceIsPlayedAsItComes(t *testing.T) {
	file := sound(t, hybridFile)
	want, _ := mustDecode(t, file)
	got, _, err := decodeAll(iotest.OneByteReader(bytes.NewReader(file)))
	assert.ErrorIs(t, err, io.EOF)
	requireSame(t, want, got, "sound")
	// What a page holds is heard before the next page is there.
	starts := pagesOf(file)
	d, err := NewDecoder(io.MultiReader(bytes.NewReader(file[:starts[3]]), iotest.ErrReader(errors.New("asked for more"))))
	require.NoError(t, err)
	buf := make([]float32, 960)
	n, err := d.Read(buf)
	require.NoError(t, err)
	assert.Equal(t, 960, n)
	assert.Equal(t, want[:960], buf)
}

func TestAFailingSourceIsToldBehindItsSound(t *testing.T) {
	file := sound(t, hybridFile)
	want, _ := mustDecode(t, file)
	worn := errors.New("flash worn out")
	got, _, err := decodeAll(io.MultiReader(bytes.NewReader(file[:1500]), iotest.ErrReader(worn)))
	assert.ErrorIs(t, err, worn)
	require.NotEmpty(t, got)
	requireSame(t, want[:len(got)], got, "sound")
	_, err = NewDecoder(iotest.ErrReader(worn))
	assert.ErrorIs(t, err, worn)
	_, _, err = decodeAll(io.MultiReader(bytes.NewReader(file[:1500]), stuck{}))
	assert.ErrorIs(t, err, io.ErrNoProgress)
}

// stuck is a reader that says nothing for ever.
type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

// TestFalsePagesCostNoMoreThanTheirBytes: something that says "OggS" all the time,
// behind good sound, is gone through at the pace of other rubbish.
func TestFalsePagesCostNoMoreThanTheirBytes(t *testing.T) {
	const size = 8 << 20
	b := append(sound(t, "silk-12k.opus"), bytes.Repeat([]byte("OggS\x00\xff"), size/6)...)
	p := newPager(bytes.NewReader(b))
	p.locked = true
	for {
		if _, err := p.next(); err != nil {
			break
		}
	}
	assert.LessOrEqual(t, p.summed, int64(summedAtOnce+summedPerByte*len(b)+2*pageMax))
	assert.Greater(t, p.damaged, int64(size/2))
}
