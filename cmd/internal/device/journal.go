package device

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"loa"
)

// Journal is the log of events: what a source will read, and what proves a
// play. Record assigns the number and the chain; detail is a struct whose JSON
// members are added to the event, or nil.
type Journal interface {
	Record(at time.Time, typ loa.EventType, detail any) error
}

// Lines is a Journal that writes one JSON object a line, numbered from 1.
type Lines struct {
	Device string
	W      io.Writer
	n      uint64
}

var _ Journal = (*Lines)(nil)

// lineHeader is what comes first in every line.
type lineHeader struct {
	V      int           `json:"v"`
	Device string        `json:"device"`
	N      uint64        `json:"n"`
	At     time.Time     `json:"at"`
	Type   loa.EventType `json:"type"`
}

// Record writes one line.
func (l *Lines) Record(at time.Time, typ loa.EventType, detail any) error {
	l.n++
	b, err := joinObjects(lineHeader{1, l.Device, l.n, at, typ}, detail)
	if err != nil {
		return err
	}
	if _, err := l.W.Write(append(b, '\n')); err != nil {
		return fmt.Errorf("write event %d: %w", l.n, err)
	}
	return nil
}

// joinObjects encodes two structs as one JSON object, members in order.
func joinObjects(head, detail any) ([]byte, error) {
	a, err := json.Marshal(head)
	if err != nil || detail == nil {
		return a, err
	}
	b, err := json.Marshal(detail)
	if err != nil {
		return nil, err
	}
	if len(b) < 2 || b[0] != '{' {
		return nil, fmt.Errorf("event detail %T is not an object", detail)
	}
	if string(b) == "{}" {
		return a, nil
	}
	return append(append(a[:len(a)-1], ','), b[1:]...), nil
}
