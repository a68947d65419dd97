package board_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"loa/board"
)

// Cards as /proc/asound/cards shows them.
var (
	headphones = board.Card{ID: "Headphones", Driver: "bcm2835_headpho", Name: "bcm2835 Headphones", LongName: "bcm2835 Headphones"}
	hdmi0      = board.Card{ID: "vc4hdmi0", Driver: "vc4-hdmi", Name: "vc4-hdmi-0", LongName: "vc4-hdmi-0"}
	oldHDMI    = board.Card{ID: "b1", Driver: "bcm2835_hdmi", Name: "bcm2835 HDMI 1", LongName: "bcm2835 HDMI 1"}
	oldJack    = board.Card{ID: "ALSA", Driver: "bcm2835_alsa", Name: "bcm2835 ALSA", LongName: "bcm2835 ALSA"}
	usb        = board.Card{ID: "Device", Driver: "USB-Audio", Name: "USB Audio Device", LongName: "C-Media Electronics Inc. USB Audio Device at usb-3f980000.usb-1.2, full speed"}
	grabber    = board.Card{ID: "MS2109", Driver: "USB-Audio", Name: "USB3. 0 capture", LongName: "MACROSILICON HDMI capture at usb-1.3"}
	hat        = board.Card{ID: "sndrpihifiberry", Driver: "HifiberryDacp", Name: "snd_rpi_hifiberry_dacplus", LongName: "snd_rpi_hifiberry_dacplus"}
	h3         = board.Card{ID: "Codec", Driver: "H3_Audio_Codec", Name: "H3 Audio Codec", LongName: "H3 Audio Codec"}
	h616       = board.Card{ID: "Codec", Driver: "sun4i-codec", Name: "H616 Audio Codec", LongName: "H616 Audio Codec"}
	h616new    = board.Card{ID: "h616audiocodec", Driver: "sun4i-codec", Name: "h616-audio-codec", LongName: "h616-audio-codec"}
	vendor     = board.Card{ID: "audiocodec", Driver: "audiocodec", Name: "audiocodec", LongName: "audiocodec"}
	vendorHDMI = board.Card{ID: "ahubhdmi", Driver: "ahubhdmi", Name: "ahubhdmi", LongName: "ahubhdmi"}
	qemuUSB    = board.Card{ID: "Audio", Driver: "USB-Audio", Name: "QEMU USB Audio", LongName: "QEMU QEMU USB Audio at usb-0000:00:02.0-1, full speed"}
)

func TestTheRightCardIsTaken(t *testing.T) {
	for name, c := range map[string]struct {
		board string
		cards []board.Card
		want  int // -1: none
	}{
		"the jack, not the screen":              {"rpi4", []board.Card{hdmi0, headphones}, 1},
		"USB before the jack":                   {"rpi4", []board.Card{headphones, hdmi0, usb}, 2},
		"USB before the sound HAT":              {"rpi3", []board.Card{hat, usb}, 1},
		"the sound HAT before the jack":         {"rpi3", []board.Card{headphones, hat}, 1},
		"the jack under an old kernel":          {"rpi3", []board.Card{oldHDMI, oldJack}, 1},
		"only a screen: silence":                {"rpi4", []board.Card{hdmi0, oldHDMI}, -1},
		"an HDMI grabber is no sound card":      {"rpi4", []board.Card{grabber, headphones}, 1},
		"no card at all":                        {"rpi4", nil, -1},
		"Zero 2 W has no jack":                  {"rpi-zero2w", []board.Card{headphones, hdmi0}, -1},
		"Orange Pi PC":                          {"orangepi-pc", []board.Card{h3}, 0},
		"NanoPi NEO with a USB stick":           {"nanopi-neo", []board.Card{h3, usb}, 1},
		"Zero 3, mainline":                      {"orangepi-zero3", []board.Card{vendorHDMI, h616}, 1},
		"Zero 3, newer mainline":                {"orangepi-zero3", []board.Card{h616new}, 0},
		"Zero 3, vendor kernel":                 {"orangepi-zero3", []board.Card{vendorHDMI, vendor}, 1},
		"QEMU":                                  {"qemu-virt", []board.Card{qemuUSB}, 0},
		"the simulator never opens a real card": {"sim", []board.Card{usb, headphones}, -1},
		"the first of two equal ones":           {"rpi4", []board.Card{usb, usb}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			i, ok := lookup(t, c.board).Sound.Choose(c.cards)
			assert.Equal(t, c.want >= 0, ok)
			if ok {
				assert.Equal(t, c.want, i)
			}
		})
	}
}

func TestAnEmptyWordMatchesNoCard(t *testing.T) {
	_, ok := board.Sound{Prefer: []string{""}}.Choose([]board.Card{usb})
	assert.False(t, ok)
}
