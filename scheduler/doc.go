// Package scheduler decides what a cluster plays, and when. It is a pure state
// machine: documents and events go in with the time at which they happened,
// actions and the moment of the next step come out. It starts nothing, waits
// for nothing and never asks for the time, so a day runs in a test in
// milliseconds and the same day always runs the same way.
//
//	ApplyPlan, ApplyAir ---.                     .--> []Action  Start, Stop, Gain, Done, Persist
//	Step(now, event) ------+--> Scheduler.Next --+
//	                       |                     '--> time of the next Step at the latest
//	Memory (from disk) ----'
//
// The words: an item of a plan has occurrences (RFC 5545); an occurrence that
// is taken up becomes a play; a play is one or more passes through the item's
// media, with gaps between them.
//
// A play waits (from its moment, for as long as late says), is given out (its
// Start, up to Lead early), sounds (Began), and is over (Ended); between two
// passes it rests and keeps the air. What a higher class cuts waits again:
//
//	   .----------------------- cut, revoked, card lost ----------------------.
//	   v                                                                      |
//	waiting --- Start ---> given --- Began ---> sounding --- Ended ---> done or resting
//	   |                                                                      |
//	   '--- too late, refused, silenced ---> done           next pass <-------'
//
// Each turn goes over the same ground in the same order (Scheduler.decide):
// take up what is due, close what is too late, stop what may not go on, give
// the air to the best that wants it, follow the volume. The choices that the
// protocol leaves open are in docs/decisions, 0010 to 0019.
package scheduler
