package machine

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPinChangesAreReadFromTheTrace(t *testing.T) {
	trace := `24292@1795299280.185938:pl061_set_output /machine/unattached/device[7] setting output 5 to 0
24292@1795299280.185940:some_other_event setting output 5 to 1
qemu: warning: something
24292@1795299288.000250:pl061_set_output /machine/unattached/device[7] setting output 5 to 1
24292@1795299288.300001:pl061_set_output /machine/unattached/device[7] setting output 6 to 1
24292@1795299289.1`
	pins, err := parsePins(strings.NewReader(trace))
	require.NoError(t, err)
	assert.Equal(t, []PinChange{
		{time.Unix(1795299280, 185938000), 5, false},
		{time.Unix(1795299288, 250000), 5, true},
		{time.Unix(1795299288, 300001000), 6, true},
	}, pins)
}

func TestDamagedTraceIsReported(t *testing.T) {
	_, err := parsePins(strings.NewReader(
		"1@99999999999999999999.000000:pl061_set_output x setting output 5 to 0\n"))
	require.Error(t, err)
}

func TestPinsAreWrittenAsCSV(t *testing.T) {
	start := time.Unix(1000, 0)
	var out strings.Builder
	require.NoError(t, WritePins(&out, start, []PinChange{
		{start.Add(1500 * time.Millisecond), 5, true},
		{start.Add(2 * time.Second), 5, false},
	}))
	assert.Equal(t, "t_ns,line,value\n1500000000,5,1\n2000000000,5,0\n", out.String())
}
