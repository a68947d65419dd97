package loa

import "fmt"

// Class is how urgent an item is (39/2020/TT-BTTTT: thông thường, ưu tiên,
// khẩn cấp). A higher class interrupts a lower one. The zero value is the
// least urgent.
type Class uint8

// The classes, in rising order.
const (
	Normal    Class = iota // thông thường: the commune decides whether and when
	Priority               // ưu tiên: inside the programme, before normal items
	Emergency              // khẩn cấp: at once, and no policy binds it
)

var classNames = [...]string{"normal", "priority", "emergency"}

const classAllowed = `"normal", "priority" or "emergency"`

// ParseClass reads the JSON name of a class.
func ParseClass(s string) (Class, error) {
	for i, n := range classNames {
		if s == n {
			return Class(i), nil
		}
	}
	return 0, fmt.Errorf("class %q is not allowed; allowed: %s", clip(s, 40), classAllowed)
}

// String is the JSON name.
func (c Class) String() string {
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return fmt.Sprintf("class(%d)", uint8(c))
}

// MarshalText writes the JSON name.
func (c Class) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads the JSON name.
func (c *Class) UnmarshalText(b []byte) (err error) {
	*c, err = ParseClass(string(b))
	return err
}
