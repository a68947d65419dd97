package loa

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"
	_ "time/tzdata" // a board's file system may hold no zone data
)

// Limits of documents (loa/1). They bound what a signed but mistaken document
// can make a device hold or do.
const (
	MaxDocument = 256 << 10 // bytes of one payload
	MaxItems    = 1000      // items in one document
	MaxMedia    = 64        // media of one item
	MaxRepeat   = 1000      // plays of one item
	MaxExDate   = 500       // excluded dates of one item
	MaxInline   = 64 << 10  // bytes of inline media in one document, decoded
	MaxID       = 64        // bytes of an item's id
	MaxLevel    = 9         // depth of an issuing office; 0 is national
	MaxMediaLen = 64 << 20  // bytes of one media file

	DefaultLate = Duration(10 * time.Minute)
	DefaultZone = "Asia/Ho_Chi_Minh"

	day = Duration(24 * time.Hour)
)

// Header is what every document carries besides its content. In a plan file
// on the device itself (unsigned) all but V may be absent.
type Header struct {
	V   int       `json:"v"`             // version of the format, 1
	Iss string    `json:"iss,omitempty"` // issuing source, a URL
	Aud string    `json:"aud,omitempty"` // device id or area
	Seq uint64    `json:"seq,omitempty"` // rises with each document
	Iat time.Time `json:"iat,omitzero"`  // signed at
	Exp time.Time `json:"exp,omitzero"`  // not in force from then on; zero: no end
}

// Plan is what is scheduled (loa-plan): the whole desired state, replaced as
// one.
type Plan struct {
	Header
	Zone   string     `json:"zone"` // IANA zone in which local times are meant
	Policy *Policy    `json:"policy,omitempty"`
	Items  []PlanItem `json:"items"`

	// Unknown lists members that were ignored, by path, up to 100 of them: a
	// hint at a typing mistake in a plan written by hand.
	Unknown []string `json:"-"`
}

// Item is what plan items and air items share: what to play and how.
type Item struct {
	ID       string   `json:"id"`
	Class    Class    `json:"class"`
	Level    int      `json:"level"` // depth of the issuing office, 0 (national) to MaxLevel
	Title    string   `json:"title,omitempty"`
	Lang     string   `json:"lang,omitempty"`      // BCP 47
	Media    []Media  `json:"media,omitempty"`     // played in order without a gap
	Repeat   int      `json:"repeat,omitempty"`    // number of plays, 1 = once
	Gap      Duration `json:"gap"`                 // silence between plays
	GainDB   float64  `json:"gain_db,omitempty"`   // added to the calibrated level, -60 to +12
	AfterCut AfterCut `json:"after_cut,omitempty"` // what becomes of it once a higher item ended
}

// PlanItem is an item with its times.
type PlanItem struct {
	Item
	Start    LocalTime   `json:"start"`            // first occurrence, in the plan's zone
	RRule    string      `json:"rrule,omitempty"`  // RFC 5545 recurrence, without DTSTART
	ExDate   []LocalTime `json:"exdate,omitempty"` // occurrences left out
	Late     Duration    `json:"late"`             // how long it may wait for its turn
	Stream   string      `json:"stream,omitempty"` // URL of a station to relay, instead of media
	Duration Duration    `json:"duration,omitempty"`
	Fallback string      `json:"fallback,omitempty"` // id of the item played when the stream fails
}

// Media is one sound file, known by what it holds.
type Media struct {
	SHA256   string   `json:"sha256,omitempty"` // lower-case hex
	Bytes    int64    `json:"bytes,omitempty"`
	Type     string   `json:"type,omitempty"`
	Duration Duration `json:"duration,omitempty"` // 0: not stated
	File     string   `json:"file,omitempty"`     // plan files on the device only: a name in media_dir instead of sha256
	Inline   []byte   `json:"inline,omitempty"`   // air only: the file itself
}

// AfterCut says what becomes of an item that a higher one interrupted.
type AfterCut uint8

// What may become of an interrupted item.
const (
	Resume  AfterCut = iota // go on where it was cut
	Restart                 // play it again from its beginning
	Skip                    // drop it
)

var afterCutNames = [...]string{"resume", "restart", "skip"}

const afterCutAllowed = `"resume", "restart" or "skip"`

func parseAfterCut(s string) (AfterCut, error) {
	for i, n := range afterCutNames {
		if n == s {
			return AfterCut(i), nil
		}
	}
	return 0, fmt.Errorf("after_cut %q is not allowed; allowed: %s", clip(s, 40), afterCutAllowed)
}

// String is the JSON name.
func (a AfterCut) String() string {
	if int(a) < len(afterCutNames) {
		return afterCutNames[a]
	}
	return fmt.Sprintf("after_cut(%d)", uint8(a))
}

// MarshalText writes the JSON name.
func (a AfterCut) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads the JSON name.
func (a *AfterCut) UnmarshalText(b []byte) (err error) {
	*a, err = parseAfterCut(string(b))
	return err
}

// ParsePlan reads and checks the payload of a loa-plan. Its error joins up to
// 20 FieldErrors, each naming a member and what is allowed. RRULEs are checked
// by the scheduler, which has the library for them.
func ParsePlan(b []byte) (*Plan, error) {
	var p problems
	o, err := decodeObject(b, &p)
	if err != nil {
		return nil, err
	}
	plan := &Plan{Header: parseHeader(o)}
	plan.Zone = parsed(o, "zone", false, DefaultZone, `an IANA zone such as "Asia/Ho_Chi_Minh"`, parseZone)
	if po, ok := o.child("policy"); ok {
		plan.Policy = parsePolicy(po)
	}
	if _, there := o.m["items"]; !there { // null is how Go writes an empty list
		p.add("items", nil, "an array of items, which may be empty")
	}
	for _, io := range o.objects("items", MaxItems) {
		plan.Items = append(plan.Items, parsePlanItem(io))
	}
	checkIDs(&p, len(plan.Items), func(i int) string { return plan.Items[i].ID })
	checkFallbacks(&p, plan.Items)
	plan.Unknown = p.unknown()
	if err := p.err(); err != nil {
		return nil, err
	}
	return plan, nil
}

func parseHeader(o object) Header {
	h := Header{
		V:   version(o),
		Iss: o.text("iss", false, 256),
		Aud: o.text("aud", false, 256),
		Seq: uint64(o.integer("seq", 0, 0, 1<<62)),
		Iat: o.instant("iat", false),
		Exp: o.instant("exp", false),
	}
	return h
}

// version refuses all but 1: members of another version may mean anything.
func version(o object) int {
	v, _ := o.get("v")
	if v != json.Number("1") {
		o.p.add("v", v, "1, the only version there is")
		return 0
	}
	return 1
}

func parseZone(s string) (string, error) {
	if s == "" || s == "Local" || len(s) > 64 {
		return "", ErrInvalid
	}
	_, err := time.LoadLocation(s)
	return s, err
}

func parsePlanItem(o object) PlanItem {
	it := PlanItem{
		Item:     parseItem(o),
		Start:    parsed(o, "start", true, LocalTime{}, `a local date and time without zone such as "2026-11-22T05:30:00"`, ParseLocalTime),
		RRule:    o.text("rrule", false, 512),
		ExDate:   texts(o, "exdate", MaxExDate, `a local date and time without zone such as "2026-11-22T05:30:00"`, ParseLocalTime),
		Late:     o.duration("late", DefaultLate, 0, day),
		Stream:   parsed(o, "stream", false, "", "an http or https URL of at most 1024 bytes", parseStream),
		Duration: o.duration("duration", 0, Duration(time.Second), day),
		Fallback: o.text("fallback", false, MaxID),
	}
	switch {
	case !o.has("stream") && !o.has("media"):
		o.p.add(o.at("media"), nil, "one or more media, or a stream")
	case !o.has("stream") && o.empty("media"):
		o.p.add(o.at("media"), "an empty list", "one or more media, or a stream")
	case it.Stream != "" && len(it.Media) > 0:
		o.p.add(o.at("stream"), it.Stream, "either media or a stream, not both")
	case it.Stream != "" && it.Duration == 0 && !o.has("duration"):
		o.p.add(o.at("duration"), nil, "how long the stream is relayed, from PT1S to PT24H")
	}
	for i, m := range it.Media {
		if m.Inline != nil {
			o.p.add(fmt.Sprintf("%s[%d].inline", o.at("media"), i), "inline sound", "no inline sound in a plan, only on air")
		}
	}
	return it
}

func parseStream(s string) (string, error) {
	u, err := url.Parse(s) // refuses control characters
	if err != nil || len(s) > 1024 || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return "", ErrInvalid
	}
	return s, nil
}

// parseItem reads the members that plan and air items share.
func parseItem(o object) Item {
	it := Item{
		ID:       o.text("id", true, MaxID),
		Class:    parsed(o, "class", false, Normal, classAllowed, ParseClass),
		Level:    int(o.integer("level", 0, 0, MaxLevel)),
		Title:    o.text("title", false, 512),
		Lang:     o.text("lang", false, 35),
		Repeat:   int(o.integer("repeat", 1, 1, MaxRepeat)),
		Gap:      o.duration("gap", 0, 0, day),
		GainDB:   o.decimal("gain_db", 0, -60, 12),
		AfterCut: parsed(o, "after_cut", false, Resume, afterCutAllowed, parseAfterCut),
	}
	for _, mo := range o.objects("media", MaxMedia) {
		it.Media = append(it.Media, parseMedia(mo))
	}
	return it
}

func parseMedia(o object) Media {
	m := Media{
		SHA256:   parsed(o, "sha256", false, "", "64 lower-case hexadecimal digits", parseDigest),
		Bytes:    o.integer("bytes", 0, 1, MaxMediaLen),
		Type:     o.text("type", false, 64),
		Duration: o.duration("duration", 0, 0, day),
		File:     parsed(o, "file", false, "", "a file name without folders", parseFileName),
	}
	m.Inline = parsed(o, "inline", false, nil, fmt.Sprintf("base64 of at most %d bytes", MaxInline), parseInline)
	if !o.has("sha256") && !o.has("file") {
		o.p.add(o.at("sha256"), nil, "64 lower-case hexadecimal digits")
	}
	return m
}

func parseDigest(s string) (string, error) {
	if b, err := hex.DecodeString(s); err != nil || len(b) != 32 || strings.ToLower(s) != s {
		return "", ErrInvalid
	}
	return s, nil
}

func parseFileName(s string) (string, error) {
	if s == "" || len(s) > 255 || strings.ContainsAny(s, "/\\\x00") || s == "." || s == ".." {
		return "", ErrInvalid
	}
	return s, nil
}

// checkIDs refuses two items of one name: events could not be told apart.
func checkIDs(p *problems, n int, id func(int) string) {
	first := map[string]int{}
	for i := range n {
		if id(i) == "" {
			continue
		}
		if j, twice := first[id(i)]; twice {
			p.add(fmt.Sprintf("items[%d].id", i), id(i), fmt.Sprintf("an id of its own (items[%d] has the same)", j))
			continue
		}
		first[id(i)] = i
	}
}

func checkFallbacks(p *problems, items []PlanItem) {
	media := map[string]bool{}
	for _, it := range items {
		media[it.ID] = len(it.Media) > 0
	}
	for i, it := range items {
		if it.Fallback != "" && !media[it.Fallback] {
			p.add(fmt.Sprintf("items[%d].fallback", i), it.Fallback, "the id of an item of this plan that has media")
		}
	}
}
