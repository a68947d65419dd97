package oto

// Config says how to play. The zero value is 48 kHz stereo.
type Config struct {
	Rate     int // frames per second, 8000 to 192000; 0 is 48000
	Channels int // 1 or 2; 0 is 2
}
