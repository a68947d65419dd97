package loa

import (
	"errors"
	"fmt"
	"strings"
)

var (
	// ErrInvalid is wrapped by every error about a document that breaks a rule.
	ErrInvalid = errors.New("invalid document")
	// ErrTooLarge is returned for a document over MaxDocument bytes.
	ErrTooLarge = errors.New("document too large")
)

// FieldError says which member of a document is wrong, what it holds and what
// is allowed. It unwraps to ErrInvalid.
type FieldError struct {
	Path    string // JSON path, as "items[2].media[0].sha256"
	Value   string // what was found, shortened; empty: the member is missing
	Allowed string // what may stand there
}

func (e *FieldError) Error() string {
	if e.Value == "" {
		return fmt.Sprintf("%s: missing; allowed: %s", e.Path, e.Allowed)
	}
	return fmt.Sprintf("%s: %s is not allowed; allowed: %s", e.Path, e.Value, e.Allowed)
}

// Unwrap returns ErrInvalid.
func (e *FieldError) Unwrap() error { return ErrInvalid }

// problems collects the FieldErrors of one document, so that a person who
// wrote a plan by hand sees all of them at once.
type problems struct {
	list    []error
	objects []object // all that were read, to list what nobody asked for
}

// maxProblems bounds what one bad document can make us print.
const maxProblems = 20

// add notes a wrong member. A nil value is one that is not there.
func (p *problems) add(path string, value any, allowed string) {
	if len(p.list) < maxProblems {
		p.list = append(p.list, &FieldError{Path: path, Value: show(value), Allowed: allowed})
	}
}

func (p *problems) err() error { return errors.Join(p.list...) }

// show renders a value for a message: strings quoted and cut to 40 characters,
// nothing for nil.
func show(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return fmt.Sprintf("%q", clip(v, 40))
	case map[string]any:
		return "an object"
	case []any:
		return fmt.Sprintf("an array of %d", len(v))
	}
	return strings.ToValidUTF8(clip(fmt.Sprint(v), 60), "?")
}

func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n]) + "..."
}
