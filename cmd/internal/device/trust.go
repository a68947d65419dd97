package device

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Names under which the state database keeps what is known of the time.
const (
	keyTrusted = "clock.trusted" // RFC 3339: the latest wall time that was trusted
	keyRTC     = "clock.rtc"     // RFC 3339: when the RTC was last found right
)

// Sources of trust, as status names them.
const (
	clockKernel = "kernel"
	clockRTC    = "rtc"
	clockManual = "manual"
	clockGiven  = "given" // the simulator's
	clockNone   = "none"
)

// rtcTolerance is how far an RTC may be off a trusted clock to be believed
// after the next start. They count whole seconds and drift some seconds a day.
const rtcTolerance = 5 * time.Second

// trust says how far the wall clock can be believed. Once trusted it stays so
// until the daemon restarts: a clock that ran right does not run wrong because
// a network went away.
type trust struct {
	source string
	floor  time.Time // a trusted clock never shows less
	rtc    string    // device file, "" for none
	rtcOK  bool      // this RTC was right when last compared
}

// buildTime is the floor of a device that never had trusted time.
var buildTime = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// look asks the machine once more. It reports whether anything changed.
func (tr *trust) look(now time.Time) (changed bool) {
	if tr.source == clockKernel || tr.source == clockGiven || now.Before(tr.floor) {
		return false
	}
	before := tr.source
	switch {
	case kernelSynchronised():
		tr.source = clockKernel
	case before == clockNone && tr.rtcOK && tr.rtcAgrees(now):
		tr.source = clockRTC
	}
	return tr.source != before
}

// trusted reports whether a clock that shows now can be believed.
func (tr *trust) trusted(now time.Time) bool { return tr.source != clockNone && !now.Before(tr.floor) }

// why explains to a person what is missing.
func (tr *trust) why(now time.Time) string {
	if now.Before(tr.floor) {
		return fmt.Sprintf("the clock shows %s, before the last time that was known to be right (%s); set it with: loactl clock set",
			now.Format(time.RFC3339), tr.floor.Format(time.RFC3339))
	}
	return "no source of time has confirmed the clock since the start; scheduled items are held; set it with: loactl clock set"
}

// kernelSynchronised asks whether NTP or GNSS steers the clock: STA_UNSYNC is
// clear (adjtimex(2), linux/timex.h).
func kernelSynchronised() bool {
	var tx unix.Timex
	state, err := unix.Adjtimex(&tx)
	return err == nil && state != unix.TIME_ERROR && tx.Status&unix.STA_UNSYNC == 0
}

// rtcAgrees reads the RTC and compares it with the wall clock.
func (tr *trust) rtcAgrees(now time.Time) bool {
	t, err := tr.readRTC()
	return err == nil && t.Sub(now).Abs() <= rtcTolerance
}

func (tr *trust) readRTC() (time.Time, error) {
	if tr.rtc == "" {
		return time.Time{}, os.ErrNotExist
	}
	b, err := os.ReadFile("/sys/class/rtc/" + strings.TrimPrefix(tr.rtc, "/dev/") + "/since_epoch")
	if err != nil {
		return time.Time{}, err
	}
	s, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	return time.Unix(s, 0), err
}

// setClock sets the machine's clock and, when there is one, its RTC.
func (tr *trust) setClock(t time.Time) error {
	tv := unix.NsecToTimeval(t.UnixNano())
	if err := unix.Settimeofday(&tv); err != nil {
		return fmt.Errorf("set the clock: %w (speakerd must run as root or with CAP_SYS_TIME)", err)
	}
	tr.source, tr.floor = clockManual, t
	return tr.writeRTC(t.UTC())
}

// writeRTC stores UTC into the RTC (RTC_SET_TIME, linux/rtc.h).
func (tr *trust) writeRTC(t time.Time) error {
	if tr.rtc == "" {
		return nil
	}
	f, err := os.OpenFile(tr.rtc, os.O_RDWR, 0)
	if err != nil {
		return nil // a board without an RTC keeps time until it is switched off
	}
	defer f.Close()
	v := unix.RTCTime{Sec: int32(t.Second()), Min: int32(t.Minute()), Hour: int32(t.Hour()),
		Mday: int32(t.Day()), Mon: int32(t.Month()) - 1, Year: int32(t.Year()) - 1900}
	if err := unix.IoctlSetRTCTime(int(f.Fd()), &v); err != nil {
		return fmt.Errorf("set the real-time clock %s: %w", tr.rtc, err)
	}
	return nil
}
