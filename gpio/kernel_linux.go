package gpio

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/warthog618/go-gpiocdev"
	"golang.org/x/sys/unix"
)

// Kernel opens the chips of the running kernel: /dev/gpiochip*, uAPI v2 only
// (CONFIG_GPIO_CDEV, Linux 5.10). It needs /sys mounted.
type Kernel struct{}

var _ Opener = Kernel{}

// Open finds a chip by device name, or by label if no device is called so.
func (Kernel) Open(name string) (Chip, error) {
	if name == "" {
		return nil, fmt.Errorf("gpio chip %q: %w", name, ErrNoChip)
	}
	device := strings.TrimPrefix(name, "/dev/")
	if strings.HasPrefix(device, "gpiochip") {
		c, err := openDevice(device)
		if err != nil {
			return nil, fmt.Errorf("gpio chip %q: %w", name, err)
		}
		return &kernelChip{c: c, asked: name}, nil
	}
	var labels []string
	for _, d := range gpiocdev.Chips() {
		c, err := openDevice(d)
		if err != nil {
			continue
		}
		if c.Label == name {
			return &kernelChip{c: c, asked: name}, nil
		}
		labels = append(labels, c.Label)
		_ = c.Close()
	}
	return nil, fmt.Errorf("gpio chip %q: %w; chips here: %s", name, ErrNoChip, listOr(labels, "none"))
}

func openDevice(device string) (*gpiocdev.Chip, error) {
	c, err := gpiocdev.NewChip(device, gpiocdev.WithABIVersion(2))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, gpiocdev.ErrNotCharacterDevice) {
		return nil, fmt.Errorf("%w (%w)", ErrNoChip, err)
	}
	return c, err
}

func listOr(list []string, none string) string {
	if len(list) == 0 {
		return none
	}
	return strings.Join(list, ", ")
}

type kernelChip struct {
	c     *gpiocdev.Chip
	asked string // as the caller named it, for messages
}

var _ Chip = (*kernelChip)(nil)

func (k *kernelChip) Close() error { return k.c.Close() }

func (k *kernelChip) Output(line Line, consumer string) (Output, error) {
	offset, err := k.find(line)
	if err != nil {
		return nil, err
	}
	options := append(level(line), gpiocdev.AsOutput(0), gpiocdev.WithConsumer(consumer))
	// With the pull toward inactive; a driver that refuses pulls outright
	// (most just ignore them) gets the request without.
	l, err := k.c.RequestLine(offset, append(options, towardInactive(line))...)
	if refused(err) {
		l, err = k.c.RequestLine(offset, options...)
	}
	if err != nil {
		return nil, k.explain(line, offset, err)
	}
	return &kernelOutput{kernelLine{l, k.asked, line}}, nil
}

func (k *kernelChip) Input(line Line, consumer string, o InputOptions, handler func(Edge)) (Input, error) {
	offset, err := k.find(line)
	if err != nil {
		return nil, err
	}
	options := append(level(line), gpiocdev.AsInput, gpiocdev.WithConsumer(consumer))
	switch o.Bias {
	case BiasPullUp:
		options = append(options, gpiocdev.WithPullUp)
	case BiasPullDown:
		options = append(options, gpiocdev.WithPullDown)
	}
	if handler != nil {
		options = append(options, gpiocdev.WithBothEdges, gpiocdev.WithEventHandler(func(e gpiocdev.LineEvent) {
			handler(Edge{Active: e.Type == gpiocdev.LineEventRisingEdge, At: e.Timestamp})
		}))
		if o.Debounce > 0 {
			options = append(options, gpiocdev.WithDebounce(o.Debounce.Round(time.Microsecond)))
		}
	}
	l, err := k.c.RequestLine(offset, options...)
	if err == nil {
		return &kernelInput{kernelLine{l, k.asked, line}}, nil
	}
	if handler != nil && k.noEdges(offset, err) {
		return nil, fmt.Errorf("gpio chip %q line %s: %w (%w)", k.asked, line, ErrNoEdges, err)
	}
	return nil, k.explain(line, offset, err)
}

// find resolves a line to its offset.
func (k *kernelChip) find(line Line) (int, error) {
	if line.Name != "" {
		offset, err := k.c.FindLine(line.Name)
		if err != nil {
			return 0, fmt.Errorf("gpio chip %q line %q: %w", k.asked, line.Name, ErrNoLine)
		}
		return offset, nil
	}
	if line.Offset < 0 || line.Offset >= k.c.Lines() {
		return 0, fmt.Errorf("gpio chip %q line %d: %w; allowed: 0 to %d", k.asked, line.Offset, ErrNoLine, k.c.Lines()-1)
	}
	return line.Offset, nil
}

// noEdges tells a line without an interrupt from other refusals.
// gpiolib-cdev answers ENXIO where gpiod_to_irq fails; a driver may say
// EOPNOTSUPP or EINVAL, and EBUSY when the interrupt, not the line, is taken.
func (k *kernelChip) noEdges(offset int, err error) bool {
	if errors.Is(err, unix.EBUSY) {
		info, infoErr := k.c.LineInfo(offset)
		return infoErr == nil && !info.Used
	}
	return errors.Is(err, unix.ENXIO) || refused(err)
}

// explain turns an error of a request into the package's.
func (k *kernelChip) explain(line Line, offset int, err error) error {
	if errors.Is(err, unix.EBUSY) {
		info, _ := k.c.LineInfo(offset) // without it the holder stays unnamed
		return &BusyError{Chip: k.asked, Line: line.String(), Consumer: info.Consumer}
	}
	return kernelLine{nil, k.asked, line}.wrap("request", err)
}

// refused says whether a driver declined an option rather than the line.
func refused(err error) bool {
	return errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.Errno(enotsupp))
}

// enotsupp is the kernel's own ENOTSUPP (include/linux/errno.h), which leaks
// out of some drivers and has no name in user space.
const enotsupp = 524

func level(line Line) []gpiocdev.LineReqOption {
	if line.ActiveLow {
		return []gpiocdev.LineReqOption{gpiocdev.AsActiveLow}
	}
	return []gpiocdev.LineReqOption{gpiocdev.AsActiveHigh}
}

func towardInactive(line Line) gpiocdev.LineReqOption {
	if line.ActiveLow {
		return gpiocdev.WithPullUp
	}
	return gpiocdev.WithPullDown
}

// kernelLine is what an input and an output have in common.
type kernelLine struct {
	l    *gpiocdev.Line
	chip string
	line Line
}

func (k kernelLine) Get() (bool, error) {
	v, err := k.l.Value()
	return v != 0, k.wrap("read", err)
}

func (k kernelLine) Close() error { return k.wrap("release", k.l.Close()) }

// wrap names chip and line, and calls what cannot come back ErrGone.
func (k kernelLine) wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, unix.ENODEV) || errors.Is(err, gpiocdev.ErrClosed) || errors.Is(err, unix.EBADF) {
		return fmt.Errorf("gpio chip %q line %s: %s: %w (%w)", k.chip, k.line, doing, ErrGone, err)
	}
	return fmt.Errorf("gpio chip %q line %s: %s: %w", k.chip, k.line, doing, err)
}

type kernelOutput struct{ kernelLine }

var _ Output = (*kernelOutput)(nil)

func (k *kernelOutput) Set(active bool) error {
	v := 0
	if active {
		v = 1
	}
	return k.wrap("set", k.l.SetValue(v))
}

type kernelInput struct{ kernelLine }

var _ Input = (*kernelInput)(nil)
