package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"loa/cmd/internal/cli"
	"loa/cmd/internal/device"
)

type audioCmd struct {
	Check  audioCheckCmd  `cmd:"" help:"What a sound file holds, whether the device will play it, and how loud it is. · Kiểm tra tệp âm thanh."`
	Decode audioDecodeCmd `cmd:"" help:"Write what the device will play of a sound file into a WAV file. · Giải mã ra tệp WAV."`
}

// soundFile is a file that the user named.
type soundFile struct {
	path    string
	info    os.FileInfo
	spooled *os.File // standard input; nil: the file is at path
}

// mistake is what the user typed wrongly, in his language.
type mistake string

func (m mistake) Error() string { return string(m) }

// Is makes the exit code that of usage errors.
func (mistake) Is(target error) bool { return target == cli.ErrUsage }

// named looks at a file that the user named, which is to be closed; a mistake is
// his.
func named(ctx context.Context, path string, a audioWords) (soundFile, error) {
	if path == pipeName {
		return spool(ctx, a)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return soundFile{}, a.mistake("missing", path)
	case err != nil:
		return soundFile{}, a.mistake("closed", path, bare(err))
	case info.IsDir():
		return soundFile{}, a.mistake("folder", path)
	case !info.Mode().IsRegular():
		return soundFile{}, a.mistake("irregular", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return soundFile{}, a.mistake("closed", path, bare(err))
	}
	return soundFile{path: path, info: info}, f.Close()
}

// bare is err without the path that it names.
func bare(err error) error {
	var at *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &at):
		return at.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}

func (f soundFile) open() (io.ReadCloser, error) {
	if f.spooled != nil {
		return io.NopCloser(io.NewSectionReader(f.spooled, 0, f.info.Size())), nil
	}
	return os.Open(f.path)
}

// judge is the device's own judgement.
func (f soundFile) judge() device.Verdict { return device.Judge(f.info.Size(), f.open) }

// convert is the line that makes a file for the device of one that it does not
// play, "" when none would.
func (f soundFile) convert(r device.Refusal) string {
	if f.spooled != nil {
		return "" // it is gone
	}
	switch r {
	case device.RefusedCodec, device.RefusedForm, device.RefusedSize:
	default:
		return ""
	}
	to := strings.TrimSuffix(f.path, filepath.Ext(f.path)) + ".mp3"
	if to == f.path {
		to = strings.TrimSuffix(f.path, filepath.Ext(f.path)) + "-48k.mp3"
	}
	return "ffmpeg -i " + quoted(f.path) + " -ac 1 -b:a 48k " + quoted(to)
}

// quoted is a path as a shell takes it.
func quoted(path string) string {
	if strings.HasPrefix(path, "-") {
		path = "./" + path
	}
	if !strings.ContainsAny(path, " \t\n'\"\\$`!*?[](){}<>|&;#~") {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
