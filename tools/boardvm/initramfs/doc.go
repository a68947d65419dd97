// Package initramfs writes the archive that a Linux kernel unpacks as its first
// root file system: a "newc" cpio archive, gzip-compressed
// (Documentation/driver-api/early-userspace/buffer-format.rst in the kernel).
//
// One entry is a header of 13 fields of eight hexadecimal digits behind the
// magic "070701", the name with its zero byte, padded to four, and the content,
// padded to four:
//
//	magic ino mode uid gid nlink mtime filesize devmajor devminor
//	rdevmajor rdevminor namesize check | name\0 pad | content pad
//
// The archive ends with an entry named "TRAILER!!!". Everything belongs to root
// and carries time 0, so the same content gives the same bytes.
package initramfs
