package mp3

// crcPolynomial is x^16 + x^15 + x^2 + 1: 11172-3, 2.4.3.1.
const crcPolynomial = 0x8005

// frameCRC is the checksum of a Layer III frame: over the second half of the
// header and the side information (11172-3, 2.4.1.4 and 2.4.3.1).
func frameCRC(h header, frame []byte) uint16 {
	crc := uint16(0xffff)
	crc = crcOf(crc, frame[2:headerBytes])
	return crcOf(crc, frame[headerBytes+2:h.mainStart()])
}

func crcOf(crc uint16, b []byte) uint16 {
	for _, v := range b {
		crc ^= uint16(v) << 8
		for range 8 {
			carry := crc >> 15
			crc = crc<<1 ^ carry*crcPolynomial
		}
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
// one.
func (j *crcJudge) wrong(h header, frame []byte) bool {
	if !h.crc {
		return false
	}
	if frameCRC(h, frame) == uint16(frame[headerBytes])<<8|uint16(frame[headerBytes+1]) {
		j.score = min(j.score+1, crcMost)
		return false
	}
	trusted := j.score >= crcTrusted
	j.score = max(j.score-2, 0)
	return trusted
}
