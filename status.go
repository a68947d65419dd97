package loa

import "time"

// State is what a device is doing, in one word.
type State string

// The states. A device that plays with a fault says StatePlaying; the faults
// stand beside it.
const (
	StateReady    State = "ready"
	StatePlaying  State = "playing"
	StateUpdating State = "updating"
	StateFault    State = "fault"
)

// Status is a whole report of a device (loa/1 status). Members without a
// sensor are nil or empty and left out, never made up.
type Status struct {
	V        int             `json:"v"`
	Device   string          `json:"device"`
	Name     string          `json:"name,omitempty"`
	Board    string          `json:"board,omitempty"`
	Boot     uint64          `json:"boot"` // counts starts of the daemon
	Conn     uint64          `json:"conn"`
	At       time.Time       `json:"at"`
	State    State           `json:"state"`
	Have     Have            `json:"have"`
	Cache    Cache           `json:"cache"`
	Playing  *Playing        `json:"playing,omitempty"`
	Next     *Upcoming       `json:"next,omitempty"`
	GainDB   float64         `json:"gain_db"`
	Amps     []AmpStatus     `json:"amps"`
	Power    *Power          `json:"power,omitempty"`
	Inputs   map[string]bool `json:"inputs,omitempty"` // tamper, button: active or not
	Audio    *AudioStatus    `json:"audio,omitempty"`
	Clock    ClockStatus     `json:"clock"`
	TempC    *float64        `json:"temp_c,omitempty"`
	Storage  *StorageStatus  `json:"storage,omitempty"`
	Firmware Firmware        `json:"firmware"`
	BootInfo BootInfo        `json:"boot_info"`
	Faults   []Fault         `json:"faults"`
	Refused  map[string]int  `json:"refused,omitempty"`
}

// Have lists the sequence numbers of the documents in force.
type Have struct {
	Plan    map[string]uint64 `json:"plan,omitempty"`   // by kid; "local" for the plan file
	Air     map[string]uint64 `json:"air,omitempty"`    // by area/kid
	Config  map[string]uint64 `json:"config,omitempty"` // by kid
	Signers uint64            `json:"signers,omitempty"`
}

// Cache says how much of the sound that the plan needs is here and verified.
type Cache struct {
	Items     int   `json:"items"`
	Cached    int   `json:"cached"`
	Missing   int   `json:"missing"`
	BytesLeft int64 `json:"bytes_left"`
}

// Playing is what sounds now.
type Playing struct {
	ID       string    `json:"id"`
	Class    Class     `json:"class"`
	Level    int       `json:"level"`
	Title    string    `json:"title,omitempty"`
	Since    time.Time `json:"since"`
	Position float64   `json:"position"` // seconds into the pass that plays
}

// Upcoming is the next occurrence that the schedule holds.
type Upcoming struct {
	ID    string    `json:"id"`
	Title string    `json:"title,omitempty"`
	At    time.Time `json:"at"`
}

// AmpStatus is one amplifier.
type AmpStatus struct {
	Label string `json:"label,omitempty"`
	On    bool   `json:"on"`
	Fault string `json:"fault,omitempty"`
}

// Power is what the board's power inputs say.
type Power struct {
	Mains   *bool `json:"mains,omitempty"`
	InputMV *int  `json:"input_mv,omitempty"`
}

// AudioStatus is the sound card as it runs.
type AudioStatus struct {
	Output     string   `json:"output"`         // as configured
	Card       string   `json:"card,omitempty"` // as found
	Open       bool     `json:"open"`
	Rate       int      `json:"rate,omitempty"`
	Channels   int      `json:"channels,omitempty"`
	BufferMS   int      `json:"buffer_ms,omitempty"` // sound that the card holds and nobody can take back
	Mixer      []string `json:"mixer,omitempty"`     // settings that could not be made, and why
	Xruns      int64    `json:"xruns"`               // holes in the card's sound since start
	Underruns  int64    `json:"underruns"`           // frames that were due and not decoded in time
	FramesLeft int64    `json:"frames_left"`         // frames that left the device since start
}

// ClockStatus says how far the wall clock can be believed.
type ClockStatus struct {
	Source   string `json:"source"` // kernel, rtc, manual, source, none
	Trusted  bool   `json:"trusted"`
	OffsetMS *int64 `json:"offset_ms,omitempty"`
}

// StorageStatus is in bytes; Written counts since the daemon started.
type StorageStatus struct {
	Used    int64 `json:"used"`
	Free    int64 `json:"free"`
	Written int64 `json:"written"`
}

// Firmware is the running build.
type Firmware struct {
	Version string `json:"version"`
	Slot    string `json:"slot,omitempty"`
}

// BootInfo tells of the last start.
type BootInfo struct {
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
	Count  uint64    `json:"count"`
}

// Fault is something that is wrong since a moment.
type Fault struct {
	Code  string    `json:"code"` // stable word: sound-card, clock, storage, ...
	Since time.Time `json:"since"`
	Text  string    `json:"text,omitempty"`
}

// EventType names an entry of the event log.
type EventType string

// The types of loa/1.
const (
	EventPlay       EventType = "play"
	EventFault      EventType = "fault"
	EventClear      EventType = "clear"
	EventRefused    EventType = "refused"
	EventAccepted   EventType = "accepted"
	EventBoot       EventType = "boot"
	EventPair       EventType = "pair"
	EventConfig     EventType = "config"
	EventUpdate     EventType = "update"
	EventSelftest   EventType = "selftest"
	EventLocal      EventType = "local"
	EventCheckpoint EventType = "checkpoint"
	EventOverflow   EventType = "overflow"
)

// Result is how an occurrence of an item ended.
type Result string

// The results of a play.
const (
	ResultPlayed  Result = "played"  // to its end
	ResultCut     Result = "cut"     // interrupted and not taken up again
	ResultMissed  Result = "missed"  // its turn did not come within late
	ResultPolicy  Result = "policy"  // policy does not allow it
	ResultSilence Result = "silence" // a silence order stands against it
	ResultMissing Result = "missing" // its sound is not here
	ResultFailed  Result = "failed"  // its sound cannot be played
	ResultRemoved Result = "removed" // taken out of the plan or off air
)

// PlayRecord is the proof of play of one occurrence.
type PlayRecord struct {
	ID            string    `json:"id"`
	Class         Class     `json:"class"`
	Level         int       `json:"level"`
	Title         string    `json:"title,omitempty"`
	Planned       time.Time `json:"planned"`
	Started       time.Time `json:"started,omitzero"` // first frame left the card
	Ended         time.Time `json:"ended,omitzero"`
	FramesPlanned int64     `json:"frames_planned,omitempty"`
	FramesPlayed  int64     `json:"frames_played"` // consumed by the card while the amplifiers were on
	RMSdBFS       *float64  `json:"rms_dbfs,omitempty"`
	PeakdBFS      *float64  `json:"peak_dbfs,omitempty"`
	Xruns         int64     `json:"xruns,omitempty"`
	Concealed     int64     `json:"concealed,omitempty"` // frames of the codec (about 25 ms) that were damaged in the file and concealed
	Amps          int       `json:"amps"`                // how many were on
	CutBy         string    `json:"cut_by,omitempty"`
	Result        Result    `json:"result"`
	Reason        string    `json:"reason,omitempty"`
}
