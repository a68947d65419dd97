package device

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"loa"
)

// The unix socket speaks HTTP with JSON bodies, so that any tool can read it:
//
//	GET  /v1/status                  loa.Status
//	POST /v1/selftest                {"lines":[...], "ok": bool}
//	POST /v1/clock {"time": RFC3339} 204
//	GET  /v1/log                     the newest events, one JSON object a line
//	GET  /v1/plan                    the occurrences that come next
//
// An error is {"error": "..."} with a status of 400 or above. The socket's mode
// 0600 is what guards it.

// SelftestReport is the answer to a self-test.
type SelftestReport struct {
	OK    bool           `json:"ok"`
	Lines []SelftestLine `json:"lines"`
}

// errBusy is answered to what cannot be done while something plays.
var errBusy = errors.New("busy")

// retrySocket is how long to wait before a socket that could not be made is
// tried again.
const retrySocket = 10 * time.Second

// serveSocket answers loactl until ctx ends. A cluster that nobody can ask
// still plays: without a socket it says so and tries again.
func (d *Device) serveSocket(ctx context.Context) error {
	for {
		err := d.serveOnce(ctx)
		if ctx.Err() != nil {
			return nil
		}
		d.log.Error("loactl cannot reach this device", "err", err)
		text := err.Error()
		if err := d.ask(ctx, func(t instant) { d.core.faults.set(t.Wall, faultSocket, text) }); err != nil {
			return nil
		}
		select {
		case <-time.After(retrySocket):
		case <-ctx.Done():
			return nil
		}
	}
}

// serveOnce makes the socket and answers there.
func (d *Device) serveOnce(ctx context.Context) error {
	l, err := listenUnix(d.cfg.Socket)
	if err != nil {
		return err
	}
	if err := d.ask(ctx, func(t instant) { d.core.faults.set(t.Wall, faultSocket, "") }); err != nil {
		return errors.Join(err, l.Close())
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", d.getStatus)
	mux.HandleFunc("POST /v1/selftest", d.postSelftest)
	mux.HandleFunc("POST /v1/clock", d.postClock)
	mux.HandleFunc("GET /v1/log", d.getLog)
	mux.HandleFunc("GET /v1/plan", d.getPlan)
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 8 << 10}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	d.answers.Do(func() { close(d.ready) })
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("socket %s: %w", d.cfg.Socket, err)
	}
	return nil
}

// listenUnix makes the socket, in place of one that a dead daemon left behind.
func listenUnix(path string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("socket %s: %w", path, err)
	}
	if c, err := net.Dial("unix", path); err == nil {
		_ = c.Close()
		return nil, fmt.Errorf("socket %s: another speakerd answers there", path)
	}
	if info, err := os.Lstat(path); err == nil && info.Mode().Type() != os.ModeSocket {
		return nil, fmt.Errorf("socket %s: something else is there and stays; name another path", path)
	}
	_ = os.Remove(path)
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("socket: %w", err)
	}
	return l, nil
}

func answer(w http.ResponseWriter, v any) {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		refuse(w, http.StatusInternalServerError, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(b, '\n'))
}

func refuse(w http.ResponseWriter, code int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": err.Error()})
}

func (d *Device) getStatus(w http.ResponseWriter, r *http.Request) {
	var st loa.Status
	if err := d.ask(r.Context(), func(t instant) { st = d.status(t) }); err != nil {
		refuse(w, http.StatusServiceUnavailable, err)
		return
	}
	answer(w, st)
}

func (d *Device) postSelftest(w http.ResponseWriter, r *http.Request) {
	lines := make(chan []SelftestLine, 1)
	var started error
	if err := d.ask(r.Context(), func(t instant) { started = d.core.StartTrial(t, lines) }); err != nil {
		refuse(w, http.StatusServiceUnavailable, err)
		return
	}
	if started != nil {
		refuse(w, http.StatusConflict, fmt.Errorf("%w: %w", errBusy, started))
		return
	}
	select {
	case <-r.Context().Done():
	case ls := <-lines:
		rep := SelftestReport{OK: true, Lines: ls}
		for _, l := range ls {
			rep.OK = rep.OK && l.OK
		}
		answer(w, rep)
	}
}

func (d *Device) postClock(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Time time.Time `json:"time"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&body); err != nil {
		refuse(w, http.StatusBadRequest, fmt.Errorf("body: %w; allowed: {\"time\": an RFC 3339 time}", err))
		return
	}
	if y := body.Time.Year(); body.Time.Before(buildTime) || y > 2100 {
		refuse(w, http.StatusBadRequest, fmt.Errorf("time %s is not allowed; allowed: %s to the year 2100",
			body.Time.Format(time.RFC3339), buildTime.Format(time.RFC3339)))
		return
	}
	var set error
	if err := d.ask(r.Context(), func(t instant) { set = d.setClock(t, body.Time) }); err != nil {
		refuse(w, http.StatusServiceUnavailable, err)
		return
	}
	if set != nil {
		refuse(w, http.StatusForbidden, set)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// logLines is how many events loactl log shows.
const logLines = 200

func (d *Device) getLog(w http.ResponseWriter, r *http.Request) {
	events, err := d.recentEvents(logLines)
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, err)
		return
	}
	w.Header().Set("Content-Type", "application/jsonl")
	for _, e := range events {
		_, _ = w.Write(append(e, '\n'))
	}
}

// ComingItem is one occurrence that the schedule holds.
type ComingItem struct {
	ID    string    `json:"id"`
	Title string    `json:"title,omitempty"`
	Class loa.Class `json:"class"`
	At    time.Time `json:"at"`
	Note  string    `json:"note,omitempty"` // why it will not play, if that is known
}

func (d *Device) getPlan(w http.ResponseWriter, r *http.Request) {
	items := []ComingItem{}
	if err := d.ask(r.Context(), func(instant) { items = d.core.coming(20) }); err != nil {
		refuse(w, http.StatusServiceUnavailable, err)
		return
	}
	answer(w, items)
}
