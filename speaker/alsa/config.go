package alsa

import (
	"errors"
	"log/slog"
)

// Auto is the Config.Card that lets the output choose.
const Auto = "auto"

var (
	// ErrNoCard is wrapped when the card that is wanted is not there; the
	// message lists the cards that are.
	ErrNoCard = errors.New("no such sound card")
	// ErrLost is wrapped when the card went away, or stopped, under our hands.
	ErrLost = errors.New("sound card lost")
)

// Config says which card plays, and how.
type Config struct {
	// Card is a number ("1"), an id ("Headphones"), a name or a part of one
	// ("QEMU USB Audio"), in this order; or Auto, or "" which is the same.
	Card string
	// Device is the PCM device of the card, 0 or more. With Auto a card that
	// lacks it plays on its first playback device.
	Device int
	// Match helps Auto: parts of ids and names in order of preference, from
	// the board. Upper and lower case are the same. When none fits, the first
	// card that is not HDMI plays.
	Match []string
	// Rate is tried first; 0 is 48000. What the card offers decides.
	Rate int
	// Channels is 1 to 8; 0 takes 2, or 1 when the card has no more.
	Channels int
	// Mixer is set, as far as the card has it, each time the card is opened:
	// on-board codecs come up muted.
	Mixer []MixerSetting
	// Log gets one line for each card opened; nil logs nothing.
	Log *slog.Logger
}

// MixerSetting sets every control of that name, in all its channels.
type MixerSetting struct {
	// Name is the control's, as in "Headphone Playback Volume".
	Name string
	// Value is "80%" of the control's range or a plain number within it, "on"
	// (or "100%") and "off" ("0%") of a switch, or an item of an enumeration.
	Value string
}

// Status is what the output is doing.
type Status struct {
	Open     bool   // the rest is of the card that is open, or was last
	Card     int    // number
	ID       string // "Headphones"
	Name     string // "bcm2835 Headphones"
	Device   int
	Format   string // "S16_LE", "S24_3LE", "S24_LE" or "S32_LE"
	Bits     int    // that sound: 16, 24 or 32
	Rate     int    // frames per second
	Channels int
	Period   int // frames of the card's period
	Buffer   int // frames that the card holds
	// Larger says that the card refused a buffer of 4 periods of 10 ms and
	// got a larger one: cutting in takes longer.
	Larger bool
	// RealTime says that the kernel lets the output go before other programs.
	// Without (no CAP_SYS_NICE, no RLIMIT_RTPRIO) a busy processor makes
	// holes sooner.
	RealTime bool
	// Xruns is how many holes there were since New.
	Xruns int64
	// Mixer lists the settings that could not be made, and why.
	Mixer []string
}
