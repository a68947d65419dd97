package opus

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
)

// muxer writes one logical stream, page by page, right or wrong.
type muxer struct {
	out      []byte
	serial   uint32
	sequence uint32
	began    bool
	granule  int64 // of the packets written
}

// seal puts the checksum into a page.
func seal(page []byte) []byte {
	copy(page[crcAt:], []byte{0, 0, 0, 0})
	binary.LittleEndian.PutUint32(page[crcAt:], crcUpdate(0, page))
	return page
}

// raw writes a page of any lacing.
func (m *muxer) raw(flags byte, granule int64, lacing, body []byte) {
	if !m.began {
		flags |= flagFirst
		m.began = true
	}
	le := binary.LittleEndian
	b := append([]byte(capture), flags)
	b = le.AppendUint64(b, uint64(granule))
	b = le.AppendUint32(b, m.serial)
	b = le.AppendUint32(b, m.sequence)
	b = append(b, 0, 0, 0, 0, byte(len(lacing)))
	b = append(append(b, lacing...), body...)
	m.out = append(m.out, seal(b)...)
	m.sequence++
}

// laced is the lacing of a packet that ends.
func laced(n int) []byte {
	return append(bytes.Repeat([]byte{255}, n/255), byte(n%255))
}

// page writes whole packets on a page that ends at that granule position.
func (m *muxer) page(flags byte, granule int64, packets ...[]byte) {
	var lacing, body []byte
	for _, p := range packets {
		lacing = append(lacing, laced(len(p))...)
		body = append(body, p...)
	}
	m.raw(flags, granule, lacing, body)
}

// packet writes one packet over as many pages as it needs, of at most that many
// lacing values each.
func (m *muxer) packet(granule int64, p []byte, most int) {
	lacing := laced(len(p))
	flags := byte(0)
	for {
		n := min(most, len(lacing))
		size := min(255*n, len(p))
		at := int64(-1)
		if n == len(lacing) {
			at = granule
		}
		m.raw(flags, at, lacing[:n], p[:size])
		lacing, p, flags = lacing[n:], p[size:], flagContinued
		if len(lacing) == 0 {
			return
		}
	}
}

// sound writes packets, perPage on each page, and goes on where the last ended.
func (m *muxer) sound(perPage int, packets ...[]byte) {
	for len(packets) > 0 {
		n := min(perPage, len(packets))
		for _, p := range packets[:n] {
			m.granule += int64(duration(p))
		}
		m.page(0, m.granule, packets[:n]...)
		packets = packets[n:]
	}
}

// makeHead is an OpusHead packet.
func makeHead(channels, preSkip, gain int) []byte {
	le := binary.LittleEndian
	b := append([]byte(headMagic), 1, byte(channels))
	b = le.AppendUint16(b, uint16(preSkip))
	b = le.AppendUint32(b, 48000)
	b = le.AppendUint16(b, uint16(gain))
	return append(b, 0)
}

// makeTags is an OpusTags packet with a comment of that many bytes.
func makeTags(size int) []byte {
	le := binary.LittleEndian
	b := append([]byte(tagsMagic), 4, 0, 0, 0)
	b = le.AppendUint32(append(b, "test"...), 1)
	b = le.AppendUint32(b, uint32(size))
	return append(b, bytes.Repeat([]byte{'x'}, size)...)
}

// begin is a muxer that has written both headers.
func begin(serial uint32, h []byte) *muxer {
	m := &muxer{serial: serial}
	m.page(0, 0, h)
	m.page(0, 0, makeTags(10))
	return m
}

// packetsOf takes a file apart.
func packetsOf(t testing.TB, file []byte) (packets [][]byte) {
	t.Helper()
	s := newStream(newPager(bytes.NewReader(file)))
	for {
		u, err := s.next()
		if err != nil {
			require.NotEmpty(t, packets)
			return packets
		}
		if u.packet != nil {
			packets = append(packets, bytes.Clone(u.packet))
		}
	}
}

// pagesOf is where the pages of a file begin, and its length.
func pagesOf(file []byte) (starts []int) {
	for at := 0; ; {
		n := bytes.Index(file[at:], []byte(capture))
		if n < 0 {
			return append(starts, len(file))
		}
		starts = append(starts, at+n)
		at += n + 1
	}
}

// laces writes packets with n lacing values on each page, wherever that cuts.
func (m *muxer) laces(n int, packets ...[]byte) {
	var lacing, body []byte
	var ends []int64 // granule position behind each lacing value; -1: no packet ends
	for _, p := range packets {
		lacing, body = append(lacing, laced(len(p))...), append(body, p...)
		for len(ends) < len(lacing)-1 {
			ends = append(ends, -1)
		}
		m.granule += int64(duration(p))
		ends = append(ends, m.granule)
	}
	flags := byte(0)
	for len(lacing) > 0 {
		k := min(n, len(lacing))
		size, granule := 0, int64(-1)
		for i := range k {
			size += int(lacing[i])
			granule = max(granule, ends[i])
		}
		m.raw(flags, granule, lacing[:k], body[:size])
		flags = 0
		if ends[k-1] < 0 {
			flags = flagContinued
		}
		lacing, body, ends = lacing[k:], body[size:], ends[k:]
	}
}
