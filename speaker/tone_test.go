package speaker

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var tones = []Tone{Siren, Attention, Chime, Sine}

func synthesise(t *testing.T, tone Tone, length time.Duration, hz float64, rate int) []float32 {
	t.Helper()
	return drain(t, newSynth(tone, length, hz, rate))
}

func TestTonesHaveExactlyTheirLength(t *testing.T) {
	for _, tone := range tones {
		for _, rate := range []int{8000, 44100, 48000} {
			for _, length := range []time.Duration{time.Millisecond, 333 * time.Millisecond, 1250 * time.Millisecond} {
				want := int(math.Round(length.Seconds() * float64(rate)))
				assert.Equal(t, want, len(synthesise(t, tone, length, 0, rate)), "%v %v at %d Hz", tone, length, rate)
			}
		}
	}
	assert.Equal(t, 6*48000, len(synthesise(t, Siren, 0, 0, 48000)), "two cycles")
}

func TestTonesStayBelowTheirPeakAndAreHeard(t *testing.T) {
	for _, tone := range tones {
		x := synthesise(t, tone, 8*time.Second, 0, 48000)
		assert.LessOrEqual(t, peakOf(x), float32(0.5012), "%v: -6 dBFS", tone)
		assert.Greater(t, peakOf(x), float32(0.35), tone)
		assert.Greater(t, rmsOf(x), 0.05, tone)
	}
}

func TestTonesBeginAndEndInSilenceAndDoNotClick(t *testing.T) {
	for _, tone := range tones {
		x := synthesise(t, tone, 8*time.Second, 0, 48000)
		assert.Zero(t, x[0], tone)
		assert.Zero(t, x[len(x)-1], tone)
		// A full-level sine of 2 kHz steps by 0.131; the chime's third partial
		// of C6 is 3.1 kHz, at a twelfth of the level.
		assert.Less(t, steepest(x), 0.131, tone)
	}
}

// hertzAt counts zero crossings in 100 ms from at on.
func hertzAt(x []float32, at time.Duration) float64 {
	from := int(at.Seconds() * 48000)
	crossings := 0
	for i := from + 1; i < from+4800; i++ {
		if x[i-1] < 0 && x[i] >= 0 {
			crossings++
		}
	}
	return float64(crossings) * 10
}

func TestSirenRisesAndFallsTwiceInSixSeconds(t *testing.T) {
	x := synthesise(t, Siren, 0, 0, 48000)
	for _, start := range []time.Duration{0, sirenPeriod} {
		assert.InDelta(t, 400, hertzAt(x, start), 25)
		assert.InDelta(t, 632, hertzAt(x, start+950*time.Millisecond), 25, "half way up")
		assert.InDelta(t, 1000, hertzAt(x, start+1950*time.Millisecond), 30)
		assert.InDelta(t, 420, hertzAt(x, start+2890*time.Millisecond), 35)
	}
}

func TestAttentionAlternates(t *testing.T) {
	x := synthesise(t, Attention, 0, 0, 48000)
	assert.InDelta(t, 660, hertzAt(x, 200*time.Millisecond), 10)
	assert.InDelta(t, 880, hertzAt(x, 700*time.Millisecond), 10)
	assert.InDelta(t, 660, hertzAt(x, 1200*time.Millisecond), 10)
}

func TestChimeStrikesFourNotes(t *testing.T) {
	x := synthesise(t, Chime, 0, 0, 48000)
	for i, hz := range []float64{523.25, 659.26, 783.99, 1046.5} {
		from := int((float64(i)*0.6 + 0.05) * 48000)
		a, _ := fit(x[from:from+12000], hz, 48000)
		assert.Greater(t, a, 0.1, "note %d", i)
	}
	assert.Less(t, rmsOf(x[3*48000:]), rmsOf(x[:2*48000]), "it dies away")
}

func TestSineIsPure(t *testing.T) {
	x := synthesise(t, Sine, time.Second, 440, 48000)
	a, rest := fit(x[4800:len(x)-4800], 440, 48000)
	assert.InDelta(t, 0.5, a, 1e-6)
	assert.Less(t, decibels(rest), -130.0)
}

func TestSineOutOfRangeIsBroughtInside(t *testing.T) {
	assert.Equal(t, 1000.0, newSynth(Sine, 0, math.NaN(), 48000).hz)
	assert.Equal(t, 20.0, newSynth(Sine, 0, 1, 48000).hz)
	assert.Equal(t, 3600.0, newSynth(Sine, 0, 1e9, 8000).hz)
}

func TestToneNames(t *testing.T) {
	for tone, name := range map[Tone]string{NoTone: "none", Siren: "siren", Attention: "attention", Chime: "chime", Sine: "sine", 99: "sine"} {
		require.Equal(t, name, tone.String())
	}
}
