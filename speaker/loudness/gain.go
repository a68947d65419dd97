package loudness

import "math"

const (
	// Target is the loudness that bulletins are brought to, in LUFS, a mono
	// file counted as two channels (Meter.Gain). The reasons are in
	// docs/decisions/0063: as loud as speech gets without its peaks (14 to 17
	// dB above) living in the limiter, for an amplifier of 25 W has no power to
	// give away; AES TD1008 asks the same of speech in streams, EBU R 128 s2
	// allows -20 to -16.
	Target = -18.0

	// LeastGain and MostGain are what gain_db may be, in dB (docs: the plan).
	LeastGain, MostGain = -60.0, 12.0

	// ceiling is what the device's limiter holds, dBTP.
	ceiling = -1.0
	// mostLimiting is how far the highest peak may be pushed into the limiter,
	// in dB. A few syllables may be; beyond that the sound gets denser, not
	// louder, and a crackle in the recording would decide over the speech.
	mostLimiting = 12.0
)

// Gain is the level, in dB, that brings sound of this integrated loudness (LUFS)
// and true peak (dBTP) to target LUFS: within LeastGain and MostGain, and never
// so much that the highest peak would have to be limited by more than 12 dB.
// When there is no loudness to speak of (-Inf or not a number) it is 0.
func Gain(integrated, truePeak, target float64) float64 {
	g := target - integrated
	if math.IsNaN(g) || math.IsInf(g, 0) {
		return 0
	}
	if g > 0 && truePeak > ceiling+mostLimiting-g {
		g = max(ceiling+mostLimiting-truePeak, 0)
	}
	return min(max(g, LeastGain), MostGain)
}

// Gain is the gain_db for what was measured: Gain of Integrated and TruePeak. A
// single channel counts as two, whether DualMono was called or not, because a
// horn plays it from every channel: mono and stereo bulletins get equally loud.
func (m *Meter) Gain(target float64) float64 {
	l := m.Integrated()
	if m.channels == 1 && !m.dual {
		l += 10 * math.Log10(2)
	}
	return Gain(l, m.TruePeak(), target)
}
