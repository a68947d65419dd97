// Package cli runs the command lines of the programs: verbs are structs with
// flags (kong's tags) and a Run method, exit codes are the same everywhere.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// Exit codes of every program.
const (
	Done   = 0
	Failed = 1
	Usage  = 2 // usage or configuration
)

// ErrUsage is wrapped by errors about what was typed or what a named file
// holds: the program exits with Usage.
var ErrUsage = errors.New("usage")

// Program is one command line.
type Program struct {
	Name        string
	Description string // with examples
	Grammar     any    // pointer to a struct of verbs
	// Bind returns further arguments for Run methods, once the flags are
	// parsed; nil for none. A context.Context and an io.Writer for what is
	// printed are always there.
	Bind func() []any
	// Usage lists errors that are the user's: they exit with Usage.
	Usage []error
}

// Main runs the program with the arguments of the process, until it ends or
// SIGINT or SIGTERM end its context, and exits.
func (p Program) Main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	code := p.Run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// Run parses args, runs the verb they name and returns the exit code.
func (p Program) Run(ctx context.Context, args []string, out, errOut io.Writer) int {
	exit := -1
	parser, err := kong.New(p.Grammar, kong.Name(p.Name), kong.Description(p.Description), kong.UsageOnError(),
		kong.Writers(out, errOut), kong.Exit(func(code int) { exit = code }),
		kong.BindTo(out, (*io.Writer)(nil)), kong.BindTo(ctx, (*context.Context)(nil)))
	if err != nil {
		fmt.Fprintf(errOut, "%s: %v\n", p.Name, err)
		return Failed
	}
	k, err := parser.Parse(args)
	if exit >= 0 { // --help
		return exit
	}
	if err != nil {
		fmt.Fprintf(errOut, "%s: %v\nTry: %s --help\n", p.Name, err, p.Name)
		return Usage
	}
	var more []any
	if p.Bind != nil {
		more = p.Bind()
	}
	return p.code(k.Run(more...), errOut)
}

// code prints an error and says what it exits with.
func (p Program) code(err error, errOut io.Writer) int {
	if err == nil {
		return Done
	}
	fmt.Fprintf(errOut, "%s: %v\n", p.Name, err)
	for _, u := range append(p.Usage, ErrUsage) {
		if errors.Is(err, u) {
			return Usage
		}
	}
	return Failed
}
