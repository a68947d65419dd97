package mp3_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"loa/speaker/mp3"
)

const (
	harmSeconds = 4
	harmSeeds   = 10 // of each kind of damage to each file
)

// harmRecipes are the good files: what the field sends first.
var harmRecipes = []struct {
	name string
	rate int
	mode string
	what material
	args string
}{
	{"speech, 24 kHz mono, 48 kbit/s", 24000, "m", speech, "-b 48"},
	{"speech, 22.05 kHz mono, 32 kbit/s", 22050, "m", speech, "-b 32"},
	{"music, 44.1 kHz stereo, 128 kbit/s", 44100, "j", music, "-b 128"},
	{"music, 44.1 kHz stereo, VBR", 44100, "j", music, "-V 4"},
	{"speech, 24 kHz mono, free format", 24000, "m", speech, "--freeformat -b 51"},
	{"speech, 32 kHz mono, CRC", 32000, "m", speech, "-p -b 64"},
	{"clicks, 11.025 kHz mono, 24 kbit/s", 11025, "m", transients, "-b 24"},
	{"speech, 48 kHz stereo, no reservoir", 48000, "s", speech, "--nores -b 96"},
	{"speech, 16 kHz mono, VBR, no tag", 16000, "m", speech, "-t -V 5"},
	{"clicks, 44.1 kHz mono, 56 kbit/s, no tag", 44100, "m", transients, "-t -b 56"},
}

// harmFiles makes the good files.
func harmFiles(t testing.TB) []*harmFile {
	need(t, "lame")
	var list []*harmFile
	for _, r := range harmRecipes {
		list = append(list, makeHarmFile(t, r.name, r.rate, r.mode, r.what, r.args))
	}
	return list
}

func makeHarmFile(t testing.TB, name string, rate int, mode string, what material, args string) *harmFile {
	pcm, channels := what.make(rate, harmSeconds), 2
	if mode == "m" {
		pcm, channels = downmix(pcm), 1
	}
	in, out := filepath.Join(t.TempDir(), "in.wav"), filepath.Join(t.TempDir(), "out.mp3")
	require.NoError(t, os.WriteFile(in, wavFile(pcm, rate, channels), 0o600))
	khz := strconv.FormatFloat(float64(rate)/1000, 'f', -1, 64)
	_, err := command("lame", append(strings.Fields("--quiet -m "+mode+" --resample "+khz+" "+args), in, out)...)
	require.NoError(t, err)
	data, err := os.ReadFile(out)
	require.NoError(t, err)
	f := &harmFile{name: name, data: data, rate: rate, channels: channels}
	require.NoError(t, f.scan(), name)
	sound, _, err := byUs(data)
	require.NoError(t, err, name)
	info, err := mp3.Probe(bytes.NewReader(data))
	require.NoError(t, err)
	require.Equal(t, int64(len(f.frames)), info.MPEG, name)
	f.pcm, f.trimmed, f.peak = sound[0].pcm, info.Delay, loudest(sound[0].pcm)
	return f
}

func loudest(pcm []float32) (peak float32) {
	for _, x := range pcm {
		peak = max(peak, x, -x)
	}
	return peak
}

// others picks what is glued behind file k.
func others(files []*harmFile, extra map[int]*harmFile, k int) (gluable, []*harmFile) {
	all := append(append([]*harmFile{}, files...), extra[k])
	rate := (k + 1) % len(files)
	for files[rate].rate == files[k].rate {
		rate = (rate + 1) % len(files)
	}
	return gluable{same: whole(k, files[k].data), rate: whole(rate, files[rate].data), channels: whole(len(files), extra[k].data)}, all
}

// toChannels is what the decoder does to frames of the other kind: mono is
// doubled, stereo is mixed.
func toChannels(block []float32, from, to int) []float32 {
	switch {
	case from == to:
		return block
	case to == 1:
		return downmix(block)
	}
	wide := make([]float32, 2*len(block))
	for i, x := range block {
		wide[2*i], wide[2*i+1] = x, x
	}
	return wide
}

// sameSound is the largest difference by which a frame is still the same.
const sameSound = 4e-6

// finder follows the output of a damaged file.
type finder struct {
	list []stretch
	k    int // stretch
	at   int // sample
}

// take looks for the block where the last one ended, or else anywhere behind
// it, and steps over it.
func (f *finder) take(block []float32, rate, channels int, delta float32) bool {
	for k := f.k; k < len(f.list); k++ {
		s := f.list[k]
		if s.rate != rate {
			continue
		}
		from := 0
		if k == f.k {
			from = f.at
		}
		if at := search(s.pcm, toChannels(block, channels, s.channels), from, s.channels, delta); at >= 0 {
			f.k, f.at = k, at+len(block)*s.channels/channels
			return true
		}
	}
	return false
}

// search is where block begins in pcm from sample from on, -1 when nowhere. It
// looks at the block's loudest sample first.
func search(pcm, block []float32, from, step int, delta float32) int {
	probe := 0
	for i, x := range block {
		if max(x, -x) > max(block[probe], -block[probe]) {
			probe = i
		}
	}
next:
	for at := from; at+len(block) <= len(pcm); at += step {
		if d := pcm[at+probe] - block[probe]; d > delta || d < -delta {
			continue
		}
		for i, x := range block {
			if d := pcm[at+i] - x; d > delta || d < -delta {
				continue next
			}
		}
		return at
	}
	return -1
}

// outcome is what one damaged file came to.
type outcome struct {
	untouched, kept int
	louder          float64 // dB that the peak lies above that of the good files
	bursts          int     // sound frames (26 to 72 ms) 3 dB louder than these
	err             error
	lost            []string
}

// harm plays one damaged file and looks for its untouched frames.
func harm(t torn, files []*harmFile, play func([]byte) ([]stretch, error), delta float32) outcome {
	var o outcome
	var list []stretch
	list, o.err = play(t.b)
	find := finder{list: list}
	for _, s := range t.survivors(files) {
		f := files[s.file]
		block := f.block(s.frame)
		if !s.untouched || block == nil {
			continue
		}
		o.untouched++
		if find.take(block, f.rate, f.channels, delta) {
			o.kept++
		} else {
			o.lost = append(o.lost, fmt.Sprintf("%d@%d", s.frame, s.at))
		}
	}
	var peak, good float32
	for _, from := range t.origin {
		if from >= 0 {
			good = max(good, files[from>>32].peak)
		}
	}
	for _, s := range list {
		peak = max(peak, loudest(s.pcm))
		for b := range slices.Chunk(s.pcm, samplesPerFrame(s.rate)*s.channels) {
			if loudest(b) > loud*good {
				o.bursts++
			}
		}
	}
	o.louder = 20 * math.Log10(float64(max(peak, 1e-9)/good))
	return o
}

// loud is by how much a burst is above the peak of all that was encoded: 3 dB.
const loud = 1.41

func playOurs(b []byte) ([]stretch, error) {
	list, _, err := byUs(b)
	return list, err
}

// score is what all cases of one kind came to.
type score struct {
	cases, refused  int
	untouched, kept int
	worst           string // case that lost most
	most            int
	louder          float64
	loudest         string
	bursts          int
}

func (s *score) add(name string, o outcome) {
	s.cases++
	if o.err != nil {
		s.refused++
	}
	s.untouched += o.untouched
	s.kept += o.kept
	if lost := o.untouched - o.kept; lost > s.most {
		s.most, s.worst = lost, fmt.Sprintf("%s lost %d of %d: %s", name, lost, o.untouched, strings.Join(o.lost[:min(8, len(o.lost))], " "))
	}
	s.bursts += o.bursts
	if o.louder > s.louder {
		s.louder, s.loudest = o.louder, name
	}
}

func (s *score) percent() float64 { return 100 * float64(s.kept) / float64(max(s.untouched, 1)) }

// each calls do for every case: each kind of damage to each file, seed by seed.
func eachHarm(t testing.TB, files []*harmFile, seeds int, do func(kind, name string, b torn, files []*harmFile)) {
	extra := map[int]*harmFile{}
	for k, f := range files {
		mode := "s"
		if f.channels == 2 {
			mode = "m"
		}
		bits := "-b 64"
		if f.rate < 16000 {
			bits = "-b 32"
		}
		if strings.Contains(f.name, "free") {
			bits = "--freeformat -b 70" // longer frames than those at the start
		}
		extra[k] = makeHarmFile(t, "other channels", f.rate, mode, music, bits)
	}
	for n, kind := range harmKinds {
		for k, f := range files {
			glued, all := others(files, extra, k)
			for seed := range seeds {
				rnd := rand.New(rand.NewPCG(uint64(seed), uint64(100*n+k)))
				name := fmt.Sprintf("%s: %s, seed %d", f.name, kind.name, seed)
				do(kind.name, name, kind.do(rnd, whole(k, f.data), glued), all)
			}
		}
	}
}

// TestWhatDamageLeavesIsPlayed damages ten files in ten ways, with ten seeds
// each (one under the race detector), and looks in the output for every frame
// that the damage left untouched. Untouched is a frame all of whose needed bytes
// are whole: its own, those of the two granules before it, with whose overlap and
// filter memory it sounds, and those of the frames that hold their main data. A
// frame is kept when every sample of it is there.
func TestWhatDamageLeavesIsPlayed(t *testing.T) {
	files := harmFiles(t)
	seeds := harmSeeds
	if racing {
		t.Log("one seed of ten: the others are played without the race detector")
		seeds = 1
	}
	var all score
	kinds := map[string]*score{}
	eachHarm(t, files, seeds, func(kind, name string, b torn, files []*harmFile) {
		o := harm(b, files, playOurs, sameSound)
		require.NotErrorIs(t, o.err, errEndless, name)
		assert.LessOrEqual(t, o.untouched-o.kept, 6, "%s: frames lost: %v", name, o.lost)
		if kinds[kind] == nil {
			kinds[kind] = &score{}
		}
		kinds[kind].add(name, o)
		all.add(name, o)
	})
	for _, k := range harmKinds {
		kinds[k.name].judge(t, k.name)
	}
	t.Logf("%d cases: kept %.3f %% of %d untouched frames", all.cases, all.percent(), all.untouched)
	assert.GreaterOrEqual(t, all.percent(), 99.0)
}

// judge logs what a kind came to and asserts that the listener is spared. Bytes
// that are missing, or strange, or of another file are known by their structure:
// nothing may be louder than what was encoded, but for the last frame of a file
// cut short, when what follows looks as if it were its own. Bits that changed
// where the format has no checksum are another matter: then what is louder may
// be rare only.
func (s *score) judge(t *testing.T, kind string) {
	t.Helper()
	t.Logf("%-22s %d cases, %d ended with an error, kept %d of %d untouched frames (%.2f %%), %d bursts, peak at most %+.1f dB",
		kind, s.cases, s.refused, s.kept, s.untouched, s.percent(), s.bursts, s.louder)
	if s.most > 0 {
		t.Logf("    worst: %s", s.worst)
	}
	if s.bursts > 0 {
		t.Logf("    loudest: %s", s.loudest)
	}
	assert.GreaterOrEqual(t, s.percent(), 99.0, kind)
	assert.Zero(t, s.refused, "%s: cases that ended with an error", kind)
	assert.LessOrEqual(t, s.bursts, mostBursts[kind], "%s: frames more than 3 dB above the peak", kind)
}

// mostBursts is what was measured (21, 16, 0 and 0 in 100 cases) and a little: other
// versions of LAME make other frames. Of the other kinds of damage there is none.
var mostBursts = map[string]int{"flipped bits": 26, "several": 20, "zeros": 2, "other rate behind": 1}

// TestSkippingThroughDamageIsReadingThroughIt holds Skip to its promise where it
// is hardest: in each kind of damaged file.
func TestSkippingThroughDamageIsReadingThroughIt(t *testing.T) {
	if racing {
		t.Log("under the race detector the fuzz target alone does this")
		return
	}
	eachHarm(t, harmFiles(t), 1, func(_, name string, b torn, _ []*harmFile) {
		t.Run(name, func(t *testing.T) {
			skipIsRead(t, b.b, 20_000)
			skipIsRead(t, b.b, 88_123)
		})
	})
}

// BenchmarkHarm tells what share of the untouched frames we keep, and what
// go-mp3 keeps of the same files where it plays them at all. Its samples are
// truncated to 16 bits.
func BenchmarkHarm(b *testing.B) {
	files := harmFiles(b)
	var us, them, same score
	for b.Loop() {
		us, them, same = score{}, score{}, score{}
		eachHarm(b, files, 2, func(kind, name string, t torn, files []*harmFile) {
			o := harm(t, files, playOurs, sameSound)
			us.add(name, o)
			if strings.Contains(kind, "other") || !mpeg1Only(t, files) {
				return
			}
			same.add(name, o)
			them.add(name, harm(t, files, playGoMP3(files[t.origin[len(t.origin)/2]>>32]), 4.0/32768))
		})
	}
	b.ReportMetric(us.percent(), "ours_%")
	b.ReportMetric(same.percent(), "ours_mpeg1_%")
	b.ReportMetric(them.percent(), "go-mp3_mpeg1_%")
}

func mpeg1Only(t torn, files []*harmFile) bool {
	for _, from := range t.origin {
		if from >= 0 && files[from>>32].rate < 32000 {
			return false
		}
	}
	return t.origin[len(t.origin)/2] >= 0
}

func playGoMP3(f *harmFile) func([]byte) ([]stretch, error) {
	return func(b []byte) ([]stretch, error) {
		pcm, err := byGoMP3(b, f.channels)
		return []stretch{{rate: f.rate, channels: f.channels, pcm: pcm}}, err
	}
}
