// Command loactl is the tool of installers and operators. What it does to the
// device at hand goes over the device's unix socket.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"loa/cmd/internal/device"
)

type cli struct {
	Socket string `env:"LOA_SOCKET" default:"/run/loa/speakerd.sock" placeholder:"PATH" help:"Unix socket of the device's speakerd (${default})."`
	Lang   string `enum:"auto,vi,en" default:"auto" help:"Language of what people read: vi, en, or auto (from LANG)."`

	Status   statusCmd   `cmd:"" help:"What the device plays, hears and misses. · Tình trạng thiết bị."`
	Selftest selftestCmd `cmd:"" help:"A tone through each amplifier, and a result for each check. · Tự kiểm tra, nghe tiếng từng loa."`
	Clock    clockCmd    `cmd:"" help:"The device's clock. · Đồng hồ thiết bị."`
	Schedule scheduleCmd `cmd:"" help:"What comes next. · Lịch phát sắp tới."`
	Log      logCmd      `cmd:"" help:"The newest events. · Nhật ký."`
	Version  versionCmd  `cmd:"" help:"Print the version."`
}

const description = `The tool of installers and operators of loudspeaker clusters (cụm loa).

Examples:
  loactl status                          what does the device on this board do?
  loactl status --json                   the same for programs
  loactl selftest                        a tone through each amplifier
  loactl clock set 2026-11-22T05:00:00+07:00
  loactl schedule                        what plays next
  loactl --socket /tmp/s.sock status     another device on this machine`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is main with its world passed in. It returns the exit code: 0 done,
// 1 failed, 2 usage.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	var c cli
	exit := -1
	p, err := kong.New(&c, kong.Name("loactl"), kong.Description(description), kong.UsageOnError(),
		kong.Writers(out, errOut), kong.Exit(func(code int) { exit = code }),
		kong.BindTo(out, (*io.Writer)(nil)), kong.BindTo(ctx, (*context.Context)(nil)))
	if err != nil {
		fmt.Fprintln(errOut, "loactl:", err)
		return 1
	}
	k, err := p.Parse(args)
	if exit >= 0 {
		return exit
	}
	if err != nil {
		fmt.Fprintf(errOut, "loactl: %v\nTry: loactl --help\n", err)
		return 2
	}
	words := english
	if vietnameseWanted(c.Lang) {
		words = vietnamese
	}
	err = k.Run(&client{socket: c.Socket}, words)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errUsage):
		fmt.Fprintln(errOut, "loactl:", err)
		return 2
	}
	fmt.Fprintln(errOut, "loactl:", err)
	return 1
}

// errUsage is wrapped by errors about what was typed.
var errUsage = errors.New("usage")

// vietnameseWanted looks at --lang, then at the locale.
func vietnameseWanted(lang string) bool {
	if lang != "auto" {
		return lang == "vi"
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			return strings.HasPrefix(v, "vi")
		}
	}
	return false
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(out io.Writer) error {
	_, err := fmt.Fprintln(out, "loactl", device.Version)
	return err
}
