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
	Value   string // what was found, shortened
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
type problems struct{ list []error }

// maxProblems bounds what one bad document can make us print.
const maxProblems = 20

func (p *problems) add(path string, value any, allowed string) {
	if len(p.list) < maxProblems {
		p.list = append(p.list, &FieldError{Path: path, Value: show(value), Allowed: allowed})
	}
}

func (p *problems) err() error { return errors.Join(p.list...) }

// show renders a value for a message: strings quoted and cut to 40 characters.
func show(v any) string {
	s := fmt.Sprint(v)
	if _, ok := v.(string); ok {
		if s == "" {
			return ""
		}
		s = fmt.Sprintf("%q", clip(s, 40))
	}
	return strings.ToValidUTF8(clip(s, 60), "?")
}

func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n]) + "..."
}
