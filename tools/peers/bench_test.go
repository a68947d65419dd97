package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// A part of the benchmark that lacks its program says so and is left out.
func need(b *testing.B, programs ...string) {
	b.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			name := p
			if p == "qemu-arm" {
				name = "qemu-user"
			}
			b.Skipf("not run: %s is missing (apt-get install %s)", p, name)
		}
	}
}

// must runs a program of the preparation.
func must(b *testing.B, name string, args ...string) {
	b.Helper()
	cmd := exec.Command(name, args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}

// build makes the program beside this file for an architecture.
func build(b *testing.B, goarch string) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "peers-"+goarch)
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+goarch, "GOARM=7")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// music makes a file of 128 kbit/s stereo at 44.1 kHz: twenty seconds of tones
// and noise, different left and right, again and again.
func music(b *testing.B, seconds int) string {
	b.Helper()
	const rate, loop = 44100, 20
	rnd := rand.New(rand.NewPCG(1, 2))
	var pcm []byte
	for i := range loop * rate {
		t := float64(i) / rate
		burst := math.Exp(-20 * math.Mod(t, 0.4))
		for c := range 2 {
			x := 0.15 * burst * rnd.NormFloat64()
			for v := range 6 {
				f := 110 * math.Pow(1.5, float64(v)+math.Floor(t)/7) * (1 + 0.003*float64(c))
				x += 0.08 * math.Sin(2*math.Pi*f*t+float64(c*v))
			}
			pcm = binary.LittleEndian.AppendUint16(pcm, uint16(int16(32000*math.Tanh(x))))
		}
	}
	raw := filepath.Join(b.TempDir(), "music.raw")
	f, err := os.Create(raw)
	if err != nil {
		b.Fatal(err)
	}
	for range seconds / loop {
		if _, err := f.Write(pcm); err != nil {
			b.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	out := filepath.Join(b.TempDir(), "music.mp3")
	must(b, "lame", "--quiet", "-r", "-s", "44.1", "-m", "j", "-q", "7", "-b", "128", raw, out)
	return out
}

// speech makes a file of 48 kbit/s mono of the bulletin, again and again.
func speech(b *testing.B, seconds, rate int) string {
	b.Helper()
	wav, out := filepath.Join(b.TempDir(), "speech.wav"), filepath.Join(b.TempDir(), "speech.mp3")
	must(b, "ffmpeg", "-v", "error", "-nostdin", "-stream_loop", "-1", "-i", bulletin,
		"-t", fmt.Sprint(seconds), "-ac", "1", "-ar", fmt.Sprint(rate), wav)
	must(b, "lame", "--quiet", "-m", "m", "-q", "7", "--resample", fmt.Sprint(float64(rate)/1000), "-b", "48", wav, out)
	return out
}

// cpu runs a program and returns the time that processors spent on it, the
// kernel's part included.
func cpu(b *testing.B, args ...string) time.Duration {
	b.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	if err := cmd.Run(); err != nil {
		b.Fatalf("%v: %v", args, err)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}

// rounds of each benchmark; the best counts, because another process can only
// make one slower.
const rounds = 3

// contest runs the commands in turn and returns the best time of each.
func contest(b *testing.B, commands map[string][]string) map[string]time.Duration {
	b.Helper()
	best := map[string]time.Duration{}
	for b.Loop() {
		for range rounds {
			for name, args := range commands {
				if d := cpu(b, args...); best[name] == 0 || d < best[name] {
					best[name] = d
				}
			}
		}
	}
	b.ReportMetric(0, "ns/op") // of no use: all of them, three times
	return best
}

// BenchmarkCPU tells the processor seconds for five minutes of sound, as
// programs, and how they compare with mpg123's.
func BenchmarkCPU(b *testing.B) {
	need(b, "lame", "ffmpeg", "mpg123")
	const seconds = 300
	for _, bc := range []struct {
		name  string
		make  func(*testing.B) string
		goMP3 bool
	}{
		{"stereo-44k-128kbit", func(b *testing.B) string { return music(b, seconds) }, true},
		{"mono-24k-48kbit", func(b *testing.B) string { return speech(b, seconds, 24000) }, false},
		{"mono-32k-48kbit", func(b *testing.B) string { return speech(b, seconds, 32000) }, true},
	} {
		b.Run(bc.name, func(b *testing.B) {
			file, ours := bc.make(b), build(b, runtime.GOARCH)
			commands := map[string][]string{
				"ours":   {ours, "ours", file},
				"mpg123": {"mpg123", "-q", "-e", "f32", "-s", file},
				"ffmpeg": {"ffmpeg", "-v", "error", "-nostdin", "-threads", "1", "-i", file, "-c:a", "pcm_f32le", "-f", "null", "-"},
			}
			if bc.goMP3 { // it plays MPEG-1 only
				commands["go-mp3"] = []string{ours, "go-mp3", file}
			}
			best := contest(b, commands)
			for name, d := range best {
				b.ReportMetric(d.Seconds(), name+"_cpu_s")
				if name != "mpg123" {
					b.ReportMetric(d.Seconds()/best["mpg123"].Seconds(), name+"_x_mpg123")
				}
			}
		})
	}
}

// BenchmarkARM tells how many times faster than real time the two Go decoders
// are as 32-bit ARM programs in an emulator: of use side by side only.
func BenchmarkARM(b *testing.B) {
	need(b, "lame", "ffmpeg", "qemu-arm")
	const seconds = 20
	for _, bc := range []struct {
		name  string
		make  func(*testing.B) string
		goMP3 bool
	}{
		{"stereo-44k-128kbit", func(b *testing.B) string { return music(b, seconds) }, true},
		{"mono-24k-48kbit", func(b *testing.B) string { return speech(b, seconds, 24000) }, false},
		{"mono-32k-48kbit", func(b *testing.B) string { return speech(b, seconds, 32000) }, true},
	} {
		b.Run(bc.name, func(b *testing.B) {
			file, program := bc.make(b), build(b, "arm")
			commands := map[string][]string{"ours": {"qemu-arm", program, "ours", file}}
			if bc.goMP3 {
				commands["go-mp3"] = []string{"qemu-arm", program, "go-mp3", file}
			}
			for name, d := range contest(b, commands) {
				b.ReportMetric(seconds/d.Seconds(), name+"_x_real_time")
			}
		})
	}
}
