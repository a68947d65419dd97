package main

import (
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"loa/board"
	"loa/cmd/internal/device"
)

// childEnv marks the process that is watched over.
const childEnv = "LOA_SUPERVISED"

// restartAfter is the pause before a daemon that died is started again; it
// grows to restartMost while it keeps dying.
const (
	restartAfter = 500 * time.Millisecond
	restartMost  = 30 * time.Second
	livedWell    = time.Minute
)

// supervise runs the daemon as a child and switches the amplifiers off when it
// dies: the kernel promises nothing about a line that its process no longer
// holds. The child gets SIGTERM should this process die first. It returns when
// the child ended in good order after a signal.
//
// os.StartProcess is used and not os/exec: the only program ever started is
// this one.
func supervise(log *slog.Logger, cfg device.Config, b board.Board) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find own program: %w", err)
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer signal.Stop(signals)
	pause := restartAfter
	for {
		began := time.Now()
		state, asked, err := runChild(self, signals)
		if err != nil {
			return err
		}
		off := "amplifiers are off"
		if err := device.AllOff(cfg, b); err != nil {
			off = "AMPLIFIERS NOT SWITCHED OFF: " + err.Error()
		}
		if asked {
			return childError(state)
		}
		if time.Since(began) > livedWell {
			pause = restartAfter
		}
		log.Error("speakerd died; "+off+"; starting again", "state", state.String(), "in", pause)
		select {
		case <-signals:
			return nil
		case <-time.After(pause):
		}
		pause = min(2*pause, restartMost)
	}
}

// runChild starts the daemon and waits for its end. asked reports that a
// signal came, which is passed on.
func runChild(self string, signals <-chan os.Signal) (state *os.ProcessState, asked bool, err error) {
	p, err := os.StartProcess(self, os.Args, &os.ProcAttr{
		Env:   append(os.Environ(), childEnv+"=1"),
		Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
		Sys:   &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM},
	})
	if err != nil {
		return nil, false, fmt.Errorf("start the daemon: %w", err)
	}
	ended := make(chan *os.ProcessState, 1)
	go func() {
		st, err := p.Wait()
		if err != nil {
			st = nil
		}
		ended <- st
	}()
	for {
		select {
		case st := <-ended:
			return st, asked, nil
		case s := <-signals:
			asked = true
			_ = p.Signal(s)
		}
	}
}

func childError(st *os.ProcessState) error {
	if st == nil || st.Success() {
		return nil
	}
	return fmt.Errorf("the daemon ended with %s", st)
}
