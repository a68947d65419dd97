package board

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Where Linux shows the root of the device tree, from / (proc_device_tree.c;
// /proc/device-tree is a link, so fsys must follow links, as os.DirFS does).
const (
	compatiblePath = "proc/device-tree/compatible"
	modelPath      = "proc/device-tree/model"
)

// treeLimit bounds what is read of a property; real ones have 20 to 60 bytes.
const treeLimit = 4096

// Detect finds the profile of the running board in its device tree; fsys is
// the root of the file system, os.DirFS("/"). The tree's strings go from the
// board to the chip it is made with; only a string that means a board counts,
// because boards with the same chip have other things on the same pins. The
// error wraps ErrUnknown, says what was read, and how to choose by hand.
func Detect(fsys fs.FS) (Board, error) {
	raw, err := readShort(fsys, compatiblePath, treeLimit)
	if err != nil {
		return Board{}, fmt.Errorf("detect board: %w: no device tree (%w); %s", ErrUnknown, err, byHand())
	}
	found := stringList(raw)
	all := profiles()
	for _, s := range found {
		i := slices.IndexFunc(all, func(b Board) bool { return slices.Contains(b.Compatible, s) })
		if i >= 0 {
			return all[i], nil
		}
	}
	model, err := readShort(fsys, modelPath, treeLimit)
	if err != nil {
		model = "" // only for the message
	}
	return Board{}, fmt.Errorf("detect board: %w: the device tree says model %q, compatible %s; %s",
		ErrUnknown, clip(strings.TrimRight(model, "\x00")), quoteSome(found), byHand())
}

func byHand() string {
	return fmt.Sprintf("set board to one of %s and override its lines under [gpio] if they differ", strings.Join(Names(), ", "))
}

// stringList splits a device-tree string list: each string ends with NUL
// (Devicetree Specification 0.4, 2.2.4).
func stringList(raw string) []string {
	return slices.DeleteFunc(strings.Split(raw, "\x00"), func(s string) bool { return s == "" })
}

// quoteSome shows the first strings of a list that may hold anything.
func quoteSome(list []string) string {
	const most = 8
	var shown []string
	for _, s := range list[:min(len(list), most)] {
		shown = append(shown, fmt.Sprintf("%q", clip(s)))
	}
	if len(list) > most {
		shown = append(shown, fmt.Sprintf("and %d more", len(list)-most))
	}
	if len(shown) == 0 {
		return "nothing"
	}
	return strings.Join(shown, ", ")
}
