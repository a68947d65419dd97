package debian

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// ErrMissing says that a program of the host is not there. The error that
// wraps it names the program and the Debian package it comes in.
var ErrMissing = errors.New("host program missing")

// Need returns nil when program is on the host's PATH (or in /usr/sbin or
// /sbin, where a user's PATH does not look), else an ErrMissing that names pkg,
// the Debian package to install. The string is the program's path.
func Need(program, pkg string) (string, error) {
	if path, err := exec.LookPath(program); err == nil {
		return path, nil
	}
	for _, dir := range []string{"/usr/sbin", "/sbin"} {
		path := filepath.Join(dir, program)
		if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", fmt.Errorf("%w: %s (Debian package %s)", ErrMissing, program, pkg)
}

// Root is a private apt root for one architecture. The zero value is not
// usable; fill the fields, then call Update once.
type Root struct {
	Dir  string    // owned by the Root; made when it is not there
	Arch string    // Debian's name: armhf, arm64, armel
	Etc  string    // the host's apt configuration; /etc/apt when empty
	Log  io.Writer // what apt says; discarded when nil
}

// Update copies the host's sources and fetches their package lists. When only
// some lists could be had, apt's complaint is logged and Update returns nil if
// at least one list was verified: packages are still only taken from lists
// that a signature covers.
func (r *Root) Update(ctx context.Context) error {
	if _, err := Need("apt-get", "apt"); err != nil {
		return err
	}
	if err := r.prepare(ctx); err != nil {
		return fmt.Errorf("private apt root %s: %w", r.Dir, err)
	}
	_, err := r.apt(ctx, r.Dir, "apt-get", "-q", "update")
	lists, _ := filepath.Glob(filepath.Join(r.path("state/lists"), "*_Packages*"))
	if err != nil && len(lists) == 0 {
		return err
	}
	if err != nil {
		fmt.Fprintf(r.log(), "apt could not fetch every list, going on with the verified ones: %v\n", err)
	}
	return nil
}

// Depends returns the names of the packages that pkg depends on, as apt-cache
// lists them, alternatives included.
func (r *Root) Depends(ctx context.Context, pkg string) ([]string, error) {
	out, err := r.apt(ctx, r.Dir, "apt-cache", "depends", pkg)
	if err != nil {
		return nil, err
	}
	return parseDepends(out), nil
}

func parseDepends(out string) []string {
	var names []string
	for _, m := range dependsLine.FindAllStringSubmatch(out, -1) {
		names = append(names, m[1])
	}
	return names
}

var dependsLine = regexp.MustCompile(`(?m)^\s*\|?Depends: (\S+)$`)

// Unpack downloads the packages and unpacks all of them into the directory to,
// which must exist. No maintainer script runs.
func (r *Root) Unpack(ctx context.Context, to string, packages ...string) error {
	if _, err := Need("dpkg-deb", "dpkg"); err != nil {
		return err
	}
	debs := r.path("debs")
	if err := os.RemoveAll(debs); err != nil {
		return err
	}
	// World-writable with the sticky bit, as /tmp: apt downloads as its own
	// unprivileged user when it is started by root.
	if err := os.MkdirAll(debs, 0o755); err != nil {
		return err
	}
	if err := os.Chmod(debs, 0o777|os.ModeSticky); err != nil {
		return err
	}
	defer os.RemoveAll(debs)
	if _, err := r.apt(ctx, debs, "apt-get", append([]string{"-q", "download"}, packages...)...); err != nil {
		return err
	}
	found, _ := filepath.Glob(filepath.Join(debs, "*.deb"))
	if len(found) != len(packages) {
		return fmt.Errorf("apt downloaded %d packages of %d: %s", len(found), len(packages), strings.Join(packages, " "))
	}
	for _, deb := range found {
		if out, err := exec.CommandContext(ctx, "dpkg-deb", "-x", deb, to).CombinedOutput(); err != nil {
			return fmt.Errorf("unpack %s: %w: %s", filepath.Base(deb), err, out)
		}
	}
	return nil
}

func (r *Root) path(name string) string { return filepath.Join(r.Dir, name) }

func (r *Root) log() io.Writer {
	if r.Log == nil {
		return io.Discard
	}
	return r.Log
}

func (r *Root) prepare(ctx context.Context) error {
	for _, dir := range []string{"state/lists/partial", "cache/archives/partial", "parts"} {
		if err := os.MkdirAll(r.path(dir), 0o755); err != nil {
			return err
		}
	}
	// An empty dpkg status: nothing is installed in this root.
	if err := os.WriteFile(r.path("state/status"), nil, 0o644); err != nil {
		return err
	}
	if err := os.RemoveAll(r.path("sources")); err != nil {
		return err
	}
	etc := r.Etc
	if etc == "" {
		etc = "/etc/apt"
	}
	if err := copySources(etc, r.path("sources")); err != nil {
		return err
	}
	host, err := exec.CommandContext(ctx, "apt-config", "dump").Output()
	if err != nil {
		return fmt.Errorf("read the host's apt configuration: %w", err)
	}
	return os.WriteFile(r.path("apt.conf"), []byte(r.config(string(host))), 0o600)
}

// hostWay are the settings of the host that say how to reach an archive
// (proxies, retries, TLS). Nothing else is taken over: hooks that run after an
// update belong to the host.
var hostWay = regexp.MustCompile(`(?m)^Acquire::(http|https|ftp|Retries|ForceIPv[46])\b.*;$`)

// config is the private apt.conf. It is given in APT_CONFIG, which apt reads
// first, and points the reading of everything else away from the host.
func (r *Root) config(host string) string {
	var conf strings.Builder
	for _, line := range hostWay.FindAllString(host, -1) {
		conf.WriteString(line + "\n")
	}
	set := func(key, value string) { fmt.Fprintf(&conf, "%s %q;\n", key, value) }
	set("APT::Architecture", r.Arch)
	set("APT::Architectures", r.Arch)
	set("Dir::Etc::main", "/dev/null")
	set("Dir::Etc::parts", r.path("parts"))
	set("Dir::Etc::sourcelist", "/dev/null")
	set("Dir::Etc::sourceparts", r.path("sources"))
	set("Dir::State", r.path("state"))
	set("Dir::State::status", r.path("state/status"))
	set("Dir::Cache", r.path("cache"))
	set("Acquire::Languages", "none")
	set("Acquire::Retries", "3")
	return conf.String()
}

// apt runs one of apt's programs in the private root, with dir as its working
// directory, and returns what it wrote to standard output; the error carries its complaints.
func (r *Root) apt(ctx context.Context, dir, program string, args ...string) (string, error) {
	path, err := Need(program, "apt")
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), "APT_CONFIG="+r.path("apt.conf"), "LC_ALL=C")
	cmd.Dir = dir
	var out, complaints bytes.Buffer
	cmd.Stdout = io.MultiWriter(&out, r.log())
	cmd.Stderr = io.MultiWriter(&complaints, r.log())
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", program, strings.Join(args, " "), err,
			strings.TrimSpace(complaints.String()))
	}
	return out.String(), nil
}
