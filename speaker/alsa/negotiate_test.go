package alsa

import (
	"syscall"
	"testing"

	"github.com/gen2brain/alsa"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	s16 = alsa.SNDRV_PCM_FORMAT_S16_LE
	s24 = alsa.SNDRV_PCM_FORMAT_S24_LE
	s3  = alsa.SNDRV_PCM_FORMAT_S24_3LE
	s32 = alsa.SNDRV_PCM_FORMAT_S32_LE
)

// agreed is what came out of a negotiation.
type agreed struct {
	format         string
	rate, channels int
	period, count  int
	quantum        int
	larger         bool
}

// The cards that are met in the field, and what they are opened with.
func TestWhatACardIsOpenedWith(t *testing.T) {
	for name, test := range map[string]struct {
		card func(*fakeCard)
		conf Config
		want agreed
	}{
		"a plain USB card": {func(*fakeCard) {}, Config{},
			agreed{"S16_LE", 48000, 2, 480, 4, 480, false}},
		"a codec with 32 bits": {func(c *fakeCard) { c.formats = []alsa.PcmFormat{s16, s32} }, Config{},
			agreed{"S32_LE", 48000, 2, 480, 4, 480, false}},
		"a card with packed 24 bits alone": {func(c *fakeCard) { c.formats = []alsa.PcmFormat{s3} }, Config{},
			agreed{"S24_3LE", 48000, 2, 480, 4, 480, false}},
		"a codec with 24 bits in 32": {func(c *fakeCard) { c.formats = []alsa.PcmFormat{s24, s3} }, Config{},
			agreed{"S24_LE", 48000, 2, 480, 4, 480, false}},
		"a card at 44.1 kHz alone": {func(c *fakeCard) { c.rates = []int{44100} }, Config{},
			agreed{"S16_LE", 44100, 2, 441, 4, 441, false}},
		"a range of rates with a hole at 48 kHz": {func(c *fakeCard) { c.rates = []int{22050, 44100, 96000} }, Config{},
			agreed{"S16_LE", 44100, 2, 441, 4, 441, false}},
		"a card above 48 kHz alone": {func(c *fakeCard) { c.rates = []int{96000, 192000} }, Config{},
			agreed{"S16_LE", 96000, 2, 960, 4, 960, false}},
		"a telephone card": {func(c *fakeCard) { c.rates, c.channels = []int{8000, 16000}, span{1, 1} }, Config{},
			agreed{"S16_LE", 16000, 1, 160, 4, 160, false}},
		"a mono card": {func(c *fakeCard) { c.channels = span{1, 1} }, Config{},
			agreed{"S16_LE", 48000, 1, 480, 4, 480, false}},
		"a surround card of eight channels alone": {func(c *fakeCard) { c.channels = span{8, 8} }, Config{},
			agreed{"S16_LE", 48000, 8, 480, 4, 480, false}},
		"mono asked of a stereo-or-mono card": {func(c *fakeCard) { c.channels = span{1, 2} }, Config{Channels: 1},
			agreed{"S16_LE", 48000, 1, 480, 4, 480, false}},
		"44.1 kHz asked": {func(c *fakeCard) { c.rates = []int{44100, 48000} }, Config{Rate: 44100},
			agreed{"S16_LE", 44100, 2, 441, 4, 441, false}},
		"a rate asked that it has not got": {func(*fakeCard) {}, Config{Rate: 12345},
			agreed{"S16_LE", 48000, 2, 480, 4, 480, false}},
		"periods in steps of 512": {func(c *fakeCard) { c.step = 512 }, Config{},
			agreed{"S16_LE", 48000, 2, 512, 3, 512, false}},
		"short periods alone": {func(c *fakeCard) { c.size = span{32, 128} }, Config{},
			agreed{"S16_LE", 48000, 2, 128, 15, 480, false}},
		"two periods alone": {func(c *fakeCard) { c.counts = span{2, 2} }, Config{},
			agreed{"S16_LE", 48000, 2, 480, 2, 480, false}},
		"periods of 1024 at least": {func(c *fakeCard) { c.size = span{1024, 8192} }, Config{},
			agreed{"S16_LE", 48000, 2, 1024, 2, 480, true}},
		"sixteen periods at least": {func(c *fakeCard) { c.counts = span{16, 32} }, Config{},
			agreed{"S16_LE", 48000, 2, 480, 16, 480, true}},
		"one large period": {func(c *fakeCard) { c.size, c.counts = span{1024, 8192}, span{4, 4} }, Config{},
			agreed{"S16_LE", 48000, 2, 1024, 4, 480, true}},
	} {
		t.Run(name, func(t *testing.T) {
			card := usbCard(0)
			test.card(card)
			o, err := negotiate(&fakeKernel{cards: []*fakeCard{card}}, 0, 0, test.conf)
			require.NoError(t, err)
			c := o.conf
			assert.Equal(t, test.want, agreed{alsa.PcmParamFormatNames[c.Format], int(c.Rate), int(c.Channels), int(c.PeriodSize), int(c.PeriodCount), o.quantum, o.larger})
			assert.Same(t, card.pcm, o.pcm)
			assert.False(t, card.pcm.closed)

			buffer := c.PeriodSize * c.PeriodCount
			assert.EqualValues(t, o.quantum, c.AvailMin, "it wakes us for one write")
			assert.Equal(t, buffer, c.StopThreshold, "it stops when it is empty, not before")
			assert.LessOrEqual(t, c.StartThreshold, buffer)
			assert.Zero(t, int(c.StartThreshold)%o.quantum, "whole writes must reach the threshold, or it never starts")
			assert.Greater(t, int(c.StartThreshold), int(buffer)-o.quantum, "it starts as full as it can be")
		})
	}
}

func TestACardThatTakesNothingOfOurs(t *testing.T) {
	for name, test := range map[string]struct {
		card func(*fakeCard)
		conf Config
		want string
	}{
		"8 bits alone":           {func(c *fakeCard) { c.formats = nil }, Config{}, "none of S32_LE, S16_LE"},
		"an odd rate alone":      {func(c *fakeCard) { c.rates = []int{47999} }, Config{}, "none of our rates"},
		"one period alone":       {func(c *fakeCard) { c.counts = span{1, 1} }, Config{}, "none of our rates"},
		"too many channels":      {func(*fakeCard) {}, Config{Channels: 6}, "6 channels: it has 2 to 2"},
		"ten channels alone":     {func(c *fakeCard) { c.channels = span{10, 10} }, Config{}, "10 channels: it has 10 to 10, allowed are 1 to 8"},
		"another program has it": {func(c *fakeCard) { c.askErr = syscall.EBUSY }, Config{}, "busy"},
		"it goes while opened":   {func(c *fakeCard) { c.openErr = syscall.ENODEV }, Config{}, "no such device"},
	} {
		t.Run(name, func(t *testing.T) {
			card := usbCard(0)
			test.card(card)
			_, err := negotiate(&fakeKernel{cards: []*fakeCard{card}}, 0, 0, test.conf)
			assert.ErrorContains(t, err, test.want)
			assert.True(t, card.pcm == nil || card.pcm.closed, "left open")
		})
	}
}

// fickle changes the period each time it is opened.
type fickle struct {
	fakeKernel
	opens int
}

func (f *fickle) open(card, device int, conf alsa.Config) (pcm, error) {
	f.opens++
	p, err := f.fakeKernel.open(card, device, conf)
	if err == nil {
		p.(*fakePCM).conf.PeriodSize += uint32(f.opens)
	}
	return p, err
}

func TestACardThatChangesItsMindIsGivenUp(t *testing.T) {
	f := &fickle{fakeKernel: fakeKernel{cards: []*fakeCard{usbCard(0)}}}
	_, err := negotiate(f, 0, 0, Config{})
	assert.ErrorContains(t, err, "changes its mind")
	assert.Equal(t, 3, f.opens)
}
