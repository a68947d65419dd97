// Package mp3 turns MPEG-1 Layer III bitstreams into sound and refuses
// everything else by name.
//
// Three parts, from the bytes up:
//
//	bytes --> walker --> whole frames --> feeder --> PCM --> Decoder
//	          tags, garbage, resync       one frame        gapless trim,
//	          and other formats end here  at a time        float32
//
// The walker knows headers, lengths and tags only (ISO/IEC 11172-3 clauses
// 2.4.1.3 and 2.4.2.3, ISO/IEC 13818-3 for the lower rates) and needs no more
// memory than three frames. Probe is the walker alone: it is what durations
// come from, and it decodes nothing.
//
// The feeder hands one checked frame after the other to the third-party decoder
// github.com/hajimehoshi/go-mp3, which this package alone imports. That decoder
// is exact for MPEG-1 as long as it is never given anything doubtful, so the
// feeder checks the side information and the bit reservoir first and puts
// silence of the same length in the place of a frame that cannot be decoded.
//
// What is refused: MPEG-2 and MPEG-2.5 (16, 22.05, 24 kHz and below), Layers I
// and II, free format, and whatever is no MPEG audio at all. See ErrUnsupported
// and ErrNotAudio.
package mp3
