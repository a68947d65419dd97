package machine

import (
	"encoding/json"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// qemu answers on conn as QEMU 7.2 does, with the given answers in turn.
func qemu(t *testing.T, conn net.Conn, answers ...string) <-chan []string {
	asked := make(chan []string, 1)
	go func() {
		defer conn.Close()
		_, _ = io.WriteString(conn, `{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}}, "capabilities": ["oob"]}}`+"\r\n")
		commands := json.NewDecoder(conn)
		var names []string
		for _, answer := range append([]string{`{"return": {}}`}, answers...) {
			var request struct {
				Execute string `json:"execute"`
			}
			if !assert.NoError(t, commands.Decode(&request)) {
				return
			}
			names = append(names, request.Execute)
			_, _ = io.WriteString(conn, answer+"\r\n")
		}
		asked <- names
	}()
	return asked
}

func TestMonitorExecutesCommands(t *testing.T) {
	ours, theirs := net.Pipe()
	asked := qemu(t, theirs,
		`{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "RTC_CHANGE", "data": {"offset": 0}}`+
			`{"return": {"running": true}}`)
	m, err := newMonitor(t.Context(), ours)
	require.NoError(t, err)
	got, err := m.execute(t.Context(), "query-status", nil)
	require.NoError(t, err)
	assert.JSONEq(t, `{"running": true}`, string(got))
	assert.Equal(t, []string{"qmp_capabilities", "query-status"}, <-asked)
	<-m.gone
}

func TestMonitorTellsWhatQemuRefuses(t *testing.T) {
	ours, theirs := net.Pipe()
	qemu(t, theirs, `{"error": {"class": "DeviceNotFound", "desc": "Device 'card' not found"}}`)
	m, err := newMonitor(t.Context(), ours)
	require.NoError(t, err)
	_, err = m.execute(t.Context(), "device_del", map[string]any{"id": "card"})
	require.Error(t, err)
	assert.Equal(t, "qemu device_del: DeviceNotFound: Device 'card' not found", err.Error())
	<-m.gone
}

func TestMonitorSeesTheEventItExpects(t *testing.T) {
	ours, theirs := net.Pipe()
	qemu(t, theirs, `{"return": {}}`+
		`{"event": "DEVICE_DELETED", "data": {"path": "/machine/peripheral/net"}}`+
		`{"event": "DEVICE_DELETED", "data": {"device": "card", "path": "/machine/peripheral/card"}}`)
	m, err := newMonitor(t.Context(), ours)
	require.NoError(t, err)
	pulled := m.expect("DEVICE_DELETED", "card")
	_, err = m.execute(t.Context(), "device_del", map[string]any{"id": "card"})
	require.NoError(t, err)
	<-pulled
	<-m.gone
}

func TestMonitorFailsWhenTheMachineIsGone(t *testing.T) {
	ours, theirs := net.Pipe()
	qemu(t, theirs)
	m, err := newMonitor(t.Context(), ours)
	require.NoError(t, err)
	<-m.gone
	_, err = m.execute(t.Context(), "query-status", nil)
	require.Error(t, err)
}
