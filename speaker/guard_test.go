package speaker

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
)

// faulty is a decoder with a defect.
type faulty struct{}

func (faulty) Read([]float32) (int, error)   { panic("slice bounds out of range") }
func (faulty) Skip(n int64) (int64, error)   { return n, []error{}[n] }
func (faulty) Format() (rate, channels int)  { return 24000, 1 }
func (faulty) Damage() (bytes, frames int64) { return 0, 0 }

func TestAPanicOfADecoderCostsItsSource(t *testing.T) {
	d := limited{faulty{}, newSource(bytes.NewReader(nil), quietBytes)}
	_, err := d.Read(make([]float32, 10))
	assert.ErrorIs(t, err, errDecoder)
	assert.ErrorContains(t, err, "slice bounds out of range")
	_, err = d.Skip(1)
	assert.ErrorIs(t, err, errDecoder)
	_, err = Probe(func() (io.ReadCloser, error) { return io.NopCloser(bad{}), nil })
	assert.ErrorIs(t, err, errDecoder)
	_, _, err = NewDecoder(bad{})
	assert.ErrorIs(t, err, errDecoder)
}

// bad is a reader that takes its caller with it.
type bad struct{}

func (bad) Read([]byte) (int, error) { panic("in the reader") }
