//go:build !oto

package oto

import (
	"context"
	"errors"

	"loa/speaker"
)

// ErrNotBuilt is what New returns in a program built without the tag.
var ErrNotBuilt = errors.New("built without oto: build with -tags oto")

// Output cannot be made in this build.
type Output struct{}

var _ speaker.Output = (*Output)(nil)

// New returns ErrNotBuilt.
func New(Config) (*Output, error) { return nil, ErrNotBuilt }

// Run returns ErrNotBuilt.
func (*Output) Run(context.Context, speaker.Stream) error { return ErrNotBuilt }

// String is "oto".
func (*Output) String() string { return "oto" }
