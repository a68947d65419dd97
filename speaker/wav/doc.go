// Package wav writes and reads 16-bit WAV files, and is the speaker's output
// into one.
//
// The layout, always 80 bytes of header so that a growing file never moves:
//
//	 0  "RIFF" size4 "WAVE"           "RF64" FFFFFFFF "WAVE" once it is large
//	12  "JUNK" 28  28 zero bytes      "ds64" 28  riff8 data8 frames8 table4=0
//	48  "fmt " 16  tag2=1 channels2 rate4 bytes/s4 block2 bits2=16
//	72  "data" size4                  size4 = FFFFFFFF
//	80  samples, S16_LE, interleaved
//
// RIFF and WAVE are of "Multimedia Programming Interface and Data
// Specifications 1.0" (IBM, Microsoft, 1991); RF64, ds64 and the JUNK chunk
// held for it are of EBU Tech 3306. The change to RF64 comes at 2 GiB, not at
// 4: much software reads the sizes as signed.
//
// Whoever opens a file while it is written sees a valid one: samples are
// written first, then the header that counts them, in one write.
package wav
