package machine

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
)

// ErrGone says that the machine has stopped, or was closed, before an answer
// came.
var ErrGone = errors.New("the machine is gone")

// ExitError is a command that ran in the guest and ended with another status
// than 0.
type ExitError struct {
	Command string
	Status  int    // 128+n: ended by signal n, as the shell has it
	Output  string // standard output and standard error; empty for a streamed command
}

func (e *ExitError) Error() string {
	return fmt.Sprintf("guest command %q: exit status %d: %s", e.Command, e.Status, strings.TrimSpace(e.Output))
}

// agent speaks with the guest's /init over two virtio-serial ports. On the
// control port each side sends lines:
//
//	guest: ready
//	host:  run <id> <base64 of a shell script>
//	host:  stream <id> <base64 of a shell script>
//	guest: <id> <exit status> <base64 of the output>
//
// Commands run side by side. What a "stream" command writes comes over the
// stream port as it is written and ends with the line boardvm-end-<id>; only
// one such command may run at a time.
type agent struct {
	control io.ReadWriter
	stream  *bufio.Reader

	writing   sync.Mutex // one line to the control port at a time
	streaming sync.Mutex // one streamed command at a time

	mu      sync.Mutex
	next    int
	waiting map[int]chan answer
	ready   chan struct{} // closed at the guest's first word
	gone    chan struct{} // closed when the control port ends
}

type answer struct {
	status int
	output string
}

// newAgent serves the ports until the control port ends; the caller closes it.
func newAgent(control, stream io.ReadWriter) *agent {
	a := &agent{
		control: control, stream: bufio.NewReader(stream),
		waiting: map[int]chan answer{},
		ready:   make(chan struct{}), gone: make(chan struct{}),
	}
	go a.read()
	return a
}

func (a *agent) read() {
	defer close(a.gone)
	lines := bufio.NewReader(a.control)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		a.take(strings.TrimSpace(line))
	}
}

// take handles one line from the guest; what it does not understand it drops.
func (a *agent) take(line string) {
	fields := strings.Fields(line)
	if len(fields) == 1 && fields[0] == "ready" {
		close(a.ready)
		return
	}
	if len(fields) < 2 {
		return
	}
	id, errID := strconv.Atoi(fields[0])
	status, errStatus := strconv.Atoi(fields[1])
	if errID != nil || errStatus != nil {
		return
	}
	output, _ := base64.StdEncoding.DecodeString(strings.Join(fields[2:], ""))
	a.mu.Lock()
	answers := a.waiting[id]
	delete(a.waiting, id)
	a.mu.Unlock()
	if answers != nil {
		answers <- answer{status, string(output)}
	}
}

// send asks the guest to run command and returns where the answer will come.
func (a *agent) send(verb, command string) (id int, answers chan answer, err error) {
	answers = make(chan answer, 1)
	a.mu.Lock()
	a.next++
	id = a.next
	a.waiting[id] = answers
	a.mu.Unlock()
	a.writing.Lock()
	defer a.writing.Unlock()
	_, err = fmt.Fprintf(a.control, "%s %d %s\n", verb, id, base64.StdEncoding.EncodeToString([]byte(command)))
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrGone, err)
	}
	return id, answers, err
}

func (a *agent) await(ctx context.Context, command string, answers chan answer) (string, error) {
	var got answer
	select {
	case got = <-answers:
	case <-ctx.Done():
		return "", fmt.Errorf("guest command %q: %w", command, context.Cause(ctx))
	case <-a.gone:
		select { // the answer may have been the last word
		case got = <-answers:
		default:
			return "", fmt.Errorf("guest command %q: %w", command, ErrGone)
		}
	}
	if got.status != 0 {
		return got.output, &ExitError{command, got.status, got.output}
	}
	return got.output, nil
}

func (a *agent) run(ctx context.Context, command string) (string, error) {
	_, answers, err := a.send("run", command)
	if err != nil {
		return "", err
	}
	return a.await(ctx, command, answers)
}

func (a *agent) runTo(ctx context.Context, w io.Writer, command string) error {
	a.streaming.Lock()
	defer a.streaming.Unlock()
	id, answers, err := a.send("stream", command)
	if err != nil {
		return err
	}
	copied := make(chan error, 1)
	go func() { copied <- copyUntil(w, a.stream, fmt.Sprintf("boardvm-end-%d", id)) }()
	_, runErr := a.await(ctx, command, answers)
	if exit := (*ExitError)(nil); runErr != nil && !errors.As(runErr, &exit) {
		return runErr // the copying ends with the stream port
	}
	select {
	case err := <-copied:
		return errors.Join(runErr, err)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// copyUntil copies lines to w until one that ends with mark; what the command
// wrote before mark on an unfinished last line is copied too.
func copyUntil(w io.Writer, r *bufio.Reader, mark string) error {
	for {
		line, err := r.ReadString('\n')
		rest, found := strings.CutSuffix(strings.TrimRight(line, "\r\n"), mark)
		if found {
			line = rest
		}
		if _, werr := io.WriteString(w, line); werr != nil && err == nil {
			err = werr
		}
		if found || err != nil {
			return err
		}
	}
}
