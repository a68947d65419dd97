package opus

const (
	// Rate is the sampling rate of all that is decoded, and what granule
	// positions count in (RFC 7845 section 4).
	Rate = 48000
	// packetFrames is the longest packet, 120 ms (RFC 6716 section 3.2.5).
	packetFrames = 5760
	// packetBytes is the largest: RFC 7845 section 6 has larger ones taken for
	// malformed.
	packetBytes = 61440
	// quantum is the shortest Opus frame, 2.5 ms: what concealment goes by.
	quantum = 120
	// maxOpusFrames is how many there may be in one packet.
	maxOpusFrames = 48
)

// frameLength is the duration of one Opus frame of a packet by its first byte,
// RFC 6716 table 2.
func frameLength(toc byte) int {
	config := toc >> 3
	switch {
	case config < 12: // SILK: 10, 20, 40, 60 ms
		return [...]int{480, 960, 1920, 2880}[config&3]
	case config < 16: // hybrid: 10, 20 ms
		return [...]int{480, 960}[config&1]
	}
	return 120 << (config & 3) // CELT: 2.5, 5, 10, 20 ms
}

// duration is how many frames of sound a packet stands for, 0 when it is
// malformed as far as that can be seen from outside (RFC 6716 section 3.4).
func duration(packet []byte) int {
	if len(packet) == 0 || len(packet) > packetBytes {
		return 0
	}
	n := 1
	switch packet[0] & 3 {
	case 1, 2:
		n = 2
	case 3:
		if len(packet) < 2 {
			return 0
		}
		n = int(packet[1] & 63)
	}
	d := n * frameLength(packet[0])
	if n > maxOpusFrames || d > packetFrames {
		return 0
	}
	return d
}

// The modes of the codec.
const (
	silk = iota
	hybrid
	celt
)

// mode is what a packet is coded with, by its first byte.
func mode(toc byte) int {
	switch config := toc >> 3; {
	case config < 12:
		return silk
	case config < 16:
		return hybrid
	}
	return celt
}
