package device

import (
	"fmt"
	"io"
	"time"

	"loa"
	"loa/speaker"
)

// ProbeSound says in words what a sound of the folder is, or why the device
// cannot play it.
func ProbeSound(folder *Folder, m loa.Media) (string, error) {
	sha := m.SHA256
	if sha == "" {
		return "", fmt.Errorf("%w: no file %s in %s", ErrNoSound, m.File, folder.dir)
	}
	info, err := speaker.Probe(func() (io.ReadCloser, error) { return folder.Open(sha) })
	if err != nil {
		return "", err
	}
	path, _ := folder.Path(sha)
	return fmt.Sprintf("%s: %s, %d Hz, %d ch, %s", path, info.Codec, info.Rate, info.Channels, info.Duration.Round(100*time.Millisecond)), nil
}
