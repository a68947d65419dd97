//go:build race

package mp3_test

// racing is true under the race detector, where decoding takes ten times as
// long and a part of the cases must do.
const racing = true
