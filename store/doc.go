// Package store is the memory of a device: what must still be there after the
// power was cut, on flash that wears, with 512 MB of memory and perhaps 32-bit
// addresses. A directory holds two bbolt files and a copy:
//
//	state.db            identity, documents, named values, outbox
//	state.db.good       the last copy of it that was whole
//	state.db.damaged-N  what was set aside, the last 2
//	audio.db            sound by SHA-256
//	audio.db.damaged-N  what was set aside, the last one
//	*.tmp               half made; removed at opening
//
// # What holds
//
// A write that returned nil is on the disk. After a power cut each transaction
// is there whole or not at all. What the disk gives back wrongly is found, by
// checksums over every value and every chunk of sound, and never passed on.
// Damage stops nothing: state.db falls back to its last good copy, audio.db is
// made anew, and Store.Recovered says so. A disk that takes no writes is read,
// a disk that is full is read and written where there is room.
//
// # state.db
//
//	bucket    key                                   value
//	meta      "format"                              u32: 1
//	          "identity"                            Ed25519 seed, 32 bytes
//	          "chain"                               JSON: the logs and where they stand
//	          "sum"                                 transaction u64, sum over all values u64
//	document  kind 0 pairing 0 kid 0 audience       seq u64, payload
//	seq       the same                              seq u64, SHA-256 of the payload
//	value     name                                  as given
//	outbox    log u32, n u64                        the event's JSON
//
// Every value is preceded by the CRC-32C of key and value. Numbers in keys and
// values are big-endian.
//
// # audio.db
//
//	bucket    key                                   value
//	meta      "format"                              u32: 1
//	sound     id u32, chunk u32                     a bucket of one leaf, its sequence the
//	                                                bytes of sound in it
//	          id u32, 0xFFFFFFFF                    SHA-256, size u64, stored u64, use u64,
//	                                                flags u8 (1: verified), state of the digest
//
//	chunk leaf: page header 16 | element 16 | key 8 | CRC-32C 4 | sound | zeros to the page's end
//
// A chunk has 65492 bytes of sound in 16 pages of 4 KiB, the last one of a
// sound as many pages as it needs. The leaf of a chunk is never written again,
// so a sound is written once (1.03 bytes for each byte in batches of 16
// chunks), and what one sound leaves the next one fits into. Readers read
// chunks with pread(2), not through the mapping and with no transaction: a page
// that the disk lost is an error and not a signal, and no reader keeps pages
// from being freed.
//
// # Memory
//
// bbolt maps a whole file, its length rounded up to a power of two. audio.db is
// at most AudioBudget + AudioMargin long and mapped once, at opening, so that
// address space in pieces cannot fail it later: 512 MiB + 20 MiB make a mapping
// of 1 GiB, and MaxAudioBudget on 32 bits, 960 MiB + 34 MiB, as well. A
// mapping takes address space, not memory. state.db is at most 64 MiB. In
// memory are: 64 KiB for each Reader, 1 MiB for each Writer and as much again
// while it stores, some 150 bytes for each sound, 8 to 20 bytes for each free
// page of audio.db, and at opening one bit for each page and the largest node:
// 64 KiB of audio.db, 2 MiB of state.db.
//
// # Damage and bbolt
//
// bbolt panics on pages that it does not understand, partly in goroutines of
// its own, and a mapped page that the disk does not return raises SIGBUS. So
// both files are checked with plain reads before bbolt sees them, as far as
// bbolt's own Check does and further, and every transaction runs under recover
// and debug.SetPanicOnFault. Two features of bbolt that bring goroutines are
// not used: Tx.Check and NoFreelistSync.
package store
