package device

import (
	"slices"
	"strings"
	"time"

	"loa"
)

// Fault codes: stable words that stand in status and events.
const (
	faultClock     = "clock"
	faultSoundCard = "sound-card"
	faultGPIO      = "gpio"
	faultAmplifier = "amplifier"
	faultStorage   = "storage"
	faultPlan      = "plan"
	faultMedia     = "media"
	faultMains     = "mains"
	faultTamper    = "tamper"
	faultContacts  = "contacts"
	faultSocket    = "socket"
)

// faults is the set of what is wrong now. A change of it is an event.
type faults struct {
	list    []loa.Fault
	changed func(at time.Time, typ loa.EventType, f loa.Fault)
}

// set raises a fault, changes its text, or clears it when text is empty.
func (fs *faults) set(at time.Time, code, text string) {
	i := slices.IndexFunc(fs.list, func(f loa.Fault) bool { return f.Code == code })
	switch {
	case text == "" && i >= 0:
		f := fs.list[i]
		fs.list = slices.Delete(fs.list, i, i+1)
		fs.changed(at, loa.EventClear, f)
	case text != "" && i < 0:
		f := loa.Fault{Code: code, Since: at, Text: text}
		fs.list = append(fs.list, f)
		slices.SortFunc(fs.list, func(a, b loa.Fault) int { return strings.Compare(a.Code, b.Code) })
		fs.changed(at, loa.EventFault, f)
	case text != "":
		fs.list[i].Text = text
	}
}

// faultDetail is the JSON of fault and clear events.
type faultDetail struct {
	Code string `json:"code"`
	Text string `json:"text,omitempty"`
}
