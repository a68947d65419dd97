package main

import (
	"cmp"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"loa"
	"loa/cmd/internal/device"
)

// words are the texts of one language. Codes and ids stay as they are, so that
// a word said over the telephone can be found in the manual.
type words struct {
	device, state, playing, next, nothing, clock, trusted, notTrusted string
	card, noCard, xruns, amps, on, off, sounds, faults, none, at      string
	storage, free, written, temperature, input, listen, clockSet      string
	ok, bad, since, level                                             string
	states                                                            map[loa.State]string
	classes                                                           map[loa.Class]string
	checks                                                            map[string]string
	codes                                                             map[string]string
	sources                                                           map[string]string // of trust in the clock
	audio                                                             audioWords
}

var english = words{
	device: "Device", state: "State", playing: "Playing", next: "Next", nothing: "nothing",
	clock: "Clock", trusted: "trusted", notTrusted: "NOT trusted: scheduled items are held",
	card: "Sound card", noCard: "not open", xruns: "holes", amps: "Amplifiers", on: "on", off: "off",
	sounds: "Sounds", faults: "Faults", none: "none", at: "at",
	storage: "Storage", free: "free", written: "written since start", temperature: "Temperature", input: "Contact",
	listen: "A tone will sound through each amplifier in turn. Listen below the horns.", clockSet: "clock set to",
	audio: englishAudio,
	ok:    "ok", bad: "FAULT", since: "since", level: "level",
	sources: map[string]string{"kernel": "set by the network", "rtc": "from the clock chip", "manual": "set by hand",
		"source": "set by the centre", "given": "that of this machine"},
	states:  map[loa.State]string{loa.StateReady: "ready", loa.StatePlaying: "playing", loa.StateFault: "fault", loa.StateUpdating: "updating"},
	classes: map[loa.Class]string{loa.Normal: "normal", loa.Priority: "priority", loa.Emergency: "EMERGENCY"},
	checks: map[string]string{"clock": "clock", "storage": "storage", "plan": "plan", "sound-card": "sound card",
		"gpio": "relay lines", "amplifier": "amplifier", "tone": "tone"},
	codes: map[string]string{"clock": "clock", "sound-card": "sound card", "gpio": "relay lines", "amplifier": "amplifier",
		"storage": "storage", "plan": "plan", "media": "sound file", "mains": "mains power", "tamper": "door open", "contacts": "contacts", "socket": "this socket"},
}

var vietnamese = words{
	device: "Thiết bị", state: "Trạng thái", playing: "Đang phát", next: "Sắp phát", nothing: "không có gì",
	clock: "Đồng hồ", trusted: "tin cậy", notTrusted: "CHƯA tin cậy: lịch phát đang tạm giữ",
	card: "Cạc âm thanh", noCard: "chưa mở", xruns: "lần đứt tiếng", amps: "Tăng âm", on: "bật", off: "tắt",
	sounds: "Bản tin đã tải", faults: "Lỗi", none: "không có", at: "lúc",
	storage: "Bộ nhớ", free: "còn trống", written: "đã ghi từ khi khởi động", temperature: "Nhiệt độ", input: "Tiếp điểm",
	listen: "Từng tăng âm sẽ kêu một tiếng. Hãy nghe dưới loa.", clockSet: "đã đặt đồng hồ:",
	audio: vietnameseAudio,
	ok:    "tốt", bad: "LỖI", since: "từ", level: "cấp",
	sources: map[string]string{"kernel": "theo mạng", "rtc": "theo chip đồng hồ", "manual": "đặt bằng tay",
		"source": "theo trung tâm", "given": "theo máy này"},
	states:  map[loa.State]string{loa.StateReady: "sẵn sàng", loa.StatePlaying: "đang phát", loa.StateFault: "có lỗi", loa.StateUpdating: "đang cập nhật"},
	classes: map[loa.Class]string{loa.Normal: "thông thường", loa.Priority: "ưu tiên", loa.Emergency: "KHẨN CẤP"},
	checks: map[string]string{"clock": "đồng hồ", "storage": "bộ nhớ", "plan": "lịch phát", "sound-card": "cạc âm thanh",
		"gpio": "chân rơ-le", "amplifier": "tăng âm", "tone": "âm thử"},
	codes: map[string]string{"clock": "đồng hồ", "sound-card": "cạc âm thanh", "gpio": "chân rơ-le", "amplifier": "tăng âm",
		"storage": "bộ nhớ", "plan": "lịch phát", "media": "tệp âm thanh", "mains": "điện lưới", "tamper": "cửa tủ mở", "contacts": "tiếp điểm", "socket": "cổng loactl"},
}

// local is how times are shown: the operator's day, with seconds.
func local(t time.Time) string { return t.Local().Format("02/01 15:04:05") }

func printStatus(out io.Writer, w words, st loa.Status) {
	tw := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(tw, name+"\t"+format+"\n", args...) }
	row(w.device, "%s  %s  (%s, %s)", st.Device, st.Name, st.Board, st.Firmware.Version)
	row(w.state, "%s", w.states[st.State])
	if p := st.Playing; p != nil {
		row(w.playing, "%s  %q  %s, %.0f s", p.ID, p.Title, w.classes[p.Class], p.Position)
	} else {
		row(w.playing, "%s", w.nothing)
	}
	if n := st.Next; n != nil {
		row(w.next, "%s  %q  %s", n.ID, n.Title, local(n.At))
	} else {
		row(w.next, "%s", w.nothing)
	}
	trust := w.notTrusted
	if st.Clock.Trusted {
		trust = w.trusted + " (" + cmp.Or(w.sources[st.Clock.Source], st.Clock.Source) + ")"
	}
	row(w.clock, "%s  %s", local(st.At), trust)
	printSound(row, w, st)
	for i, a := range st.Amps {
		state := w.off
		if a.On {
			state = w.on
		}
		row(w.amps, "%d %s: %s %s", i+1, a.Label, state, a.Fault)
	}
	row(w.sounds, "%d / %d", st.Cache.Cached, st.Cache.Items)
	if s := st.Storage; s != nil {
		row(w.storage, "%d MiB %s, %.1f MiB %s", s.Free>>20, w.free, float64(s.Written)/(1<<20), w.written)
	}
	if st.TempC != nil {
		row(w.temperature, "%.1f °C", *st.TempC)
	}
	if len(st.Faults) == 0 {
		row(w.faults, "%s", w.none)
	}
	for _, f := range st.Faults {
		row(w.faults, "%s [%s] %s %s: %s", w.codes[f.Code], f.Code, w.since, local(f.Since), f.Text)
	}
	_ = tw.Flush()
}

func printSound(row func(string, string, ...any), w words, st loa.Status) {
	a := st.Audio
	switch {
	case a == nil:
	case !a.Open:
		row(w.card, "%s: %s", a.Output, w.noCard)
	default:
		row(w.card, "%s %s  %d Hz x %d, %d %s", a.Output, a.Card, a.Rate, a.Channels, a.Xruns, w.xruns)
	}
}

func printSelftest(out io.Writer, w words, rep device.SelftestReport) {
	tw := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	for _, l := range rep.Lines {
		mark := w.ok
		if !l.OK {
			mark = w.bad
		}
		fmt.Fprintf(tw, "%s\t%s %s\t%s\n", mark, w.checks[l.Check], l.Label, l.Detail)
	}
	_ = tw.Flush()
}

func printSchedule(out io.Writer, w words, items []device.ComingItem) {
	if len(items) == 0 {
		fmt.Fprintln(out, w.nothing)
		return
	}
	tw := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	for _, it := range items {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\n", local(it.At), w.classes[it.Class], it.ID, it.Title, it.Note)
	}
	_ = tw.Flush()
}
