package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"loa/cmd/internal/device"
	"loa/speaker"
	"loa/speaker/sniff"
	"loa/speaker/wav"
)

// run is a command line with its two outputs apart.
func run(args ...string) (code int, out, errOut string) {
	var o, e bytes.Buffer
	code = program(&e).Run(context.Background(), args, &o, &e)
	return code, o.String(), e.String()
}

const sounds = "../../testdata/sound/"

// put writes a file of that name and returns its path.
func put(t *testing.T, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, b, 0o600))
	return path
}

func get(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return b
}

// tone writes a WAV whose channels are given by a function of time.
func tone(t *testing.T, rate int, seconds float64, channels ...func(s float64) float64) string {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "tone.wav"))
	require.NoError(t, err)
	defer f.Close()
	w, err := wav.NewRawWriter(f, wav.Format{Rate: rate, Channels: len(channels)}, wav.Rounded16)
	require.NoError(t, err)
	for n := range int(seconds * float64(rate)) {
		frame := make([]float32, len(channels))
		for c, of := range channels {
			frame[c] = float32(of(float64(n) / float64(rate)))
		}
		require.NoError(t, w.WriteFloat(frame))
	}
	require.NoError(t, w.Close())
	return f.Name()
}

func sine(amplitude float64) func(float64) float64 {
	return func(s float64) float64 { return amplitude * math.Sin(2*math.Pi*997*s) }
}

func nothing(float64) float64 { return 0 }

// report is audio check --json of one file.
func report(t *testing.T, path string) (code int, c map[string]any) {
	t.Helper()
	code, out, errOut := run("audio", "check", "--json", path)
	require.NoError(t, json.Unmarshal([]byte(out), &c), "%s %s", out, errOut)
	return code, c
}

func codes(c map[string]any) (out []string) {
	for _, w := range c["warnings"].([]any) {
		out = append(out, w.(map[string]any)["code"].(string))
	}
	return out
}

func TestAGoodFileIsReportedToPrograms(t *testing.T) {
	code, c := report(t, sounds+"stereo44-vbr.mp3")
	assert.Zero(t, code)
	for member, want := range map[string]any{
		"playable": true, "reason": "", "reason_code": "", "hint": "", "codec": "mp3", "rate": 44100.0, "channels": 2.0,
		"duration_s": 0.7, "frames": 30870.0, "bytes": 9932.0, "target_lufs": -18.0,
		"damage": map[string]any{"bytes": 0.0, "frames": 0.0, "at_s": []any{}},
	} {
		assert.Equal(t, want, c[member], member)
	}
	assert.InDelta(t, 105000, c["bit_rate"], 15000)
	assert.Len(t, c["sha256"], 64)
	assert.InDelta(t, -12.1, c["lufs"], 0.3)
	assert.InDelta(t, -3, c["true_peak_dbtp"], 0.5)
	assert.InDelta(t, -18-c["lufs"].(float64), c["gain_db"], 0.02)
	for _, member := range []string{"file", "detail", "encoder", "vbr", "loudness_range_lu", "sample_peak_dbfs", "warnings"} {
		assert.Contains(t, c, member)
	}
}

func TestTheKindOfBitRateIsTold(t *testing.T) {
	for name, want := range map[string]any{
		"stereo44-vbr.mp3": true, "mono48-cbr64.mp3": false, "free.mp3": false, "alaw.wav": false, "silk-12k.opus": nil,
	} {
		_, c := report(t, sounds+name)
		assert.Equal(t, want, c["vbr"], name)
		assert.NotEmpty(t, c["detail"], name)
	}
}

func TestAPersonReadsAboutAGoodFile(t *testing.T) {
	code, out, errOut := run("--lang", "vi", "audio", "check", sounds+"mono48-cbr64.mp3")
	assert.Zero(t, code)
	assert.Empty(t, errOut, "quiet in a pipe")
	for _, want := range []string{"Định dạng", "48000 Hz, đơn kênh", "0.7 s", "64 kbit/s", "LUFS", "dBTP", "gain_db", "để đạt -18 LUFS", "Phát được", "có"} {
		assert.Contains(t, out, want)
	}
	_, out, _ = run("--lang", "en", "audio", "check", sounds+"mono48-cbr64.mp3")
	for _, want := range []string{"Sampling", "48000 Hz, mono", "Loudness", "Playable   yes"} {
		assert.Contains(t, out, want)
	}
	for line := range strings.Lines(out) {
		assert.Less(t, len(line), 120, "a line fits a terminal")
	}
}

// id3 is a tag that says it has so many bytes, and how many it has.
func id3(says, has int) []byte {
	b := []byte{'I', 'D', '3', 4, 0, 0, byte(says >> 21 & 0x7f), byte(says >> 14 & 0x7f), byte(says >> 7 & 0x7f), byte(says & 0x7f)}
	return append(b, make([]byte, has)...)
}

func TestWhatIsNoSoundIsToldInBothLanguages(t *testing.T) {
	png := append([]byte("\x89PNG\r\n\x1a\n"), bytes.Repeat([]byte("pixel"), 40_000)...)
	for _, c := range []struct {
		name   string
		bytes  []byte
		code   device.Refusal
		vi, en string
		hint   string
	}{
		{"anh.mp3", png, device.RefusedContent, "không phải âm thanh mà là ảnh (PNG)", "no sound but a picture (PNG)", ""},
		{"anh2.mp3", []byte("\xff\xd8\xff\xe0\x00\x10JFIF"), device.RefusedContent, "ảnh (JPEG)", "a picture (JPEG)", ""},
		{"rong.mp3", nil, device.RefusedEmpty, "tệp rỗng", "the file is empty", ""},
		{"the.mp3", id3(4000, 4000), device.RefusedTags, "tệp chỉ có thẻ thông tin", "only tags", ""},
		{"cut.mp3", id3(5_000_000, 100), device.RefusedTagLength, "ghi dài 5000010 byte nhưng cả tệp chỉ có 110 byte", "says it has 5000010 bytes", ""},
		{"khong.mp3", make([]byte, 1<<20), device.RefusedZeros, "toàn byte 0", "nothing but zeros", ""},
		{"trang.mp3", []byte("<!DOCTYPE html><html>"), device.RefusedContent, "trang web (HTML)", "a web page (HTML)", ""},
		{"nhac 1.flac", []byte("fLaC\x00\x00\x00\x22"), device.RefusedCodec, "không phát được FLAC", "does not play FLAC", "-ac 1 -b:a 48k '"},
		{"dien-thoai.m4a", []byte("\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00"), device.RefusedCodec, "không phát được M4A", "does not play M4A", "dien-thoai.mp3"},
		{"ghi-am.mp3", []byte("#!AMR\nxxxxxxxxxxxxxxxxx"), device.RefusedCodec, "không phát được AMR", "does not play AMR", "ghi-am-48k.mp3"},
		{"cut.wav", []byte("RIFF\x24\x00\x00\x00WAVEfmt "), device.RefusedSilent, "không giải mã được chút âm thanh nào", "no sound can be decoded", ""},
		{"tong.mp1", get(t, sounds+"layer1.mp1"), device.RefusedForm, "không phát được dạng âm thanh này (MPEG-1 Layer I,", "does not play this form of sound (MPEG-1 Layer I,", "tong.mp3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := put(t, c.name, c.bytes)
			code, out, errOut := run("--lang", "vi", "audio", "check", path)
			assert.Equal(t, 1, code)
			assert.Contains(t, out, c.vi)
			assert.Contains(t, out, "KHÔNG: ")
			assert.Contains(t, errOut, "không phát được")
			_, out, _ = run("--lang", "en", "audio", "check", path)
			assert.Contains(t, out, c.en)
			if c.hint != "" {
				assert.Contains(t, out, "ffmpeg -i ")
				assert.Contains(t, out, c.hint)
			}
			code, rep := report(t, path)
			assert.Equal(t, 1, code)
			assert.Equal(t, false, rep["playable"])
			assert.Equal(t, string(c.code), rep["reason_code"])
			assert.NotEmpty(t, rep["reason"])
			assert.Equal(t, strings.ToLower(rep["codec"].(string)), rep["codec"])
			assert.Nil(t, rep["lufs"])
			assert.Len(t, rep["sha256"], 64)

			code, _, errOut = run("audio", "decode", path, filepath.Join(t.TempDir(), "x.wav"))
			assert.Equal(t, 1, code)
			assert.Contains(t, errOut, c.en)
		})
	}
}

func TestGigabytesOfZerosEndAtOnce(t *testing.T) {
	path := put(t, "lon.mp3", nil)
	require.NoError(t, os.Truncate(path, 8<<30))
	code, rep := report(t, path)
	assert.Equal(t, 1, code)
	assert.Equal(t, "zeros", rep["reason_code"])
	assert.Nil(t, rep["sha256"], "nobody reads it to its end")
}

func TestAFileThatIsTooLargeSaysSo(t *testing.T) {
	path := put(t, "dai.mp3", get(t, sounds+"mono44-cbr48.mp3"))
	require.NoError(t, os.Truncate(path, 70<<20))
	code, out, _ := run("--lang", "vi", "audio", "check", path)
	assert.Equal(t, 1, code)
	assert.Contains(t, out, "tệp quá lớn: 70 MiB; thiết bị chỉ nhận đến 64 MiB")
	assert.Contains(t, out, "dai-48k.mp3")
}

func TestMistakesInWhatWasTyped(t *testing.T) {
	good, out := sounds+"mono44-cbr48.mp3", filepath.Join(t.TempDir(), "x.wav")
	dir := t.TempDir()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"check", "khong-co.mp3"}, "khong-co.mp3: no such file"},
		{[]string{"check", dir}, "is a folder"},
		{[]string{"check", os.DevNull}, "is no regular file"},
		{[]string{"check"}, "<file>"},
		{[]string{"decode", good}, "<out.wav>"},
		{[]string{"decode", "khong-co.mp3", out}, "khong-co.mp3: no such file"},
		{[]string{"decode", good, good}, "is FILE itself"},
		{[]string{"decode", good, dir}, "is a folder"},
		{[]string{"decode", "--rate", "7999", good, out}, "allowed: 8000 to 192000"},
		{[]string{"decode", "--raw", "--rate", "8000", good, out}, "--raw keeps the rate"},
		{[]string{"decode", "--bits", "8", good, out}, "16"},
		{[]string{"decode", "--json", good, "-"}, "a file as OUT"},
	} {
		code, stdout, stderr := run(append([]string{"audio"}, c.args...)...)
		assert.Equal(t, 2, code, c.args)
		assert.Contains(t, stderr, c.want)
		assert.Empty(t, stdout, "%v: %s", c.args, stdout)
	}
	assert.NoFileExists(t, out)
}

func TestSeveralFilesAreCheckedAndOneBadOneCounts(t *testing.T) {
	bad := put(t, "rong.mp3", nil)
	code, out, errOut := run("audio", "check", "--json", sounds+"mono44-cbr48.mp3", bad, sounds+"mono48-cbr64.mp3")
	assert.Equal(t, 1, code)
	assert.Contains(t, errOut, "1 of 3 files cannot be played")
	assert.Equal(t, 3, strings.Count(out, "\n"), "one object a line")
	code, out, _ = run("--lang", "en", "audio", "check", sounds+"mono44-cbr48.mp3", sounds+"mono48-cbr64.mp3")
	assert.Zero(t, code)
	assert.Contains(t, out, "\n\nFile")
}

func TestAWrongNameAmongManyIsToldAndTheOthersAreChecked(t *testing.T) {
	code, out, errOut := run("--lang", "vi", "audio", "check", sounds+"mono44-cbr48.mp3", "khong-co.mp3", sounds+"mono48-cbr64.mp3")
	assert.Equal(t, 2, code)
	assert.Equal(t, 2, strings.Count(out, "Phát được   có"))
	assert.Equal(t, "loactl: không có tệp khong-co.mp3\nloactl: 1 trong 3 tên không phải tệp đọc được\n", errOut)
	code, _, errOut = run("--lang", "vi", "audio", "decode", "khong-co.mp3", "x.wav")
	assert.Equal(t, 2, code)
	assert.Equal(t, "loactl: không có tệp khong-co.mp3\n", errOut)
}

func TestCtrlCIsToldAsSuch(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	for _, args := range [][]string{{"check", sounds + "mono44-cbr48.mp3"}, {"decode", sounds + "mono44-cbr48.mp3", "-"}} {
		for lang, want := range map[string]string{"en": "loactl: stopped\n", "vi": "loactl: đã dừng\n"} {
			var o, e bytes.Buffer
			assert.Equal(t, 1, program(&e).Run(ctx, append([]string{"--lang", lang, "audio"}, args...), &o, &e))
			assert.Equal(t, want, e.String())
		}
	}
}

func TestStandardInputIsCheckedAndDecoded(t *testing.T) {
	real := os.Stdin
	defer func() { os.Stdin = real }()
	for _, args := range [][]string{{"check", "--json", "-"}, {"decode", "--json", "-", filepath.Join(t.TempDir(), "x.wav")}} {
		r, w, err := os.Pipe()
		require.NoError(t, err)
		os.Stdin = r
		go func() {
			_, _ = w.Write(get(t, sounds+"mono48-cbr64.mp3"))
			_ = w.Close()
		}()
		code, out, errOut := run(append([]string{"--lang", "en", "audio"}, args...)...)
		require.Zero(t, code, errOut)
		var told map[string]any
		require.NoError(t, json.Unmarshal([]byte(out), &told))
		assert.InDelta(t, 0.7, told["duration_s"], 0.1)
		assert.Equal(t, "-", told["file"])
		_ = r.Close()
	}
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	os.Stdin = r
	require.NoError(t, w.Close())
	code, _, errOut := run("--lang", "vi", "audio", "check", "-")
	assert.Equal(t, 1, code)
	assert.Equal(t, "loactl: đầu vào chuẩn: thiết bị không phát được\n", errOut)
}

func TestWhatAnOfficialShouldLookAt(t *testing.T) {
	late := func(s float64) float64 {
		if s < 1 || s > 3 {
			return 0
		}
		return sine(0.2)(s)
	}
	pause := func(s float64) float64 {
		if s > 2 && s < 14 {
			return 0
		}
		return sine(0.2)(s)
	}
	knock := func(s float64) float64 {
		if s > 2 && s < 2.001 {
			return sine(0.9)(s)
		}
		return sine(0.014)(s)
	}
	square := func(s float64) float64 { return max(-1, min(1, sine(1.5)(s))) }
	for _, c := range []struct {
		name string
		path string
		want []string
		vi   string
	}{
		{"in order", tone(t, 24000, 4, sine(0.2)), nil, ""},
		{"silence", tone(t, 24000, 2, nothing), []string{"silent"}, "không nghe thấy gì"},
		{"a click", tone(t, 24000, 0.2, sine(0.2)), []string{"short"}, "quá ngắn để đo âm lượng"},
		{"a whisper", tone(t, 24000, 2, sine(0.01)), []string{"quiet"}, "tiếng rất nhỏ"},
		{"a knock in soft speech", tone(t, 24000, 4, knock), []string{"click"}, "tiếng bụp hay va đập ngắn mà to (to nhất lúc 0:02)"},
		{"overdriven", tone(t, 24000, 2, square), []string{"clipped"}, "tiếng bị vỡ"},
		{"left", tone(t, 24000, 2, sine(0.2), nothing), []string{"left-only"}, "chỉ kênh trái có tiếng"},
		{"right", tone(t, 24000, 2, nothing, sine(0.2)), []string{"right-only"}, "chỉ kênh phải có tiếng"},
		{"a plug wired wrongly", tone(t, 24000, 2, sine(0.2), sine(-0.2)), []string{"channels-cancel"}, "triệt tiêu nhau"},
		{"silent edges", tone(t, 22050, 4, late), []string{"silent-start", "silent-end"}, "đầu tệp im lặng 1.0 giây"},
		{"a long pause", tone(t, 24000, 16, pause), []string{"silent-middle"}, "im lặng 12 giây từ 0:02"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, rep := report(t, c.path)
			assert.Zero(t, code, "it plays all the same")
			assert.Equal(t, c.want, codes(rep))
			_, out, _ := run("--lang", "vi", "audio", "check", c.path)
			assert.Contains(t, out, c.vi)
			assert.Equal(t, len(c.want), strings.Count(out, "Lưu ý"))
			assert.NotContains(t, out, "%!", "each text gets its arguments")
		})
	}
}

func TestTheGainSaysWhatItReaches(t *testing.T) {
	_, out, _ := run("--lang", "en", "audio", "check", tone(t, 24000, 2, sine(0.01)))
	assert.Regexp(t, `gain_db +\+12\.0  \(reaches only -2\d LUFS, not -18; one channel counts as two`, out)
	_, out, _ = run("--lang", "vi", "audio", "check", tone(t, 24000, 2, sine(0.01), sine(0.01)))
	assert.Regexp(t, `gain_db +\+12\.0  \(chỉ đạt -2\d LUFS, không đạt -18\)`, out)
	_, out, _ = run("--lang", "en", "audio", "check", tone(t, 24000, 2, sine(0.1)))
	assert.Contains(t, out, "(brings it to -18 LUFS; one")
}

func TestTheCodingIsToldInBothLanguages(t *testing.T) {
	glued := put(t, "ghep.mp3", append(get(t, sounds+"mono44-cbr48.mp3"), get(t, sounds+"mpeg2-24k.mp3")...))
	for path, want := range map[string]string{
		glued: "đổi tần số mẫu 1 lần", sounds + "stereo44-vbr.mp3": "bit thay đổi (VBR)",
		sounds + "silk-12k.opus": "gói ", sounds + "mono48-cbr64.mp3": "MP3, MPEG-1 Layer III, đơn kênh, bit cố định (CBR)",
	} {
		_, out, _ := run("--lang", "vi", "audio", "check", path)
		assert.Contains(t, out, want)
	}
	assert.Equal(t, "hybrid và CELT, gói 20ms, 3 tệp nối tiếp", vietnameseAudio.detail("hybrid and CELT, packets of 20ms, 3 files in a chain"))
	assert.Equal(t, "WAV 6 kênh", vietnameseAudio.detail("WAV of 6 channels"))
	assert.Equal(t, "WAV of 6 channels", englishAudio.detail("WAV of 6 channels"))
}

func TestSilenceHasNoNumberForPrograms(t *testing.T) {
	_, out, _ := run("audio", "check", "--json", tone(t, 24000, 2, nothing))
	for _, member := range []string{"lufs", "true_peak_dbtp", "sample_peak_dbfs", "gain_db"} {
		assert.Contains(t, out, `"`+member+`":null`)
	}
	assert.NotContains(t, out, "Inf")
	assert.NotContains(t, out, "NaN")
	_, out, _ = run("--lang", "en", "audio", "check", tone(t, 24000, 2, nothing))
	assert.Contains(t, out, "not measurable")
}

func TestDamageIsFoundAndSaidWhere(t *testing.T) {
	b := get(t, "../../testdata/bulletin/ban-tin-sang.mp3")
	at := len(b) / 2
	path := put(t, "hong.mp3", bytes.Join([][]byte{b[:at], bytes.Repeat([]byte{0x55}, 2048), b[at+2048:]}, nil))
	code, rep := report(t, path)
	assert.Zero(t, code, "it plays")
	d := rep["damage"].(map[string]any)
	assert.Positive(t, d["bytes"])
	assert.InDelta(t, rep["duration_s"].(float64)/2, d["at_s"].([]any)[0], 1)
	assert.Contains(t, codes(rep), "damage")
	_, out, _ := run("--lang", "vi", "audio", "check", path)
	assert.Contains(t, out, "tại 0:08; hãy nghe thử hoặc sao chép lại")

	wavOut := filepath.Join(t.TempDir(), "x.wav")
	code, _, errOut := run("--lang", "en", "audio", "decode", path, wavOut)
	assert.Zero(t, code)
	assert.Contains(t, errOut, "is damaged:")
	_, out, _ = run("audio", "decode", "--json", path, wavOut)
	var told map[string]map[string]any
	_ = json.Unmarshal([]byte(out), &told) // other members are no objects
	assert.Equal(t, d["at_s"], told["damage"]["at_s"])
	assert.FileExists(t, wavOut)
}

func TestAFileThatEndsInTheMidstOfAFrameMayBeCutShort(t *testing.T) {
	b := get(t, "../../testdata/bulletin/ban-tin-sang.mp3")
	_, rep := report(t, put(t, "cut.mp3", b[:50_000]))
	assert.Equal(t, []string{"cut-end"}, codes(rep))
	assert.Equal(t, true, rep["playable"])
}

func TestAFileThatGoesOnWithSomethingElseSaysWhat(t *testing.T) {
	b := get(t, "../../testdata/bulletin/ban-tin-sang.mp3")[:50_000]
	zeros := put(t, "do-dang.mp3", append(b[:50_000:50_000], make([]byte, 50_000)...))
	code, rep := report(t, zeros)
	assert.Zero(t, code)
	assert.Equal(t, []string{"unfinished"}, codes(rep))
	_, out, _ := run("--lang", "en", "audio", "check", zeros)
	assert.Contains(t, out, "the last 48 KiB are zeros, 49 % of the file: copying or downloading it did not finish; do it again")
	_, out, _ = run("--lang", "vi", "audio", "check", zeros)
	assert.Contains(t, out, "48 KiB cuối tệp toàn byte 0, bằng 49 % tệp")

	_, rep = report(t, put(t, "la.mp3", append(b[:50_000:50_000], bytes.Repeat([]byte("something"), 3000)...)))
	assert.Equal(t, []string{"other-end"}, codes(rep))

	holed := bytes.Join([][]byte{b[:20_000], bytes.Repeat([]byte{0x55}, 2048), b[22_048:], make([]byte, 50_000)}, nil)
	_, rep = report(t, put(t, "hai.mp3", holed))
	assert.Equal(t, []string{"damage", "unfinished"}, codes(rep))
}

func TestZerosBeforeTheSoundAreNotTakenForAll(t *testing.T) {
	b := append(make([]byte, 300<<10), get(t, sounds+"mono44-cbr48.mp3")...)
	code, out, _ := run("--lang", "en", "audio", "check", put(t, "0.mp3", b))
	assert.Equal(t, 1, code)
	assert.Contains(t, out, "it begins with 300 KiB of zeros")
	_, out, _ = run("--lang", "vi", "audio", "check", put(t, "0.mp3", b))
	assert.Contains(t, out, "tệp bắt đầu bằng 300 KiB toàn byte 0")
}

func TestLayerIIIsCalledMP2(t *testing.T) {
	code, out, _ := run("--lang", "en", "audio", "check", sounds+"layer2.mp2")
	assert.Zero(t, code)
	assert.Contains(t, out, "MP2, MPEG-1 Layer II, mono")
}

func TestADownloadThatEndedTooSoonSaysSo(t *testing.T) {
	b := get(t, sounds+"stereo44-vbr.mp3")
	_, rep := report(t, put(t, "a.mp3", b[:len(b)/2]))
	assert.Equal(t, "cut-short", codes(rep)[0])
	b = get(t, sounds+"hybrid-24k.opus")
	path := put(t, "a.opus", b[:len(b)*2/3])
	_, rep = report(t, path)
	assert.Equal(t, "no-end", codes(rep)[0])
	_, out, _ := run("--lang", "vi", "audio", "check", path)
	assert.Contains(t, out, "mà không có dấu kết thúc")
}

func TestAWAVThatWasCutShortSaysSo(t *testing.T) {
	b := get(t, tone(t, 24000, 2, sine(0.2)))
	_, rep := report(t, put(t, "cut.wav", b[:len(b)-10_000]))
	assert.Equal(t, []string{"cut-short"}, codes(rep))
	assert.Equal(t, true, rep["playable"])
}

// samples are those of a file as the decoder gives them.
func samples(t *testing.T, path string) (x []float32, rate, channels int) {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	d, _, err := speaker.NewDecoder(f)
	require.NoError(t, err)
	rate, channels = d.Format()
	for buf := make([]float32, 1000*channels); ; {
		n, err := d.Read(buf)
		x = append(x, buf[:n*channels]...)
		if errors.Is(err, io.EOF) {
			return x, rate, channels
		}
		require.NoError(t, err)
	}
}

func TestRawIsWhatTheDecoderYields(t *testing.T) {
	for _, name := range []string{"stereo44-vbr.mp3", "mono48-cbr64.mp3", "mpeg2-22k.mp3", "mpeg25-11k.mp3", "free.mp3", "hybrid-24k.opus", "alaw.wav"} {
		want, rate, channels := samples(t, sounds+name)
		for bits, step := range map[string]float64{"16": 1.0 / 32768, "24": 1.0 / (1 << 23), "32f": 0} {
			out := filepath.Join(t.TempDir(), "raw.wav")
			code, _, errOut := run("audio", "decode", "--raw", "--bits", bits, sounds+name, out)
			require.Zero(t, code, errOut)
			got, r, c := samples(t, out)
			assert.Equal(t, []int{rate, channels, len(want)}, []int{r, c, len(got)}, "%s %s", name, bits)
			worst := 0.0
			for i := range min(len(want), len(got)) {
				worst = max(worst, math.Abs(float64(want[i]-got[i])))
			}
			assert.LessOrEqual(t, worst, step/2*1.001, "%s %s", name, bits)
		}
	}
}

// rest reads what a decoder still has.
func rest(t *testing.T, d speaker.Decoder) (x []float32) {
	t.Helper()
	_, channels := d.Format()
	for buf := make([]float32, 1000*channels); ; {
		n, err := d.Read(buf)
		x = append(x, buf[:n*channels]...)
		if err != nil {
			return x
		}
	}
}

func power(x []float32) (sum float64) {
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return sum / float64(len(x))
}

func TestRawOfGluedFilesKeepsTheFirstRate(t *testing.T) {
	a, b := get(t, sounds+"mono44-cbr48.mp3"), get(t, sounds+"mpeg2-24k.mp3")
	path := put(t, "ghep.mp3", bytes.Join([][]byte{a, b, a}, nil))
	d, _, err := speaker.NewDecoder(bytes.NewReader(get(t, path)))
	require.NoError(t, err)
	first, middle, last := rest(t, d), rest(t, d), rest(t, d)
	require.NotEmpty(t, last)

	out := filepath.Join(t.TempDir(), "raw.wav")
	code, _, errOut := run("--lang", "en", "audio", "decode", "--raw", "--bits", "32f", path, out)
	require.Zero(t, code, errOut)
	assert.Contains(t, errOut, "goes on at 24000 Hz from 0:00; the rest is resampled to 44100 Hz")
	x, rate, channels := samples(t, out)
	assert.Equal(t, []int{44100, 1}, []int{rate, channels})
	assert.Equal(t, first, x[:len(first)], "untouched up to the joint")
	assert.InDelta(t, float64(len(first)+len(last))+float64(len(middle))*44100/24000, len(x), 3)
	n := len(first)
	m := len(x) - len(last)
	assert.InDelta(t, 1, power(x[n:m])/power(middle), 0.02, "as loud as it was")
	for i, v := range last[:len(last)-1000] { // the end fades
		require.InDelta(t, v, x[m+i], 1e-4, "frame %d of what follows at the first rate again", i)
	}

	_, rep := report(t, path)
	assert.Equal(t, []string{"rate-changes", "rate-changes"}, codes(rep))
	assert.InDelta(t, float64(len(first)+len(last))/44100+float64(len(middle))/24000, rep["duration_s"], 0.002)
	assert.InDelta(t, -21.9, rep["lufs"], 0.5)
}

// A stereo jingle before speech in mono, and the other way round.
func TestGluedFilesOfOtherChannels(t *testing.T) {
	mono, stereo := get(t, sounds+"mpeg2-24k.mp3"), get(t, sounds+"stereo44-vbr.mp3")
	for channels, b := range map[int][]byte{2: append(append([]byte{}, stereo...), mono...), 1: append(append([]byte{}, mono...), stereo...)} {
		path := put(t, "ghep.mp3", b)
		code, rep := report(t, path)
		assert.Zero(t, code)
		assert.Equal(t, float64(channels), rep["channels"])
		assert.Equal(t, []string{"rate-changes"}, codes(rep))
		for _, flags := range [][]string{{"--raw"}, {}} {
			out := filepath.Join(t.TempDir(), "x.wav")
			code, _, errOut := run(append(append([]string{"audio", "decode"}, flags...), path, out)...)
			require.Zero(t, code, errOut)
			x, rate, c := samples(t, out)
			assert.Equal(t, channels, c)
			assert.InDelta(t, rep["duration_s"], float64(len(x)/c)/float64(rate), 0.002)
			assert.Positive(t, power(x[len(x)/2:]))
		}
	}
}

func TestWithoutRawItIsWhatTheCardGets(t *testing.T) {
	out := filepath.Join(t.TempDir(), "card.wav")
	code, said, errOut := run("--lang", "en", "audio", "decode", "--bits", "32f", tone(t, 24000, 2, sine(1)), out)
	require.Zero(t, code, errOut)
	assert.Contains(t, said, "48000 Hz, mono, 2.0 s")
	x, rate, channels := samples(t, out)
	assert.Equal(t, []int{48000, 1, 96000}, []int{rate, channels, len(x)})
	peak := 0.0
	for _, v := range x {
		peak = max(peak, math.Abs(float64(v)))
	}
	assert.LessOrEqual(t, peak, 0.892, "the limiter holds -1 dBFS")
	assert.Greater(t, peak, 0.8)

	code, _, errOut = run("audio", "decode", "--rate", "44100", "--json", sounds+"stereo44-vbr.mp3", out)
	require.Zero(t, code, errOut)
	_, rate, channels = samples(t, out)
	assert.Equal(t, []int{44100, 2}, []int{rate, channels})
}

func TestDecodingTwiceGivesTheSameBytes(t *testing.T) {
	a, b := filepath.Join(t.TempDir(), "a.wav"), filepath.Join(t.TempDir(), "b.wav")
	for _, out := range []string{a, b} {
		code, _, errOut := run("audio", "decode", sounds+"mono44-cbr48.mp3", out)
		require.Zero(t, code, errOut)
	}
	assert.Equal(t, get(t, a), get(t, b))
}

func TestAPipeGetsTheSound(t *testing.T) {
	code, out, errOut := run("--lang", "en", "audio", "decode", sounds+"mono44-cbr48.mp3", "-")
	assert.Zero(t, code)
	assert.Equal(t, "RIFF\xff\xff\xff\xff", out[:8])
	assert.Contains(t, errOut, "standard output: 48000 Hz, mono, 0.7 s", "what is said goes elsewhere")
}

func TestAFailureLeavesWhatWasThere(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "x.wav")
	require.NoError(t, os.WriteFile(out, []byte("precious"), 0o600))
	code, _, _ := run("audio", "decode", put(t, "rong.mp3", nil), out)
	assert.Equal(t, 1, code)
	assert.Equal(t, "precious", string(get(t, out)))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, left, 1, "and nothing half beside it")

	ctx, stop := context.WithCancel(context.Background())
	stop()
	var e bytes.Buffer
	assert.Equal(t, 1, program(&e).Run(ctx, []string{"audio", "decode", sounds + "mono44-cbr48.mp3", out}, &e, &e))
	assert.Equal(t, "precious", string(get(t, out)))
	code, _, errOut := run("audio", "decode", sounds+"mono44-cbr48.mp3", filepath.Join(dir, "no", "x.wav"))
	assert.Equal(t, 1, code)
	assert.Contains(t, errOut, filepath.Join(dir, "no", "x.wav")+": no such file or directory")
}

func TestASymbolicLinkIsWrittenThrough(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "to"), 0o700))
	for name, there := range map[string]bool{"there.wav": true, "not-yet.wav": false} {
		to := filepath.Join(dir, "to", name)
		if there {
			require.NoError(t, os.WriteFile(to, []byte("old"), 0o600))
		}
		link := filepath.Join(dir, name)
		if err := os.Symlink(filepath.Join("to", name), link); err != nil {
			t.Skip("not run: no symbolic links here")
		}
		code, _, errOut := run("audio", "decode", sounds+"mono44-cbr48.mp3", link)
		require.Zero(t, code, errOut)
		info, err := os.Lstat(link)
		require.NoError(t, err)
		assert.NotZero(t, info.Mode()&os.ModeSymlink, "it is a link still")
		assert.Equal(t, "RIFF", string(get(t, to)[:4]))
	}
}

func TestDecodingShowsOneProgress(t *testing.T) {
	path := sounds + "mono44-cbr48.mp3"
	f, err := named(t.Context(), path, englishAudio)
	require.NoError(t, err)
	d := decoding{file: f, passes: 2}
	for _, want := range []int64{0, f.info.Size(), f.info.Size()} {
		r, err := d.open()
		require.NoError(t, err)
		p := r.(*progress)
		assert.Equal(t, []int64{want, 2 * f.info.Size()}, []int64{p.n, p.total})
		require.NoError(t, r.Close())
	}
}

func TestAFullDiskIsAFailure(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("not run: there is no /dev/full here")
	}
	code, _, errOut := run("audio", "decode", sounds+"mono44-cbr48.mp3", "/dev/full")
	assert.Equal(t, 1, code)
	assert.Equal(t, "loactl: write /dev/full: no space left on device\n", errOut)
}

func TestProgressIsForTerminalsOnly(t *testing.T) {
	for _, live := range []bool{true, false} {
		var said bytes.Buffer
		p := newProgress(io.NopCloser(strings.NewReader("12345678")), notes{&said, live}, "dai.mp3", 8)
		p.next = p.next.Add(-2 * progressAfter)
		_, err := p.Read(make([]byte, 4))
		require.NoError(t, err)
		require.NoError(t, p.Close())
		if live {
			assert.Equal(t, "\rdai.mp3: 50 %\r\x1b[K", said.String())
		} else {
			assert.Empty(t, said.String())
		}
	}
	null, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer null.Close()
	assert.False(t, notesTo(null).live)
	assert.False(t, notesTo(&bytes.Buffer{}).live)
}

func TestTheHintCanBePasted(t *testing.T) {
	for path, want := range map[string]string{
		"a.m4a":       "ffmpeg -i a.m4a -ac 1 -b:a 48k a.mp3",
		"a.mp3":       "ffmpeg -i a.mp3 -ac 1 -b:a 48k a-48k.mp3",
		"bản tin.m4a": "ffmpeg -i 'bản tin.m4a' -ac 1 -b:a 48k 'bản tin.mp3'",
		"it's.m4a":    `ffmpeg -i 'it'\''s.m4a' -ac 1 -b:a 48k 'it'\''s.mp3'`,
		"-n.m4a":      "ffmpeg -i ./-n.m4a -ac 1 -b:a 48k ./-n.mp3",
	} {
		assert.Equal(t, want, soundFile{path: path}.convert(device.RefusedCodec))
	}
	assert.Empty(t, soundFile{path: "a.mp3"}.convert(device.RefusedContent), "a picture will never sound")
}

func TestPositionsAreReadAsPeopleSayThem(t *testing.T) {
	assert.Equal(t, "0:08", clock(8.9))
	assert.Equal(t, "12:05", clock(725))
	assert.Equal(t, "2:00:07", clock(7207))
}

func TestHelpHasExamples(t *testing.T) {
	for _, verb := range []string{"check", "decode"} {
		code, out, _ := run("audio", verb, "--help")
		assert.Zero(t, code)
		assert.Contains(t, out, "loactl audio "+verb+" ban-tin.mp3")
	}
}

func TestEveryKindOfContentHasWordsInBothLanguages(t *testing.T) {
	for _, a := range []audioWords{englishAudio, vietnameseAudio} {
		for _, c := range append(sniff.All(), sniff.Content{}) {
			assert.NotEmpty(t, a.kinds[c.Kind], "%v", c)
			assert.Contains(t, a.content(c), c.Format)
		}
	}
}
