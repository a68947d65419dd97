package board_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"loa/board"
)

func sensor(t *testing.T, name string, kind board.SensorKind) board.Sensor {
	t.Helper()
	for _, s := range lookup(t, name).Sensors {
		if s.Kind == kind {
			return s
		}
	}
	t.Fatalf("%s has no %s", name, kind)
	return board.Sensor{}
}

func file(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }

func TestTheTemperatureIsTheProcessorsNotTheFirstZone(t *testing.T) {
	sys := fstest.MapFS{
		"sys/class/thermal/thermal_zone0/type": file("gpu-thermal\n"),
		"sys/class/thermal/thermal_zone0/temp": file("39000\n"),
		"sys/class/thermal/thermal_zone1/type": file("cpu_thermal\n"),
		"sys/class/thermal/thermal_zone1/temp": file("51234\n"),
	}
	v, err := sensor(t, "orangepi-zero3", board.SensorTemperature).Read(sys)
	require.NoError(t, err)
	assert.EqualValues(t, 51234, v)
}

func TestUnderVoltageIsReadFromTheRightHwmon(t *testing.T) {
	sys := fstest.MapFS{
		"sys/class/hwmon/hwmon0/name":            file("cpu_thermal\n"),
		"sys/class/hwmon/hwmon3/name":            file("rpi_volt\n"),
		"sys/class/hwmon/hwmon3/in0_lcrit_alarm": file("1\n"),
	}
	v, err := sensor(t, "rpi4", board.SensorUnderVoltage).Read(sys)
	require.NoError(t, err)
	assert.EqualValues(t, 1, v)
}

func TestASensorThatIsNotThereIsNotMadeUp(t *testing.T) {
	sys := fstest.MapFS{
		"sys/class/thermal/thermal_zone0/type": file("gpu-thermal\n"),
		"sys/class/thermal/thermal_zone0/temp": file("39000\n"),
	}
	for _, kind := range []board.SensorKind{board.SensorTemperature, board.SensorUnderVoltage} {
		_, err := sensor(t, "rpi3", kind).Read(sys)
		require.ErrorIs(t, err, board.ErrNoSensor)
		assert.ErrorContains(t, err, string(kind))
	}
}

func TestASensorThatTalksNonsenseIsAnError(t *testing.T) {
	s := board.Sensor{Kind: board.SensorInputVoltage, Path: "sys/x"}
	_, err := s.Read(fstest.MapFS{"sys/x": file("twelve\n")})
	require.Error(t, err)
	assert.ErrorContains(t, err, "sys/x")
	assert.ErrorContains(t, err, "twelve")
	assert.NotErrorIs(t, err, board.ErrNoSensor)

	_, err = board.Sensor{Kind: board.SensorInputVoltage, Path: "["}.Read(fstest.MapFS{})
	assert.Error(t, err)
}
