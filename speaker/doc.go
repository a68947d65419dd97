// Package speaker makes the sound of one cluster: it decodes, resamples,
// levels and hands frames to an output that pulls them.
//
// The output owns the pace. It calls Stream.Fill for each period of the card
// and says with Stream.Left how far the card has come, so the speaker knows to
// the frame what has left the horn. What cannot be filled in time is silence,
// and is counted.
//
//	store --bytes--> decoder --> resampler --> ring (about 2 s) --> gain, limiter --> Fill --> output
//	       `------------- one goroutine for each track ----------'   `-- the output's goroutine --'
package speaker
