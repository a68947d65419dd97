package mp3

// lines is the number of frequency lines of a granule and channel, and of the
// PCM samples they become: 11172-3, 2.4.2.1.
const lines = 576

const (
	longBands  = 22     // scalefactor bands of long blocks, the last without a scalefactor
	shortBands = 13     // of short blocks, for each of the three windows
	maxBands   = 3 * 13 // bands of one granule and channel in the order of the bitstream
	blockShort = 2      // block_type of three short windows: 11172-3, 2.4.2.7
	blockStart = 1
	blockStop  = 3
)

// bandWidths holds the scalefactor bands of one sampling rate, in lines. Short
// ones hold for each of the three windows.
type bandWidths struct {
	long  [longBands]uint8
	short [shortBands]uint8
}

// Rows of bandTables.
const (
	bands44100 = iota
	bands48000
	bands32000
	bands22050
	bands24000
	bands16000
	bands8000
)

// bandTables: 11172-3, table B.8, for MPEG-1; 13818-3, table B.2, for MPEG-2.
// MPEG-2.5 is no standard: its encoders use the bands of 16 kHz at 11.025 and 12
// kHz, and at 8 kHz some of their own.
var bandTables = [...]bandWidths{
	bands44100: {
		[...]uint8{4, 4, 4, 4, 4, 4, 6, 6, 8, 8, 10, 12, 16, 20, 24, 28, 34, 42, 50, 54, 76, 158},
		[...]uint8{4, 4, 4, 4, 6, 8, 10, 12, 14, 18, 22, 30, 56},
	},
	bands48000: {
		[...]uint8{4, 4, 4, 4, 4, 4, 6, 6, 6, 8, 10, 12, 16, 18, 22, 28, 34, 40, 46, 54, 54, 192},
		[...]uint8{4, 4, 4, 4, 6, 6, 10, 12, 14, 16, 20, 26, 66},
	},
	bands32000: {
		[...]uint8{4, 4, 4, 4, 4, 4, 6, 6, 8, 10, 12, 16, 20, 24, 30, 38, 46, 56, 68, 84, 102, 26},
		[...]uint8{4, 4, 4, 4, 6, 8, 12, 16, 20, 26, 34, 42, 12},
	},
	bands22050: {
		[...]uint8{6, 6, 6, 6, 6, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 38, 46, 52, 60, 68, 58, 54},
		[...]uint8{4, 4, 4, 6, 6, 8, 10, 14, 18, 26, 32, 42, 18},
	},
	bands24000: {
		[...]uint8{6, 6, 6, 6, 6, 6, 8, 10, 12, 14, 16, 18, 22, 26, 32, 38, 46, 54, 62, 70, 76, 36},
		[...]uint8{4, 4, 4, 6, 8, 10, 12, 14, 18, 24, 32, 44, 12},
	},
	bands16000: {
		[...]uint8{6, 6, 6, 6, 6, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 38, 46, 52, 60, 68, 58, 54},
		[...]uint8{4, 4, 4, 6, 8, 10, 12, 14, 18, 24, 30, 40, 18},
	},
	bands8000: {
		[...]uint8{12, 12, 12, 12, 12, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 76, 90, 2, 2, 2, 2, 2},
		[...]uint8{8, 8, 8, 12, 16, 20, 24, 28, 36, 2, 2, 2, 26},
	},
}

// bandsOf is the row for a sampling rate.
func bandsOf(rate int) *bandWidths {
	switch rate {
	case 44100:
		return &bandTables[bands44100]
	case 48000:
		return &bandTables[bands48000]
	case 32000:
		return &bandTables[bands32000]
	case 22050:
		return &bandTables[bands22050]
	case 24000:
		return &bandTables[bands24000]
	case 8000:
		return &bandTables[bands8000]
	}
	return &bandTables[bands16000]
}

// layout is how the bands of one granule and channel follow each other in the
// bitstream: first long ones, then short ones from firstShort on, of each the
// three windows.
type layout struct {
	widths     *bandWidths
	nLong      int
	firstShort int
}

// newLayout: long blocks have 22 bands, short blocks 39. Mixed blocks have the
// long bands of the lines below the third short band: 36 lines, but 72 at 8 kHz.
func newLayout(w *bandWidths, h header, g *granuleInfo) layout {
	switch {
	case g.blockType != blockShort:
		return layout{w, longBands, shortBands}
	case !g.mixed:
		return layout{w, 0, 0}
	case h.version == version1:
		return layout{w, 8, 3}
	}
	return layout{w, 6, 3}
}

// count is how many bands there are.
func (l layout) count() int { return l.nLong + 3*(shortBands-l.firstShort) }

// width of band b, in lines.
func (l layout) width(b int) int {
	if b < l.nLong {
		return int(l.widths.long[b])
	}
	return int(l.widths.short[l.firstShort+(b-l.nLong)/3])
}

// window of band b: 0 to 2 of a short band, 0 for a long one.
func (l layout) window(b int) int {
	if b < l.nLong {
		return 0
	}
	return (b - l.nLong) % 3
}

// longLines is how many lines belong to long bands: all, some or none.
func (l layout) longLines() int {
	n := 0
	for _, w := range l.widths.long[:l.nLong] {
		n += int(w)
	}
	return n
}
