package main

import (
	"encoding/xml"
	"fmt"
	"math"
	"os"
	"strings"
	"time"
)

// Sizes of the drawing, in user units.
const (
	drawWidth  = 1000.0
	drawLeft   = 150.0
	drawSound  = 120.0
	drawAmp    = 26.0
	drawMargin = 16.0
)

// timeline draws a recording and the amplifiers above one axis of time, so
// that a person sees at a look that the relays were on before the sound and
// off after it.
type timeline struct {
	b      strings.Builder
	length time.Duration
	y      float64
}

// x is where a moment stands.
func (tl *timeline) x(at time.Duration) float64 {
	return drawLeft + (drawWidth-drawLeft-drawMargin)*at.Seconds()/tl.length.Seconds()
}

func (tl *timeline) text(x, y float64, anchor, s string) {
	fmt.Fprintf(&tl.b, `<text x="%.1f" y="%.1f" text-anchor="%s">`, x, y, anchor)
	_ = xml.EscapeText(&tl.b, []byte(s))
	tl.b.WriteString("</text>\n")
}

// sound draws the peaks of a tenth of a second each, mirrored.
func (tl *timeline) sound(peaks []float64) {
	mid := tl.y + drawSound/2
	tl.text(drawLeft-10, mid+4, "end", "sound")
	fmt.Fprintf(&tl.b, `<line class="axis" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`+"\n", drawLeft, mid, drawWidth-drawMargin, mid)
	for i, p := range peaks {
		h := p * drawSound / 2
		if h < 0.3 {
			continue
		}
		x := tl.x(time.Duration(i) * 100 * time.Millisecond)
		fmt.Fprintf(&tl.b, `<line class="sound" x1="%.2f" y1="%.1f" x2="%.2f" y2="%.1f"/>`+"\n", x, mid-h, x, mid+h)
	}
	tl.y += drawSound + drawMargin
}

// amp draws when a line was on.
func (tl *timeline) amp(name string, spans [][2]time.Duration) {
	tl.text(drawLeft-10, tl.y+drawAmp-9, "end", name)
	fmt.Fprintf(&tl.b, `<line class="axis" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`+"\n", drawLeft, tl.y+drawAmp-4, drawWidth-drawMargin, tl.y+drawAmp-4)
	for _, s := range spans {
		a, b := tl.x(s[0]), tl.x(min(s[1], tl.length))
		fmt.Fprintf(&tl.b, `<rect class="amp" x="%.2f" y="%.1f" width="%.2f" height="%.1f"/>`+"\n", a, tl.y, b-a, drawAmp-4)
	}
	tl.y += drawAmp
}

// mark draws a moment with its name across everything above.
func (tl *timeline) mark(at time.Duration, name string) {
	x := tl.x(at)
	fmt.Fprintf(&tl.b, `<line class="mark" x1="%.2f" y1="%.1f" x2="%.2f" y2="%.1f"/>`+"\n", x, 2*drawMargin-4, x, tl.y)
	tl.text(x+4, 2*drawMargin-6, "start", name)
}

// scale draws the seconds below.
func (tl *timeline) scale() {
	step := math.Max(1, math.Round(tl.length.Seconds()/60)*5)
	for s := 0.0; s <= tl.length.Seconds(); s += step {
		x := tl.x(time.Duration(s * float64(time.Second)))
		tl.text(x, tl.y+14, "middle", fmt.Sprintf("%.0f s", s))
	}
	tl.y += 24
}

// write puts the drawing into a file.
func (tl *timeline) write(path string) error {
	head := fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" font-family="sans-serif" font-size="13">
<style>text{fill:#333}.axis{stroke:#bbb}.sound{stroke:#1769aa;stroke-width:1.4}.amp{fill:#e8a33d}.mark{stroke:#b00020;stroke-dasharray:4 3}</style>
<rect width="100%%" height="100%%" fill="white"/>
`, drawWidth, tl.y+drawMargin/2)
	return os.WriteFile(path, []byte(head+tl.b.String()+"</svg>\n"), 0o644)
}

// draw makes timeline.svg of a demonstration.
func (s *show) draw(h heard, path string) error {
	zero := s.dev.SoundBegan()
	tl := &timeline{length: h.length, y: 2 * drawMargin}
	tl.sound(h.tenth)
	for _, a := range s.board.Amps {
		tl.amp(fmt.Sprintf("%s (line %s)", a.Label, a.Line), s.spans(a.Line.String(), zero))
	}
	tl.mark(s.planned.Sub(zero), "planned "+s.planned.Format("15:04:05"))
	tl.scale()
	return tl.write(path)
}

// spans are the times during which a line was on.
func (s *show) spans(line string, zero time.Time) (out [][2]time.Duration) {
	var from time.Duration
	on := false
	for _, p := range s.pins {
		if p.line != line || (p.value == 1) == on {
			continue
		}
		on = p.value == 1
		if on {
			from = p.at.Sub(zero)
		} else {
			out = append(out, [2]time.Duration{from, p.at.Sub(zero)})
		}
	}
	return out
}
