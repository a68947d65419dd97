// Package exit gives every program the same exit codes, and the same way from
// an error to one.
package exit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
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

// Main runs a program with the arguments of the process, until it ends or
// SIGINT or SIGTERM end its context, and exits with the code it returns.
func Main(run func(ctx context.Context, args []string, out, errOut io.Writer) int) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// Code prints err, if there is one, as a message of the program and returns
// what to exit with. usage lists errors beside ErrUsage that are the user's.
func Code(program string, err error, errOut io.Writer, usage ...error) int {
	if err == nil {
		return Done
	}
	fmt.Fprintf(errOut, "%s: %v\n", program, err)
	for _, u := range append(usage, ErrUsage) {
		if errors.Is(err, u) {
			return Usage
		}
	}
	return Failed
}
