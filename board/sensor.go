package board

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// ErrNoSensor means that a sensor's file is not there. The reported value is
// then left out, never made up.
var ErrNoSensor = errors.New("no such sensor")

// SensorKind is what a sensor measures, and in which unit Read returns it.
type SensorKind string

// The sensors a board may have.
const (
	SensorTemperature  SensorKind = "temperature"   // of the SoC, thousandths of a degree Celsius
	SensorInputVoltage SensorKind = "input_voltage" // supply of the board, millivolts
	SensorUnderVoltage SensorKind = "under_voltage" // 1 while the supply is too low, else 0
)

// Sensor is a number in sysfs. The kernel numbers thermal zones and hwmon
// devices in the order of probing, so Path may hold * and the right one is
// known by a file beside it.
type Sensor struct {
	Kind SensorKind `json:"kind"`
	Path string     `json:"path"`           // from /, without the leading slash; path.Match pattern
	File string     `json:"file,omitempty"` // beside Path's last element; "" asks nothing
	Text string     `json:"text,omitempty"` // what File begins with
}

// Read returns the value of the first file that is the sensor. fsys is the
// root of the file system. ErrNoSensor: there is none; other errors name the
// file and mean that it is there but cannot be read.
func (s Sensor) Read(fsys fs.FS) (int64, error) {
	files, err := fs.Glob(fsys, s.Path)
	if err != nil {
		return 0, fmt.Errorf("sensor %s: %w", s.Kind, err)
	}
	for _, file := range files {
		if !s.is(fsys, file) {
			continue
		}
		text, err := readShort(fsys, file, 32)
		if err != nil {
			return 0, fmt.Errorf("sensor %s: %w", s.Kind, err)
		}
		v, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("sensor %s: %s holds %q, want a whole number", s.Kind, file, clip(text))
		}
		return v, nil
	}
	return 0, fmt.Errorf("sensor %s at %s: %w", s.Kind, s.Path, ErrNoSensor)
}

func (s Sensor) is(fsys fs.FS, file string) bool {
	if s.File == "" {
		return true
	}
	text, err := readShort(fsys, path.Join(path.Dir(file), s.File), 128)
	return err == nil && strings.HasPrefix(text, s.Text)
}

// readShort reads at most limit bytes of a file that should be shorter.
func readShort(fsys fs.FS, file string, limit int64) (string, error) {
	f, err := fsys.Open(file)
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(io.LimitReader(f, limit))
	return string(b), errors.Join(err, f.Close())
}
