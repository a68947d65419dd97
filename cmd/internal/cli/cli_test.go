package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"

	"loa/cmd/internal/exit"
)

type grammar struct {
	Say verb `cmd:"" help:"Say it."`
}

type verb struct {
	Word string `arg:""`
}

var errOwn = errors.New("own")

func (v verb) Run(ctx context.Context, out io.Writer, suffix string) error {
	switch v.Word {
	case "fail":
		return errors.New("broken")
	case "usage":
		return fmt.Errorf("%w: not so", ErrUsage)
	case "wait":
		<-ctx.Done()
		return fmt.Errorf("wait: %w", ctx.Err())
	case "own":
		return fmt.Errorf("%w: nor so", errOwn)
	}
	_, err := fmt.Fprint(out, v.Word, suffix)
	return err
}

func TestExitCodesAndWhatIsPrinted(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"done", []string{"say", "xin chào"}, exit.Done, "xin chào!"},
		{"failed", []string{"say", "fail"}, exit.Failed, "p: broken"},
		{"usage found late", []string{"say", "usage"}, exit.Usage, "not so"},
		{"the program's own usage error", []string{"say", "own"}, exit.Usage, "nor so"},
		{"no verb", nil, exit.Usage, "Try: p --help"},
		{"unknown verb", []string{"sing"}, exit.Usage, "Try: p --help"},
		{"missing argument", []string{"say"}, exit.Usage, "<word>"},
		{"help", []string{"--help"}, exit.Done, "Examples: none"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			p := Program{Name: "p", Description: "Examples: none", Grammar: &grammar{}, Usage: []error{errOwn},
				Bind: func() []any { return []any{"!"} }}
			assert.Equal(t, c.code, p.Run(t.Context(), c.args, &out, &out))
			assert.Contains(t, out.String(), c.want)
		})
	}
}

func TestCtrlCIsNoErrorThatNeedsWords(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var out bytes.Buffer
	assert.Equal(t, exit.Failed, Program{Name: "p", Grammar: &grammar{}, Bind: func() []any { return []any{"!"} }}.Run(ctx, []string{"say", "wait"}, &out, &out))
	assert.Equal(t, "p: stopped\n", out.String())
}
