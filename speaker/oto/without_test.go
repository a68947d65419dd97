//go:build !oto

package oto_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"loa/speaker/oto"
)

func TestABuildWithoutOtoSaysHowToGetIt(t *testing.T) {
	out, err := oto.New(oto.Config{})
	assert.Nil(t, out)
	assert.ErrorIs(t, err, oto.ErrNotBuilt)
	assert.EqualError(t, err, "built without oto: build with -tags oto")
	assert.ErrorIs(t, out.Run(t.Context(), nil), oto.ErrNotBuilt)
	assert.Equal(t, "oto", out.String())
}
