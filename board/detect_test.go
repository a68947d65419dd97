package board_test

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"loa/board"
)

func tree(name string) fs.FS { return os.DirFS("../testdata/board/" + name) }

func memTree(compatible, model string) fs.FS {
	return fstest.MapFS{
		"proc/device-tree/compatible": {Data: []byte(compatible)},
		"proc/device-tree/model":      {Data: []byte(model)},
	}
}

func TestDetectKnowsEachBoardByItsDeviceTree(t *testing.T) {
	for dir, want := range map[string]string{
		"rpi3":             "rpi3",
		"rpi3-plus":        "rpi3",
		"rpi3-plus-booted": "rpi3",
		"rpi4":             "rpi4",
		"rpi-zero2w":       "rpi-zero2w",
		"orangepi-pc":      "orangepi-pc",
		"orangepi-zero3":   "orangepi-zero3",
		"nanopi-neo":       "nanopi-neo",
		"qemu-virt":        "qemu-virt",
	} {
		t.Run(dir, func(t *testing.T) {
			got, err := board.Detect(tree(dir))
			require.NoError(t, err)
			assert.Equal(t, want, got.Name)
		})
	}
}

func TestEveryProfileButTheSimulatorHasADeviceTreeFixture(t *testing.T) {
	seen := map[string]bool{"sim": true}
	dirs, err := os.ReadDir("../testdata/board")
	require.NoError(t, err)
	for _, d := range dirs {
		if b, err := board.Detect(tree(d.Name())); err == nil {
			seen[b.Name] = true
		}
	}
	for _, name := range board.Names() {
		assert.True(t, seen[name], name)
	}
}

// A board with a known chip but other things on its pins must not be guessed:
// the guess would switch whatever is there.
func TestDetectRefusesAnotherBoardWithTheSameChip(t *testing.T) {
	_, err := board.Detect(tree("orangepi-one"))
	require.ErrorIs(t, err, board.ErrUnknown)
	for _, part := range []string{"Xunlong Orange Pi One", `"xunlong,orangepi-one"`, `"allwinner,sun8i-h3"`, "set board to one of", "orangepi-pc", "[gpio]"} {
		assert.ErrorContains(t, err, part)
	}
}

func TestDetectWithoutADeviceTreeSaysSo(t *testing.T) {
	_, err := board.Detect(fstest.MapFS{})
	require.ErrorIs(t, err, board.ErrUnknown)
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.ErrorContains(t, err, "no device tree")
	assert.ErrorContains(t, err, "set board to one of")
}

func TestDetectTakesTheMostSpecificString(t *testing.T) {
	got, err := board.Detect(memTree("raspberrypi,4-model-b\x00raspberrypi,3-model-b\x00brcm,bcm2711\x00", ""))
	require.NoError(t, err)
	assert.Equal(t, "rpi4", got.Name)
}

func TestDetectDoesNotNeedTheModelOrTheLastNUL(t *testing.T) {
	got, err := board.Detect(fstest.MapFS{"proc/device-tree/compatible": {Data: []byte("friendlyarm,nanopi-neo")}})
	require.NoError(t, err)
	assert.Equal(t, "nanopi-neo", got.Name)
}

func TestDetectOfAnEmptyTreeSaysNothingWasThere(t *testing.T) {
	_, err := board.Detect(memTree("", ""))
	require.ErrorIs(t, err, board.ErrUnknown)
	assert.ErrorContains(t, err, "compatible nothing")
}

func TestDetectKeepsTheMessageShortHoweverLongTheTree(t *testing.T) {
	_, err := board.Detect(memTree(strings.Repeat("acme,"+strings.Repeat("x", 200)+"\x00", 5000), strings.Repeat("m", 100000)))
	require.ErrorIs(t, err, board.ErrUnknown)
	assert.Less(t, len(err.Error()), 2000)
	assert.ErrorContains(t, err, "more")
}

func TestResolveReadsTheTreeOnlyForAuto(t *testing.T) {
	for _, name := range []string{"auto", ""} {
		got, err := board.Resolve(name, tree("rpi4"))
		require.NoError(t, err)
		assert.Equal(t, "rpi4", got.Name)
	}
	got, err := board.Resolve("sim", fstest.MapFS{})
	require.NoError(t, err)
	assert.Equal(t, "sim", got.Name)
}

func TestLookupOfAnUnknownNameListsTheAllowedOnes(t *testing.T) {
	_, err := board.Lookup("orangepi")
	require.ErrorIs(t, err, board.ErrUnknown)
	for _, name := range append(board.Names(), board.Auto) {
		assert.ErrorContains(t, err, name)
	}
}

func TestLookupFindsEachName(t *testing.T) {
	for _, name := range board.Names() {
		b, err := board.Lookup(name)
		require.NoError(t, err)
		assert.Equal(t, name, b.Name)
	}
}

func FuzzDetect(f *testing.F) {
	f.Add([]byte("raspberrypi,4-model-b\x00brcm,bcm2711\x00"), []byte("Raspberry Pi 4 Model B\x00"))
	f.Add([]byte("xunlong,orangepi-pc\x00allwinner,sun8i-h3"), []byte{})
	f.Add([]byte("\x00\x00\xff\xfe"), []byte("\x00"))
	f.Fuzz(func(t *testing.T, compatible, model []byte) {
		b, err := board.Detect(memTree(string(compatible), string(model)))
		if err != nil {
			if !errors.Is(err, board.ErrUnknown) || b.Name != "" {
				t.Fatalf("%v, board %q", err, b.Name)
			}
			if strings.ContainsAny(err.Error(), "\x00\n\r\x1b") || len(err.Error()) > 8192 {
				t.Fatalf("bytes of the tree reach the log as they are: %q", err)
			}
			return
		}
		ok := false
		for s := range strings.SplitSeq(string(compatible), "\x00") {
			for _, c := range b.Compatible {
				ok = ok || s == c
			}
		}
		if !ok {
			t.Fatalf("%q became %s", compatible, b.Name)
		}
	})
}
