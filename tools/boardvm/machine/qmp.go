package machine

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"
)

// monitor is a client of QEMU's machine protocol, QMP (docs/interop/qmp-spec
// in QEMU): one JSON object after the other, a greeting, then commands with
// their answers, and events at any time.
type monitor struct {
	conn io.ReadWriter

	asking  sync.Mutex // one command at a time
	answers chan qmpMessage
	gone    chan struct{}

	mu     sync.Mutex
	events map[string]chan struct{} // by "EVENT device", closed when it comes
}

type qmpMessage struct {
	Greeting json.RawMessage `json:"QMP"`
	Return   json.RawMessage `json:"return"`
	Error    *struct {
		Class string `json:"class"`
		Desc  string `json:"desc"`
	} `json:"error"`
	Event string `json:"event"`
	Data  struct {
		Device string `json:"device"`
	} `json:"data"`
}

// newMonitor serves conn until it ends; the caller closes it.
func newMonitor(ctx context.Context, conn io.ReadWriter) (*monitor, error) {
	m := &monitor{conn: conn, answers: make(chan qmpMessage, 1), gone: make(chan struct{}), events: map[string]chan struct{}{}}
	go m.read()
	_, err := m.execute(ctx, "qmp_capabilities", nil)
	return m, err
}

func (m *monitor) read() {
	defer close(m.gone)
	messages := json.NewDecoder(m.conn)
	for {
		var message qmpMessage
		if err := messages.Decode(&message); err != nil {
			return
		}
		switch {
		case message.Event != "":
			m.mu.Lock()
			key := message.Event + " " + message.Data.Device
			if ch, ok := m.events[key]; ok {
				close(ch)
				delete(m.events, key)
			}
			m.mu.Unlock()
		case message.Greeting == nil:
			m.answers <- message
		}
	}
}

// expect returns a channel that is closed at the next such event of device.
func (m *monitor) expect(event, device string) <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	ch := make(chan struct{})
	m.events[event+" "+device] = ch
	return ch
}

// execute sends one command and waits for its answer.
func (m *monitor) execute(ctx context.Context, command string, arguments map[string]any) (json.RawMessage, error) {
	m.asking.Lock()
	defer m.asking.Unlock()
	request := map[string]any{"execute": command}
	if arguments != nil {
		request["arguments"] = arguments
	}
	if err := json.NewEncoder(m.conn).Encode(request); err != nil {
		return nil, fmt.Errorf("qemu %s: %w", command, err)
	}
	message, err := m.answer(ctx)
	if err != nil {
		return nil, fmt.Errorf("qemu %s: %w", command, err)
	}
	if message.Error != nil {
		return nil, fmt.Errorf("qemu %s: %s: %s", command, message.Error.Class, message.Error.Desc)
	}
	return message.Return, nil
}

func (m *monitor) answer(ctx context.Context) (qmpMessage, error) {
	select {
	case message := <-m.answers:
		return message, nil
	case <-ctx.Done():
		return qmpMessage{}, context.Cause(ctx)
	case <-m.gone:
	}
	select { // it may have answered and ended, as "quit" does
	case message := <-m.answers:
		return message, nil
	default:
		return qmpMessage{}, ErrGone
	}
}
