// Package machine boots an emulated ARM board: Debian's kernel in QEMU's "virt"
// machine, with a USB sound card whose output is recorded, a PL061 GPIO chip
// whose pins are traced, an ext4 disk, and a shell that the host drives.
//
//	host                                guest
//	Boot ── qemu-system-arm ──────────── kernel, /init (busybox)
//	Run, Stream ── virtio-serial ─────── shell commands, exit status
//	Pins ── trace log ────────────────── PL061 (gpiochip0, 8 lines)
//	Sound ── pipe ────────────────────── usb-audio behind xHCI (card 0)
//	Unplug, Replug ── QMP ────────────── usb-audio
//	Console ── file ──────────────────── ttyAMA0: kernel messages
//
// Line 3 of the GPIO chip is the board's power button; the others are free.
// The guest's clock comes from the emulated PL031, which follows the host's. No
// network leads out of the guest. Root, /tmp and /run lie in memory, /data on
// the disk; all is gone when the machine is closed.
package machine
