// Command loactl is the tool of installers and operators. What it does to the
// device at hand goes over the device's unix socket.
package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"loa/cmd/internal/cli"
	"loa/cmd/internal/device"
)

type verbs struct {
	Socket string `env:"LOA_SOCKET" default:"/run/loa/speakerd.sock" placeholder:"PATH" help:"Unix socket of the device's speakerd (${default})."`
	Lang   string `enum:"auto,vi,en" default:"auto" help:"Language of what people read: vi, en, or auto (from LANG)."`

	Status   statusCmd   `cmd:"" help:"What the device plays, hears and misses. · Tình trạng thiết bị."`
	Selftest selftestCmd `cmd:"" help:"A tone through each amplifier, and a result for each check. · Tự kiểm tra, nghe tiếng từng loa."`
	Clock    clockCmd    `cmd:"" help:"The device's clock. · Đồng hồ thiết bị."`
	Schedule scheduleCmd `cmd:"" help:"What comes next. · Lịch phát sắp tới."`
	Log      logCmd      `cmd:"" help:"The newest events. · Nhật ký."`
	Audio    audioCmd    `cmd:"" help:"Sound files: what they are, how loud, and how they will sound. · Tệp âm thanh."`
	Version  versionCmd  `cmd:"" help:"Print the version."`
}

const description = `The tool of installers and operators of loudspeaker clusters (cụm loa).

Examples:
  loactl status                          what does the device on this board do?
  loactl status --json                   the same for programs
  loactl selftest                        a tone through each amplifier
  loactl clock set 2026-11-22T05:00:00+07:00
  loactl schedule                        what plays next
  loactl audio check ban-tin.mp3         will the device play this file, and how loud is it?
  loactl --socket /tmp/s.sock status     another device on this machine`

func main() { program(os.Stderr).Main() }

// program is the command line; notes for people go to errOut.
func program(errOut io.Writer) cli.Program {
	var v verbs
	return cli.Program{Name: "loactl", Description: description, Grammar: &v, Bind: func() []any {
		words := english
		if vietnameseWanted(v.Lang) {
			words = vietnamese
		}
		return []any{&client{socket: v.Socket}, words, notesTo(errOut)}
	}}
}

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
