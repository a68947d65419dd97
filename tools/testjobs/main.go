// Command testjobs runs go test and prints what it prints, but without the
// lines of tests that passed, and with a list of what was not run and why. A
// test that lacks its hardware skips with "not run: <why>"; it is never
// skipped in silence.
//
//	testjobs [flags of go test] packages
//
// Exit code 1 when a test failed, or when CI=true and something was not run. A
// skip whose reason begins with "elsewhere: " names the job that runs the
// test, and does not count.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec" // a tool of the repository, not of the product: it runs go test
	"strings"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout))
}

func run(args []string, out io.Writer) int {
	cmd := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Fprintln(out, "testjobs:", err)
		return 1
	}
	r := newReport(out)
	r.read(pipe)
	err = cmd.Wait()
	return r.close(err != nil, os.Getenv("CI") == "true")
}

// event is one line of `go test -json` (go doc test2json).
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
}

// report follows the events of one run.
type report struct {
	out     io.Writer
	lines   map[string][]string // of tests under way, by package and test
	skipped []string
	closing []string // go test's line for each package
}

func newReport(out io.Writer) *report {
	return &report{out: out, lines: map[string][]string{}}
}

func (r *report) read(in io.Reader) {
	sc := bufio.NewScanner(in)
	sc.Buffer(nil, 8<<20)
	for sc.Scan() {
		var e event
		if json.Unmarshal(sc.Bytes(), &e) != nil {
			fmt.Fprintln(r.out, sc.Text()) // what the compiler says
			continue
		}
		r.take(e)
	}
}

func (r *report) take(e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "output", "build-output":
		r.line(key, e)
	case "fail":
		for _, l := range r.lines[key] {
			fmt.Fprint(r.out, l)
		}
		delete(r.lines, key)
	case "skip":
		if e.Test != "" {
			r.skipped = append(r.skipped, fmt.Sprintf("%s (%s %s)", reason(r.lines[key]), e.Package, e.Test))
		}
		delete(r.lines, key)
	case "pass":
		delete(r.lines, key)
	}
}

// line keeps what a test prints until it is known how it ends. What a package
// prints is its closing line; progress is shown at once.
func (r *report) line(key string, e event) {
	switch {
	case e.Action == "build-output":
		fmt.Fprint(r.out, e.Output)
	case strings.HasPrefix(e.Output, "ok  \t"), strings.HasPrefix(e.Output, "FAIL\t"):
		r.closing = append(r.closing, e.Output)
	case e.Test == "" && e.Output != "PASS\n" && !strings.HasPrefix(e.Output, "?   \t"):
		fmt.Fprint(r.out, e.Output)
	case strings.Contains(e.Output, "progress: "):
		fmt.Fprint(r.out, e.Output)
	default:
		r.lines[key] = append(r.lines[key], e.Output)
	}
}

// reason is what a test said when it skipped.
func reason(lines []string) string {
	for _, l := range lines {
		for _, mark := range []string{"not run: ", "elsewhere: "} {
			if i := strings.Index(l, mark); i >= 0 {
				return strings.TrimSpace(l[i:])
			}
		}
	}
	return "not run: no reason given"
}

// close prints the list and go test's own closing lines, and returns the exit
// code.
func (r *report) close(failed, strict bool) int {
	missing := 0
	for _, s := range r.skipped {
		fmt.Fprintln(r.out, s)
		if strings.HasPrefix(s, "not run: ") {
			missing++
		}
	}
	for _, l := range r.closing {
		fmt.Fprint(r.out, l)
	}
	switch {
	case failed:
		return 1
	case strict && missing > 0:
		fmt.Fprintf(r.out, "FAIL\t%d jobs were not run\n", missing)
		return 1
	}
	return 0
}
