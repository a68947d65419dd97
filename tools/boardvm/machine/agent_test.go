package machine

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// guest is the other end of an agent, speaking as init.sh does.
type guest struct {
	t       *testing.T
	control net.Conn
	lines   *bufio.Reader
	stream  net.Conn
}

func newGuest(t *testing.T) (*agent, *guest) {
	t.Helper()
	hostControl, guestControl := net.Pipe()
	hostStream, guestStream := net.Pipe()
	g := &guest{t, guestControl, bufio.NewReader(guestControl), guestStream}
	a := newAgent(hostControl, hostStream)
	t.Cleanup(func() {
		guestControl.Close()
		guestStream.Close()
		<-a.gone
	})
	return a, g
}

// next takes one command from the host.
func (g *guest) next() (verb, id, command string) {
	line, err := g.lines.ReadString('\n')
	if !assert.NoError(g.t, err) {
		return "", "", ""
	}
	fields := strings.Fields(line)
	if !assert.Len(g.t, fields, 3) {
		return "", "", ""
	}
	text, err := base64.StdEncoding.DecodeString(fields[2])
	assert.NoError(g.t, err)
	return fields[0], fields[1], string(text)
}

func (g *guest) answer(id string, status int, output string) {
	fmt.Fprintf(g.control, "%s %d %s\n", id, status, base64.StdEncoding.EncodeToString([]byte(output)))
}

func TestCommandRunsInTheGuest(t *testing.T) {
	a, g := newGuest(t)
	go func() {
		verb, id, command := g.next()
		assert.Equal(t, "run", verb)
		assert.Equal(t, "echo 'a b'\nexit 0", command)
		g.answer(id, 0, "a b\n")
	}()
	out, err := a.run(t.Context(), "echo 'a b'\nexit 0")
	require.NoError(t, err)
	assert.Equal(t, "a b\n", out)
}

func TestFailingCommandCarriesStatusAndOutput(t *testing.T) {
	a, g := newGuest(t)
	go func() {
		_, id, _ := g.next()
		g.answer(id, 127, "sh: nothing: not found\n")
	}()
	_, err := a.run(t.Context(), "nothing")
	var exit *ExitError
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, 127, exit.Status)
	assert.Contains(t, err.Error(), `"nothing": exit status 127: sh: nothing: not found`)
}

func TestAnswersFindTheirCommandsInAnyOrder(t *testing.T) {
	a, g := newGuest(t)
	go func() {
		ids := map[string]string{}
		for range 3 {
			_, id, command := g.next()
			ids[command] = id
		}
		fmt.Fprintln(g.control, "some kernel message") // dropped
		for _, command := range []string{"c", "a", "b"} {
			g.answer(ids[command], 0, "did "+command)
		}
	}()
	results := make(chan string, 3)
	for _, command := range []string{"a", "b", "c"} {
		go func() {
			out, err := a.run(t.Context(), command)
			assert.NoError(t, err)
			results <- command + ": " + out
		}()
	}
	var got []string
	for range 3 {
		got = append(got, <-results)
	}
	assert.ElementsMatch(t, []string{"a: did a", "b: did b", "c: did c"}, got)
}

func TestStreamedOutputIsCompleteBeforeTheCommandEnds(t *testing.T) {
	a, g := newGuest(t)
	go func() {
		verb, id, _ := g.next()
		assert.Equal(t, "stream", verb)
		g.answer(id, 3, "") // overtakes what is still in the stream
		fmt.Fprintf(g.stream, "one\ntwo, unfinishedboardvm-end-%s\n", id)
	}()
	var out bytes.Buffer
	err := a.runTo(t.Context(), &out, "x")
	var exit *ExitError
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, 3, exit.Status)
	assert.Equal(t, "one\ntwo, unfinished", out.String())
}

func TestReadyIsTheGuestsFirstWord(t *testing.T) {
	a, g := newGuest(t)
	fmt.Fprintln(g.control, "ready")
	<-a.ready
}

func TestWaitingEndsWhenTheMachineIsGone(t *testing.T) {
	a, g := newGuest(t)
	go func() {
		g.next()
		g.control.Close()
	}()
	_, err := a.run(t.Context(), "sleep 1000")
	require.ErrorIs(t, err, ErrGone)
	_, err = a.run(t.Context(), "true")
	require.ErrorIs(t, err, ErrGone)
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	a, g := newGuest(t)
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		g.next()
		cancel(why)
	}()
	_, err := a.run(ctx, "sleep 1000")
	require.ErrorIs(t, err, why)
}

func TestQuotedWordIsOneWord(t *testing.T) {
	assert.Equal(t, `'a b'`, Quote("a b"))
	assert.Equal(t, `'it'\''s'`, Quote("it's"))
	assert.Equal(t, `''`, Quote(""))
}
