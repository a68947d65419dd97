package board

import (
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"
)

const (
	// MaxOffset is the largest line offset a profile may hold. The largest
	// chip in use (sunxi) has 288 lines; the kernel itself sets no limit.
	MaxOffset = 1023
	// MaxLineName is the longest line name in bytes: GPIO_MAX_NAME_SIZE less
	// its NUL (linux/gpio.h).
	MaxLineName = 31
)

const lineAllowed = "an offset from 0 to 1023, or a line name of 1 to 31 printable characters such as \"GPIO17\""

// Line is one line of a GPIO chip, by offset or by the name that the device
// tree gives it. The zero Line is no line at all, so that a forgotten member
// can never become offset 0. Lines can be compared with ==.
type Line struct {
	name string
	num  int // offset + 1; 0 with no name: not set
}

// At is the line at an offset, 0 to MaxOffset; Validate refuses others.
func At(offset int) Line { return Line{num: offset + 1} }

// Named is the line of that name; "" is the zero Line.
func Named(name string) Line { return Line{name: name} }

// IsSet says whether l is a line at all.
func (l Line) IsSet() bool { return l != Line{} }

// Offset is the offset of a line given by offset; ok is false for one given by
// name and for the zero Line.
func (l Line) Offset() (offset int, ok bool) {
	if l.name != "" || l.num == 0 {
		return 0, false
	}
	return l.num - 1, true
}

// Name is the name of a line given by name, or "".
func (l Line) Name() string { return l.name }

// String is the offset in decimal, the name, or "not set".
func (l Line) String() string {
	if l.name != "" {
		return l.name
	}
	if off, ok := l.Offset(); ok {
		return strconv.Itoa(off)
	}
	return "not set"
}

// check returns why l cannot be a line, or nil.
func (l Line) check() error {
	off, byOffset := l.Offset()
	switch {
	case byOffset && off >= 0 && off <= MaxOffset:
		return nil
	case l.name != "" && len(l.name) <= MaxLineName && printable(l.name):
		return nil
	}
	return fmt.Errorf("%q is not allowed; allowed: %s", l.String(), lineAllowed)
}

// MarshalJSON writes a number for an offset, a string for a name and null for
// no line.
func (l Line) MarshalJSON() ([]byte, error) {
	if off, ok := l.Offset(); ok {
		return strconv.AppendInt(nil, int64(off), 10), nil
	}
	if l.name == "" {
		return []byte("null"), nil
	}
	return json.Marshal(l.name)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (l *Line) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*l = Line{}
		return nil
	}
	var name string
	if json.Unmarshal(b, &name) != nil {
		return l.UnmarshalText(b)
	}
	read := Named(name)
	if err := read.check(); err != nil {
		return fmt.Errorf("line: %w", err)
	}
	*l = read
	return nil
}

// UnmarshalText reads a line of a configuration file: digits only are an
// offset, anything else is a name. TOML readers call it for `line = 5` and for
// `line = "GPIO17"` alike. The error names what is allowed.
func (l *Line) UnmarshalText(text []byte) error {
	read := Named(string(text))
	if n, err := strconv.Atoi(string(text)); err == nil {
		read = Line{num: n + 1}
		if n < 0 || n > MaxOffset {
			return fmt.Errorf("line: %q is not allowed; allowed: %s", clip(string(text)), lineAllowed)
		}
	}
	if err := read.check(); err != nil {
		return fmt.Errorf("line: %w", err)
	}
	*l = read
	return nil
}

// printable says whether s is valid UTF-8 of printable characters, so that it
// can stand in a log line and in a kernel name.
func printable(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if !strconv.IsPrint(r) {
			return false
		}
	}
	return true
}

// clip shortens what came from outside before it goes into a message.
func clip(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	return s[:most] + "..."
}
