// Package speaker makes the sound of one cluster: it decodes, resamples,
// levels and hands frames to an output that pulls them.
//
// The output owns the pace. It calls Stream.Fill for each period of the card
// and says with Stream.Left how far the card has come, so the speaker knows to
// the frame what has left the horn. What cannot be filled in time is silence,
// and is counted.
//
//	Source --bytes--> decoder --> resampler --> channels --> ring (about 2 s) --> gain, ramps --> mix --> limiter --> Fill --> output
//	       `-------------- one goroutine for each track --------------------'    `---------- the output's goroutine ----------'
//
// A source is MP3, Opus in Ogg or WAV, told apart by content (NewDecoder), or a
// built-in tone. Sources of different rates follow each other without a gap, and
// so do the parts of one that were glued together (ErrChanged).
//
// # Who calls what
//
// Three kinds of goroutine meet here, and none waits for another:
//
//   - The control goroutine calls Load, Start, Stop and SetGain. Its orders go
//     through a queue of fixed size that Fill empties.
//   - The output's goroutine calls Open, Fill, Left and Xrun. Fill takes no
//     lock, makes no system call and allocates nothing.
//   - Each track decodes in a goroutine of its own, woken by a timer while the
//     track plays and asleep while it waits for its turn.
//
// Anyone may ask Track.Progress and Speaker.Stats. With Config.Synchronous there
// is no goroutine at all: the caller pulls, and calls Pump before it does.
//
// # The life of a track
//
// Load decodes ahead: Loading becomes Ready. Start says at which frame the sound
// begins: Playing, once that frame has left the device, then Ended once the last
// one has. A track whose sources are slow begins late, or goes silent in the
// middle with a ramp and comes back with one; no sound is dropped for it, so the
// rest is later by Progress.Underruns. A source that cannot be played is noted
// in Progress.Failures and the next one follows.
//
// When the output is lost, everything that was started ends: the control
// goroutine decides what to do with the time that is gone. Run opens the output
// again, and the media clock goes on from the last frame that was handed out.
//
// # Levels
//
// All sound is float32, full scale +-1. A track has one gain; changes of it take
// 50 ms. Its first and last 8 ms (Config.Ramp) are faded, the sources inside it
// join without a gap. Where nothing plays, frames are exactly zero. The limiter
// holds true peaks, those between samples too, at -1 dBTP at the card's rate and
// leaves every bit of quieter sound alone; it looks 3 ms ahead, for which tracks
// are rendered 3 ms early, so the frame given to Start is the frame at the
// device. Orders therefore act 3 ms after the frame that is being filled, at the
// earliest.
package speaker
