package loudness

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// stretch is a tone of 1 kHz in all channels, or silence.
type stretch struct {
	db      float64 // peak level, dBFS; -Inf: silence
	seconds float64
}

var silence = math.Inf(-1)

// tones is interleaved sound of these stretches; the phase of the tone runs on.
func tones(rate, channels int, s ...stretch) (x []float32) {
	second := make([]float64, rate) // a thousand whole periods
	for i := range second {
		second[i] = math.Sin(2 * math.Pi * 1000 * float64(i) / float64(rate))
	}
	for at, i := 0, 0; i < len(s); i++ {
		a, n := math.Pow(10, s[i].db/20), int(math.Round(s[i].seconds*float64(rate)))
		x = slices.Grow(x, n*channels)
		for range n {
			v := float32(a * second[at%rate])
			for range channels {
				x = append(x, v)
			}
			at++
		}
	}
	return x
}

func newMeter(t require.TestingT, rate, channels int) *Meter {
	m, err := NewMeter(rate, channels)
	require.NoError(t, err)
	return m
}

// measured is a meter that has heard x.
func measured(t require.TestingT, rate, channels int, x []float32) *Meter {
	m := newMeter(t, rate, channels)
	m.Write(x)
	return m
}

// deaf is a meter of loudness alone: it believes to have seen a peak that no
// other can pass. Oversampling minutes of steady tones under the race detector
// takes minutes.
func deaf(t require.TestingT, rate, channels int) *Meter {
	m := newMeter(t, rate, channels)
	for c := range m.channel {
		m.channel[c].sample = 1000
	}
	return m
}

// loudnessOf is a deaf meter that has heard x.
func loudnessOf(t require.TestingT, rate, channels int, x []float32) *Meter {
	m := deaf(t, rate, channels)
	m.Write(x)
	return m
}

// watched writes x in pieces of 10 ms and calls look after each.
func watched(t testing.TB, rate, channels int, x []float32, look func(m *Meter, seconds float64)) {
	m := deaf(t, rate, channels)
	piece := rate / 100 * channels
	for at := 0; at+piece <= len(x); at += piece {
		m.Write(x[at : at+piece])
		look(m, float64(at+piece)/float64(rate*channels))
	}
}

// noise is seeded, white, and uniform up to amplitude a.
func noise(seed uint64, n int, a float32) []float32 {
	rnd := rand.New(rand.NewPCG(seed, 7))
	x := make([]float32, n)
	for i := range x {
		x[i] = (rnd.Float32()*2 - 1) * a
	}
	return x
}

// speech is mono sound with the envelope of speech: syllables of a pulse train
// through two resonances, words, and pauses between sentences.
func speech(seed uint64, rate int, seconds, level float64) []float32 {
	rnd := rand.New(rand.NewPCG(seed, 1))
	x := make([]float32, int(seconds*float64(rate)))
	var y1, y2, z1, z2 float64
	for i := 0; i < len(x); {
		hz, loud := 100+80*rnd.Float64(), 0.3+0.7*rnd.Float64()
		n := int((0.1 + 0.15*rnd.Float64()) * float64(rate))
		f1, f2 := 300+500*rnd.Float64(), 900+1400*rnd.Float64()
		phase := 0.0
		for k := 0; k < n && i < len(x); k, i = k+1, i+1 {
			in := 0.02 * (rnd.Float64() - 0.5)
			if phase += hz / float64(rate); phase >= 1 {
				phase--
				in += 1
			}
			in *= loud * math.Sin(math.Pi*float64(k)/float64(n))
			y1, y2 = in+resonance(y1, y2, f1, rate), y1
			z1, z2 = y1+resonance(z1, z2, f2, rate), z1
			x[i] = float32(z1)
		}
		if rnd.IntN(4) == 0 {
			i += int((0.05 + 0.2*rnd.Float64()) * float64(rate))
		}
		if rnd.IntN(18) == 0 {
			i += int(1.2 * rnd.Float64() * float64(rate))
		}
	}
	peak := float32(0)
	for _, v := range x {
		peak = max(peak, v, -v)
	}
	for i := range x {
		x[i] *= float32(level) / peak
	}
	return x
}

// resonance is the feedback of a two-pole resonator with a bandwidth of 90 Hz.
func resonance(a, b, hz float64, rate int) float64 {
	r := math.Exp(-math.Pi * 90 / float64(rate))
	return 2*r*math.Cos(2*math.Pi*hz/float64(rate))*a - r*r*b
}

// stereo makes stereo of mono: the right channel is later and lower.
func stereo(x []float32) []float32 {
	y := make([]float32, 2*len(x))
	for i, v := range x {
		y[2*i] = v
		if i >= 300 {
			y[2*i+1] = 0.6 * x[i-300]
		}
	}
	return y
}
