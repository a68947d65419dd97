// Package mp3 turns MPEG-1, 2 and 2.5 bitstreams of Layers III and II into sound and
// refuses everything else by name.
//
// Three parts, from the bytes up:
//
//	bytes --> walker --> whole frames --> frameDecoder --> PCM --> Decoder
//	          tags, garbage, resync       one frame            gapless trim,
//	          and other formats end here  at a time            channels
//
// The walker knows headers, lengths and tags only (ISO/IEC 11172-3 clauses
// 2.4.1.3 and 2.4.2.3, ISO/IEC 13818-3 for the lower rates) and needs no more
// memory than three frames. Probe is the walker, and what can be told of a frame
// without decoding it: it is what durations come from.
//
// The frameDecoder goes the way of the standard, a file for each stage:
//
//	side.go         side information: what the granules are made of
//	reservoir.go    main data, which begin in earlier frames
//	scalefactor.go  \
//	huffman.go       > one granule and channel: 576 spectral lines
//	requantize.go   /
//	stereo.go       middle/side and intensity
//	hybrid.go       alias reduction, IMDCT and overlap: 32 subbands
//	synthesis.go    polyphase filter bank: PCM
//
// Layer II (layer2.go), in which broadcasters keep their archives, has subband
// samples at once; they go through the same filter bank.
//
// A granule that cannot be decoded is concealed (conceal.go): the last good one is
// repeated, more softly each time, and is gone after some 80 ms. Arithmetic is
// float32 throughout; against exact decoding the error is about 2^-24 of full
// scale.
//
// What is refused: Layer I, and whatever is no MPEG audio at all. See
// ErrUnsupported and ErrNotAudio.
package mp3
