package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// stream is what go test -json prints of a passing, a failing and two skipped
// tests.
const stream = `{"Action":"run","Package":"loa/a","Test":"TestGood"}
{"Action":"output","Package":"loa/a","Test":"TestGood","Output":"quiet\n"}
{"Action":"pass","Package":"loa/a","Test":"TestGood"}
{"Action":"output","Package":"loa/a","Test":"TestBad","Output":"    a_test.go:9: wrong\n"}
{"Action":"fail","Package":"loa/a","Test":"TestBad"}
{"Action":"output","Package":"loa/a","Test":"TestCard","Output":"    a_test.go:20: not run: no sound card\n"}
{"Action":"skip","Package":"loa/a","Test":"TestCard"}
{"Action":"output","Package":"loa/a","Test":"TestBoard","Output":"    a_test.go:30: elsewhere: make board-test\n"}
{"Action":"skip","Package":"loa/a","Test":"TestBoard"}
{"Action":"skip","Package":"loa/a","Test":"TestSilent"}
{"Action":"output","Package":"loa/a","Output":"FAIL\tloa/a\t0.1s\n"}
{"Action":"fail","Package":"loa/a"}
{"Action":"output","Package":"loa/b","Output":"PASS\n"}
{"Action":"output","Package":"loa/b","Output":"ok  \tloa/b\t0.2s\n"}
{"Action":"pass","Package":"loa/b"}
`

func TestAReportShowsFailuresAndWhatWasNotRun(t *testing.T) {
	var out strings.Builder
	r := newReport(&out)
	r.read(strings.NewReader(stream))
	assert.Equal(t, 1, r.close(true, false))
	text := out.String()
	assert.Contains(t, text, "a_test.go:9: wrong")
	assert.NotContains(t, text, "quiet")
	assert.Contains(t, text, "not run: no sound card (loa/a TestCard)")
	assert.Contains(t, text, "not run: no reason given (loa/a TestSilent)")
	assert.Contains(t, text, "elsewhere: make board-test (loa/a TestBoard)")
	assert.True(t, strings.HasSuffix(text, "FAIL\tloa/a\t0.1s\nok  \tloa/b\t0.2s\n"), "ends with go test's own lines:\n%s", text)
}

func TestWhatWasNotRunFailsOnlyWhereAllMustRun(t *testing.T) {
	for _, c := range []struct {
		name, lines string
		strict      bool
		want        int
	}{
		{"a workstation", skip("not run: no sound card"), false, 0},
		{"the judge", skip("not run: no sound card"), true, 1},
		{"run by another job", skip("elsewhere: make board-test"), true, 0},
		{"nothing skipped", "", true, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newReport(&strings.Builder{})
			r.read(strings.NewReader(c.lines))
			assert.Equal(t, c.want, r.close(false, c.strict))
		})
	}
}

func skip(why string) string {
	return `{"Action":"output","Package":"p","Test":"T","Output":"x.go:1: ` + why + `\n"}` + "\n" + `{"Action":"skip","Package":"p","Test":"T"}` + "\n"
}

func TestWhatTheCompilerSaysIsShown(t *testing.T) {
	var out strings.Builder
	r := newReport(&out)
	r.read(strings.NewReader("# loa/a\n./x.go:1:1: broken\n"))
	assert.Contains(t, out.String(), "./x.go:1:1: broken")
}
