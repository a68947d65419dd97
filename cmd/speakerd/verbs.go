package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"loa/cmd/internal/device"
	"loa/cmd/internal/exit"
)

// The other programs parse their command lines with kong. It looks methods up by
// name, so the linker must keep every exported method of every type, of all
// libraries: 2 MB of a firmware that has 12. Five verbs need no more than flag.

// verb is one command of speakerd.
type verb struct {
	name    string
	help    string // one sentence
	command command
}

// command holds the values of a verb's flags and carries it out.
type command interface {
	flags(*flag.FlagSet)
	run(ctx context.Context, out io.Writer) error
}

// verbs lists the commands anew, with the values that flags have by default.
func verbs() []verb {
	return []verb{
		{"run", "Run the cluster until a signal ends it.", &runCmd{}},
		{"check", "Check the configuration, the plan and the sounds, and say what is wrong.", &checkCmd{}},
		{"off", "Switch all amplifiers off, now. For systemd's ExecStopPost and for people.", &offCmd{}},
		{"boards", "List the boards this build knows, with their pins.", &boardsCmd{}},
		{"version", "Print the version.", versionCmd{}},
	}
}

// speakerd parses args, runs the verb they name and returns the exit code.
func speakerd(ctx context.Context, args []string, out, errOut io.Writer) int {
	if len(args) > 0 && isHelp(args[0]) {
		usage(out)
		return exit.Done
	}
	v, fs, err := parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		v.usage(out, fs)
		return exit.Done
	case err != nil:
		return exit.Code("speakerd", fmt.Errorf("%w\nTry: speakerd --help", err), errOut, exit.ErrUsage)
	}
	return exit.Code("speakerd", v.command.run(ctx, out), errOut, device.ErrConfig)
}

func isHelp(arg string) bool {
	return arg == "-h" || arg == "--help" || arg == "-help" || arg == "help"
}

// parse finds the verb and sets its flags.
func parse(args []string) (verb, *flag.FlagSet, error) {
	if len(args) == 0 {
		return verb{}, nil, fmt.Errorf("%w: no command; allowed: %s", exit.ErrUsage, names())
	}
	for _, v := range verbs() {
		if v.name != args[0] {
			continue
		}
		fs := flag.NewFlagSet(v.name, flag.ContinueOnError)
		fs.SetOutput(io.Discard)
		v.command.flags(fs)
		if err := fs.Parse(args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
			return v, fs, fmt.Errorf("%w: %s: %w", exit.ErrUsage, v.name, err)
		} else if err != nil {
			return v, fs, err
		}
		if fs.NArg() > 0 {
			return v, fs, fmt.Errorf("%w: %s: %q is not a flag of it", exit.ErrUsage, v.name, fs.Arg(0))
		}
		return v, fs, nil
	}
	return verb{}, nil, fmt.Errorf("%w: no command %q; allowed: %s", exit.ErrUsage, args[0], names())
}

// names lists the verbs.
func names() string {
	var all []string
	for _, v := range verbs() {
		all = append(all, v.name)
	}
	return strings.Join(all, ", ")
}

// usage prints the help of the program.
func usage(out io.Writer) {
	fmt.Fprintf(out, "Usage: speakerd <command> [flags]\n\n%s\n\nCommands:\n", description)
	tw := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	for _, v := range verbs() {
		fmt.Fprintf(tw, "  %s\t%s\n", v.name, v.help)
	}
	tw.Flush()
	fmt.Fprintln(out, "\nThe flags of a command: speakerd <command> --help")
}

// usage prints the help of one verb.
func (v verb) usage(out io.Writer, fs *flag.FlagSet) {
	fmt.Fprintf(out, "Usage: speakerd %s [flags]\n\n%s\n\nFlags:\n", v.name, v.help)
	tw := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fs.VisitAll(func(f *flag.Flag) {
		value, help := flag.UnquoteUsage(f)
		lines := strings.Split(help, "\n")
		fmt.Fprintf(tw, "  --%s\t%s\n", strings.TrimSpace(f.Name+" "+value), lines[0])
		for _, l := range lines[1:] {
			fmt.Fprintf(tw, "  \t%s\n", l)
		}
	})
	fmt.Fprintf(tw, "  --help\tThis text.\n")
	tw.Flush()
}

// oneOf is the value of a flag that knows a few words only.
type oneOf struct {
	value   string
	allowed []string
}

func (o *oneOf) String() string { return o.value }

// Set takes one of the words.
func (o *oneOf) Set(s string) error {
	for _, a := range o.allowed {
		if s == a {
			o.value = s
			return nil
		}
	}
	return fmt.Errorf("not allowed; allowed: %s", strings.Join(o.allowed, ", "))
}
