package main

import (
	"fmt"
	"strings"

	"loa"
	"loa/cmd/internal/device"
	"loa/speaker/sniff"
)

// audioWords are the texts of one language about sound files.
type audioWords struct {
	file, format, rate, duration, bitRate, encoder, damage, none, damageOf             string
	loudness, span, silence, peak, target, misses, dual, playable, yes, no, hint, note string
	mono, stereo                                                                       string
	wrote, concealed, resampled, pipe, input                                           string
	refusals                                                                           map[device.Refusal]string // with the arguments of refusal
	manyZeros, firstZeros                                                              string                    // for RefusedZeros, when it is not all zeros
	kinds                                                                              map[sniff.Kind]string
	warnings                                                                           map[string]string // by warning.code, with its args
	mistakes                                                                           map[string]string // in what was typed
	oneBad, someBad, stopped                                                           string
	detail                                                                             func(string) string // what a decoder tells of a coding; what has no words stays
}

var englishAudio = audioWords{
	file: "File", format: "Format", rate: "Sampling", duration: "Duration", bitRate: "Bit rate", encoder: "Encoder",
	damage: "Damage", none: "none", damageOf: "%d bytes left out, %d frames concealed",
	loudness: "Loudness", span: "range %.1f LU", silence: "not measurable", peak: "True peak",
	target: "brings it to %.0f LUFS", misses: "reaches only %.0f LUFS, not %.0f", dual: "; one channel counts as two, horns play it from both", playable: "Playable", yes: "yes", no: "NO", hint: "Convert", note: "Note",
	mono: "mono", stereo: "stereo",
	wrote:     "%s: %d Hz, %s, %.1f s",
	concealed: "%s is damaged: %d bytes left out, %d frames concealed",
	resampled: "%s goes on at %d Hz from %s; the rest is resampled to %d Hz",
	pipe:      "standard output", input: "standard input",
	refusals: map[device.Refusal]string{
		device.RefusedEmpty:      "the file is empty",
		device.RefusedTags:       "it holds only tags (title, picture), no sound",
		device.RefusedTagLength:  "the tag at its start says it has %d bytes, the whole file has only %d: the file was cut short or the tag is wrong; copy or download it again",
		device.RefusedZeros:      "it holds nothing but zeros: copying or downloading it was never finished; do it again",
		device.RefusedContent:    "it is no sound but %s",
		device.RefusedCodec:      "the device does not play %s; it plays " + device.Playables,
		device.RefusedForm:       "the device does not play this form of sound (%v)",
		device.RefusedSize:       "the file is too large: %s; the device takes at most %d MiB",
		device.RefusedSilent:     "no sound can be decoded in it",
		device.RefusedScant:      "there is next to no sound in it: %.2f s in %s; it was cut short, or is another kind of file",
		device.RefusedUnreadable: "the file cannot be read to its end (%v)",
	},
	manyZeros:  "it holds nothing but zeros in its first %d KiB: copying or downloading it was never finished; do it again",
	firstZeros: "it begins with %d KiB of zeros: copying or downloading it went wrong; do it again",
	kinds: map[sniff.Kind]string{
		sniff.Unknown: "something unknown", sniff.Sound: "sound", sniff.Video: "video",
		sniff.Picture: "a picture", sniff.Document: "a document", sniff.Archive: "an archive",
		sniff.Program: "a program", sniff.Database: "a database", sniff.Page: "a web page", sniff.Playlist: "a playlist", sniff.Text: "text",
	},
	warnings: map[string]string{
		"damage":          "the file is damaged: %d bytes left out, %d frames concealed, at %s; listen to it, or copy it again",
		"cut-end":         "it ends in the midst of a frame (%d bytes left out): perhaps it was cut short; listen to its end",
		"unfinished":      "the last %s are zeros, %d %% of the file: copying or downloading it did not finish; do it again",
		"other-end":       "the last %s are no sound, %d %% of the file: it is damaged, or something else was put behind it; listen to its end",
		"cut-short":       "the file was cut short: the last %.1f s, %.0f %% of it, are missing; copy or download it again",
		"no-end":          "it stops at %s without saying that this is its end: perhaps it was cut short; listen to its end",
		"ends-early":      "the sound ends at %s, before the file does: %v",
		"rate-changes":    "files are glued together: at %s it goes on at %d Hz; that is played, but encode it anew if you can",
		"silent":          "nearly silent: people will hear nothing",
		"short":           "too short to measure its loudness: %.1f s; 0.4 s and more can be",
		"quiet":           "very quiet: even with gain_db it stays %.0f dB below the others; record it louder",
		"click":           "a short loud sound (click, knock; the loudest at %s) stands in the way of more gain: the rest stays %.0f dB below the others; cut it out, or record again",
		"clipped":         "overdriven: %.2f %% of it is at full scale and may sound harsh; record it softer",
		"left-only":       "only the left channel has sound: half of the horns may stay silent; make it mono",
		"right-only":      "only the right channel has sound: half of the horns may stay silent; make it mono",
		"channels-cancel": "the two channels cancel each other: on a mono horn little is left; make it mono from one channel",
		"silent-start":    "begins with %.1f s of silence",
		"silent-middle":   "%.0f s of silence from %s on: people will think that the loudspeaker is broken",
		"silent-end":      "ends with %.1f s of silence",
	},
	mistakes: map[string]string{
		"missing": "%s: no such file", "closed": "%s: %v", "folder": "%s is a folder; allowed: a sound file",
		"irregular": "%s is no regular file; allowed: a sound file",
		"raw-rate":  "--rate %d: --raw keeps the rate of the file; allowed: one of the two",
		"rate":      "--rate %d; allowed: 8000 to 192000", "json-pipe": "--json: standard output takes the sound; allowed: a file as OUT",
		"same": "%s is FILE itself; allowed: another file", "out-folder": "%s is a folder; allowed: a file to write",
		"names": "%d of %d names are of no file that can be read",
	},
	oneBad: "%s cannot be played", someBad: "%d of %d files cannot be played", stopped: "stopped",
	detail: func(text string) string { return text },
}

var vietnameseAudio = audioWords{
	file: "Tệp", format: "Định dạng", rate: "Tần số mẫu", duration: "Thời lượng", bitRate: "Tốc độ bit", encoder: "Bộ mã hóa",
	damage: "Hư hỏng", none: "không", damageOf: "bỏ qua %d byte, bù %d khung hỏng",
	loudness: "Âm lượng", span: "dải âm lượng %.1f LU", silence: "không đo được", peak: "Đỉnh thực",
	target: "để đạt %.0f LUFS", misses: "chỉ đạt %.0f LUFS, không đạt %.0f", dual: "; đơn kênh tính như hai kênh vì loa phát cả hai", playable: "Phát được", yes: "có", no: "KHÔNG", hint: "Chuyển đổi", note: "Lưu ý",
	mono: "đơn kênh", stereo: "hai kênh",
	wrote:     "%s: %d Hz, %s, %.1f s",
	concealed: "%s bị hỏng: bỏ qua %d byte, bù %d khung hỏng",
	resampled: "%s chuyển sang %d Hz từ %s; phần còn lại được đổi về %d Hz",
	pipe:      "đầu ra chuẩn", input: "đầu vào chuẩn",
	refusals: map[device.Refusal]string{
		device.RefusedEmpty:      "tệp rỗng",
		device.RefusedTags:       "tệp chỉ có thẻ thông tin (tên bài, ảnh bìa), không có âm thanh",
		device.RefusedTagLength:  "thẻ ở đầu tệp ghi dài %d byte nhưng cả tệp chỉ có %d byte: tệp bị cắt ngang hoặc thẻ ghi sai; hãy sao chép hoặc tải lại",
		device.RefusedZeros:      "tệp chỉ toàn byte 0: sao chép hoặc tải về chưa xong; hãy làm lại",
		device.RefusedContent:    "đây không phải âm thanh mà là %s",
		device.RefusedCodec:      "thiết bị không phát được %s; chỉ phát được MP3, Opus (.opus) và WAV",
		device.RefusedForm:       "thiết bị không phát được dạng âm thanh này (%v)",
		device.RefusedSize:       "tệp quá lớn: %s; thiết bị chỉ nhận đến %d MiB",
		device.RefusedSilent:     "không giải mã được chút âm thanh nào",
		device.RefusedScant:      "gần như không có âm thanh: chỉ %.2f giây trong %s; tệp bị cắt ngang hoặc là loại tệp khác",
		device.RefusedUnreadable: "không đọc được hết tệp (%v)",
	},
	manyZeros:  "%d KiB đầu của tệp chỉ toàn byte 0: sao chép hoặc tải về chưa xong; hãy làm lại",
	firstZeros: "tệp bắt đầu bằng %d KiB toàn byte 0: sao chép hoặc tải về bị lỗi; hãy làm lại",
	kinds: map[sniff.Kind]string{
		sniff.Unknown: "dữ liệu không rõ loại", sniff.Sound: "âm thanh", sniff.Video: "video",
		sniff.Picture: "ảnh", sniff.Document: "tài liệu", sniff.Archive: "tệp nén",
		sniff.Program: "chương trình máy tính", sniff.Database: "cơ sở dữ liệu", sniff.Page: "trang web", sniff.Playlist: "danh sách phát", sniff.Text: "văn bản",
	},
	warnings: map[string]string{
		"damage":          "tệp bị hỏng: bỏ qua %d byte, bù %d khung hỏng, tại %s; hãy nghe thử hoặc sao chép lại",
		"cut-end":         "tệp bị cắt ngang ở cuối (bỏ qua %d byte): có thể thiếu phần sau; hãy nghe thử đoạn cuối",
		"unfinished":      "%s cuối tệp toàn byte 0, bằng %d %% tệp: sao chép hoặc tải về chưa xong; hãy làm lại",
		"other-end":       "%s cuối tệp không phải âm thanh, bằng %d %% tệp: tệp bị hỏng hoặc bị ghép thứ khác vào sau; hãy nghe thử đoạn cuối",
		"cut-short":       "tệp bị cắt ngang: thiếu %.1f giây cuối, tức %.0f %%; hãy sao chép hoặc tải lại",
		"no-end":          "tệp dừng ở %s mà không có dấu kết thúc: có thể bị cắt ngang; hãy nghe đoạn cuối",
		"ends-early":      "âm thanh dừng ở %s, trước khi hết tệp: %v",
		"rate-changes":    "nhiều tệp ghép lại: từ %s chuyển sang %d Hz; vẫn phát được, nhưng nên mã hóa lại",
		"silent":          "gần như không có tiếng: người dân sẽ không nghe thấy gì",
		"short":           "quá ngắn để đo âm lượng: %.1f giây; cần từ 0.4 giây",
		"quiet":           "tiếng rất nhỏ: dù chỉnh gain_db vẫn nhỏ hơn các tệp khác %.0f dB; hãy thu to hơn",
		"click":           "tiếng bụp hay va đập ngắn mà to (to nhất lúc %s) khiến không thể tăng thêm: phần còn lại nhỏ hơn các tệp khác %.0f dB; hãy cắt bỏ hoặc thu lại",
		"clipped":         "tiếng bị vỡ: %.2f %% chạm mức tối đa, nghe có thể chói; hãy thu nhỏ hơn",
		"left-only":       "chỉ kênh trái có tiếng: một nửa số loa có thể im; hãy chuyển thành đơn kênh",
		"right-only":      "chỉ kênh phải có tiếng: một nửa số loa có thể im; hãy chuyển thành đơn kênh",
		"channels-cancel": "hai kênh ngược pha, triệt tiêu nhau: loa đơn kênh gần như mất tiếng; hãy lấy một kênh thành đơn kênh",
		"silent-start":    "đầu tệp im lặng %.1f giây",
		"silent-middle":   "im lặng %.0f giây từ %s: người dân sẽ tưởng loa hỏng",
		"silent-end":      "cuối tệp im lặng %.1f giây",
	},
	mistakes: map[string]string{
		"missing": "không có tệp %s", "closed": "không mở được tệp %s (%v)", "folder": "%s là thư mục; cần một tệp âm thanh",
		"irregular": "%s không phải tệp thường; cần một tệp âm thanh",
		"raw-rate":  "--rate %d: --raw giữ nguyên tần số mẫu của tệp; chỉ dùng một trong hai",
		"rate":      "--rate %d: chỉ nhận từ 8000 đến 192000", "json-pipe": "--json: đầu ra chuẩn đã dành cho âm thanh; hãy ghi OUT ra tệp",
		"same": "%s chính là tệp FILE; hãy chọn tệp khác", "out-folder": "%s là thư mục; cần một tệp để ghi",
		"names": "%d trong %d tên không phải tệp đọc được",
	},
	oneBad: "%s: thiết bị không phát được", someBad: "%d trong %d tệp thiết bị không phát được", stopped: "đã dừng",
	detail: strings.NewReplacer(
		"joint stereo", "hai kênh ghép", "dual channel", "hai kênh riêng", "stereo", "hai kênh", "mono", "đơn kênh",
		"CBR", "bit cố định (CBR)", "VBR", "bit thay đổi (VBR)", "free format", "tốc độ bit tự do",
		"packets of ", "gói ", "output gain ", "mức ra ", " files in a chain", " tệp nối tiếp",
		"the sampling rate changes once", "đổi tần số mẫu 1 lần", "the sampling rate changes ", "đổi tần số mẫu ", " times", " lần",
		"hybrid and CELT", "hybrid và CELT", "SILK and hybrid", "SILK và hybrid", " in WAV", " trong WAV", "-bit ", " bit ",
		"WAV of ", "WAV ", "Opus of ", "Opus ", " channels", " kênh", "mapping family", "kiểu xếp kênh",
	).Replace,
}

func (a audioWords) channels(n int) string {
	switch n {
	case 1:
		return a.mono
	case 2:
		return a.stereo
	}
	return fmt.Sprint(n)
}

// fileName is how a FILE is called to people.
func (a audioWords) fileName(path string) string {
	if path == pipeName {
		return a.input
	}
	return path
}

// mistake is one of mistakes with its args.
func (a audioWords) mistake(code string, args ...any) mistake {
	return mistake(fmt.Sprintf(a.mistakes[code], args...))
}

func (a audioWords) warning(w warning) string { return fmt.Sprintf(a.warnings[w.code], w.args...) }

// refusal says why the device does not play a file.
func (a audioWords) refusal(v device.Verdict) string {
	text := a.refusals[v.Refusal]
	switch v.Refusal {
	case device.RefusedTagLength:
		return fmt.Sprintf(text, v.Tag, v.Size)
	case device.RefusedZeros:
		switch {
		case v.AllZeros():
		case v.ManyZeros():
			return fmt.Sprintf(a.manyZeros, v.Zeros>>10)
		default:
			return fmt.Sprintf(a.firstZeros, v.Zeros>>10)
		}
	case device.RefusedContent:
		return fmt.Sprintf(text, a.content(v.Found))
	case device.RefusedCodec:
		return fmt.Sprintf(text, v.Found.Format)
	case device.RefusedForm:
		return fmt.Sprintf(text, a.detail(v.Form()))
	case device.RefusedScant:
		return fmt.Sprintf(text, v.Sound.Duration.Seconds(), size(v.Size))
	case device.RefusedUnreadable:
		return fmt.Sprintf(text, v.Err)
	case device.RefusedSize:
		return fmt.Sprintf(text, size(v.Size), loa.MaxMediaLen>>20)
	}
	return text
}

// content names what a file is instead of sound.
func (a audioWords) content(c sniff.Content) string {
	if c.Format == "" {
		return a.kinds[c.Kind]
	}
	return a.kinds[c.Kind] + " (" + c.Format + ")"
}
