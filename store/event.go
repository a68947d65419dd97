package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"loa"
)

// Limits of events.
const (
	MaxEvent  = 16 << 10 // bytes of one event as stored
	MaxAppend = 64       // events of one Append
)

// Event is what the caller knows of an event of loa/1; the store adds the
// rest. It is stored, and sent, as one JSON object with these members first:
//
//	{"v":1,"device":..,"log":..,"n":..,"at":..,"prev":..,"type":..,<Members>}
type Event struct {
	Type loa.EventType // not empty; EventOverflow is the store's own
	At   time.Time     // by the device's clock; stored in UTC with milliseconds
	// Members is marshalled to a JSON object whose members follow: a struct, a
	// map or nil. None may have a name of those above.
	Members any
}

// Entry is a stored event.
type Entry struct {
	Log  string // which chain it belongs to
	N    uint64 // its place there, from 1
	JSON []byte // exactly as it is hashed and sent; the caller's
}

// reserved are the members that the store writes.
var reserved = []string{"v", "device", "log", "n", "at", "prev", "type"}

// eventTime is RFC 3339 with milliseconds.
const eventTime = "2006-01-02T15:04:05.000Z07:00"

// encode returns the bytes of e as the entry after c.N. The overflow's check is
// the caller's.
func (e Event) encode(device string, c logState) ([]byte, error) {
	if e.Type == "" {
		return nil, fmt.Errorf("%w: event with no type", ErrInvalid)
	}
	if e.At.IsZero() {
		return nil, fmt.Errorf("%w: event %s with no time", ErrInvalid, e.Type)
	}
	members, err := e.members()
	if err != nil {
		return nil, fmt.Errorf("%w: event %s: %w", ErrInvalid, e.Type, err)
	}
	b := make([]byte, 0, 256+len(members))
	b = append(b, `{"v":1,"device":`...)
	b = appendString(b, device)
	b = append(b, `,"log":`...)
	b = appendString(b, c.Log)
	b = append(b, `,"n":`...)
	b = strconv.AppendUint(b, c.N+1, 10)
	b = append(b, `,"at":"`...)
	b = e.At.UTC().AppendFormat(b, eventTime)
	b = append(b, `","prev":`...)
	b = appendString(b, c.Hash)
	b = append(b, `,"type":`...)
	b = appendString(b, string(e.Type))
	b = append(b, members...)
	b = append(b, '}')
	if len(b) > MaxEvent {
		return nil, fmt.Errorf("event %s: %w: %d bytes; allowed: %d", e.Type, ErrTooLarge, len(b), MaxEvent)
	}
	return b, nil
}

// members returns the caller's members as they stand after the first ones: a
// comma and what is between the braces, or nothing.
func (e Event) members() ([]byte, error) {
	if e.Members == nil {
		return nil, nil
	}
	b, err := json.Marshal(e.Members)
	if err != nil {
		return nil, err
	}
	if len(b) < 2 || b[0] != '{' {
		return nil, fmt.Errorf("members are no JSON object: %.20s", b)
	}
	if err := checkMembers(b); err != nil {
		return nil, err
	}
	if b = b[1 : len(b)-1]; len(b) == 0 {
		return nil, nil
	}
	return append([]byte{','}, b...), nil
}

// checkMembers refuses names that would stand twice.
func checkMembers(object []byte) error {
	d := json.NewDecoder(bytes.NewReader(object))
	if _, err := d.Token(); err != nil {
		return err
	}
	seen := slices.Clone(reserved)
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		if slices.Contains(seen, name.(string)) {
			return fmt.Errorf("member %q stands there already", name)
		}
		seen = append(seen, name.(string))
		var skip json.RawMessage
		if err := d.Decode(&skip); err != nil {
			return err
		}
	}
	return nil
}

func appendString(b []byte, s string) []byte {
	quoted, _ := json.Marshal(s) // cannot fail for a string
	return append(b, quoted...)
}
