package mp3

const (
	// usualEnergy is the sum of squares of a granule's lines above which a level
	// must be that of other granules too. A sine at full scale has about 1 and a
	// square wave 2; this is 6 dB above that: more than the loudest masters
	// overshoot, far less than most flipped bits of a gain make.
	usualEnergy = 8
	// mostEnergy is 24 dB above that, and damage however often it is met: tools
	// that raise the gain of a file in its frames do so by less.
	mostEnergy = 250 * usualEnergy
	// levelJump is 6 dB: levels closer than that are taken for the same.
	levelJump = 4
	// steadyGranules of the last levelGranules, 1.2 to 7 s, must have been as loud
	// as one above usualEnergy, itself among them. So a loud file loses three
	// granules where it begins, and a siren none after its pauses.
	steadyGranules = 4
	levelGranules  = 96
)

// levelJudge tells a loud file from damage. A file whose gain was raised in its
// frames is loud at many places; where bits were damaged one granule is, or two.
//
// What it says depends on the last levelGranules only: Decoder.Skip counts on
// that.
type levelJudge struct {
	last [levelGranules]float32 // energies; 0 where a granule was not readable
	at   int                    // the next one's place
}

// likely is false for a granule whose energy no sound has, or none that this
// file was seen to have.
func (j *levelJudge) likely(energy float32) bool {
	if !(energy <= mostEnergy) {
		j.unreadable()
		return false
	}
	j.add(energy)
	if energy <= usualEnergy {
		return true
	}
	n := 0
	for _, e := range j.last {
		if e >= energy/levelJump {
			n++
		}
	}
	return n >= steadyGranules
}

// unreadable counts a granule of which nothing is known.
func (j *levelJudge) unreadable() { j.add(0) }

func (j *levelJudge) add(energy float32) {
	j.last[j.at] = energy
	j.at = (j.at + 1) % levelGranules
}

// energy is the sum of squares.
func energy(x []float32) (sum float32) {
	for _, v := range x {
		sum += v * v
	}
	return sum
}
