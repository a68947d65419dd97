package mp3_test

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
)

// material is what is encoded. Each kind leans on another part of a decoder:
// speech on the bit reservoir and on pauses, music on long blocks and on stereo,
// transients on short blocks and on full scale.
type material string

const (
	speech     material = "speech"
	music      material = "music"
	transients material = "transients"
)

// materials in the order in which the matrix deals them out.
var materials = []material{speech, music, transients}

// make gives interleaved stereo at rate Hz. The same arguments give the same
// sound; no stretch of it is silent or repeats, so that a frame can be told
// from every other.
func (m material) make(rate int, seconds float64) []float32 {
	rnd := rand.New(rand.NewPCG(uint64(rate), uint64(len(m))))
	n := int(seconds * float64(rate))
	var pcm []float32
	peak := 0.7
	switch m {
	case speech:
		pcm, peak = makeSpeech(rnd, rate, n), 0.5
	case music:
		pcm = makeMusic(rnd, rate, n)
	case transients:
		pcm, peak = makeTransients(rnd, rate, n), 0.98
	}
	return normalise(pcm, peak)
}

// resonator is a two-pole filter: one formant.
type resonator struct{ a, b, c, y1, y2 float64 }

func newResonator(rate int, freq, width float64) resonator {
	r := math.Exp(-math.Pi * width / float64(rate))
	b := 2 * r * math.Cos(2*math.Pi*freq/float64(rate))
	return resonator{a: 1 - b + r*r, b: b, c: -r * r}
}

func (r *resonator) next(x float64) float64 {
	y := r.a*x + r.b*r.y1 + r.c*r.y2
	r.y2, r.y1 = r.y1, y
	return y
}

// makeSpeech is a voice of six tones: syllables of a pulse train through three
// formants, a hiss between some of them, pauses with the noise of a room.
func makeSpeech(rnd *rand.Rand, rate, n int) []float32 {
	pcm := make([]float32, 2*n)
	var formants [3]resonator
	phase, pitch, glide, hiss := 0.0, 150.0, 0.0, 0.0
	syllable := rate / 5
	for i := range n {
		at := i % syllable
		if at == 0 {
			for k, f := range []float64{300 + 500*rnd.Float64(), 900 + 1300*rnd.Float64(), 2300 + 900*rnd.Float64()} {
				formants[k] = newResonator(rate, min(f, 0.45*float64(rate)), 60+40*float64(k))
			}
			pitch, glide = 110+90*rnd.Float64(), (rnd.Float64()-0.5)*300
			hiss = 0.3 * float64(rnd.IntN(2))
		}
		t := float64(at) / float64(syllable)
		pulse := 0.02 * rnd.NormFloat64()
		if phase += (pitch + glide*t) / float64(rate); phase >= 1 {
			phase--
			pulse += 1
		}
		x := pulse * max(0, math.Sin(math.Pi*min(1, t*1.3)))
		for k := range formants {
			x += formants[k].next(x)
		}
		if t > 0.8 {
			x += hiss * 0.2 * rnd.NormFloat64()
		}
		pcm[2*i] = float32(x + 0.002*rnd.NormFloat64())
		pcm[2*i+1] = float32(0.8*x + 0.002*rnd.NormFloat64())
	}
	return pcm
}

// makeMusic is chords of drifting tones, each at its own place between left and
// right, over noise.
func makeMusic(rnd *rand.Rand, rate, n int) []float32 {
	pcm := make([]float32, 2*n)
	const voices = 9
	var phase, freq, pan [voices]float64
	for i := range n {
		if i%(rate/2) == 0 {
			for v := range voices {
				freq[v] = min(80*math.Pow(2, 6*rnd.Float64()), 0.45*float64(rate))
				pan[v] = rnd.Float64()
			}
		}
		l, r := 0.02*rnd.NormFloat64(), 0.02*rnd.NormFloat64()
		for v := range voices {
			drift := 1 + 0.01*math.Sin(float64(i)*5/float64(rate)+float64(v))
			phase[v] += 2 * math.Pi * freq[v] * drift / float64(rate)
			x := math.Sin(phase[v]) / float64(1+v)
			l, r = l+pan[v]*x, r+(1-pan[v])*x
		}
		pcm[2*i], pcm[2*i+1] = float32(l), float32(r)
	}
	return pcm
}

// makeTransients is wooden clicks, left and right in turn, at uneven distances
// over a quiet floor.
func makeTransients(rnd *rand.Rand, rate, n int) []float32 {
	pcm := make([]float32, 2*n)
	next, side, level := 0, 0, [2]float64{}
	ring := [2]resonator{}
	for i := range n {
		if i == next {
			side = 1 - side
			level[side] = 0.4 + rnd.Float64()
			ring[side] = newResonator(rate, (0.05+0.35*rnd.Float64())*float64(rate), 300)
			next += rate/20 + rnd.IntN(rate/6)
		}
		for c := range 2 {
			x := level[c] * rnd.NormFloat64()
			level[c] *= math.Exp(-120 / float64(rate))
			pcm[2*i+c] = float32(0.3*x + 3*ring[c].next(x) + 0.0005*rnd.NormFloat64())
		}
	}
	return pcm
}

func normalise(pcm []float32, peak float64) []float32 {
	var top float32
	for _, x := range pcm {
		top = max(top, x, -x)
	}
	for i := range pcm {
		pcm[i] *= float32(peak) / top
	}
	return pcm
}

// wavFile wraps interleaved sound as 16-bit WAV.
func wavFile(pcm []float32, rate, channels int) []byte {
	b := slices.Concat([]byte("RIFF"), make([]byte, 4), []byte("WAVEfmt "))
	le := binary.LittleEndian
	b = le.AppendUint32(b, 16)
	b = le.AppendUint16(b, 1) // PCM
	b = le.AppendUint16(b, uint16(channels))
	b = le.AppendUint32(b, uint32(rate))
	b = le.AppendUint32(b, uint32(rate*channels*2))
	b = le.AppendUint16(b, uint16(channels*2))
	b = le.AppendUint16(b, 16)
	b = append(b, "data"...)
	b = le.AppendUint32(b, uint32(2*len(pcm)))
	for _, x := range pcm {
		b = le.AppendUint16(b, uint16(int16(math.Round(float64(limit(x))*32767))))
	}
	le.PutUint32(b[4:], uint32(len(b)-8))
	return b
}

// downmix halves stereo to mono.
func downmix(pcm []float32) []float32 {
	mono := make([]float32, len(pcm)/2)
	for i := range mono {
		mono[i] = (pcm[2*i] + pcm[2*i+1]) / 2
	}
	return mono
}

var sampleRates = []int{8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000}

// kbits are the bit rates that lame makes at a sampling rate: 11172-3 and
// 13818-3, 2.4.2.3; at MPEG-2.5 it stops at 64.
func kbits(rate int) []int {
	switch {
	case rate >= 32000:
		return []int{32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320}
	case rate >= 16000:
		return []int{8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}
	}
	return []int{8, 16, 24, 32, 40, 48, 56, 64}
}

// samplesPerFrame of Layer III: 11172-3 and 13818-3, 2.4.2.1.
func samplesPerFrame(rate int) int {
	if rate < 32000 {
		return 576
	}
	return 1152
}
