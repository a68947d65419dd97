package mp3

import (
	"math"
	"sync"
)

// tables are what is computed once, by the first decoder: about 20 KB.
type tables struct {
	books     codebooks
	power     [powTable]float32
	small     [16]uint32 // the first of power, as bits
	window    windowRows
	windows   hybridWindows
	intensity [7][2]float32
}

// loadTables computes them when they are first needed: a daemon that plays
// nothing should not wait for them.
var loadTables = sync.OnceValue(func() *tables {
	t := &tables{books: newCodebooks(), window: newWindowRows(), windows: newHybridWindows(), intensity: newIntensity()}
	for i := range t.power {
		t.power[i] = power(i)
	}
	for i := range t.small {
		t.small[i] = math.Float32bits(t.power[i])
	}
	return t
})
