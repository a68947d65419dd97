// Package riff plays WAV files of other programs: it turns their samples into
// sound and refuses by name what it cannot turn. It is a leaf: standard library
// only. What the product itself writes is in package wav.
//
// The container is RIFF of "Multimedia Programming Interface and Data
// Specifications 1.0" (IBM, Microsoft, 1991), or its 64-bit forms RF64 and BW64
// (EBU Tech 3306, ITU-R BS.2088):
//
//	"RIFF" size4 "WAVE"  chunks: id4 size4 body, padded to an even length
//	  "ds64"   RF64, BW64 only: the sizes that 32 bits cannot hold
//	  "fmt "   tag2 channels2 rate4 bytes/s4 block2 bits2 [more]
//	  others   passed over, in any order and of any kind
//	  "data"   the samples; what follows them is not read
//
// Where the sizes lie, the bytes win: a recorder that could not seek back (a
// pipe) leaves 0 or FFFFFFFF and the samples go to the end of the file, without
// the LIST and ID3 chunks that some put behind them; other chunks there are not
// told from sound. A file that was cut short plays as far as it goes. What a
// sample takes is said by its bits, not by the size of a frame.
//
// Played: PCM of 8 to 32 bits, IEEE floats of 32 and 64 bits, A-law and mu-law
// (ITU-T G.711), with or without WAVE_FORMAT_EXTENSIBLE; one or two channels,
// 8000 to 192000 Hz. A file may also wrap MP3 frames (tag 0x0055): Open tells,
// and File.Data hands them out.
package riff
