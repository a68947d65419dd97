package mp3

const (
	// reservoirBytes is how far main_data_begin, nine bits, can reach back:
	// 11172-3, 2.4.2.7.
	reservoirBytes = 511
	// maxFrame is the longest frame whose main data are kept: free format ends
	// there (freeLongest), and no bit rate of the tables comes near.
	maxFrame = 2900
)

// reservoir holds the main data that frames can reach back to, and those of the
// frame that was added last behind them: 11172-3, 2.4.3.1 and figure A.7.
type reservoir struct {
	buf [reservoirBytes + maxFrame]byte
	n   int
}

// add appends the main data of a frame and drops what no frame reaches any more.
func (r *reservoir) add(main []byte) {
	keep := min(r.n, reservoirBytes)
	copy(r.buf[:], r.buf[r.n-keep:r.n])
	r.n = keep + copy(r.buf[keep:], main)
}

// bytes is all that is held.
func (r *reservoir) bytes() []byte { return r.buf[:r.n] }

// drop forgets all: what comes next does not follow.
func (r *reservoir) drop() { r.n = 0 }
