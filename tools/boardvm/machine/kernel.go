package machine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"loa/tools/boardvm/debian"
)

// Kernel is a Debian kernel unpacked in the cache, ready to boot.
type Kernel struct {
	Version string // as uname -r says it: "6.1.0-50-armmp"
	Root    string // directory with boot/, lib/modules/ and bin/busybox
}

// Image is the path of the kernel's boot image.
func (k Kernel) Image() string { return filepath.Join(k.Root, "boot", "vmlinuz-"+k.Version) }

// Busybox is the path of the static busybox for the same architecture.
func (k Kernel) Busybox() string { return filepath.Join(k.Root, "bin", "busybox") }

// FetchKernel returns the kernel of arch from the directory cache, and puts it
// there first when it is missing: from the host's Debian sources, checked by
// the host's keyring, about 45 MB. It may be called by several processes at
// once; progress and apt's words go to log.
func FetchKernel(ctx context.Context, arch Arch, cache string, log io.Writer) (Kernel, error) {
	dir, err := filepath.Abs(filepath.Join(cache, string(arch)))
	if err != nil {
		return Kernel{}, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Kernel{}, err
	}
	unlock, err := lock(filepath.Join(dir, "lock"), syscall.LOCK_EX)
	if err != nil {
		return Kernel{}, err
	}
	defer unlock()
	record := filepath.Join(dir, "kernel.json")
	k := Kernel{Root: filepath.Join(dir, "root")}
	if text, err := os.ReadFile(record); err == nil && json.Unmarshal(text, &k) == nil {
		k.Root = filepath.Join(dir, "root")
		if _, err := os.Stat(k.Image()); err == nil {
			return k, nil
		}
	}
	fmt.Fprintf(log, "fetching the %s kernel into %s\n", arch, dir)
	if k.Version, err = unpackKernel(ctx, profiles[arch], dir, log); err != nil {
		return Kernel{}, fmt.Errorf("fetch the %s kernel: %w", arch, err)
	}
	text, err := json.Marshal(k)
	if err != nil {
		return Kernel{}, err
	}
	return k, os.WriteFile(record, text, 0o644)
}

// unpackKernel fills dir/root and returns the kernel's version.
func unpackKernel(ctx context.Context, p profile, dir string, log io.Writer) (string, error) {
	depmod, err := debian.Need("depmod", "kmod")
	if err != nil {
		return "", err
	}
	apt := &debian.Root{Dir: filepath.Join(dir, "apt"), Arch: p.debian, Log: log}
	if err := apt.Update(ctx); err != nil {
		return "", err
	}
	depends, err := apt.Depends(ctx, "linux-image-"+p.flavor)
	if err != nil {
		return "", err
	}
	version, err := kernelVersion(depends, p.flavor)
	if err != nil {
		return "", err
	}
	root, fresh := filepath.Join(dir, "root"), filepath.Join(dir, "root.new")
	if err := errors.Join(os.RemoveAll(root), os.RemoveAll(fresh), os.MkdirAll(fresh, 0o755)); err != nil {
		return "", err
	}
	if err := apt.Unpack(ctx, fresh, "linux-image-"+version, "busybox-static"); err != nil {
		return "", err
	}
	if err := mergeUsr(fresh); err != nil {
		return "", err
	}
	if out, err := exec.CommandContext(ctx, depmod, "-b", fresh, version).CombinedOutput(); err != nil {
		return "", fmt.Errorf("depmod: %w: %s", err, out)
	}
	// The package lists have served; they are larger than the package.
	return version, errors.Join(os.Rename(fresh, root), os.RemoveAll(apt.Dir))
}

// kernelVersion finds the versioned image among a meta package's dependencies.
func kernelVersion(depends []string, flavor string) (string, error) {
	image := regexp.MustCompile(`^linux-image-(\d.*-` + regexp.QuoteMeta(flavor) + `)$`)
	for _, name := range depends {
		if m := image.FindStringSubmatch(name); m != nil {
			return m[1], nil
		}
	}
	return "", fmt.Errorf("linux-image-%s depends on no versioned kernel: %v", flavor, depends)
}

// mergeUsr makes /bin and /lib of a newer Debian, whose packages hold them
// under /usr, appear where an older one has them.
func mergeUsr(root string) error {
	for _, name := range []string{"bin", "lib"} {
		_, missing := os.Stat(filepath.Join(root, name))
		_, inUsr := os.Stat(filepath.Join(root, "usr", name))
		if missing != nil && inUsr == nil {
			if err := os.Symlink("usr/"+name, filepath.Join(root, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Modules returns the paths below k.Root of the named modules and all they
// depend on, in the order in which they must be loaded. Those built into the
// kernel need no loading and are left out; one that does not exist is an error.
func (k Kernel) Modules(ctx context.Context, names ...string) ([]string, error) {
	modprobe, err := debian.Need("modprobe", "kmod")
	if err != nil {
		return nil, err
	}
	var paths []string
	seen := map[string]bool{}
	for _, name := range names {
		// -C: the host's own modprobe.d has no say here.
		cmd := exec.CommandContext(ctx, modprobe, "-C", "/dev/null", "-d", k.Root, "-S", k.Version, "--show-depends", name)
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("kernel %s: module %s: %w", k.Version, name, err)
		}
		for line := range strings.Lines(string(out)) {
			fields := strings.Fields(line)
			if len(fields) < 2 || fields[0] != "insmod" || seen[fields[1]] {
				continue
			}
			seen[fields[1]] = true
			path, err := filepath.Rel(k.Root, fields[1])
			if err != nil {
				return nil, err
			}
			paths = append(paths, path)
		}
	}
	return paths, nil
}

// lock takes the file as a lock between processes. How is LOCK_EX to wait for
// it, or LOCK_EX|LOCK_NB to fail when another has it.
func lock(path string, how int) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), how); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { f.Close() }, nil
}
