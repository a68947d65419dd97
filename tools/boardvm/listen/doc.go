// Package listen compares sound that was heard with sound that should have
// been heard, as an ear at the horn would: is all of it there, from the first
// moment to the last, in one piece and undistorted? Level, delay and sample
// rate may differ, and a ramp of a few milliseconds at the edges is no fault.
//
// Signals are mono []float64 of full scale +-1.
package listen
