// Package sample turns the speaker's float32 samples into the integers that
// cards and files take, and back.
//
// Every converter writes little-endian bytes, the layout of the kernel's
// S16_LE, S24_3LE, S24_LE and S32_LE (include/uapi/sound/asound.h,
// SNDRV_PCM_FORMAT_*) and of a WAV file alike, whatever the processor's own
// byte order is. Full scale +-1 is +-2^(bits-1): -1 is the most negative
// integer, +1 is clipped to the most positive one. What lies outside is
// clipped, a NaN is silence. Channels do not matter here: a slice is a row of
// samples.
//
// None of the converters allocates, locks or fails. len(dst) must be at least
// len(src) times the bytes per sample of the format.
package sample
