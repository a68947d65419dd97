package machine

import "fmt"

// Arch is the processor of the emulated board.
type Arch string

// The boards that can be booted. An ARMv6 binary runs on ARMv7.
const (
	ARMv7 Arch = "armv7" // 32-bit, Cortex-A7, as on an Orange Pi PC or NanoPi NEO
	ARM64 Arch = "arm64" // 64-bit, Cortex-A53, as on a Raspberry Pi 3
)

// Arches lists every Arch.
var Arches = []Arch{ARMv7, ARM64}

// profile is what differs between the boards.
type profile struct {
	debian string   // Debian's name of the architecture
	flavor string   // Debian's kernel flavour: package linux-image-<flavor>
	qemu   string   // emulator, in the Debian package qemu-system-arm
	args   []string // machine and processor
}

var profiles = map[Arch]profile{
	// highmem=off: without it the PCI window lies above 4 GiB, where a kernel
	// without LPAE cannot reach it.
	ARMv7: {"armhf", "armmp", "qemu-system-arm", []string{"-M", "virt,highmem=off", "-cpu", "cortex-a7"}},
	ARM64: {"arm64", "arm64", "qemu-system-aarch64", []string{"-M", "virt", "-cpu", "cortex-a53"}},
}

// ParseArch turns a name into an Arch; the error lists the allowed names.
func ParseArch(name string) (Arch, error) {
	if _, ok := profiles[Arch(name)]; !ok {
		return "", fmt.Errorf("unknown board architecture %q: want one of %v", name, Arches)
	}
	return Arch(name), nil
}
