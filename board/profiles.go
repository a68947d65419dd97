package board

import "time"

// profiles is the table of boards, in the order in which they are shown. It is
// built anew at each call, so nobody can change another's copy.
//
// How lines were chosen: free on the board's own header in the mainline and
// the vendor's kernel, not I2C, UART console or the boot flash's SPI bus, and
// for inputs only lines that can raise an interrupt. An amplifier's line
// should be low from the moment power comes until the daemon takes it.
// The BCM2835 family does that by itself on GPIO 9 to 27, which reset as
// inputs pulled down (BCM2835 ARM Peripherals, table 6-31); GPIO 0 to 8 are
// pulled up and would switch a relay on for the whole boot. Allwinner chips
// leave the pin without a pull, so their notes ask for a resistor.
func profiles() []Board {
	return []Board{
		raspberry("rpi3", "Raspberry Pi 3 Model B / B+", "pinctrl-bcm2835", true,
			"raspberrypi,3-model-b", "raspberrypi,3-model-b-plus"),
		raspberry("rpi4", "Raspberry Pi 4 Model B", "pinctrl-bcm2711", true,
			"raspberrypi,4-model-b"),
		raspberry("rpi-zero2w", "Raspberry Pi Zero 2 W", "pinctrl-bcm2835", false,
			"raspberrypi,model-zero-2-w"),
		orangePiPC(), orangePiZero3(), nanoPiNEO(), qemuVirt(), simulated(),
	}
}

const (
	contactDebounce = 50 * time.Millisecond  // doors and relays chatter for 5-20 ms, in wind for longer
	buttonDebounce  = 30 * time.Millisecond  // shorter than the shortest press of a finger, about 80 ms
	mainsDebounce   = 200 * time.Millisecond // a dip of a few cycles is no power cut
)

// contacts is the usual set: normally-closed contacts to GND, pulled up, so
// that a cut cable reads as an open door and as a power cut.
func contacts(tamper, mains, button Input) []Input {
	tamper.Kind, tamper.Bias, tamper.Debounce = InputTamper, BiasUp, contactDebounce
	mains.Kind, mains.Bias, mains.Debounce, mains.ActiveLow = InputMains, BiasUp, mainsDebounce, true
	button.Kind, button.Bias, button.Debounce, button.ActiveLow = InputButton, BiasUp, buttonDebounce, true
	return []Input{tamper, mains, button}
}

// amps gives lines the default times and labels.
func amps(lines ...Amp) []Amp {
	for i := range lines {
		lines[i].Label = ampLabel(i)
		lines[i].Settle, lines[i].Tail = DefaultSettle, DefaultTail
	}
	return lines
}

const activeLowNote = "A relay module that switches at low level needs active_low = true and its own 10 kOhm resistor from the line to 3.3 V, or it is on while the board boots."

// neverCards: HDMI is a screen's loudspeaker or nothing, on every board.
func neverCards() []string { return []string{"hdmi"} }

// cpuTemperature: zones are numbered as they probe; the type begins with
// "cpu" on all of these ("cpu-thermal", "cpu_thermal").
func cpuTemperature() Sensor {
	return Sensor{Kind: SensorTemperature, Path: "sys/class/thermal/thermal_zone*/temp", File: "type", Text: "cpu"}
}

// hardwareWatchdog: the BCM2835 counts to 15.99 s (20 bits at 65536 Hz), the
// sunxi watchdog to 16 s (WDT_MAX_TIMEOUT, drivers/watchdog/sunxi_wdt.c).
func hardwareWatchdog() Watchdog {
	return Watchdog{Path: "/dev/watchdog", Timeout: 15 * time.Second}
}

// raspberry is any board with the 40-pin header J8. Offsets are GPIO numbers.
func raspberry(name, model, chip string, jack bool, compatible ...string) Board {
	// snd_rpi_ and the two others are the sound HATs; their I2S pins 18 to 21
	// are left alone by this profile.
	prefer := []string{"USB-Audio", "snd_rpi_", "hifiberry", "wm8960"}
	if jack {
		// "bcm2835 ALSA" is the same jack under kernels before 5.5.
		prefer = append(prefer, "bcm2835 Headphones", "bcm2835 ALSA")
	}
	return Board{
		Name: name, Model: model, Compatible: compatible, Chip: chip,
		// GPIO 22 to 25 have no I2C, SPI or UART function at all.
		Amps: amps(
			Amp{Line: At(23), Pin: "header pin 16 (GPIO23)"},
			Amp{Line: At(24), Pin: "header pin 18 (GPIO24)"},
		),
		Inputs: contacts(
			Input{Line: At(5), Pin: "header pin 29 (GPIO5)"},
			Input{Line: At(6), Pin: "header pin 31 (GPIO6)"},
			Input{Line: At(27), Pin: "header pin 13 (GPIO27)"},
		),
		LEDs: []LED{{Label: "status", Line: At(26), Pin: "header pin 37 (GPIO26)"}},
		Sensors: []Sensor{cpuTemperature(), {
			// The firmware only says whether the 5 V are below 4.63 V.
			Kind: SensorUnderVoltage, Path: "sys/class/hwmon/hwmon*/in0_lcrit_alarm", File: "name", Text: "rpi_volt",
		}},
		Sound:    Sound{Prefer: prefer, Never: neverCards()},
		Watchdog: hardwareWatchdog(),
		Notes: []string{
			"GND is at header pins 6, 9, 14, 20, 25, 30, 34 and 39.",
			"Third and fourth amplifier: line 25 (header pin 22) and line 22 (header pin 15).",
			activeLowNote,
			"There is no clock chip on the board; a DS3231 on I2C (pins 3 and 5) with its overlay becomes /dev/rtc0.",
		},
	}
}

// sunxi is a line of an Allwinner chip: banks of 32, PA0 = 0, PC4 = 68
// (PINS_PER_BANK, drivers/pinctrl/sunxi/pinctrl-sunxi.h).
func sunxi(bank rune, pin int) Line { return At(int(bank-'A')*32 + pin) }

const (
	noPullNote    = "The chip gives these pins no pull-down at reset: put 10 kOhm from each amplifier's line to GND."
	noBatteryNote = "The clock inside the chip stops without power; a DS3231 on I2C keeps the time."
)

// rtcInside is the sunxi clock: there, but without a battery on these boards.
func rtcInside() RTC { return RTC{Path: "/dev/rtc0"} }

// orangePiPC: H3. Only banks A and G (and L) raise interrupts
// (pinctrl-sun8i-h3.c), so inputs are there.
func orangePiPC() Board {
	return Board{
		Name: "orangepi-pc", Model: "Xunlong Orange Pi PC",
		Compatible: []string{"xunlong,orangepi-pc"}, Chip: "1c20800.pinctrl",
		Amps: amps(
			Amp{Line: sunxi('A', 7), Pin: "header pin 29 (PA7)"},
			Amp{Line: sunxi('A', 8), Pin: "header pin 31 (PA8)"},
		),
		Inputs: contacts(
			Input{Line: sunxi('A', 20), Pin: "header pin 37 (PA20)"},
			Input{Line: sunxi('A', 21), Pin: "header pin 26 (PA21)"},
			Input{Line: sunxi('A', 6), Pin: "header pin 7 (PA6)"},
		),
		LEDs:     []LED{{Label: "status", Line: sunxi('D', 14), Pin: "header pin 12 (PD14)"}},
		Sensors:  []Sensor{cpuTemperature()},
		Sound:    Sound{Prefer: []string{"USB-Audio", "H3 Audio Codec", "audiocodec"}, Never: neverCards()},
		Watchdog: hardwareWatchdog(), RTC: rtcInside(),
		Notes: []string{
			"GND is at header pins 6, 9, 14, 20, 25, 30, 34 and 39.",
			"Third and fourth amplifier: line 9 (header pin 33) and line 10 (header pin 35).",
			noPullNote, activeLowNote, noBatteryNote,
		},
	}
}

// orangePiZero3: H618. All banks raise interrupts. PC9 is on the header but
// is the power chip's interrupt (sun50i-h618-orangepi-zero3.dts), PC12, PC13
// and PC16 are LEDs and USB power, PC0 and PC2 to PC4 the boot flash.
func orangePiZero3() Board {
	return Board{
		Name: "orangepi-zero3", Model: "Xunlong Orange Pi Zero 3",
		Compatible: []string{"xunlong,orangepi-zero3"}, Chip: "300b000.pinctrl",
		Amps: amps(
			Amp{Line: sunxi('C', 11), Pin: "header pin 12 (PC11)"},
			Amp{Line: sunxi('C', 14), Pin: "header pin 18 (PC14)"},
		),
		Inputs: contacts(
			Input{Line: sunxi('C', 7), Pin: "header pin 22 (PC7)"},
			Input{Line: sunxi('C', 10), Pin: "header pin 26 (PC10)"},
			Input{Line: sunxi('C', 8), Pin: "header pin 15 (PC8)"},
		),
		LEDs:    []LED{{Label: "status", Line: sunxi('C', 15), Pin: "header pin 16 (PC15)"}},
		Sensors: []Sensor{cpuTemperature()},
		// Mainline calls the codec "H616 Audio Codec" or "h616-audio-codec",
		// the vendor's kernel "audiocodec".
		Sound: Sound{
			Prefer: []string{"USB-Audio", "H616 Audio Codec", "h616-audio-codec", "audiocodec"},
			Never:  neverCards(),
		},
		Watchdog: hardwareWatchdog(), RTC: rtcInside(),
		Notes: []string{
			"GND is at header pins 6, 9, 14, 20 and 25.",
			"Leave header pin 7 (PC9) alone: it is the power chip's interrupt.",
			"Third and fourth amplifier: line 226 (header pin 8) and line 227 (header pin 10), where UART5 is not used.",
			"Line out is on the 13-pin header, not on a jack.",
			noPullNote, activeLowNote, noBatteryNote,
		},
	}
}

// nanoPiNEO: H3 with a 24-pin header, which has few pins without a second
// function; the inputs take UART2, off in the kernel as shipped.
func nanoPiNEO() Board {
	return Board{
		Name: "nanopi-neo", Model: "FriendlyElec NanoPi NEO",
		Compatible: []string{"friendlyarm,nanopi-neo"}, Chip: "1c20800.pinctrl",
		Amps: amps(
			Amp{Line: sunxi('G', 11), Pin: "header pin 7 (PG11)"},
			Amp{Line: sunxi('A', 6), Pin: "header pin 12 (PA6)"},
		),
		Inputs: contacts(
			Input{Line: sunxi('A', 2), Pin: "header pin 13 (PA2)"},
			Input{Line: sunxi('A', 3), Pin: "header pin 15 (PA3)"},
			Input{Line: sunxi('A', 0), Pin: "header pin 11 (PA0)"},
		),
		LEDs:     []LED{{Label: "status", Line: sunxi('A', 1), Pin: "header pin 22 (PA1)"}},
		Sensors:  []Sensor{cpuTemperature()},
		Sound:    Sound{Prefer: []string{"USB-Audio", "H3 Audio Codec", "audiocodec"}, Never: neverCards()},
		Watchdog: hardwareWatchdog(), RTC: rtcInside(),
		Notes: []string{
			"GND is at header pins 6, 9, 14 and 20.",
			"Third and fourth amplifier: line 200 (header pin 16) and line 201 (header pin 18), where UART1 has no RTS/CTS.",
			"Inputs and LED are on the pins of UART2: leave it off.",
			"Line out is on the 4-pin audio header; the codec needs the analog-codec overlay.",
			noPullNote, activeLowNote, noBatteryNote,
		},
	}
}

// qemuVirt is QEMU's -M virt: a PL061 of 8 lines, pulled down by the machine
// (hw/arm/virt.c). Line 3 is the power button, taken by gpio-keys.
func qemuVirt() Board {
	b := Board{
		Name: "qemu-virt", Model: "QEMU ARM virtual machine (-M virt)",
		Compatible: []string{"linux,dummy-virt"}, Chip: "9030000.pl061",
		Amps: amps(Amp{Line: At(5), Pin: "PL061 line 5"}, Amp{Line: At(6), Pin: "PL061 line 6"}),
		Inputs: contacts(
			Input{Line: At(0), Pin: "PL061 line 0"},
			Input{Line: At(1), Pin: "PL061 line 1"},
			Input{Line: At(2), Pin: "PL061 line 2"},
		),
		LEDs:    []LED{{Label: "status", Line: At(4), Pin: "PL061 line 4"}},
		Sensors: []Sensor{},
		Sound:   Sound{Prefer: []string{"USB-Audio"}, Never: neverCards()},
		RTC:     RTC{Path: "/dev/rtc0", Battery: true}, // PL031, kept by the host
		Notes:   []string{"For tests of the firmware. Line 3 is the machine's power button."},
	}
	return b
}

// simulated is the cluster of loasim: everything fitted, and lines that nobody
// drives (low) mean door closed, mains there, button not pressed.
func simulated() Board {
	b := Board{
		Name: "sim", Model: "simulated cluster", Compatible: []string{}, Chip: "sim",
		Amps: amps(Amp{Line: At(0), Pin: "line 0"}, Amp{Line: At(1), Pin: "line 1"}),
		Inputs: contacts(
			Input{Line: At(2), Pin: "line 2"},
			Input{Line: At(3), Pin: "line 3"},
			Input{Line: At(4), Pin: "line 4"},
		),
		LEDs:    []LED{{Label: "status", Line: At(5), Pin: "line 5"}},
		Sensors: []Sensor{},
		Sound:   Sound{Prefer: []string{}, Never: neverCards()},
		RTC:     RTC{Path: "", Battery: false},
		Notes:   []string{"No hardware: the simulator's lines."},
	}
	for i := range b.Inputs {
		b.Inputs[i].Fitted = true
		b.Inputs[i].Bias = BiasAsIs
		b.Inputs[i].ActiveLow = b.Inputs[i].Kind == InputMains
	}
	return b
}
