package alsa

import (
	"runtime"
	"syscall"
	"unsafe"
)

// The lowest real-time priority is above everything that is not real time;
// there is nothing else of ours to be above of. See sched(7).
const (
	schedOther = 0
	schedFIFO  = 1
	priority   = 1
)

// hasten gives the calling goroutine a thread of its own, in real time when
// the kernel allows it (CAP_SYS_NICE or RLIMIT_RTPRIO), because the queue of
// 40 ms is all that bridges a busy processor. It reports whether it did;
// restore ends both. The kernel takes a real-time thread that does not stop
// off the processor for 5 % of the time (sched_rt_runtime_us).
func hasten() (realTime bool, restore func()) {
	runtime.LockOSThread()
	realTime = setScheduler(schedFIFO, priority) == nil
	return realTime, func() {
		if realTime && setScheduler(schedOther, 0) != nil {
			return // keeps the thread locked: it ends with its goroutine
		}
		runtime.UnlockOSThread()
	}
}

// setScheduler is sched_setscheduler(2) for the calling thread.
func setScheduler(policy int, priority int32) error {
	_, _, errno := syscall.RawSyscall(syscall.SYS_SCHED_SETSCHEDULER, 0, uintptr(policy), uintptr(unsafe.Pointer(&priority)))
	if errno != 0 {
		return errno
	}
	return nil
}
