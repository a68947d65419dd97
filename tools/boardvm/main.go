package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"loa/tools/boardvm/machine"
)

const usage = `usage: boardvm run   [flags] -- COMMAND [ARGUMENT]...   run a command on the board
       boardvm shell [flags]                            run each line of standard input
       boardvm fetch [--cache DIR]                      fetch the kernels, boot nothing

What the command writes appears as it comes; its exit status is boardvm's (2:
usage, 125: the board did not run). Afterwards the directory of --out holds
sound.wav, pins.csv, console.log and the files asked for with --get.

flags:
`

// statusNoBoard is the exit status when the board did not run, out of the way
// of what commands use.
const statusNoBoard = 125

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	status, err := command(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "boardvm:", err)
	}
	stop()
	os.Exit(status)
}

// options are the flags of run and shell.
type options struct {
	arch    string
	cache   string
	out     string
	files   pairs
	get     pairs
	timeout time.Duration
}

// pairs is a flag that may be given several times: LEFT:RIGHT.
type pairs [][2]string

func (p *pairs) String() string { return "" }

func (p *pairs) Set(value string) error {
	left, right, ok := strings.Cut(value, ":")
	if !ok || left == "" || right == "" {
		return fmt.Errorf("%q: want FROM:TO", value)
	}
	*p = append(*p, [2]string{left, right})
	return nil
}

// command runs one verb and returns the exit status.
func command(ctx context.Context, args []string, in io.Reader, out, log io.Writer) (int, error) {
	var o options
	flags := flag.NewFlagSet("boardvm", flag.ContinueOnError)
	flags.SetOutput(log)
	flags.StringVar(&o.arch, "arch", string(machine.ARMv7), fmt.Sprintf("the board's processor, one of %v", machine.Arches))
	flags.StringVar(&o.cache, "cache", "", "where kernels are kept (default .cache/boardvm beside go.mod)")
	flags.StringVar(&o.out, "out", "boardvm.out", "directory for what comes out")
	flags.Var(&o.files, "file", "HOST:GUEST, a file to put on the board, its permissions kept; may be repeated")
	flags.Var(&o.get, "get", "GUEST:NAME, a file to fetch into --out at the end; may be repeated")
	flags.DurationVar(&o.timeout, "timeout", 10*time.Minute, "stop the board after this time")
	flags.Usage = func() {
		fmt.Fprint(log, usage)
		flags.PrintDefaults()
	}
	if len(args) == 0 {
		flags.Usage()
		return 2, nil
	}
	if err := flags.Parse(args[1:]); err != nil {
		return 2, nil // the flag set has said why
	}
	if o.cache == "" {
		o.cache = cacheDir()
	}
	switch verb := args[0]; {
	case verb == "fetch":
		return fetch(ctx, o.cache, log)
	case verb == "run" && flags.NArg() > 0:
		words := make([]string, flags.NArg())
		for i, word := range flags.Args() {
			words[i] = machine.Quote(word)
		}
		return onBoard(ctx, o, log, func(ctx context.Context, vm *machine.VM) error {
			return vm.Stream(ctx, out, strings.Join(words, " "))
		})
	case verb == "shell":
		return onBoard(ctx, o, log, func(ctx context.Context, vm *machine.VM) error {
			return shell(ctx, vm, in, out)
		})
	}
	flags.Usage()
	return 2, nil
}

// cacheDir is .cache/boardvm beside the go.mod above the working directory.
func cacheDir() string {
	dir, err := os.Getwd()
	for err == nil && dir != "/" {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, ".cache", "boardvm")
		}
		dir = filepath.Dir(dir)
	}
	return filepath.Join(".cache", "boardvm")
}

func fetch(ctx context.Context, cache string, log io.Writer) (int, error) {
	for _, arch := range machine.Arches {
		kernel, err := machine.FetchKernel(ctx, arch, cache, log)
		if err != nil {
			return 1, err
		}
		fmt.Fprintln(log, arch, kernel.Image())
	}
	return 0, nil
}

// onBoard boots, does work, and leaves what came out in the directory o.out.
func onBoard(ctx context.Context, o options, log io.Writer, work func(context.Context, *machine.VM) error) (int, error) {
	arch, err := machine.ParseArch(o.arch)
	if err != nil {
		return 2, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.timeout, fmt.Errorf("not done within %v", o.timeout))
	defer cancel()
	files := map[string]string{}
	for _, f := range o.files {
		files[f[1]] = f[0]
	}
	vm, err := machine.Boot(ctx, machine.Config{Arch: arch, Cache: o.cache, Dir: o.out, Files: files, Log: log})
	if err != nil {
		return statusNoBoard, err
	}
	workErr := work(ctx, vm)
	err = errors.Join(collect(ctx, vm, o), vm.Close(), leave(vm, log))
	if exit := (*machine.ExitError)(nil); errors.As(workErr, &exit) {
		return exit.Status, err
	}
	if err := errors.Join(workErr, err); err != nil {
		return statusNoBoard, err
	}
	return 0, nil
}

// collect fetches the files asked for.
func collect(ctx context.Context, vm *machine.VM, o options) error {
	var errs error
	for _, get := range o.get {
		content, err := vm.ReadFile(ctx, get[0])
		if err == nil {
			err = os.WriteFile(filepath.Join(vm.Dir, get[1]), content, 0o644)
		}
		errs = errors.Join(errs, err)
	}
	return errs
}

// leave writes sound.wav and pins.csv; the machine has stopped.
func leave(vm *machine.VM, log io.Writer) error {
	sound := vm.Sound()
	pins, err := vm.Pins()
	if err != nil {
		return err
	}
	csv, err := os.Create(filepath.Join(vm.Dir, "pins.csv"))
	if err != nil {
		return err
	}
	defer csv.Close()
	fmt.Fprintf(log, "%d pin changes and %.2f s of sound in %s\n", len(pins), float64(sound.Frames())/float64(sound.Rate), vm.Dir)
	return errors.Join(machine.WritePins(csv, vm.Started, pins), sound.WriteWAV(filepath.Join(vm.Dir, "sound.wav")))
}

// shell runs each line of in; "unplug" and "replug" pull the sound card and
// put it back. The last command's failure is returned.
func shell(ctx context.Context, vm *machine.VM, in io.Reader, out io.Writer) error {
	var last error
	for lines := bufio.NewScanner(in); lines.Scan(); {
		switch line := strings.TrimSpace(lines.Text()); line {
		case "":
			continue
		case "unplug":
			last = vm.Unplug(ctx)
		case "replug":
			last = vm.Replug(ctx)
		default:
			last = vm.Stream(ctx, out, line)
		}
		if last != nil {
			fmt.Fprintln(out, last)
		}
		if errors.Is(last, machine.ErrGone) || ctx.Err() != nil {
			break
		}
	}
	return last
}
