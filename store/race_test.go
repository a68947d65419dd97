//go:build race

package store

// raceEnabled makes long loops shorter.
const raceEnabled = true
