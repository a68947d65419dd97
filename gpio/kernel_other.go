//go:build !linux

package gpio

import "fmt"

// Kernel opens the chips of the running kernel. Only Linux has them.
type Kernel struct{}

var _ Opener = Kernel{}

// Open always fails with ErrNoChip on this system.
func (Kernel) Open(name string) (Chip, error) {
	return nil, fmt.Errorf("gpio chip %q: %w: this system is not Linux", name, ErrNoChip)
}
