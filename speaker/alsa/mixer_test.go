package alsa

import (
	"encoding/binary"
	"syscall"
	"testing"

	"github.com/gen2brain/alsa"
	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

const (
	boolean = alsa.SNDRV_CTL_ELEM_TYPE_BOOLEAN
	integer = alsa.SNDRV_CTL_ELEM_TYPE_INTEGER
	choices = alsa.SNDRV_CTL_ELEM_TYPE_ENUMERATED
)

func codec() *fakeMixer {
	return &fakeMixer{all: []control{
		{id: 1, name: "PCM Playback Switch", kind: boolean, channels: 1},
		{id: 2, name: "PCM Playback Volume", kind: integer, channels: 2, min: -50, max: 13},
		{id: 3, name: "Speaker Switch", kind: boolean, channels: 2},
		{id: 4, name: "Speaker Switch", kind: boolean, channels: 2},
		{id: 5, name: "Route", kind: choices, channels: 1, items: []string{"Headphone", "Line Out"}},
		{id: 6, name: "IEC958", kind: alsa.SNDRV_CTL_ELEM_TYPE_IEC958, channels: 1},
	}}
}

func TestACodecIsUnmutedAndTurnedUp(t *testing.T) {
	m := codec()
	problems := apply(m, []MixerSetting{
		{"PCM Playback Switch", "on"}, {"PCM Playback Volume", "80%"}, {"Speaker Switch", "off"}, {"Route", "Line Out"},
	})
	assert.Empty(t, problems)
	assert.Equal(t, map[string][]int{"PCM Playback Switch": {1}, "PCM Playback Volume": {0}, "Speaker Switch": {0, 0}, "Route": {1}}, m.values)
}

func TestASwitchTakesFullAndNothingAsWell(t *testing.T) {
	m := codec()
	assert.Empty(t, apply(m, []MixerSetting{{"PCM Playback Switch", "100%"}, {"PCM Playback Switch", "0%"}}))
	assert.Equal(t, map[string][]int{"PCM Playback Switch": {1, 0}}, m.values)
}

func TestWhatAControlDoesNotTakeIsReportedAndTheRestIsSet(t *testing.T) {
	m := codec()
	problems := apply(m, []MixerSetting{
		{"Master", "on"}, {"PCM Playback Switch", "50%"}, {"PCM Playback Volume", "14"}, {"PCM Playback Volume", "101%"},
		{"PCM Playback Volume", ""}, {"PCM Playback Volume", "-51"}, {"Route", "HDMI"}, {"IEC958", "on"}, {"PCM Playback Volume", "-50"},
	})
	assert.Equal(t, []string{
		`no control "Master"; there are "PCM Playback Switch", "PCM Playback Volume", "Speaker Switch", "Route", "IEC958"`,
		`control "PCM Playback Switch" = "50%": allowed are on, off, 100%, 0%`,
		`control "PCM Playback Volume" = "14": allowed are -50 to 13, 0% to 100%`,
		`control "PCM Playback Volume" = "101%": allowed are -50 to 13, 0% to 100%`,
		`control "PCM Playback Volume" = "": allowed are -50 to 13, 0% to 100%`,
		`control "PCM Playback Volume" = "-51": allowed are -50 to 13, 0% to 100%`,
		`control "Route" = "HDMI": allowed are Headphone, Line Out`,
		`control "IEC958" = "on": it is no switch, number or choice`,
	}, problems)
	assert.Equal(t, map[string][]int{"PCM Playback Volume": {-50}}, m.values)
}

func TestACardWithoutControlsSaysSo(t *testing.T) {
	assert.Equal(t, []string{`no control "Master"; there are none`}, apply(&fakeMixer{}, []MixerSetting{{"Master", "on"}}))
}

func TestAControlThatFailsIsReported(t *testing.T) {
	m := codec()
	m.setErr = syscall.EPERM
	assert.Equal(t, []string{`control "Route" = "Headphone": operation not permitted`}, apply(m, []MixerSetting{{"Route", "Headphone"}}))
}

func TestPercentStaysInTheRange(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c := control{kind: integer}
		c.min = int(rapid.Int32().Draw(r, "min"))
		c.max = int(rapid.Int32Min(int32(c.min)).Draw(r, "max"))
		for text, want := range map[string]int{"0%": c.min, "100%": c.max} {
			if v, err := c.value(text); err != nil || v != want {
				r.Fatalf("%s of %d to %d is %d, %v", text, c.min, c.max, v, err)
			}
		}
		if v, err := c.value("37%"); err != nil || v < c.min || v > c.max {
			r.Fatalf("37%% of %d to %d is %d, %v", c.min, c.max, v, err)
		}
	})
}

// The layout of struct snd_ctl_elem_value on this machine, by the header.
func TestTheValueOfAControlIsLaidOutForTheKernel(t *testing.T) {
	b := elemValue(control{id: 77, kind: integer, channels: 2}, -3)
	le := binary.NativeEndian
	assert.EqualValues(t, 77, le.Uint32(b))
	if long == 8 {
		assert.Len(t, b, 1224)
		assert.EqualValues(t, -3, int64(le.Uint64(b[72:])))
		assert.EqualValues(t, -3, int64(le.Uint64(b[80:])))
		assert.Zero(t, le.Uint64(b[88:]))
	} else {
		assert.Len(t, b, 712)
		assert.EqualValues(t, -3, int32(le.Uint32(b[72:])))
		assert.EqualValues(t, -3, int32(le.Uint32(b[76:])))
		assert.Zero(t, le.Uint32(b[80:]))
	}
	b = elemValue(control{kind: choices, channels: 200}, 5)
	assert.EqualValues(t, 5, le.Uint32(b[72:]), "items are 32 bits everywhere")
	assert.EqualValues(t, 5, le.Uint32(b[72+4*127:]))
	assert.Zero(t, le.Uint32(b[len(b)-128:]), "no more channels than the kernel has room for")
}
