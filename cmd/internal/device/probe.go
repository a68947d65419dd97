package device

import (
	"fmt"
	"io"
	"time"

	"loa/speaker"
)

// ProbeSound says in words what a sound of the folder is, or why the device
// cannot play it.
func ProbeSound(folder *Folder, sha string) (string, error) {
	info, err := speaker.Probe(func() (io.ReadCloser, error) { return folder.Open(sha) })
	if err != nil {
		return "", err
	}
	path, _ := folder.Path(sha)
	return fmt.Sprintf("%s: %s, %d Hz, %d ch, %s", path, info.Codec, info.Rate, info.Channels, info.Duration.Round(100*time.Millisecond)), nil
}
