package alsa

import (
	"encoding/binary"
	"fmt"
	"syscall"
	"unsafe"

	"github.com/gen2brain/alsa"
)

// struct snd_ctl_elem_value (include/uapi/sound/asound.h): an id of 64 bytes
// that begins with the numid, a bit field, padding up to 8 because the union
// holds 64-bit integers, the union of 128 longs, 128 reserved bytes. It is the
// same formula on all our machines, arm (EABI), arm64 and amd64.
//
// The library's own SetValue is not used: v0.6.0 leaves the padding out on
// 32-bit ARM, which the kernel answers with ENOTTY, and packs longs as 32 bits
// on 64-bit machines, so that a second channel overwrites half of the first.
const (
	long        = int(unsafe.Sizeof(uintptr(0)))
	valueOffset = 72
	valueSize   = valueOffset + 128*long + 128
	// _IOWR('U', 0x13, struct snd_ctl_elem_value)
	elemWrite = 3<<30 | uintptr(valueSize)<<16 | 'U'<<8 | 0x13
)

// controls is the mixer of a card of the running kernel.
type controls struct{ *alsa.Mixer }

func (linux) mixer(card int) (mixer, error) {
	m, err := alsa.MixerOpen(uint(card))
	if err != nil {
		return nil, err
	}
	return controls{m}, nil
}

// controls lists what can be written.
func (m controls) controls() []control {
	var all []control
	for _, ctl := range m.Ctls {
		if ctl.Access()&uint32(alsa.SNDRV_CTL_ELEM_ACCESS_WRITE) == 0 {
			continue // such as "Playback Channel Map"
		}
		c := control{id: ctl.ID(), name: ctl.Name(), kind: ctl.Type(), channels: int(ctl.NumValues())}
		var err error
		switch c.kind {
		case alsa.SNDRV_CTL_ELEM_TYPE_INTEGER:
			if c.min, err = ctl.RangeMin(); err == nil {
				c.max, err = ctl.RangeMax()
			}
		case alsa.SNDRV_CTL_ELEM_TYPE_ENUMERATED:
			c.items, err = ctl.AllEnumStrings()
		}
		if err == nil {
			all = append(all, c)
		}
	}
	return all
}

func (m controls) set(c control, value int) error {
	b := elemValue(c, value)
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, m.Fd(), elemWrite, uintptr(unsafe.Pointer(&b[0])))
	if errno != 0 {
		return fmt.Errorf("write control: %w", errno)
	}
	return nil
}

// elemValue is a snd_ctl_elem_value with value in every channel.
func elemValue(c control, value int) []byte {
	b := make([]byte, valueSize)
	binary.NativeEndian.PutUint32(b, c.id)
	for i := range min(c.channels, 128) {
		switch v := b[valueOffset:]; {
		case c.kind == alsa.SNDRV_CTL_ELEM_TYPE_ENUMERATED || long == 4:
			binary.NativeEndian.PutUint32(v[4*i:], uint32(value))
		default:
			binary.NativeEndian.PutUint64(v[8*i:], uint64(value))
		}
	}
	return b
}
