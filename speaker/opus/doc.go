// Package opus plays Ogg Opus files (RFC 7845): the container is read here, the
// codec (RFC 6716) is github.com/thesyncim/gopus, which this package alone
// imports.
//
//	bytes --> pager --> pages --> stream --> packets, holes --> gopus --> Decoder
//	          resync, checksum    one logical stream,           conceals   trim,
//	          (RFC 3533)          time by granule positions     holes      float32
//
// What is made of damage: a page with a wrong checksum is not played, except
// that one wrong byte is found by the checksum itself and put right. What is
// missing is concealed for exactly as long as it would have lasted, so a hole
// costs its own duration and everything after it stands at its time; how long it
// may last is bounded. Of a file cut short all whole pages are played, and what is
// behind them is damage.
//
// Played: mapping family 0, one or two channels, chains of several links,
// also where the head of a link but the first is lost (it is played like the one
// before), streams multiplexed with others (the first Opus stream counts), recordings
// that begin in mid-broadcast. The output gain of the header is applied; the
// R128 gains among the comments are not. Everything else is refused by name: see
// ErrUnsupported and ErrNotAudio.
package opus
