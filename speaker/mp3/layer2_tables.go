package mp3

import "math"

// quantisers are those of the subbands below end that a band before has not: bits
// choose one by its number of levels, and none, 0, leaves the subband out.
type quantisers struct {
	end    int
	bits   uint
	levels []uint16
}

// The columns of 11172-3, tables B.2a to B.2d, and 13818-3, table B.1.
var (
	levelsLow    = []uint16{0, 3, 7, 15, 31, 63, 127, 255, 511, 1023, 2047, 4095, 8191, 16383, 32767, 65535}
	levelsMiddle = []uint16{0, 3, 5, 7, 9, 15, 31, 63, 127, 255, 511, 1023, 2047, 4095, 8191, 65535}
	levelsUpper  = []uint16{0, 3, 5, 7, 9, 15, 31, 65535}
	levelsTop    = []uint16{0, 3, 5, 65535}

	levelsFew      = []uint16{0, 3, 5, 9, 15, 31, 63, 127, 255, 511, 1023, 2047, 4095, 8191, 16383, 32767}
	levelsFewUpper = levelsFew[:8]

	levelsHalf    = []uint16{0, 3, 5, 7, 9, 15, 31, 63, 127, 255, 511, 1023, 2047, 4095, 8191, 16383}
	levelsHalfTop = levelsFew[:4]
)

var (
	tableB2a = []quantisers{{3, 4, levelsLow}, {11, 4, levelsMiddle}, {23, 3, levelsUpper}, {27, 2, levelsTop}}
	tableB2b = []quantisers{{3, 4, levelsLow}, {11, 4, levelsMiddle}, {23, 3, levelsUpper}, {30, 2, levelsTop}}
	tableB2c = []quantisers{{2, 4, levelsFew}, {8, 3, levelsFewUpper}}
	tableB2d = []quantisers{{2, 4, levelsFew}, {12, 3, levelsFewUpper}}
	tableB1  = []quantisers{{4, 4, levelsHalf}, {11, 3, levelsFewUpper}, {30, 2, levelsHalfTop}} // 13818-3
)

// quantisersOf chooses the table by sampling rate and bit rate of one channel:
// 11172-3, 2.4.3.3.1; 13818-3, 2.4.3.3.1. Free format counts as a high rate.
func quantisersOf(h header) []quantisers {
	perChannel := h.bitRate / h.channels()
	free := h.bitRate == 0
	switch {
	case h.version != version1:
		return tableB1
	case !free && perChannel < 56_000 && h.rate == 32000:
		return tableB2d
	case !free && perChannel < 56_000:
		return tableB2c
	case h.rate == 48000 || !free && perChannel < 96_000:
		return tableB2a
	}
	return tableB2b
}

// scaleFactor: 11172-3, table B.1. The index 63 stands for no factor.
var scaleFactor = func() (t [63]float32) {
	for i := range t {
		t[i] = float32(math.Exp2(1 - float64(i)/3))
	}
	return t
}()
