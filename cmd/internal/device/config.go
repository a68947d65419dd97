package device

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
	"loa/board"
	"loa/speaker/alsa"
	"loa/store"
)

// ErrConfig is wrapped by every error about the configuration.
var ErrConfig = errors.New("configuration")

// Config is the checked configuration of one device.
type Config struct {
	DataDir  string
	Socket   string // unix socket for loactl
	Name     string
	Board    string // a name of board.Names, or "auto"
	LogLevel string

	Audio   AudioConfig
	GPIO    board.Override
	Local   LocalConfig
	Level   LevelConfig
	Store   StoreConfig
	Clock   ClockConfig
	Control ControlConfig
}

// AudioConfig says where the sound goes.
type AudioConfig struct {
	Kind     string              // alsa, oto, wav or null
	Target   string              // alsa: "auto" or the card; wav: the path
	Device   int                 // alsa: PCM device of the card
	Rate     int                 // 0: the card's choice
	Channels int                 // 0: the card's choice
	Mixer    []alsa.MixerSetting // sorted by name
}

// String is the output as the configuration writes it.
func (a AudioConfig) String() string {
	switch {
	case a.Kind == "alsa" && a.Target == "auto":
		return "alsa:auto"
	case a.Kind == "alsa":
		return fmt.Sprintf("alsa:%s,%d", a.Target, a.Device)
	case a.Kind == "wav":
		return "wav:" + a.Target
	}
	return a.Kind
}

// LocalConfig is the schedule of a cluster without a source.
type LocalConfig struct{ Plan, MediaDir string }

// LevelConfig is the calibration at the horn, in dB.
type LevelConfig struct{ GainDB, EmergencyGainDB float64 }

// StoreConfig bounds the sound cache.
type StoreConfig struct{ AudioBudget int64 }

// ClockConfig says what to do without trusted time.
type ClockConfig struct {
	UntrustedPlays bool
	RTC            string // "" : none is used
}

// ControlConfig is about staying alive.
type ControlConfig struct {
	Watchdog string // device file, "" for none
}

// rawConfig is the file as written; the reference is cmd/speakerd/reference.toml.
type rawConfig struct {
	DataDir  string `toml:"data_dir"`
	Socket   string `toml:"socket"`
	Name     string `toml:"name"`
	Board    string `toml:"board"`
	LogLevel string `toml:"log_level"`
	Audio    struct {
		Output   string         `toml:"output"`
		Rate     int            `toml:"rate"`
		Channels int            `toml:"channels"`
		Mixer    map[string]any `toml:"mixer"`
	} `toml:"audio"`
	GPIO struct {
		Chip   string     `toml:"chip"`
		Amps   []rawAmp   `toml:"amps"`
		Inputs []rawInput `toml:"inputs"`
	} `toml:"gpio"`
	Local struct {
		Plan     string `toml:"plan"`
		MediaDir string `toml:"media_dir"`
	} `toml:"local"`
	Level struct {
		GainDB          float64 `toml:"gain_db"`
		EmergencyGainDB float64 `toml:"emergency_gain_db"`
	} `toml:"level"`
	Store struct {
		AudioBudgetMiB int64 `toml:"audio_budget_mib"`
	} `toml:"store"`
	Clock struct {
		Untrusted string `toml:"untrusted"`
		RTC       string `toml:"rtc"`
	} `toml:"clock"`
	Watchdog struct {
		Device string `toml:"device"`
	} `toml:"watchdog"`
}

type rawAmp struct {
	Label     string `toml:"label"`
	Line      any    `toml:"line"`
	ActiveLow bool   `toml:"active_low"`
	Settle    string `toml:"settle"`
	Tail      string `toml:"tail"`
}

type rawInput struct {
	Kind      string `toml:"kind"`
	Line      any    `toml:"line"`
	ActiveLow bool   `toml:"active_low"`
	Bias      string `toml:"bias"`
	Debounce  string `toml:"debounce"`
}

// maxConfig bounds the file in bytes.
const maxConfig = 64 << 10

// LoadConfig reads and checks a configuration file. Relative paths in it are
// relative to its folder. Every error wraps ErrConfig and names the file, the
// key and what is allowed.
func LoadConfig(path string) (Config, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Config{}, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if info.Size() > maxConfig {
		return Config{}, fmt.Errorf("%w: %s has %d bytes; allowed: at most %d", ErrConfig, path, info.Size(), maxConfig)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	c, err := ParseConfig(b, filepath.Dir(path))
	if err != nil {
		return Config{}, fmt.Errorf("%w %s: %w", ErrConfig, path, err)
	}
	return c, nil
}

// ParseConfig checks the text of a configuration file whose relative paths
// start at dir.
func ParseConfig(b []byte, dir string) (Config, error) {
	raw := rawConfig{Board: "auto", LogLevel: "info"}
	raw.Audio.Output = "alsa:auto"
	raw.Store.AudioBudgetMiB = 512
	raw.Clock.Untrusted = "hold"
	raw.Clock.RTC = "auto"
	raw.Watchdog.Device = "auto"
	d := toml.NewDecoder(bytes.NewReader(b)).DisallowUnknownFields()
	if err := d.Decode(&raw); err != nil {
		return Config{}, tomlError(err)
	}
	return raw.check(dir)
}

// tomlError says where in the file the mistake is.
func tomlError(err error) error {
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) && len(strict.Errors) > 0 {
		e := strict.Errors[0]
		row, _ := e.Position()
		return fmt.Errorf("line %d: %s is not a key; allowed: those of reference.toml (speakerd check --reference)", row, strings.Join(e.Key(), "."))
	}
	var dec *toml.DecodeError
	if errors.As(err, &dec) {
		row, col := dec.Position()
		text := strings.TrimPrefix(dec.Error(), "toml: ")
		if m := wrongType.FindStringSubmatch(text); m != nil {
			text = fmt.Sprintf("a %s is not allowed; allowed: a %s", m[1], m[2])
		}
		if key := strings.Join(dec.Key(), "."); key != "" {
			text = key + ": " + text
		}
		return fmt.Errorf("line %d, column %d: %s", row, col, text)
	}
	return err
}

// wrongType is the library's message about a value of another type, which
// names a field of ours and not the key.
var wrongType = regexp.MustCompile(`^cannot decode TOML (\w+) into .* of type (\S+)$`)

// checker collects what is wrong with the keys of one file.
type checker struct {
	dir  string
	errs []error
}

func (k *checker) bad(key string, value any, allowed string) {
	if value == "" {
		k.errs = append(k.errs, fmt.Errorf("%s: missing; allowed: %s", key, allowed))
		return
	}
	k.errs = append(k.errs, fmt.Errorf("%s = %v is not allowed; allowed: %s", key, value, allowed))
}

func (k *checker) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(k.dir, p)
}

func (k *checker) oneOf(key, value string, allowed ...string) string {
	for _, a := range allowed {
		if a == value {
			return value
		}
	}
	k.bad(key, fmt.Sprintf("%q", value), strings.Join(allowed, ", "))
	return value
}

func (k *checker) within(key string, v, least, most float64) float64 {
	if !(v >= least && v <= most) { // NaN is neither
		k.bad(key, v, fmt.Sprintf("%g to %g", least, most))
	}
	return v
}

func (r rawConfig) check(dir string) (Config, error) {
	k := &checker{dir: dir}
	c := Config{
		DataDir:  k.path(r.DataDir),
		Socket:   k.path(r.Socket),
		Name:     r.Name,
		Board:    k.oneOf("board", r.Board, append(board.Names(), "auto")...),
		LogLevel: k.oneOf("log_level", r.LogLevel, "debug", "info", "warn", "error"),
		Audio:    k.audio(r),
		GPIO:     k.gpio(r),
		Local:    LocalConfig{Plan: k.path(r.Local.Plan), MediaDir: k.path(r.Local.MediaDir)},
		Level: LevelConfig{
			GainDB:          k.within("level.gain_db", r.Level.GainDB, -60, 12),
			EmergencyGainDB: k.within("level.emergency_gain_db", r.Level.EmergencyGainDB, -20, 12),
		},
		Store:   StoreConfig{AudioBudget: int64(k.within("store.audio_budget_mib", float64(r.Store.AudioBudgetMiB), 16, float64(store.MaxAudioBudget>>20))) << 20},
		Clock:   ClockConfig{UntrustedPlays: k.oneOf("clock.untrusted", r.Clock.Untrusted, "hold", "play") == "play", RTC: r.Clock.RTC},
		Control: ControlConfig{Watchdog: r.Watchdog.Device},
	}
	if c.DataDir == "" {
		k.bad("data_dir", "", "a folder for the device's state and sound")
	}
	if c.Socket == "" {
		c.Socket = filepath.Join(c.DataDir, "speakerd.sock")
	}
	if len(c.Socket) > 107 { // sockaddr_un.sun_path, linux/un.h
		k.bad("socket", c.Socket, "a path of at most 107 bytes")
	}
	if len(c.Name) > 64 {
		k.bad("name", c.Name, "at most 64 bytes")
	}
	return c, errors.Join(k.errs...)
}

const outputsAllowed = `"alsa:auto", "alsa:<card>,<device>", "oto", "wav:<path>" or "null"`

func (k *checker) audio(r rawConfig) AudioConfig {
	kind, rest, _ := strings.Cut(r.Audio.Output, ":")
	a := AudioConfig{Kind: kind, Target: rest, Rate: r.Audio.Rate, Channels: r.Audio.Channels, Mixer: k.mixer(r.Audio.Mixer)}
	ok := false
	switch kind {
	case "alsa":
		ok = a.parseCard(rest)
	case "wav":
		a.Target = k.path(rest)
		ok = rest != ""
	case "oto", "null":
		ok = rest == ""
	}
	if !ok {
		k.bad("audio.output", fmt.Sprintf("%q", r.Audio.Output), outputsAllowed)
	}
	if a.Rate != 0 {
		k.within("audio.rate", float64(a.Rate), 8000, 192000)
	}
	k.within("audio.channels", float64(a.Channels), 0, 8)
	return a
}

// mixer reads the settings of a card's controls: a whole number is a
// percentage, a text a switch or the item of an enumeration.
func (k *checker) mixer(raw map[string]any) (out []alsa.MixerSetting) {
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		set := alsa.MixerSetting{Name: name}
		switch v := raw[name].(type) {
		case int64:
			set.Value = fmt.Sprintf("%d%%", v)
			if v >= 0 && v <= 100 {
				out = append(out, set)
				continue
			}
		case string:
			if set.Value = v; v != "" {
				out = append(out, set)
				continue
			}
		}
		k.bad("audio.mixer."+name, fmt.Sprint(raw[name]), `0 to 100 (percent), "on", "off" or the name of an item`)
	}
	return out
}

// parseCard reads "auto", "<card>" or "<card>,<device>".
func (a *AudioConfig) parseCard(s string) bool {
	card, dev, has := strings.Cut(s, ",")
	if card == "" || (card == "auto" && has) {
		return false
	}
	a.Target = card
	if !has {
		return true
	}
	n, err := fmt.Sscanf(dev, "%d", &a.Device)
	return err == nil && n == 1 && a.Device >= 0 && a.Device < 32 && fmt.Sprint(a.Device) == dev
}

func (k *checker) gpio(r rawConfig) board.Override {
	o := board.Override{Chip: r.GPIO.Chip}
	if r.GPIO.Amps != nil {
		o.Amps = []board.Amp{} // an empty list is a cluster without relays
	}
	for i, ra := range r.GPIO.Amps {
		key := fmt.Sprintf("gpio.amps[%d].", i)
		amp := board.Amp{
			Label:     ra.Label,
			ActiveLow: ra.ActiveLow,
			Settle:    k.duration(key+"settle", ra.Settle, 300*time.Millisecond, 30*time.Second),
			Tail:      k.duration(key+"tail", ra.Tail, time.Second, 60*time.Second),
		}
		amp.Line = k.line(key+"line", ra.Line)
		o.Amps = append(o.Amps, amp)
	}
	for i, ri := range r.GPIO.Inputs {
		o.Inputs = append(o.Inputs, k.input(fmt.Sprintf("gpio.inputs[%d].", i), ri))
	}
	return o
}

func (k *checker) input(key string, ri rawInput) board.Input {
	in := board.Input{
		Kind:      board.InputKind(k.oneOf(key+"kind", ri.Kind, string(board.InputTamper), string(board.InputMains), string(board.InputButton))),
		ActiveLow: ri.ActiveLow,
		Debounce:  k.duration(key+"debounce", ri.Debounce, 50*time.Millisecond, 5*time.Second),
	}
	if ri.Bias != "" {
		in.Bias = board.Bias(k.oneOf(key+"bias", ri.Bias, string(board.BiasAsIs), string(board.BiasUp), string(board.BiasDown)))
	}
	if ri.Line != nil {
		in.Line = k.line(key+"line", ri.Line)
	}
	return in
}

// line reads a line as TOML may write it: 5 or "GPIO17".
func (k *checker) line(key string, v any) board.Line {
	switch v := v.(type) {
	case int64:
		if v >= 0 && v <= 511 {
			return board.At(int(v))
		}
	case string:
		if v != "" && len(v) <= 31 { // GPIO_MAX_NAME_SIZE less the NUL, linux/gpio.h
			return board.Named(v)
		}
	}
	k.bad(key, fmt.Sprint(v), "a line offset (0 to 511) or a line name such as \"GPIO17\"")
	return board.Line{}
}

func (k *checker) duration(key, s string, def, most time.Duration) time.Duration {
	if s == "" {
		return def
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 || d > most {
		k.bad(key, fmt.Sprintf("%q", s), fmt.Sprintf("a duration from 0s to %s such as \"300ms\"", most))
	}
	return d
}
