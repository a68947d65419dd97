package speaker

import (
	"errors"
	"fmt"
)

// errDecoder is wrapped when a decoder panicked.
var errDecoder = errors.New("the decoder fails on this file")

// guard, deferred, makes the panic of a decoder an error. Decoders are fuzzed and
// must not panic; should one do so all the same, that costs an item, and not
// the daemon, at each start anew.
func guard(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: %v", errDecoder, p)
	}
}
