// Package loa holds the words of the product: what a cluster of loudspeakers
// (cụm loa) is told to do and what it says of itself. Plans, what is on air,
// policy, classes, areas and status are plain data with their JSON form (the
// protocol loa/1), their limits and their checks; nothing here decides, waits
// or touches hardware.
//
// The package imports the standard library only, and everything else may
// import it.
package loa
