// Package sniff names what a file holds by its first bytes; the name of a file
// is never asked.
//
// It is the one table of signatures of the device: by it the speaker chooses a
// decoder, and by it a file that is no sound is named to whoever sent it. It
// names only; what can be played is for others to know, and the words for it are
// where the language is. MPEG audio is not in it: that has no signature, and only
// reading frames settles it.
package sniff
