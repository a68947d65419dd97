package device

import (
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"
)

// pulse tells the machine that the control goroutine still turns: systemd
// through its notification socket, a board without it through its watchdog
// device. Only the control goroutine may call beat, after a whole turn.
type pulse struct {
	log      *slog.Logger
	interval time.Duration // between two beats for systemd, 0: not asked for
	device   *os.File      // nil: no hardware watchdog
	last     time.Time
	ready    bool
}

// deviceTimeout is what is asked of a hardware watchdog; the one of a
// Raspberry Pi cannot do more than 15 s.
const deviceTimeout = 15 * time.Second

// openPulse opens path, unless it is "" or systemd is to be told instead.
func openPulse(path string, explicit bool, log *slog.Logger) (*pulse, error) {
	p := &pulse{log: log}
	if d, err := daemon.SdWatchdogEnabled(false); err == nil && d > 0 {
		p.interval = d / 3
	}
	underSystemd := os.Getenv("NOTIFY_SOCKET") != ""
	if path == "" || (underSystemd && !explicit) {
		return p, nil
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		if os.IsNotExist(err) && !explicit {
			return p, nil
		}
		return p, fmt.Errorf("open watchdog: %w", err)
	}
	// A driver that cannot change its timeout keeps its own, which is longer
	// than a turn in every case known (WDIOC_SETTIMEOUT, linux/watchdog.h).
	if err := unix.IoctlSetPointerInt(int(f.Fd()), unix.WDIOC_SETTIMEOUT, int(deviceTimeout/time.Second)); err != nil {
		log.Info("watchdog keeps its own timeout", "device", path, "err", err)
	}
	p.device = f
	return p, nil
}

// every is how often beat must be called, 0 when it does not matter.
func (p *pulse) every() time.Duration {
	if p.device != nil && (p.interval == 0 || p.interval > deviceTimeout/3) {
		return deviceTimeout / 3
	}
	return p.interval
}

// beat says "alive", and "ready" the first time.
func (p *pulse) beat(now time.Time, status string) {
	if !p.ready {
		p.ready = true
		p.notify(daemon.SdNotifyReady + "\nSTATUS=" + status)
	}
	if now.Sub(p.last) < time.Second {
		return
	}
	p.last = now
	if p.interval > 0 {
		p.notify(daemon.SdNotifyWatchdog)
	}
	if p.device != nil {
		if _, err := p.device.Write([]byte{0}); err != nil {
			p.log.Error("watchdog not fed", "err", err)
		}
	}
}

func (p *pulse) notify(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		p.log.Warn("systemd not notified", "err", err)
	}
}

// close ends the watch in good order: the magic character keeps the board from
// resetting (Documentation/watchdog/watchdog-api.rst). A daemon that dies
// otherwise leaves it running.
func (p *pulse) close() {
	p.notify(daemon.SdNotifyStopping)
	if p.device != nil {
		_, _ = p.device.Write([]byte("V"))
		_ = p.device.Close()
	}
}
