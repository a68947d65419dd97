package store

import "syscall"

// diskFree returns the bytes that the file system of dir has left for this
// user, or -1 if it does not say.
func diskFree(dir string) int64 {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return -1
	}
	return int64(fs.Bavail) * int64(fs.Bsize)
}
