package device

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"loa/board"
	"loa/speaker/alsa"
)

// smallest is a configuration that says only what must be said.
const smallest = "data_dir = \"/var/lib/loa\"\nboard = \"sim\"\n"

func TestTheReferenceIsTheDefaults(t *testing.T) {
	text, err := os.ReadFile("../../speakerd/reference.toml")
	require.NoError(t, err)
	ref, err := ParseConfig(text, "/etc/loa")
	require.NoError(t, err)
	bare, err := ParseConfig([]byte("data_dir = \"/var/lib/loa\"\nsocket = \"/run/loa/speakerd.sock\"\n"), "/etc/loa")
	require.NoError(t, err)
	assert.Equal(t, bare, ref, "reference.toml must show every key with its default")
}

func TestTheReferenceShowsEveryKey(t *testing.T) {
	text, err := os.ReadFile("../../speakerd/reference.toml")
	require.NoError(t, err)
	var walk func(reflect.Type)
	walk = func(s reflect.Type) {
		for i := range s.NumField() {
			f := s.Field(i)
			if f.Type.Kind() == reflect.Struct {
				assert.Contains(t, string(text), "["+f.Tag.Get("toml")+"]")
				walk(f.Type)
				continue
			}
			assert.Regexp(t, `(?m)^(# )?`+f.Tag.Get("toml")+" = ", string(text))
		}
	}
	walk(reflect.TypeFor[rawConfig]())
}

// Every commented example of the reference must be right once the mark is
// taken away.
func TestTheExamplesOfTheReferenceAreAllowed(t *testing.T) {
	text, err := os.ReadFile("../../speakerd/reference.toml")
	require.NoError(t, err)
	var b strings.Builder
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "# "); ok && strings.Contains(rest, " = ") && !strings.Contains(rest, " is ") {
			line = rest
		}
		b.WriteString(line)
	}
	c, err := ParseConfig([]byte(b.String()), "/etc/loa")
	require.NoError(t, err, b.String())
	assert.Len(t, c.GPIO.Amps, 1)
	assert.Len(t, c.GPIO.Inputs, 2)
	assert.Equal(t, "/srv/loa/sounds", c.Local.MediaDir)
	assert.Equal(t, []alsa.MixerSetting{{Name: "Auto-Mute Mode", Value: "off"}, {Name: "Headphone", Value: "80%"}}, c.Audio.Mixer)
}

func TestAWrongConfigurationNamesTheKeyAndWhatIsAllowed(t *testing.T) {
	for _, c := range []struct{ name, text, key, allowed string }{
		{"nothing at all", "", "data_dir", "a folder"},
		{"unknown key", smallest + "[audio]\nvolume = 3\n", "audio.volume", "reference"},
		{"unknown board", "data_dir = \"d\"\nboard = \"rpi9\"\n", "board", "sim"},
		{"unknown level", smallest + "log_level = \"loud\"\n", "log_level", "debug, info, warn, error"},
		{"unknown output", smallest + "[audio]\noutput = \"pulse\"\n", "audio.output", "alsa:auto"},
		{"card with a wrong device", smallest + "[audio]\noutput = \"alsa:0,x\"\n", "audio.output", "alsa:<card>,<device>"},
		{"auto with a device", smallest + "[audio]\noutput = \"alsa:auto,1\"\n", "audio.output", "alsa:auto"},
		{"wav without a path", smallest + "[audio]\noutput = \"wav:\"\n", "audio.output", "wav:<path>"},
		{"rate", smallest + "[audio]\nrate = 400000\n", "audio.rate", "8000 to 192000"},
		{"channels", smallest + "[audio]\nchannels = 9\n", "audio.channels", "0 to 8"},
		{"mixer", smallest + "[audio]\nmixer = { PCM = 120 }\n", "audio.mixer.PCM", "0 to 100"},
		{"settle", smallest + "[gpio]\namps = [{line = 5, settle = \"31s\"}]\n", "gpio.amps[0].settle", "0s to 30s"},
		{"settle without unit", smallest + "[gpio]\namps = [{line = 5, settle = \"300\"}]\n", "gpio.amps[0].settle", "300ms"},
		{"second tail", smallest + "[gpio]\namps = [{line = 5}, {line = 6, tail = \"2h\"}]\n", "gpio.amps[1].tail", "0s to 1m0s"},
		{"line", smallest + "[gpio]\namps = [{line = -1}]\n", "gpio.amps[0].line", "GPIO17"},
		{"no line", smallest + "[gpio]\namps = [{label = \"horn\"}]\n", "gpio.amps[0].line", "offset"},
		{"input", smallest + "[gpio]\ninputs = [{kind = \"smoke\"}]\n", "gpio.inputs[0].kind", "tamper, mains, button"},
		{"gain", smallest + "[level]\ngain_db = 40.0\n", "level.gain_db", "-60 to 12"},
		{"no number", smallest + "[level]\ngain_db = nan\n", "level.gain_db", "-60 to 12"},
		{"emergency gain", smallest + "[level]\nemergency_gain_db = -30.0\n", "level.emergency_gain_db", "-20 to 12"},
		{"budget", smallest + "[store]\naudio_budget_mib = 1\n", "store.audio_budget_mib", "16 to"},
		{"clock", smallest + "[clock]\nuntrusted = \"maybe\"\n", "clock.untrusted", "hold, play"},
		{"no TOML", "board: sim", "line 1", ""},
		{"wrong type", "data_dir = 5\n", "data_dir", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParseConfig([]byte(c.text), "/etc/loa")
			require.Error(t, err)
			assert.ErrorContains(t, err, c.key)
			assert.ErrorContains(t, err, c.allowed)
		})
	}
}

func TestSeveralMistakesAreSaidAtOnce(t *testing.T) {
	_, err := ParseConfig([]byte("board = \"x\"\nlog_level = \"y\"\n"), "")
	assert.ErrorContains(t, err, "board")
	assert.ErrorContains(t, err, "log_level")
	assert.ErrorContains(t, err, "data_dir")
}

func TestPathsStartAtTheFolderOfTheFile(t *testing.T) {
	c, err := ParseConfig([]byte("data_dir = \"state\"\nboard = \"sim\"\n[audio]\noutput = \"wav:out/a.wav\"\n[local]\nplan = \"/abs/plan.json\"\nmedia_dir = \"sounds\"\n"), "/srv/x")
	require.NoError(t, err)
	assert.Equal(t, "/srv/x/state", c.DataDir)
	assert.Equal(t, "/srv/x/state/speakerd.sock", c.Socket)
	assert.Equal(t, "wav:/srv/x/out/a.wav", c.Audio.String())
	assert.Equal(t, LocalConfig{"/abs/plan.json", "/srv/x/sounds"}, c.Local)
}

func TestAnAmplifierGetsItsTimes(t *testing.T) {
	c, err := ParseConfig([]byte(smallest+"[gpio]\namps = [{line = 5, settle = \"2s\"}, {line = \"GPIO6\", active_low = true}]\n"), "")
	require.NoError(t, err)
	want := []board.Amp{
		{Line: board.At(5), Settle: 2 * time.Second, Tail: time.Second},
		{Line: board.Named("GPIO6"), ActiveLow: true, Settle: 300 * time.Millisecond, Tail: time.Second},
	}
	assert.Equal(t, want, c.GPIO.Amps)
}

func TestTheConfigurationFileItself(t *testing.T) {
	dir := t.TempDir()
	_, err := LoadConfig(filepath.Join(dir, "none.toml"))
	assert.ErrorIs(t, err, ErrConfig)
	assert.ErrorIs(t, err, os.ErrNotExist)

	big := filepath.Join(dir, "big.toml")
	require.NoError(t, os.WriteFile(big, make([]byte, maxConfig+1), 0o600))
	_, err = LoadConfig(big)
	assert.ErrorContains(t, err, "allowed: at most")
}

func TestTheBoardIsFoundByItsTree(t *testing.T) {
	cfg, err := ParseConfig([]byte("data_dir = \"d\"\n[gpio]\namps = [{line = 7, label = \"sân đình\"}]\n"), "")
	require.NoError(t, err)
	b, err := FindBoard(cfg, os.DirFS("../../../testdata/board/rpi4"))
	require.NoError(t, err)
	assert.Equal(t, "rpi4", b.Name)
	require.Len(t, b.Amps, 1)
	assert.Equal(t, "sân đình", b.Amps[0].Label)

	_, err = FindBoard(cfg, fstest.MapFS{})
	assert.ErrorIs(t, err, ErrConfig)
}

func FuzzParseConfig(f *testing.F) {
	text, err := os.ReadFile("../../speakerd/reference.toml")
	require.NoError(f, err)
	f.Add(text)
	f.Add([]byte(smallest))
	f.Add([]byte("[gpio]\namps = [{line=5, settle=\"300ms\"}]"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseConfig(b, "/x")
		if err == nil && c.DataDir == "" {
			t.Fatal("a configuration without a data folder was taken")
		}
	})
}
