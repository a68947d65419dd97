package loa

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// object reads the members of one JSON object, remembers which were asked for
// and reports what is wrong with the path of the member. Documents are decoded
// this way, and not straight into structs, because a person who wrote a plan
// by hand needs to be told where the mistake is.
type object struct {
	p    *problems
	path string
	m    map[string]any
	seen map[string]bool
}

// decodeObject parses b as one JSON object.
func decodeObject(b []byte, p *problems) (object, error) {
	if len(b) > MaxDocument {
		return object{}, fmt.Errorf("%w: %d bytes; allowed: at most %d", ErrTooLarge, len(b), MaxDocument)
	}
	if !utf8.Valid(b) {
		return object{}, fmt.Errorf("%w: not UTF-8", ErrInvalid)
	}
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")) // some editors begin a file so
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil {
		return object{}, fmt.Errorf("%w: not a JSON object: %v (at byte %d)", ErrInvalid, err, d.InputOffset())
	}
	if m == nil {
		return object{}, fmt.Errorf("%w: null instead of a JSON object", ErrInvalid)
	}
	if _, err := d.Token(); err != io.EOF {
		return object{}, fmt.Errorf("%w: text after the JSON object at byte %d", ErrInvalid, d.InputOffset())
	}
	return p.object("", m), nil
}

// object makes the reader of one JSON object.
func (p *problems) object(path string, m map[string]any) object {
	o := object{p: p, path: path, m: m, seen: map[string]bool{}}
	p.objects = append(p.objects, o)
	return o
}

func (o object) at(name string) string {
	if o.path == "" {
		return name
	}
	return o.path + "." + name
}

// get returns a member and whether it is there; null counts as absent.
func (o object) get(name string) (any, bool) {
	o.seen[name] = true
	v, ok := o.m[name]
	return v, ok && v != nil
}

func (o object) has(name string) bool { _, ok := o.get(name); return ok }

// empty reports whether a member is a list of nothing.
func (o object) empty(name string) bool {
	l, isList := o.m[name].([]any)
	return isList && len(l) == 0
}

// text reads a string of at most most bytes.
func (o object) text(name string, required bool, most int) string {
	v, ok := o.get(name)
	allowed := fmt.Sprintf("a string of 1 to %d bytes", most)
	s, isText := v.(string)
	switch {
	case !ok && required:
		o.p.add(o.at(name), nil, allowed)
	case ok && (!isText || len(s) > most || (required && s == "")):
		o.p.add(o.at(name), v, allowed)
		return ""
	}
	return s
}

// parsed reads a string through a parser whose error names what is allowed.
func parsed[T any](o object, name string, required bool, def T, allowed string, parse func(string) (T, error)) T {
	v, ok := o.get(name)
	if !ok {
		if required {
			o.p.add(o.at(name), nil, allowed)
		}
		return def
	}
	s, isText := v.(string)
	t, err := parse(s)
	if !isText || err != nil {
		o.p.add(o.at(name), v, allowed)
		return def
	}
	return t
}

func (o object) integer(name string, def, least, most int64) int64 {
	v, ok := o.get(name)
	if !ok {
		return def
	}
	num, isNumber := v.(json.Number)
	n, err := strconv.ParseInt(num.String(), 10, 64)
	if !isNumber || err != nil || n < least || n > most {
		o.p.add(o.at(name), v, fmt.Sprintf("a whole number from %d to %d", least, most))
		return def
	}
	return n
}

func (o object) decimal(name string, def, least, most float64) float64 {
	v, ok := o.get(name)
	if !ok {
		return def
	}
	num, isNumber := v.(json.Number)
	f, err := num.Float64()
	if !isNumber || err != nil || f < least || f > most {
		o.p.add(o.at(name), v, fmt.Sprintf("a number from %g to %g", least, most))
		return def
	}
	return f
}

func (o object) flag(name string) bool {
	v, ok := o.get(name)
	b, isBool := v.(bool)
	if ok && !isBool {
		o.p.add(o.at(name), v, "true or false")
	}
	return b
}

func (o object) duration(name string, def, least, most Duration) Duration {
	allowed := fmt.Sprintf("%s, from %s to %s", durationAllowed, least, most)
	return parsed(o, name, false, def, allowed, func(s string) (Duration, error) {
		d, err := ParseDuration(s)
		if err == nil && (d < least || d > most) {
			err = ErrInvalid
		}
		return d, err
	})
}

// instant reads an RFC 3339 time.
func (o object) instant(name string, required bool) time.Time {
	return parsed(o, name, required, time.Time{}, `an RFC 3339 time such as "2026-11-22T05:30:00+07:00"`,
		parseInstant)
}

// parseInstant is time.Parse without its leniency: one-digit hours, commas,
// and zones a day away, which it could not write again.
func parseInstant(s string) (time.Time, error) {
	if len(s) <= len(localLayout) || strings.Contains(s, ",") {
		return time.Time{}, ErrInvalid
	}
	if _, err := ParseLocalTime(s[:len(localLayout)]); err != nil {
		return time.Time{}, err
	}
	t, err := time.Parse(time.RFC3339, s)
	if _, ahead := t.Zone(); ahead <= -86400 || ahead >= 86400 {
		err = ErrInvalid
	}
	return t, err
}

// list returns the members of an array of at most most values.
func (o object) list(name string, most int) []any {
	v, ok := o.get(name)
	if !ok {
		return nil
	}
	l, isList := v.([]any)
	if !isList || len(l) > most {
		o.p.add(o.at(name), v, fmt.Sprintf("an array of at most %d entries", most))
		return nil
	}
	return l
}

// objects returns the entries of an array of objects.
func (o object) objects(name string, most int) []object {
	var out []object
	for i, v := range o.list(name, most) {
		path := fmt.Sprintf("%s[%d]", o.at(name), i)
		m, ok := v.(map[string]any)
		if !ok {
			o.p.add(path, v, "an object")
			continue
		}
		out = append(out, o.p.object(path, m))
	}
	return out
}

// child returns a member that is an object.
func (o object) child(name string) (object, bool) {
	v, ok := o.get(name)
	if !ok {
		return object{}, false
	}
	m, isObject := v.(map[string]any)
	if !isObject {
		o.p.add(o.at(name), v, "an object")
		return object{}, false
	}
	return o.p.object(o.at(name), m), true
}

// texts reads an array of strings through a parser.
func texts[T any](o object, name string, most int, allowed string, parse func(string) (T, error)) []T {
	var out []T
	for i, v := range o.list(name, most) {
		s, isText := v.(string)
		t, err := parse(s)
		if !isText || err != nil {
			o.p.add(fmt.Sprintf("%s[%d]", o.at(name), i), v, allowed)
			continue
		}
		out = append(out, t)
	}
	return out
}

// maxUnknown bounds the list of ignored members.
const maxUnknown = 100

// unknown lists the members nobody asked for, with their paths, sorted.
func (p *problems) unknown() []string {
	var out []string
	for _, o := range p.objects {
		for name := range o.m {
			if !o.seen[name] {
				out = append(out, o.at(clip(name, 40)))
			}
		}
	}
	sort.Strings(out)
	return out[:min(len(out), maxUnknown)]
}
