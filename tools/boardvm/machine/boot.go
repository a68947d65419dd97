package machine

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"

	"loa/tools/boardvm/debian"
	"loa/tools/boardvm/initramfs"
)

// ErrMissing says that the host lacks what a machine needs; the error that
// wraps it says what, and the Debian package it comes in. A test then reports
// "not run".
var ErrMissing = errors.New("cannot boot a board here")

// Config says what to boot. Arch and Cache are needed, all else may be zero.
type Config struct {
	Arch  Arch
	Cache string            // directory for kernels, kept from one run to the next
	Dir   string            // where console.log, trace.log and qemu.log are left; "": a directory of its own, removed by Close
	Files map[string]string // files of the host to put into the guest: guest path -> host path
	Texts map[string]string // small files: guest path -> content
	Disk  int               // size of the ext4 disk on /data in MiB, 16 to 4096; 0: 256
	Log   io.Writer         // progress of fetching and booting; nil: discarded
}

// modules are what the guest loads, dependencies added. PL061 and PL031 are
// built into Debian's kernels.
var modules = []string{
	"virtio_pci", "virtio_console", "virtio_blk", "virtio_net", "virtio-rng", "ext4",
	"xhci-pci", "snd-usb-audio", "gpio-pl061", "rtc-pl031",
}

//go:embed init.sh
var initScript []byte

// VM is a running machine. Its methods may be called by several goroutines.
type VM struct {
	Arch    Arch
	Kernel  Kernel
	Started time.Time // when QEMU was started, on the host's clock
	Dir     string    // console.log, trace.log, qemu.log

	agent   *agent
	monitor *monitor
	tap     *tap
	process *exec.Cmd
	exited  chan struct{}
	conns   []net.Conn
	remove  bool // Dir is ours
	unlock  func()
}

// Boot fetches what is missing, starts the machine and waits until its shell
// answers, some 10 s on an idle host. The machine stops at Close or when ctx
// ends. The error is ErrMissing when the host cannot do it, else it carries the
// end of the console.
func Boot(ctx context.Context, c Config) (*VM, error) {
	p, ok := profiles[c.Arch]
	if !ok {
		return nil, fmt.Errorf("unknown board architecture %q: want one of %v", c.Arch, Arches)
	}
	if c.Log == nil {
		c.Log = io.Discard
	}
	qemu, err := debian.Need(p.qemu, "qemu-system-arm")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMissing, err)
	}
	kernel, err := FetchKernel(ctx, c.Arch, c.Cache, c.Log)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMissing, err)
	}
	vm := &VM{Arch: c.Arch, Kernel: kernel, Dir: c.Dir, tap: newTap(time.Now), exited: make(chan struct{})}
	if err := vm.prepare(ctx, c); err != nil {
		return nil, errors.Join(err, vm.Close())
	}
	if err := vm.start(ctx, qemu, p); err != nil {
		return nil, errors.Join(err, vm.Close())
	}
	if err := vm.awaitReady(ctx); err != nil {
		err = fmt.Errorf("boot %s: %w\n%s", c.Arch, err, vm.Console(40))
		return nil, errors.Join(err, vm.Close())
	}
	vm.hasten() // the threads that were there already
	fmt.Fprintf(c.Log, "%s board with kernel %s up after %.1f s\n", c.Arch, kernel.Version, time.Since(vm.Started).Seconds())
	return vm, nil
}

// prepare makes the directory, the initramfs and the disk.
func (vm *VM) prepare(ctx context.Context, c Config) error {
	if vm.Dir == "" {
		dir, err := os.MkdirTemp("", "boardvm-")
		if err != nil {
			return err
		}
		vm.Dir, vm.remove = dir, true
	}
	if err := os.MkdirAll(vm.Dir, 0o755); err != nil {
		return err
	}
	unlock, err := lock(vm.path("lock"), syscall.LOCK_EX|syscall.LOCK_NB)
	if err != nil {
		return fmt.Errorf("another board is running in %s: %w", vm.Dir, err)
	}
	vm.unlock = unlock
	if err := vm.writeInitramfs(ctx, c); err != nil {
		return fmt.Errorf("initramfs: %w", err)
	}
	return vm.makeDisk(ctx, c.Disk)
}

func (vm *VM) path(name string) string { return filepath.Join(vm.Dir, name) }

func (vm *VM) writeInitramfs(ctx context.Context, c Config) error {
	paths, err := vm.Kernel.Modules(ctx, modules...)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	w := initramfs.NewWriter(&out)
	err = errors.Join(
		w.File("/init", 0o755, initScript),
		w.File("/etc/modules", 0o644, []byte(strings.Join(paths, "\n")+"\n")),
		w.Copy("/bin/busybox", vm.Kernel.Busybox()),
		w.CharDevice("/dev/console", 0o600, 5, 1), // the kernel opens it before /init mounts /dev
		w.CharDevice("/dev/null", 0o666, 1, 3),
	)
	for _, path := range paths {
		err = errors.Join(err, w.Copy(path, filepath.Join(vm.Kernel.Root, path)))
	}
	for _, guest := range sorted(c.Files) {
		err = errors.Join(err, w.Copy(guest, c.Files[guest]))
	}
	for _, guest := range sorted(c.Texts) {
		err = errors.Join(err, w.File(guest, 0o644, []byte(c.Texts[guest])))
	}
	if err := errors.Join(err, w.Close()); err != nil {
		return err
	}
	return os.WriteFile(vm.path("initramfs.gz"), out.Bytes(), 0o644)
}

func sorted(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

func (vm *VM) makeDisk(ctx context.Context, mib int) error {
	if mib == 0 {
		mib = 256
	}
	if mib < 16 || mib > 4096 {
		return fmt.Errorf("disk of %d MiB: want 16 to 4096", mib)
	}
	mkfs, err := debian.Need("mkfs.ext4", "e2fsprogs")
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMissing, err)
	}
	disk, err := os.Create(vm.path("disk.img"))
	if err != nil {
		return err
	}
	defer disk.Close()
	if err := disk.Truncate(int64(mib) << 20); err != nil {
		return err
	}
	if out, err := exec.CommandContext(ctx, mkfs, "-q", "-F", vm.path("disk.img")).CombinedOutput(); err != nil {
		return fmt.Errorf("mkfs.ext4: %w: %s", err, out)
	}
	return nil
}

// The numbers under which QEMU finds what it inherits: exec.Cmd.ExtraFiles
// begins at 3.
const (
	fdMonitor = 3 + iota
	fdControl
	fdStream
	fdSound
)

// cardBuffer is the emulated card's own buffer, 200 ms. QEMU's 32 ms overflow
// when the host is late with its audio timer, and sound is dropped that the
// guest never hears of.
const cardBuffer = 200 * SoundRate / 1000 * frameBytes

// arguments is QEMU's command line.
func (vm *VM) arguments(p profile) []string {
	args := append([]string{}, p.args...)
	add := func(s ...string) { args = append(args, s...) }
	add("-m", "512", "-smp", "2", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot")
	add("-kernel", vm.Kernel.Image(), "-initrd", vm.path("initramfs.gz"))
	add("-append", "console=ttyAMA0 loglevel=5 panic=-1")
	add("-serial", "file:"+vm.path("console.log"))
	add("-chardev", fmt.Sprintf("socket,id=monitor,fd=%d", fdMonitor), "-mon", "chardev=monitor,mode=control")
	add("-chardev", fmt.Sprintf("socket,id=control,fd=%d", fdControl))
	add("-chardev", fmt.Sprintf("socket,id=stream,fd=%d", fdStream))
	add("-device", "virtio-serial-pci")
	add("-device", "virtserialport,chardev=control,name=boardvm.control")
	add("-device", "virtserialport,chardev=stream,name=boardvm.stream")
	add("-device", "virtio-rng-pci")
	add("-netdev", "user,id=net,restrict=on", "-device", "virtio-net-pci,netdev=net,romfile=")
	add("-drive", "if=none,id=disk,format=raw,file="+vm.path("disk.img"), "-device", "virtio-blk-pci,drive=disk")
	// The card's own rate, so that QEMU need not resample what is recorded.
	add("-audiodev", fmt.Sprintf("wav,id=sound,path=/dev/fd/%d,out.frequency=%d", fdSound, SoundRate))
	add("-device", "qemu-xhci,id=usb", "-device", "usb-audio,id=card,audiodev=sound,"+fmt.Sprintf("buffer=%d", cardBuffer))
	add("-trace", "pl061_set_output", "-D", vm.path("trace.log"), "-msg", "timestamp=on")
	return args
}

// start runs QEMU with its four lines to us.
func (vm *VM) start(ctx context.Context, qemu string, p profile) error {
	cmd := exec.CommandContext(ctx, qemu, vm.arguments(p)...)
	log, err := os.Create(vm.path("qemu.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	// A test that is killed must not leave an emulator behind. A session of its
	// own gets its own share of the host's processors (autogroup, sched(7)).
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setsid: true}
	for range 3 {
		ours, theirs, err := socketPair()
		if err != nil {
			return err
		}
		defer theirs.Close()
		vm.conns = append(vm.conns, ours)
		cmd.ExtraFiles = append(cmd.ExtraFiles, theirs)
	}
	soundOut, soundIn, err := os.Pipe()
	if err != nil {
		return err
	}
	defer soundIn.Close()
	cmd.ExtraFiles = append(cmd.ExtraFiles, soundIn)
	go func() {
		defer soundOut.Close()
		vm.tap.drain(soundOut)
	}()
	vm.Started = time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	vm.process = cmd
	vm.hasten()
	go func() {
		_ = cmd.Wait() // killed by Close, or its words are in qemu.log
		for _, conn := range vm.conns {
			conn.Close()
		}
		close(vm.exited)
	}()
	vm.agent = newAgent(vm.conns[1], vm.conns[2])
	vm.monitor, err = newMonitor(ctx, vm.conns[0])
	if err != nil {
		said, _ := os.ReadFile(vm.path("qemu.log"))
		return fmt.Errorf("%w: %s", err, said)
	}
	return nil
}

// bootTime bounds a boot; an idle host takes about a tenth of it.
const bootTime = 3 * time.Minute

func (vm *VM) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, bootTime, fmt.Errorf("no shell within %v", bootTime))
	defer cancel()
	select {
	case <-vm.agent.ready:
		return nil
	case <-vm.exited:
		said, _ := os.ReadFile(vm.path("qemu.log"))
		return fmt.Errorf("%w: %s", ErrGone, said)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// hasten lets the emulator go before other work of the host, where that is
// allowed (root): its sound card has deadlines, as a real one has without
// asking. Where the kernel groups processes by session, the group's niceness
// counts, else that of each thread.
func (vm *VM) hasten() {
	proc := fmt.Sprintf("/proc/%d/", vm.process.Process.Pid)
	_ = os.WriteFile(proc+"autogroup", []byte(strconv.Itoa(niceness)), 0)
	tasks, _ := filepath.Glob(proc + "task/*")
	for _, task := range tasks {
		if id, err := strconv.Atoi(filepath.Base(task)); err == nil {
			_ = syscall.Setpriority(syscall.PRIO_PROCESS, id, niceness)
		}
	}
}

// niceness of the emulator, -20 to 19; what the desktop's sound servers take.
const niceness = -15

// closeTime is how long QEMU gets to end by itself. It writes out the last
// block of sound then.
const closeTime = 5 * time.Second

// Close stops the machine at once, as pulling the mains does, and removes the
// directory if Boot made it. Sound is complete afterwards. Calling it again
// does nothing.
func (vm *VM) Close() error {
	if vm.process != nil {
		vm.quit()
	}
	if vm.unlock == nil {
		return nil // the directory is another's, or this is the second call
	}
	defer vm.unlock()
	vm.unlock = nil
	if vm.remove {
		return os.RemoveAll(vm.Dir)
	}
	return errors.Join(removeQuietly(vm.path("disk.img")), removeQuietly(vm.path("initramfs.gz")))
}

// quit ends QEMU and waits until its last sound is here.
func (vm *VM) quit() {
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	_, _ = vm.monitor.execute(ctx, "quit", nil) // it may be gone already
	select {
	case <-vm.exited:
	case <-ctx.Done():
		_ = vm.process.Process.Kill()
		<-vm.exited
	}
	<-vm.tap.done
}

func removeQuietly(path string) error {
	if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// socketPair returns one end as a connection, the other as a file to inherit.
func socketPair() (net.Conn, *os.File, error) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("socket pair: %w", err)
	}
	ours := os.NewFile(uintptr(fds[0]), "boardvm")
	defer ours.Close() // FileConn has its own copy
	conn, err := net.FileConn(ours)
	if err != nil {
		syscall.Close(fds[1])
		return nil, nil, err
	}
	return conn, os.NewFile(uintptr(fds[1]), "qemu"), nil
}
