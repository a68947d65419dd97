package loa

import (
	"encoding/base64"
	"fmt"
	"time"
)

// Air is what is on air now in an area (loa-air): the whole desired state of
// one signer for one area. What a device plays is the union over signers and
// areas.
type Air struct {
	Header
	Items   []AirItem `json:"items"`
	Silence []Silence `json:"silence,omitempty"`
	Unknown []string  `json:"-"` // members that were ignored, by path
}

// AirItem is an item that begins at once or at a moment and lasts until End.
type AirItem struct {
	Item
	Begin time.Time `json:"begin,omitzero"` // zero: at once
	End   time.Time `json:"end"`            // at most 24 h after the document's iat
	Tone  Tone      `json:"tone,omitempty"`
	Live  *Live     `json:"live,omitempty"`
	Test  bool      `json:"test,omitempty"` // the silent drill: everything but the amplifier
}

// Live says where live sound comes from.
type Live struct {
	SDP string `json:"sdp"`           // RFC 8866
	TLS string `json:"tls,omitempty"` // host:port for RFC 4571 framing
}

// Silence stops what is less urgent than its class, from an office of the same
// or a lower rank.
type Silence struct {
	ID       string    `json:"id"`
	From     time.Time `json:"from"`
	Until    time.Time `json:"until"` // at most 24 h after From
	MaxClass Class     `json:"max_class"`
	Level    int       `json:"level"`
}

// Tone is a signal built into the firmware, so that an alert sounds with no
// media at all.
type Tone uint8

// The tones.
const (
	NoTone    Tone = iota
	Chime          // chuông: before a live announcement
	Attention      // tín hiệu chú ý
	Siren          // còi báo động
)

var toneNames = [...]string{"none", "chime", "attention", "siren"}

const toneAllowed = `"none", "chime", "attention" or "siren"`

func parseTone(s string) (Tone, error) {
	for i, n := range toneNames {
		if n == s {
			return Tone(i), nil
		}
	}
	return 0, fmt.Errorf("tone %q is not allowed; allowed: %s", clip(s, 40), toneAllowed)
}

// String is the JSON name.
func (t Tone) String() string {
	if int(t) < len(toneNames) {
		return toneNames[t]
	}
	return fmt.Sprintf("tone(%d)", uint8(t))
}

// MarshalText writes the JSON name.
func (t Tone) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads the JSON name.
func (t *Tone) UnmarshalText(b []byte) (err error) {
	*t, err = parseTone(string(b))
	return err
}

// ParseAir reads and checks the payload of a loa-air. Its error is made like
// ParsePlan's.
func ParseAir(b []byte) (*Air, error) {
	var p problems
	o, err := decodeObject(b, &p)
	if err != nil {
		return nil, err
	}
	air := &Air{Header: parseHeader(o)}
	inline := 0
	for _, io := range o.objects("items", MaxItems) {
		it := parseAirItem(io, air.Iat)
		for _, m := range it.Media {
			inline += len(m.Inline)
		}
		air.Items = append(air.Items, it)
	}
	if inline > MaxInline {
		p.add("items", fmt.Sprintf("%d bytes of inline media", inline), fmt.Sprintf("at most %d bytes in all", MaxInline))
	}
	for _, so := range o.objects("silence", MaxItems) {
		air.Silence = append(air.Silence, parseSilence(so))
	}
	checkIDs(&p, len(air.Items), func(i int) string { return air.Items[i].ID })
	air.Unknown = p.unknown()
	if err := p.err(); err != nil {
		return nil, err
	}
	return air, nil
}

func parseAirItem(o object, iat time.Time) AirItem {
	it := AirItem{
		Item:  parseItem(o),
		Begin: o.instant("begin", false),
		End:   o.instant("end", true),
		Tone:  parsed(o, "tone", false, NoTone, toneAllowed, parseTone),
		Test:  o.flag("test"),
	}
	if !o.has("repeat") && !o.has("live") {
		it.Repeat = 0 // until End
	}
	if it.Class == Emergency && !o.has("gap") {
		it.Gap = emergencyGap
	}
	if l, ok := o.child("live"); ok {
		it.Live = &Live{SDP: l.text("sdp", true, 16<<10), TLS: l.text("tls", false, 256)}
		if len(it.Media) > 0 {
			o.p.add(o.at("live"), "an object", "either media or live, not both")
		}
	}
	for i, m := range it.Media {
		if m.File != "" {
			o.p.add(fmt.Sprintf("%s[%d].file", o.at("media"), i), m.File, "sha256 only")
		}
	}
	if tone, _ := o.get("tone"); (!o.has("media") || o.empty("media")) && !o.has("live") && (tone == nil || tone == "none") {
		o.p.add(o.at("tone"), "none", `"chime", "attention" or "siren" for an item with neither media nor live`)
	}
	checkSpan(o, it.Begin, it.End, iat)
	return it
}

// checkSpan checks when an item is over. An end that cannot be read was
// reported already.
func checkSpan(o object, begin, end, iat time.Time) {
	if end.IsZero() {
		return
	}
	found := end.Format(time.RFC3339)
	switch {
	case !begin.IsZero() && !end.After(begin):
		o.p.add(o.at("end"), found, "a time after begin")
	case !begin.IsZero() && end.Sub(begin) > day.Std():
		o.p.add(o.at("end"), found, "at most 24 h after begin")
	case !iat.IsZero() && end.Sub(iat) > day.Std():
		o.p.add(o.at("end"), found, "at most 24 h after iat")
	}
}

// emergencyGap is the pause between two plays of an emergency when the item
// names none: ISO 7240-16 allows at most 10 s of silence.
const emergencyGap = Duration(10 * time.Second)

func parseSilence(o object) Silence {
	s := Silence{
		ID:       o.text("id", true, MaxID),
		From:     o.instant("from", true),
		Until:    o.instant("until", true),
		MaxClass: parsed(o, "max_class", false, Normal, classAllowed, ParseClass),
		Level:    int(o.integer("level", 0, 0, MaxLevel)),
	}
	if d := s.Until.Sub(s.From); !s.From.IsZero() && !s.Until.IsZero() && (d <= 0 || d > day.Std()) {
		o.p.add(o.at("until"), s.Until.Format(time.RFC3339), "a time after from, at most 24 h later")
	}
	return s
}

func parseInline(s string) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(b) > MaxInline {
		return nil, ErrInvalid
	}
	return b, nil
}
