// Package alsa plays through a sound card of the Linux kernel, without
// libasound: it opens /dev/snd/pcmC<card>D<device>p itself, so there is no
// plug-in, no mixing and no resampling between the speaker and the card.
//
// One turn of Run is one period of about 10 ms:
//
//	poll until the card has room for a period
//	Stream.Fill -> integers of the card (S16 dithered, S32, S24) -> write
//	Stream.Left(frames written less the card's delay, now)
//
// The card holds at most 4 periods of 10 ms, because what it holds cannot be
// taken back when an emergency cuts in; a card that refuses that gets the
// smallest buffer it takes, and Status says so. A hole (under-run, or a
// suspended card) is counted and playing goes on. A card that is pulled out,
// or takes no sound for 2 s, ends Run with an error that wraps ErrLost;
// the next Run looks for the same card again, whatever its number is then.
//
// The kernel's side is include/uapi/sound/asound.h and
// Documentation/sound/designs.
package alsa
