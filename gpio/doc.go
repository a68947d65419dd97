// Package gpio switches the amplifiers' relays, reads the contacts and lights
// the LED of a cluster.
//
//	Amplifiers  ordered switching on with settle times, off in reverse
//	Inputs      tamper, mains, button: debounced, newest level wins
//	LED         patterns
//	AllOff      every relay off, now, for a process that owns none of them
//	   |
//	Opener -> Chip -> Output, Input
//	   |                 `-- Kernel: go-gpiocdev, GPIO uAPI v2 (Linux 5.10)
//	   `-- Fake: the same rules in memory, with faults and a record
//
// Off is the rule: a line is requested inactive, is inactive before it is
// released, and no fault of one line keeps another from switching off. A line
// that a dead process held may keep its last level (the kernel promises
// nothing, and Raspberry Pi kernels keep it on purpose); AllOff in the
// supervisor is the answer. So that a released line drifts to off rather than
// to on where the chip then makes it an input, outputs are requested with the
// chip's pull resistor toward the inactive level where it has one.
//
// # Time
//
// Nothing here asks for the time, sleeps or starts a timer: methods that need
// it take now and say when to be called next. Pass what time.Now returned,
// unchanged: its monotonic reading makes a step of the wall clock matter
// nothing, because only Sub, Add and Before are used. In virtual time any
// clock that never goes back does.
//
// # Goroutines
//
// Each type belongs to one goroutine. The one exception is inside: the kernel's
// edge watcher calls into Inputs, which only notes the level and wakes the
// owner.
package gpio
