package mp3

// crcPolynomial is x^16 + x^15 + x^2 + 1: 11172-3, 2.4.3.1.
const crcPolynomial = 0x8005

// frameCRC is the checksum of a frame: over the second half of the header and
// what follows the checksum, the side information of Layer III, of Layer II the
// first bits of allocation and scale factor selection (11172-3, 2.4.1.4 and
// 2.4.3.1).
func frameCRC(h header, frame []byte, bits int) uint16 {
	crc := uint16(0xffff)
	crc = crcOf(crc, frame[2:headerBytes])
	protected := frame[headerBytes+2:]
	crc = crcOf(crc, protected[:bits/8])
	if bits%8 != 0 {
		crc = crcOfBits(crc, protected[bits/8], bits%8)
	}
	return crc
}

func crcOf(crc uint16, b []byte) uint16 {
	for _, v := range b {
		crc = crcOfBits(crc, v, 8)
	}
	return crc
}

// crcOfBits takes the highest n bits of v.
func crcOfBits(crc uint16, v byte, n int) uint16 {
	crc ^= uint16(v>>(8-n)) << (16 - n)
	for range n {
		carry := crc >> 15
		crc = crc<<1 ^ carry*crcPolynomial
	}
	return crc
}

// crcJudge learns whether the checksums of a stream mean anything. Some
// encoders write wrong ones, in each frame, and players that do not look play
// them.
type crcJudge struct {
	score int
}

const (
	crcTrusted = 16 // score from which on a wrong checksum condemns a frame
	crcMost    = 32
)

// wrong is true when the checksum says that the frame is damaged and checksums
// of this stream have been right before: one right one makes up for half a wrong
// one. bits are what it protects behind the header.
func (j *crcJudge) wrong(h header, frame []byte, bits int) bool {
	if !h.crc {
		return false
	}
	if frameCRC(h, frame, bits) == uint16(frame[headerBytes])<<8|uint16(frame[headerBytes+1]) {
		j.score = min(j.score+1, crcMost)
		return false
	}
	trusted := j.score >= crcTrusted
	j.score = max(j.score-2, 0)
	return trusted
}
