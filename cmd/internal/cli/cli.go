// Package cli runs the command lines of the programs that people type: verbs are
// structs with flags (kong's tags) and a Run method.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/alecthomas/kong"

	"loa/cmd/internal/exit"
)

// ErrUsage is exit.ErrUsage: what a verb returns for a mistake of the user.
var ErrUsage = exit.ErrUsage

// Program is one command line.
type Program struct {
	Name        string
	Description string // with examples
	Grammar     any    // pointer to a struct of verbs
	// Bind returns further arguments for Run methods, once the flags are
	// parsed; nil for none. A context.Context and an io.Writer for what is
	// printed are always there.
	Bind func() []any
	// Usage lists errors that are the user's: they exit with exit.Usage.
	Usage []error
}

// errStopped is what a person reads who pressed Ctrl-C.
var errStopped = errors.New("stopped")

// Main runs the program with the arguments of the process and exits.
func (p Program) Main() { exit.Main(p.Run) }

// Run parses args, runs the verb they name and returns the exit code.
func (p Program) Run(ctx context.Context, args []string, out, errOut io.Writer) int {
	code := -1
	parser, err := kong.New(p.Grammar, kong.Name(p.Name), kong.Description(p.Description), kong.UsageOnError(),
		kong.Writers(out, errOut), kong.Exit(func(c int) { code = c }),
		kong.BindTo(out, (*io.Writer)(nil)), kong.BindTo(ctx, (*context.Context)(nil)))
	if err != nil {
		fmt.Fprintf(errOut, "%s: %v\n", p.Name, err)
		return exit.Failed
	}
	k, err := parser.Parse(args)
	if code >= 0 { // --help
		return code
	}
	if err != nil {
		fmt.Fprintf(errOut, "%s: %v\nTry: %s --help\n", p.Name, err, p.Name)
		return exit.Usage
	}
	var more []any
	if p.Bind != nil {
		more = p.Bind()
	}
	err = k.Run(more...)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = errStopped
	}
	return exit.Code(p.Name, err, errOut, p.Usage...)
}
