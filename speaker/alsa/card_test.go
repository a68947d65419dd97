package alsa

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/gen2brain/alsa"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A Raspberry Pi 4 with a USB card and a USB microphone, as /proc shows it.
var pi = fstest.MapFS{
	"asound/cards": {Data: []byte(` 0 [Headphones     ]: bcm2835_headpho - bcm2835 Headphones
                      bcm2835 Headphones
 1 [vc4hdmi0       ]: vc4-hdmi - vc4-hdmi-0
                      vc4-hdmi-0
 3 [Device         ]: USB-Audio - USB Audio Device
                      C-Media Electronics Inc. USB Audio Device at usb-0000:01:00.0-1.3, full speed
 4 [Mic            ]: USB-Audio - A - B microphone
                      A - B microphone at usb-0000:01:00.0-1.4, full speed
`)},
	"asound/pcm": {Data: []byte(`00-00: bcm2835 Headphones : bcm2835 Headphones : playback 8
01-00: MAI PCM i2s-hifi-0 : MAI PCM i2s-hifi-0 : playback 1
03-00: USB Audio : USB Audio : playback 1 : capture 1
03-01: USB Audio : USB Audio #1 : playback 1
04-00: USB Audio : USB Audio : capture 1
`)},
}

func piCards(t *testing.T) []Card {
	t.Helper()
	cards, err := readCards(pi)
	require.NoError(t, err)
	return cards
}

func TestCardsOfABoardAreRead(t *testing.T) {
	assert.Equal(t, []Card{
		{Number: 0, ID: "Headphones", Driver: "bcm2835_headpho", Name: "bcm2835 Headphones", LongName: "bcm2835 Headphones",
			Devices: []Device{{Number: 0, Name: "bcm2835 Headphones"}}},
		{Number: 1, ID: "vc4hdmi0", Driver: "vc4-hdmi", Name: "vc4-hdmi-0", LongName: "vc4-hdmi-0",
			Devices: []Device{{Number: 0, Name: "MAI PCM i2s-hifi-0"}}},
		{Number: 3, ID: "Device", Driver: "USB-Audio", Name: "USB Audio Device", LongName: "C-Media Electronics Inc. USB Audio Device at usb-0000:01:00.0-1.3, full speed",
			Devices: []Device{{Number: 0, Name: "USB Audio"}, {Number: 1, Name: "USB Audio #1"}}},
		{Number: 4, ID: "Mic", Driver: "USB-Audio", Name: "A - B microphone", LongName: "A - B microphone at usb-0000:01:00.0-1.4, full speed"},
	}, piCards(t))
}

func TestAKernelWithoutSoundHasNoCards(t *testing.T) {
	for name, proc := range map[string]fs.FS{
		"no sound at all": fstest.MapFS{},
		"no card":         fstest.MapFS{"asound/cards": {Data: []byte("--- no soundcards ---\n")}, "asound/pcm": {}},
		"no pcm yet":      fstest.MapFS{"asound/cards": {Data: []byte("--- no soundcards ---\n")}},
	} {
		cards, err := readCards(proc)
		assert.NoError(t, err, name)
		assert.Empty(t, cards, name)
	}
}

func TestWhatIsNoCardIsPassedOver(t *testing.T) {
	cards, err := readCards(fstest.MapFS{
		"asound/cards": {Data: []byte("garbage\n 99999999999999999999 [X]: a - b\n 2 [Last]: drv - name")},
		"asound/pcm":   {Data: []byte("02-00: a\n02-xx: a : b : playback 1\n02-99999999999999999999: a : b : playback 1\n7-0: a : b : playback 1\n02-03: id :  : playback 1\n")},
	})
	require.NoError(t, err)
	assert.Equal(t, []Card{{Number: 2, ID: "Last", Driver: "drv", Name: "name", Devices: []Device{{Number: 3, Name: "id"}}}}, cards)
}

// unreadable is a proc file system on which one file cannot be read.
type unreadable struct {
	fs.FS
	name string
}

func (u unreadable) Open(name string) (fs.File, error) {
	if name == u.name {
		return nil, fs.ErrPermission
	}
	return u.FS.Open(name)
}

func TestAProcThatCannotBeReadIsAnError(t *testing.T) {
	for _, name := range []string{"asound/cards", "asound/pcm"} {
		_, err := readCards(unreadable{pi, name})
		assert.ErrorIs(t, err, fs.ErrPermission)
		assert.ErrorContains(t, err, "list sound")
	}
}

func TestWhatIsChosen(t *testing.T) {
	for name, test := range map[string]struct {
		conf   Config
		card   string
		device int
		err    string
	}{
		"auto takes the first that is no screen":     {Config{}, "Headphones", 0, ""},
		"auto by its name":                           {Config{Card: Auto}, "Headphones", 0, ""},
		"auto with a preference":                     {Config{Match: []string{"usb audio"}}, "Device", 0, ""},
		"auto with two preferences":                  {Config{Match: []string{"no such", "usb"}}, "Device", 0, ""},
		"auto prefers a screen only when told so":    {Config{Match: []string{"HDMI"}}, "vc4hdmi0", 0, ""},
		"auto prefers by order, not by number":       {Config{Match: []string{"c-media", "headphones"}}, "Device", 0, ""},
		"auto with a preference for a microphone":    {Config{Match: []string{"mic"}}, "Headphones", 0, ""},
		"auto takes another device than asked":       {Config{Device: 7}, "Headphones", 0, ""},
		"auto takes the device when the card has it": {Config{Match: []string{"usb"}, Device: 1}, "Device", 1, ""},
		"by number":                        {Config{Card: "3", Device: 1}, "Device", 1, ""},
		"by id":                            {Config{Card: "device"}, "Device", 0, ""},
		"by name":                          {Config{Card: "USB Audio Device"}, "Device", 0, ""},
		"by part of a name":                {Config{Card: "C-Media"}, "Device", 0, ""},
		"a number is not a part of a name": {Config{Card: "2835"}, "", 0, `"2835"; there are 0 [Headphones] "bcm2835 Headphones", 1 [vc4hdmi0] "vc4-hdmi-0" (screen), 3 [Device] "USB Audio Device", 4 [Mic] "A - B microphone" (records only)`},
		"a card that is not there":         {Config{Card: "I2S"}, "", 0, `no such sound card: "I2S"; there are 0 [Headphones]`},
		"a device that is not there":       {Config{Card: "0", Device: 1}, "", 0, `card 0 [Headphones] "bcm2835 Headphones" has no playback device 1`},
		"a card that only records, for a device of 0": {Config{Card: "Mic"}, "", 0, "has no playback device 0"},
	} {
		t.Run(name, func(t *testing.T) {
			card, device, err := choose(test.conf, choice{}, piCards(t))
			if test.err != "" {
				require.ErrorIs(t, err, ErrNoCard)
				assert.ErrorContains(t, err, test.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.card, card.ID)
			assert.Equal(t, test.device, device)
		})
	}
}

func TestABoardWithoutAnyCardIsToldSo(t *testing.T) {
	_, _, err := choose(Config{}, choice{}, nil)
	require.ErrorIs(t, err, ErrNoCard)
	assert.ErrorContains(t, err, "there is none at all")
}

func TestAutoDoesNotPlayIntoAScreen(t *testing.T) {
	_, _, err := choose(Config{}, choice{}, piCards(t)[1:2])
	require.ErrorIs(t, err, ErrNoCard)
	assert.ErrorContains(t, err, `1 [vc4hdmi0] "vc4-hdmi-0" (screen)`)
}

// The situations after a card was lost: which one plays when Run looks again.
func TestWhatIsChosenAfterACardWasLost(t *testing.T) {
	all := piCards(t)
	headphones, usb := all[0], all[2]
	moved := usb
	moved.Number = 7
	other := Card{Number: 3, ID: "Sabre", Driver: "USB-Audio", Name: "New USB card", Devices: []Device{{}}}
	for name, test := range map[string]struct {
		conf  Config
		cards []Card
		want  Card
		err   string
	}{
		"it is there again":                  {Config{Match: []string{"usb"}}, all, usb, ""},
		"it has another number":              {Config{Match: []string{"usb"}}, []Card{headphones, moved}, moved, ""},
		"it is gone, another one stays idle": {Config{Match: []string{"usb", "headphones"}}, []Card{headphones}, Card{}, `3 [Device] "USB Audio Device" is gone; there are 0 [Headphones]`},
		"it was replaced by a new one":       {Config{Match: []string{"usb"}}, []Card{headphones, other}, other, ""},
		"replaced by one nobody described":   {Config{}, []Card{headphones, other}, other, ""},
		"by number, it has another now":      {Config{Card: "3"}, []Card{headphones, moved}, moved, ""},
		"by number, another one has it":      {Config{Card: "3"}, []Card{headphones, other}, other, ""},
		"by id, it is gone":                  {Config{Card: "Device"}, []Card{headphones, other}, Card{}, `"Device"; there are`},
	} {
		t.Run(name, func(t *testing.T) {
			var before choice
			before.remember(usb, all)
			card, _, err := choose(test.conf, before, test.cards)
			if test.err != "" {
				require.ErrorIs(t, err, ErrNoCard)
				assert.ErrorContains(t, err, test.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.want, card)
		})
	}
}

func TestACardThatWasUnpluggedTooStaysPassedOver(t *testing.T) {
	all := piCards(t)
	var before choice
	before.remember(all[2], all)
	before.remember(all[2], all[2:3]) // opened again while the others were away
	_, _, err := choose(Config{}, before, all[:1])
	assert.ErrorIs(t, err, ErrNoCard)
}

func TestStatusShowsWhatTheDevicesTake(t *testing.T) {
	usb, busy := usbCard(0), usbCard(1)
	usb.formats = append(usb.formats, alsa.SNDRV_PCM_FORMAT_S24_3LE)
	usb.rates, usb.channels = []int{44100, 48000}, span{1, 2}
	busy.askErr = syscall.EBUSY
	all, err := cards(&fakeKernel{cards: []*fakeCard{usb, busy}})
	require.NoError(t, err)
	require.Len(t, all, 2)
	assert.Equal(t, Device{Name: "USB Audio", Formats: []string{"S16_LE", "S24_3LE"}, RateMin: 44100, RateMax: 48000, ChannelsMin: 1, ChannelsMax: 2},
		all[0].Devices[0])
	assert.Equal(t, Device{Name: "USB Audio", Busy: true}, all[1].Devices[0])

	broken := errors.New("proc")
	_, err = cards(&fakeKernel{listErr: broken})
	assert.ErrorIs(t, err, broken)
}

func FuzzCards(f *testing.F) {
	f.Add(string(pi["asound/cards"].Data), string(pi["asound/pcm"].Data))
	f.Fuzz(func(t *testing.T, cards, pcm string) {
		all := parseCards(cards)
		addDevices(all, pcm)
		for _, c := range all {
			require.GreaterOrEqual(t, c.Number, 0)
			require.NotContains(t, c.String(), "\n")
			for _, d := range c.Devices {
				require.GreaterOrEqual(t, d.Number, 0)
				require.False(t, strings.Contains(d.Name, "\n"))
			}
		}
	})
}
