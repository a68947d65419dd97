//go:build race

package loudness

// racing is true under the race detector, where sound takes ten times as long to
// make and to measure: there a part of the cases must do, and figures that no
// race can change are left to the other run.
const racing = true
