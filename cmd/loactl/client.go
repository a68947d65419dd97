package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
)

// client talks to the speakerd of one socket.
type client struct{ socket string }

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 4 << 20

// call sends one request and returns the body of its answer.
func (c *client) call(ctx context.Context, method, path string, body any) ([]byte, error) {
	var in io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		in = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://speakerd"+path, in)
	if err != nil {
		return nil, err
	}
	hc := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", c.socket)
		},
	}}
	resp, err := hc.Do(req)
	if err != nil {
		return nil, c.explain(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the answer of speakerd: %w", err)
	}
	if resp.StatusCode >= 400 {
		return nil, answerError(b)
	}
	return b, nil
}

// explain says what to do about a socket that does not answer.
func (c *client) explain(err error) error {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("no socket at %s: is speakerd running here? (systemctl status speakerd; --socket names another)", c.socket)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("nobody answers at %s: speakerd has ended (systemctl start speakerd)", c.socket)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("not allowed to open %s: run loactl as the user of speakerd (sudo loactl ...)", c.socket)
	}
	return err
}

func answerError(b []byte) error {
	var e struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(b, &e) == nil && e.Error != "" {
		return errors.New(e.Error)
	}
	return errors.New(string(b))
}
