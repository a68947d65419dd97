package gpio

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func TestDebounceWaitsForAWholeQuietPeriod(t *testing.T) {
	at := func(ms int) time.Time { return time.Unix(0, 0).Add(time.Duration(ms) * time.Millisecond) }
	d := debouncer{period: 50 * time.Millisecond}
	d.start(false)
	assert.False(t, d.sample(true, at(0)))
	assert.False(t, d.sample(false, at(10)), "chatter")
	assert.False(t, d.sample(true, at(20)))
	assert.False(t, d.sample(true, at(69)))
	assert.True(t, d.sample(true, at(70)))
	assert.False(t, d.sample(true, at(80)), "told once")
	assert.False(t, d.sample(false, at(90)))
	assert.True(t, d.sample(false, at(140)))
}

func TestDebounceOfNothingIsImmediate(t *testing.T) {
	var d debouncer
	d.start(true)
	assert.True(t, d.sample(false, time.Unix(0, 0)))
}

// Whatever the samples, the stable level changes only after a full period
// without a sample of the other level.
func TestDebounceNeverChangesOnChatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := debouncer{period: time.Duration(rapid.IntRange(1, 100).Draw(t, "period")) * time.Millisecond}
		d.start(false)
		now, quiet := time.Unix(0, 0), time.Unix(0, 0)
		last, stable := false, false
		for range 100 {
			now = now.Add(time.Duration(rapid.IntRange(0, 60).Draw(t, "ms")) * time.Millisecond)
			level := rapid.Bool().Draw(t, "level")
			if level != last {
				last, quiet = level, now
			}
			if d.sample(level, now) {
				if level == stable || now.Sub(quiet) < d.period {
					t.Fatalf("changed to %v after %s of quiet", level, now.Sub(quiet))
				}
				stable = level
			}
			if d.stable != stable {
				t.Fatal("changed without saying so")
			}
		}
	})
}
