package speaker

// mapChannels writes len(dst)/to frames of interleaved sound with to channels,
// made from src with from channels:
//
//	mono to N       every channel gets it
//	stereo to mono  (L+R)/2, which cannot clip; a sound on one side only loses 6 dB
//	stereo to N     left and right alternate, so each pair of horns has both
//	M to N          output channel k is the mean of the inputs k, k+N, ... or,
//	                when there are fewer inputs than that, input k modulo M
func mapChannels(dst []float32, to int, src []float32, from int) {
	switch {
	case to == from:
		copy(dst, src)
	case from == 1:
		for i := range dst {
			dst[i] = src[i/to]
		}
	case to < from:
		foldChannels(dst, to, src, from)
	default:
		for i, f := 0, 0; i < len(dst); i, f = i+to, f+from {
			for ch := range to {
				dst[i+ch] = src[f+ch%from]
			}
		}
	}
}

// foldChannels is mapChannels to fewer channels.
func foldChannels(dst []float32, to int, src []float32, from int) {
	for i, f := 0, 0; i < len(dst); i, f = i+to, f+from {
		for ch := range to {
			sum, n := float32(0), float32(0)
			for k := ch; k < from; k += to {
				sum += src[f+k]
				n++
			}
			dst[i+ch] = sum / n
		}
	}
}
