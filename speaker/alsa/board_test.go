//go:build boardvm

package alsa

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"loa/speaker/internal/outputtest"
	"loa/tools/boardvm/boardtest"
	"loa/tools/boardvm/machine"
)

// The tests of real_test.go on emulated boards with a USB sound card, where a
// hand can pull the card out and an ear hears what it was given.

func TestOnAnEmulatedARMv7Board(t *testing.T) { onBoard(t, machine.ARMv7) }
func TestOnAnEmulatedARM64Board(t *testing.T) { onBoard(t, machine.ARM64) }

func onBoard(t *testing.T, arch machine.Arch) {
	vm := boardtest.Boot(t, arch, "card.test")
	b := board{vm}

	t.Run("the card can be used", func(t *testing.T) {
		b.thrice(t, "SaysWhat|KeepsTheContract|TurnsWithout|RecoversFrom|PlaysForOne|TakesMixer")
	})
	t.Run("a tone is heard whole", func(t *testing.T) {
		mark := b.thrice(t, "PlaysATone")
		sound := vm.Sound().From(mark)
		left := make([]float32, sound.Frames())
		for i := range left {
			left[i] = float32(sound.Samples[i*sound.Channels]) / (1 << 15)
		}
		longest, from := 0, 0
		for _, jump := range append(outputtest.Discontinuities(left, sound.Rate), len(left)) {
			longest, from = max(longest, jump-from), jump
		}
		// Of the 5 s the last may still be on their way, or dropped in the
		// emulated card.
		assert.GreaterOrEqual(t, longest, 5*sound.Rate-sound.Rate/5, "frames in one piece")
	})
	t.Run("it is pulled out and plugged in", b.replug)
}

type board struct{ *machine.VM }

// card runs tests of real_test.go on the board.
func (b board) card(t *testing.T, w interface{ Write([]byte) (int, error) }, tests string) error {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	return b.Stream(ctx, w, "LOA_TEST_CARD=auto LOA_REPLUG=1 card.test -test.v -test.run 'TestRealCard("+tests+")'")
}

// thrice is card until it passes: a busy host stops the board for longer than
// the card's queue lasts, and that is no fault of the output. It returns the frame of the recording at
// which the last try began.
func (b board) thrice(t *testing.T, tests string) (mark int) {
	t.Helper()
	var err error
	for range 3 {
		var out bytes.Buffer
		mark = b.Sound().Frames()
		if err = b.card(t, &out, tests); err == nil {
			break
		}
		t.Log(out.String())
	}
	require.NoError(t, err)
	return mark
}

func (b board) replug(t *testing.T) {
	hand := &hand{board: b, t: t}
	require.NoError(t, b.card(t, hand, "IsPulledOut"))
	assert.Equal(t, 2, hand.done)
}

// hand reads what the test says, line by line, and does what it asks for.
type hand struct {
	board
	t    *testing.T
	done int
}

func (h *hand) Write(b []byte) (int, error) {
	h.t.Logf("%s", bytes.TrimRight(b, "\n"))
	line := string(b)
	switch {
	case h.done == 0 && strings.Contains(line, askToUnplug):
		require.NoError(h.t, h.Unplug(h.t.Context()))
		h.done++
	case h.done == 1 && strings.Contains(line, ErrNoCard.Error()):
		require.NoError(h.t, h.Replug(h.t.Context()))
		h.done++
	}
	return len(b), nil
}
