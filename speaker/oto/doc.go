// Package oto is the output of a workstation: it plays through whatever the
// desktop calls its default sound, by github.com/hajimehoshi/oto/v2. It needs
// cgo and libasound, so it is built with the tag "oto" only; without it New
// says so. No board uses it.
//
// What oto v2 does not offer, and what follows:
//
//   - It cannot choose a card: it takes "default", then any that opens.
//   - A process has one context for good. Its format cannot change, and its
//     goroutines and its device stay until the process ends. A second Output
//     cannot run.
//   - An error of the device stays for ever: Run returns it again and again,
//     and the process must be restarted.
//   - It does not tell an under-run, so Xrun is never called.
//   - It does not tell the delay of the device. Player.UnplayedBufferSize says
//     what is still in oto's own buffer; the device's buffer is taken as full,
//     so Left may say less than what has left, by up to 40 ms, never more.
package oto
