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
	// frameBytes is the largest Opus frame.
	frameBytes = 1275
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
// malformed: it breaks one of the rules [R1] to [R7] of RFC 6716 section 3.4.
func duration(packet []byte) int {
	if len(packet) == 0 || len(packet) > packetBytes {
		return 0
	}
	n, ok := 1, false
	switch body := packet[1:]; packet[0] & 3 {
	case 0:
		ok = len(body) <= frameBytes
	case 1:
		n, ok = 2, len(body)%2 == 0 && len(body) <= 2*frameBytes
	case 2:
		first, used := frameSize(body)
		rest := len(body) - used - first
		n, ok = 2, used > 0 && rest >= 0 && rest <= frameBytes
	case 3:
		n, ok = severalFrames(body)
	}
	if d := n * frameLength(packet[0]); ok && d <= packetFrames {
		return d
	}
	return 0
}

// severalFrames counts the Opus frames of a packet of code 3, whose first byte
// is not in b.
func severalFrames(b []byte) (n int, ok bool) {
	if len(b) == 0 {
		return 0, false
	}
	const vbr, padded = 0x80, 0x40
	flags := b[0]
	n, b = int(flags&63), b[1:]
	if n == 0 || n > maxOpusFrames {
		return 0, false
	}
	for more := flags&padded != 0; more; {
		if len(b) == 0 {
			return 0, false
		}
		padding := int(b[0])
		more = padding == 255 // 254 bytes, and one more length
		if more {
			padding = 254
		}
		if len(b) < 1+padding {
			return 0, false
		}
		b = b[1 : len(b)-padding]
	}
	if flags&vbr == 0 {
		return n, len(b)%n == 0 && len(b)/n <= frameBytes
	}
	sum := 0
	for range n - 1 {
		size, used := frameSize(b)
		if used == 0 {
			return 0, false
		}
		b, sum = b[used:], sum+size
	}
	return n, sum <= len(b) && len(b)-sum <= frameBytes
}

// frameSize reads the length of an Opus frame, RFC 6716 section 3.2.1, in used
// bytes; 0 when they are not there.
func frameSize(b []byte) (size, used int) {
	switch {
	case len(b) > 0 && b[0] < 252:
		return int(b[0]), 1
	case len(b) > 1:
		return int(b[0]) + 4*int(b[1]), 2
	}
	return 0, 0
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
