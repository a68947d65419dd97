// Package scheduler decides what a cluster plays, and when. It is a pure state
// machine: documents and events go in with the time at which they happened,
// actions and the moment of the next step come out. It starts nothing, waits
// for nothing and never asks for the time, so a day runs in a test in
// milliseconds and the same day always runs the same way.
//
//	Apply(now, document) --.                     .--> []Action  Start, Stop, Gain, Done, Persist
//	Step(now, event) ------+--> Scheduler.Next --+
//	                       |                     '--> time of the next Step at the latest
//	Memory (from disk) ----'
//
// The words: an item of a plan has occurrences (RFC 5545); an occurrence that
// is taken up becomes a play; a play is one or more passes through the item's
// media, with gaps between them.
package scheduler
