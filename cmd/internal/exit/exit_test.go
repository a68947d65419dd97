package exit

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWhatAnErrorExitsWith(t *testing.T) {
	own := errors.New("own")
	for _, c := range []struct {
		name string
		err  error
		code int
		want string
	}{
		{"none", nil, Done, ""},
		{"a failure", errors.New("broken"), Failed, "p: broken\n"},
		{"usage", fmt.Errorf("%w: not so", ErrUsage), Usage, "p: usage: not so\n"},
		{"the program's own usage error", fmt.Errorf("%w: nor so", own), Usage, "p: own: nor so\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			assert.Equal(t, c.code, Code("p", c.err, &out, own))
			assert.Equal(t, c.want, out.String())
		})
	}
}
