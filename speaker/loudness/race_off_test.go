//go:build !race

package loudness

const racing = false
