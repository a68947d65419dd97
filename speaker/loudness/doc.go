// Package loudness measures how loud sound is, and how high its peaks reach:
// ITU-R BS.1770-4 and EBU R 128, with the time scales of EBU Tech 3341 and the
// loudness range of EBU Tech 3342. It knows nothing of files or outputs.
//
//	samples --> K-weighting --> energy of 10 ms --> last 400 ms: momentary --> each 100 ms: gates --> integrated
//	   |                                        `-> last   3 s:  short-term --> each 100 ms: gates --> range
//	   `------> 8 times oversampled, where it can matter --------------------------------------------> true peak
//
// Units: LUFS (loudness units, full scale), LU (differences of them), dBTP (true
// peak) and dBFS (sample peak), both against full scale +-1. A sine of 997 Hz
// and full scale in one channel is -3.01 LUFS.
//
// # One channel or two
//
// By the recommendation the energies of the channels are added, so a mono file
// measures 3 LU less than the same sound in two channels. A horn plays the mono
// file from every channel of the card all the same: Meter.Gain, which is what
// levels are set by, counts one channel as two (EBU R 128 s1 and players call it
// dual mono). What Meter.Integrated shows is the plain measure unless
// Meter.DualMono was called; ffmpeg's ebur128 filter does the same.
//
// # Setting gain_db
//
// A source measures each bulletin once and sends Meter.Gain(Target) as gain_db:
//
//	m, _ := loudness.NewMeter(rate, channels)
//	for ... { m.Write(sound) }
//	item.GainDB = m.Gain(loudness.Target)
//
// The device adds it to its own calibrated level, and its limiter holds what
// peaks are left at -1 dBTP.
//
// # Cost
//
// A meter takes the same memory (about 150 KB) for a second as for a day: gated
// blocks are kept as counts and sums in bins of 0.02 LU, so only whether a block
// lies above a gate is rounded, not what it adds. Write allocates nothing.
package loudness
