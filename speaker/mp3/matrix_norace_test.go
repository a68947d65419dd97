//go:build !race

package mp3_test

const racing = false
