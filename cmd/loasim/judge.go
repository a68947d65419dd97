package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"loa"
	"loa/speaker/wav"
)

// heard is what a recording holds, by level.
type heard struct {
	first, last time.Duration // of sound above the floor
	silent      bool
	length      time.Duration
	second      []float64 // peak of each second, full scale 1
	tenth       []float64 // and of each tenth of a second
}

// floor is the level above which a sample counts as sound: -66 dBFS.
const floor = 1.0 / 2048

// listen reads a recording.
func listen(path string) (heard, error) {
	f, err := os.Open(path)
	if err != nil {
		return heard{}, err
	}
	defer f.Close()
	r, err := wav.NewReader(f)
	if err != nil {
		return heard{}, fmt.Errorf("%s: %w", path, err)
	}
	h := heard{silent: true}
	info := r.Info()
	buf := make([]float32, info.Rate*info.Channels/10)
	var n int64
	at := func(frame int64) time.Duration { return time.Duration(float64(frame) / float64(info.Rate) * 1e9) }
	for {
		frames, err := r.ReadFloat(buf)
		for i := range frames {
			h.add(buf[i*info.Channels:(i+1)*info.Channels], at(n+int64(i)))
		}
		n += int64(frames)
		if err != nil || frames == 0 {
			break
		}
	}
	h.length = at(n)
	return h, nil
}

func (h *heard) add(frame []float32, at time.Duration) {
	peak := 0.0
	for _, x := range frame {
		peak = max(peak, float64(x), -float64(x))
	}
	h.second = highest(h.second, int(at/time.Second), peak)
	h.tenth = highest(h.tenth, int(at/(100*time.Millisecond)), peak)
	if peak < floor {
		return
	}
	if h.silent {
		h.first, h.silent = at, false
	}
	h.last = at
}

// highest makes element i at least v.
func highest(list []float64, i int, v float64) []float64 {
	for len(list) <= i {
		list = append(list, 0)
	}
	list[i] = max(list[i], v)
	return list
}

// onTime is how far the first sound may lie from its planned moment: the
// bulletin's own silence at its head, and the pace of a loaded machine.
const onTime = time.Second

// judge says what should have sounded and did not.
func (s *show) judge(h heard, zero time.Time) error {
	if s.ended.Before(s.over) {
		s.say("stopped before the bulletin was over (%.0f s are needed): not judged", s.over.Sub(s.began).Seconds())
		return nil
	}
	if h.silent {
		return errors.New("nothing sounded: audio.wav is silent")
	}
	var errs []error
	if off := h.first - s.planned.Sub(zero); off.Abs() > onTime {
		errs = append(errs, fmt.Errorf("the first sound came %s from its planned moment", off))
	}
	if len(s.plays) == 0 || s.plays[0].Result != loa.ResultPlayed {
		errs = append(errs, fmt.Errorf("the bulletin was not played to its end: %+v", s.plays))
	}
	on := map[string]bool{}
	for _, p := range s.pins {
		at := p.at.Sub(zero)
		switch {
		case p.value == 1 && !on[p.line] && at > h.first-s.settle():
			errs = append(errs, fmt.Errorf("amplifier on line %s came on at %s, the first sound at %s: it had not settled", p.line, at, h.first))
		case p.value == 0 && on[p.line] && at < h.last:
			errs = append(errs, fmt.Errorf("amplifier on line %s went off at %s, before the last sound at %s", p.line, at, h.last))
		}
		on[p.line] = p.value == 1
	}
	for line, isOn := range on {
		if isOn {
			errs = append(errs, fmt.Errorf("amplifier on line %s was left on", line))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	s.say("as planned: sound from %.2f s to %.2f s, the amplifiers on before and off after", h.first.Seconds(), h.last.Seconds())
	return nil
}

// picture draws the recording: a column for each second, the amplifiers below.
func (s *show) picture(h heard) {
	const rows = 6
	zero := s.dev.SoundBegan()
	fmt.Fprintln(s.out)
	for r := rows; r > 0; r-- {
		var b strings.Builder
		for _, p := range h.second {
			mark := " "
			if p > floor && p*rows > float64(r-1) {
				mark = "█"
			}
			b.WriteString(mark)
		}
		fmt.Fprintf(s.out, "  sound %s\n", b.String())
	}
	fmt.Fprintf(s.out, "   amps %s\n", s.ampRow(len(h.second), zero))
	var scale strings.Builder
	for i := 0; i < len(h.second); i += 10 {
		fmt.Fprintf(&scale, "%-10s", fmt.Sprintf("|%ds", i))
	}
	fmt.Fprintf(s.out, "        %s\n", scale.String())
}

func (s *show) ampRow(seconds int, zero time.Time) string {
	row := []rune(strings.Repeat("·", seconds))
	on := map[string]time.Duration{}
	for _, p := range s.pins {
		at := p.at.Sub(zero)
		if p.value == 1 {
			on[p.line] = at
		} else if from, ok := on[p.line]; ok {
			for i := max(0, int(from.Seconds())); i <= int(at.Seconds()) && i < seconds; i++ {
				row[i] = '='
			}
			delete(on, p.line)
		}
	}
	return string(row)
}
