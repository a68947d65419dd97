// Package device wires one cluster: scheduler, speaker, amplifiers, store and
// clock. speakerd runs it in real time on a pole, loasim steps it in virtual
// time, and both run the same code.
//
// One goroutine decides. In real time it is Device.Run, which waits for a
// timer, for news of the speaker, for requests of the socket and for tasks; in
// virtual time it is the simulator's loop. Either way each wake is one Turn of
// the Core:
//
//	news of the speaker --> scheduler --> actions --> player --> speaker, amplifiers
//	                            '--> journal (events), faults, wake time
package device
