package device

import (
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
	interval time.Duration // that systemd asks for, 0: not asked
	device   *os.File      // nil: no hardware watchdog
	last     time.Time
	ready    bool
}

// defaultTimeout is asked of a watchdog that the board profile does not know;
// the one of a Raspberry Pi cannot do more than 15 s.
const defaultTimeout = 15 * time.Second

// openPulse opens the board's watchdog, unless there is none or systemd is to
// be told instead.
func (d *Device) openPulse() *pulse {
	p := &pulse{log: d.log}
	if every, err := daemon.SdWatchdogEnabled(false); err == nil && every > 0 {
		p.interval = every / 3
	}
	path, explicit := d.cfg.Control.Watchdog, true
	if path == "auto" {
		path, explicit = d.board.Watchdog.Path, false
	}
	if path == "" || (!explicit && os.Getenv("NOTIFY_SOCKET") != "") {
		return p
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		d.log.Error("no watchdog: a hanging board will not reset itself", "err", err)
		return p
	}
	// A driver that cannot change its timeout keeps its own, which is longer
	// than a turn in every case known (WDIOC_SETTIMEOUT, linux/watchdog.h).
	if err := unix.IoctlSetPointerInt(int(f.Fd()), unix.WDIOC_SETTIMEOUT, int(d.deviceTimeout()/time.Second)); err != nil {
		d.log.Info("watchdog keeps its own timeout", "device", path, "err", err)
	}
	p.device = f
	return p
}

// deviceTimeout is what is asked of the hardware watchdog.
func (d *Device) deviceTimeout() time.Duration {
	if t := d.board.Watchdog.Timeout; t > 0 {
		return t
	}
	return defaultTimeout
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
	if p.interval > 0 { // a turn comes at least each second, far more often than asked for
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
