package loa

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzParsePlan: whatever comes, it is a plan that can be written and read
// again as it was, or an error that names ErrInvalid or ErrTooLarge.
func FuzzParsePlan(f *testing.F) {
	f.Add([]byte(morningPlan))
	f.Add([]byte(inItem("late", `"PT0S"`)))
	f.Add([]byte(inPolicy(`{"volume":[{"days":["SU"],"from":"22:00","to":"24:00","max_db":-60}]}`)))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParsePlan(b)
		if err != nil {
			require.Nil(t, p)
			checkRefusal(t, err)
			return
		}
		p.Unknown = nil
		again(t, p, ParsePlan)
	})
}

// FuzzParseAir is FuzzParsePlan for what is on air.
func FuzzParseAir(f *testing.F) {
	f.Add([]byte(floodAir))
	f.Add([]byte(onAir("live", `{"sdp":"v=0"}`)))
	f.Add([]byte(silent(`"from":"2026-11-22T03:00:00Z","until":"2026-11-22T03:00:00.5Z","level":9`)))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := ParseAir(b)
		if err != nil {
			require.Nil(t, a)
			checkRefusal(t, err)
			return
		}
		a.Unknown = nil
		again(t, a, ParseAir)
	})
}

// again writes v, reads it and writes it: the same bytes. A document that
// grows over the limit by being written out is left alone.
func again[T any](t *testing.T, v *T, parse func([]byte) (*T, error)) {
	first, err := json.Marshal(v)
	require.NoError(t, err)
	if len(first) > MaxDocument {
		return
	}
	v, err = parse(first)
	require.NoError(t, err, "%s", first)
	second, err := json.Marshal(v)
	require.NoError(t, err)
	require.Equal(t, string(first), string(second))
}

func checkRefusal(t *testing.T, err error) {
	require.Contains(t, []bool{errors.Is(err, ErrInvalid), errors.Is(err, ErrTooLarge)}, true)
	require.Less(t, len(err.Error()), 20*600, "short enough to be read")
}

// FuzzParseDuration: what is taken is never negative, within reach, and read
// again as it was.
func FuzzParseDuration(f *testing.F) {
	for _, s := range []string{"PT45M", "P1DT2H", "PT2.5S", "P2W", "P36500DT876000H52560000M3153600000S"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDuration(s)
		if err != nil {
			require.Zero(t, d)
			return
		}
		require.GreaterOrEqual(t, d.Std(), Duration(0).Std())
		require.LessOrEqual(t, d.Std(), maxDuration)
		back, err := ParseDuration(d.String())
		require.NoError(t, err)
		require.Equal(t, d, back)
	})
}
