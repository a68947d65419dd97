package scheduler

import (
	"time"

	"loa"
)

// Now is the time as one step sees it.
type Now struct {
	Wall    time.Time     // wall clock; only its UTC moment counts
	Mono    time.Duration // monotonic, from any fixed origin; never steps
	Trusted bool          // the wall clock can be believed
}

// Origin says where a document came from. A document replaces only the one of
// the same origin and kind.
type Origin struct {
	KID string `json:"kid,omitempty"` // signer; "local" for the plan file of the device
	Aud string `json:"aud,omitempty"` // device id or area it addresses; empty for the plan file
}

// Options are what the installer and the board set. They may be changed while
// running with Configure.
type Options struct {
	// Lead is how long before the planned moment a Start is given out, so that
	// amplifiers and decoder are ready and the sound begins on time. 0 to 30 s.
	Lead            time.Duration
	GainDB          float64 // added to every item but emergencies
	EmergencyGainDB float64 // the emergencies' own calibrated level
	UntrustedPlays  bool    // play the schedule by a clock that is not trusted
}

// PlayID numbers the plays of one run of the daemon, from 1.
type PlayID uint64

// An Action is something the caller must carry out, in the order given.
type Action interface{ action() }

// Start begins one pass of a play, or goes on with one. The caller answers with
// Began once the first frame left the device and with exactly one Ended for
// each Start. A play never has two Starts that are not answered; of two plays,
// the one before is stopped at At of the next or earlier.
type Start struct {
	Play    PlayID
	Pass    int // from 0; again the same if the pass goes on after a cut
	Item    loa.Item
	Origin  Origin
	Planned time.Time     // the occurrence's own moment (air: when it began)
	At      time.Duration // Now.Mono at which the first frame is to leave the device; not after Now: at once
	From    time.Duration // position in the pass at which to begin, its tone included (0 unless resumed)
	Media   []loa.Media   // in order, without a gap
	Tone    loa.Tone      // sounds for ToneFor before the media, the stream or the live sound
	ToneFor time.Duration
	Stream  string    // URL instead of media
	Live    *loa.Live // instead of media
	GainDB  float64
	Until   time.Duration // Now.Mono at which the scheduler means to stop it at the latest, 0: none; a Stop will say so
	Silent  bool          // the drill: amplifiers stay off
}

// Stop ends the pass that sounds, or revokes a Start that does not sound yet.
// A second Stop of the same pass is earlier than the first and replaces it.
type Stop struct {
	Play  PlayID
	At    time.Duration // Now.Mono at which it is to be silent; not after Now: at once
	Fade  time.Duration // length of the ramp to silence before At
	Cause string        // id of what interrupts it, or "policy", "silence", "removed", "clock", "end", "output"
}

// Gain changes the level of the play, with the usual ramp.
type Gain struct {
	Play   PlayID
	GainDB float64
}

// Done closes an occurrence: the caller adds what it counted and logs it. An
// occurrence of which no Start was given out has Play 0. Each play gets one
// Done, once its last pass has ended. It is followed by a Persist: a caller
// that writes both in one transaction logs it exactly once over a power cut.
type Done struct {
	Play    PlayID
	Item    loa.Item
	Origin  Origin
	Planned time.Time
	Result  loa.Result
	Reason  string // in words, with figures
	CutBy   string // with ResultCut: id of the item that interrupted it for good, or "restart"
}

// Persist asks to write Memory to disk before the actions that follow are
// carried out - unless the next one starts an emergency, which goes first.
type Persist struct{}

func (Start) action()   {}
func (Stop) action()    {}
func (Gain) action()    {}
func (Done) action()    {}
func (Persist) action() {}

// An Event is something that happened outside.
type Event interface{ event() }

// Tick says only that time has passed.
type Tick struct{}

// Began says that the first frame of a pass left the device.
type Began struct {
	Play PlayID
	Pass int
}

// Ended says that a pass is over and nothing of it sounds any more, whatever
// the reason; it answers each Start exactly once.
type Ended struct {
	Play     PlayID
	Pass     int
	Position time.Duration // reached in the pass, counted from its beginning, its tone included
	Cause    EndCause
	Err      string // with EndFailed and EndOutput: in words
}

// EndCause is why a pass ended.
type EndCause uint8

// The causes.
const (
	EndComplete EndCause = iota // its sound came to its end
	EndStopped                  // a Stop was carried out
	EndFailed                   // its sound cannot be played (or not further)
	EndOutput                   // the sound card was lost
)

// Sound says what is known of a media file: whether it is here and verified,
// how long it plays, or why it cannot be used. The last one counts. It may come
// before any document names the file.
type Sound struct {
	SHA256   string // or the file's name: MediaKey
	Ready    bool
	Duration time.Duration // 0: not known
	Bad      string        // not empty: it never can be played, and why
	Absent   string        // why it is not here, in words that follow its name; "" when nothing is known of it
}

// Output says whether there is a device to play on. Before the first one there
// is none, and nothing starts. The passes that a lost card ended are answered
// with EndOutput besides.
type Output struct{ Up bool }

func (Tick) event()   {}
func (Began) event()  {}
func (Ended) event()  {}
func (Sound) event()  {}
func (Output) event() {}
