package loa

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// digestA is a well-formed digest.
const digestA = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"

// morningPlan is the example of the protocol.
const morningPlan = `{"v":1,"iss":"https://nguon.example","aud":"k3qabcdefghijklm","seq":42,"iat":"2026-11-21T10:00:00Z","exp":"2026-12-21T00:00:00Z",
 "zone":"Asia/Ho_Chi_Minh",
 "policy":{"windows":[{"days":["MO","TU","WE","TH","FR"],"from":"05:30","to":"06:30"},{"from":"22:00","to":"04:00"}],
           "max_session":"PT45M","max_sessions_per_day":2,"volume":[{"from":"05:00","to":"06:00","max_db":-9}]},
 "items":[{"id":"b-1021","class":"normal","level":2,"title":"Bản tin sáng","lang":"vi","start":"2026-11-22T05:30:00","rrule":"FREQ=DAILY;COUNT=30","exdate":["2026-11-23T05:30:00"],
           "media":[{"sha256":"` + digestA + `","bytes":480000,"type":"audio/mpeg","duration":"PT80S"}],"repeat":2,"gap":"PT5S","gain_db":-1.5,"late":"PT15M","after_cut":"restart"},
          {"id":"vov","class":"priority","level":0,"start":"2026-11-22T06:00:00","rrule":"FREQ=DAILY","stream":"https://vov.example/vov1.mp3","duration":"PT30M","fallback":"b-1021"}]}`

func TestPlanIsReadWhole(t *testing.T) {
	p, err := ParsePlan([]byte(morningPlan))
	require.NoError(t, err)
	assert.Equal(t, "https://nguon.example", p.Iss)
	assert.Equal(t, uint64(42), p.Seq)
	assert.Equal(t, time.Date(2026, 12, 21, 0, 0, 0, 0, time.UTC), p.Exp)
	assert.Equal(t, "Asia/Ho_Chi_Minh", p.Zone)
	assert.Equal(t, Duration(45*time.Minute), p.Policy.MaxSession)
	assert.Equal(t, Window{Days: []Weekday{1, 2, 3, 4, 5}, From: 5*60 + 30, To: 6*60 + 30}, p.Policy.Windows[0])
	assert.Equal(t, -9.0, p.Policy.Volume[0].MaxDB)
	require.Len(t, p.Items, 2)

	b := p.Items[0]
	assert.Equal(t, Item{
		ID: "b-1021", Class: Normal, Level: 2, Title: "Bản tin sáng", Lang: "vi", Repeat: 2, Gap: Duration(5 * time.Second), GainDB: -1.5, AfterCut: Restart,
		Media: []Media{{SHA256: digestA, Bytes: 480000, Type: "audio/mpeg", Duration: Duration(80 * time.Second)}},
	}, b.Item)
	assert.Equal(t, LocalTime{2026, 11, 22, 5, 30, 0}, b.Start)
	assert.Equal(t, []LocalTime{{2026, 11, 23, 5, 30, 0}}, b.ExDate)
	assert.Equal(t, Duration(15*time.Minute), b.Late)
	assert.Equal(t, "b-1021", p.Items[1].Fallback)
	assert.Empty(t, p.Unknown)
}

func TestPlanDefaults(t *testing.T) {
	p, err := ParsePlan([]byte(`{"v":1,"items":[{"id":"a","start":"2026-11-22T05:30:00","media":[{"file":"bản tin.mp3"}]}]}`))
	require.NoError(t, err)
	assert.Equal(t, DefaultZone, p.Zone)
	assert.Nil(t, p.Policy)
	assert.Equal(t, Normal, p.Items[0].Class)
	assert.Equal(t, 1, p.Items[0].Repeat)
	assert.Equal(t, DefaultLate, p.Items[0].Late)
	assert.Equal(t, Resume, p.Items[0].AfterCut)
}

// refusal is a document that breaks one rule: where, and what its author is
// told.
type refusal struct{ name, doc, path, found, allowed string }

func (r refusal) check(t *testing.T, err error) {
	t.Helper()
	require.ErrorIs(t, err, ErrInvalid)
	var list []string
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			list = append(list, e.Error())
		}
	}
	require.Len(t, list, 1, "one mistake, one message")
	assert.Contains(t, list[0], r.path+": ")
	assert.Contains(t, list[0], r.found)
	assert.Contains(t, list[0], "allowed: ")
	assert.Contains(t, list[0], r.allowed)
}

// inItem makes a plan of one good item, with one member set to a value.
func inItem(member, value string) string {
	item := map[string]json.RawMessage{
		"id": []byte(`"a"`), "start": []byte(`"2026-11-22T05:30:00"`), "media": []byte(`[{"sha256":"` + digestA + `"}]`),
	}
	if value == "" {
		delete(item, member)
	} else {
		item[member] = []byte(value)
	}
	b, err := json.Marshal(map[string]any{"v": 1, "items": []any{item}})
	if err != nil {
		panic(err)
	}
	return string(b)
}

func inMedia(member, value string) string {
	return inItem("media", fmt.Sprintf(`[{"sha256":"%s",%q:%s}]`, digestA, member, value))
}

func TestPlanRefusals(t *testing.T) {
	long := `"` + strings.Repeat("x", 2000) + `"`
	for _, r := range []refusal{
		{"no version", `{"items":[]}`, "v", "missing", "1, the only version"},
		{"another version", `{"v":2,"items":[]}`, "v", "2", "1, the only version"},
		{"version in words", `{"v":"1","items":[]}`, "v", `"1"`, "1, the only version"},
		{"no items", `{"v":1}`, "items", "missing", "which may be empty"},
		{"items not a list", `{"v":1,"items":{}}`, "items", "an object", "at most 1000 entries"},
		{"too many items", `{"v":1,"items":[` + strings.Repeat("{},", 1000) + `{}]}`, "items", "an array of 1001", "at most 1000 entries"},
		{"an item that is none", `{"v":1,"items":["a"]}`, "items[0]", `"a"`, "an object"},
		{"two of one name", `{"v":1,"items":[` + strings.Repeat(`{"id":"a","start":"2026-11-22T05:30:00","media":[{"file":"a"}]},`, 1) +
			`{"id":"a","start":"2026-11-22T05:30:00","media":[{"file":"a"}]}]}`, "items[1].id", `"a"`, "items[0] has the same"},
		{"no id", inItem("id", ""), "items[0].id", "missing", "1 to 64 bytes"},
		{"empty id", inItem("id", `""`), "items[0].id", `""`, "1 to 64 bytes"},
		{"id of a number", inItem("id", `7`), "items[0].id", `7`, "1 to 64 bytes"},
		{"long id", inItem("id", long), "items[0].id", `"xxxx`, "1 to 64 bytes"},
		{"unknown class", inItem("class", `"urgent"`), "items[0].class", `"urgent"`, `"normal", "priority" or "emergency"`},
		{"class of the wrong type", inItem("class", `1`), "items[0].class", `1`, `"emergency"`},
		{"level too deep", inItem("level", `10`), "items[0].level", "10", "from 0 to 9"},
		{"half a level", inItem("level", `1.5`), "items[0].level", "1.5", "whole number"},
		{"no start", inItem("start", ""), "items[0].start", "missing", "local date and time"},
		{"start with a zone", inItem("start", `"2026-11-22T05:30:00Z"`), "items[0].start", "Z", "without zone"},
		{"start on 30 February", inItem("start", `"2026-02-30T05:30:00"`), "items[0].start", "02-30", "local date and time"},
		{"long rule", inItem("rrule", long), "items[0].rrule", `"xxxx`, "512"},
		{"wrong excluded date", inItem("exdate", `["2026-11-22T05:30:00","tomorrow"]`), "items[0].exdate[1]", `"tomorrow"`, "local date and time"},
		{"late in words", inItem("late", `"soon"`), "items[0].late", `"soon"`, "from PT0S to PT24H"},
		{"late over a day", inItem("late", `"PT25H"`), "items[0].late", `"PT25H"`, "from PT0S to PT24H"},
		{"never played", inItem("repeat", `0`), "items[0].repeat", "0", "from 1 to 1000"},
		{"deafening", inItem("gain_db", `13`), "items[0].gain_db", "13", "from -60 to 12"},
		{"gain beyond numbers", inItem("gain_db", `1e999`), "items[0].gain_db", "1e999", "from -60 to 12"},
		{"unknown after_cut", inItem("after_cut", `"again"`), "items[0].after_cut", `"again"`, `"resume", "restart" or "skip"`},
		{"no media", inItem("media", ""), "items[0].media", "missing", "media, or a stream"},
		{"empty media", inItem("media", `[]`), "items[0].media", "an empty list", "media, or a stream"},
		{"too many media", inItem("media", "["+strings.Repeat("{},", 64)+"{}]"), "items[0].media", "an array of 65", "at most 64"},
		{"medium of no name", inItem("media", `[{"bytes":5}]`), "items[0].media[0].sha256", "missing", "64 lower-case"},
		{"short digest", inItem("media", `[{"sha256":"abc"}]`), "items[0].media[0].sha256", `"abc"`, "64 lower-case"},
		{"digest in capitals", inItem("media", `[{"sha256":"`+strings.ToUpper(digestA)+`"}]`), "items[0].media[0].sha256", "0F1E", "64 lower-case"},
		{"file in a folder", inItem("media", `[{"file":"../../etc/passwd"}]`), "items[0].media[0].file", "etc/passwd", "without folders"},
		{"file that is a folder", inItem("media", `[{"file":".."}]`), "items[0].media[0].file", "..", "without folders"},
		{"empty medium", inMedia("bytes", `0`), "items[0].media[0].bytes", "0", "from 1 to 67108864"},
		{"negative length", inMedia("duration", `"-PT5S"`), "items[0].media[0].duration", "-PT5S", "from PT0S to PT24H"},
		{"inline sound in a plan", inMedia("inline", `"AAAA"`), "items[0].media[0].inline", "inline", "only on air"},
		{"media and stream", inItem("stream", `"https://x.example/s"`), "items[0].stream", "x.example", "not both"},
		{"duration of a stream in words", strings.Replace(inItem("stream", `"https://x.example/s"`), `"media":[{"sha256":"`+digestA+`"}],`, `"duration":"long",`, 1), "items[0].duration", `"long"`, "from PT1S to PT24H"},
		{"a stream of no duration", strings.Replace(inItem("stream", `"https://x.example/s"`), `"media":[{"sha256":"`+digestA+`"}],`, "", 1), "items[0].duration", "missing", "from PT1S to PT24H"},
		{"fallback to nothing", inItem("fallback", `"b"`), "items[0].fallback", `"b"`, "id of an item of this plan"},
		{"zone that is none", `{"v":1,"zone":"Asia/Nowhere","items":[]}`, "zone", `"Asia/Nowhere"`, "IANA zone"},
		{"zone of the machine", `{"v":1,"zone":"Local","items":[]}`, "zone", `"Local"`, "IANA zone"},
		{"zone of a file", `{"v":1,"zone":"../../../etc/localtime","items":[]}`, "zone", "localtime", "IANA zone"},
		{"negative seq", `{"v":1,"seq":-1,"items":[]}`, "seq", "-1", "whole number from 0"},
		{"exp without zone", `{"v":1,"exp":"2026-12-21T00:00:00","items":[]}`, "exp", "2026-12-21", "RFC 3339"},
		{"exp with one digit", `{"v":1,"exp":"2026-12-21T0:00:00Z","items":[]}`, "exp", "T0:00", "RFC 3339"},
	} {
		t.Run(r.name, func(t *testing.T) {
			p, err := ParsePlan([]byte(r.doc))
			assert.Nil(t, p)
			r.check(t, err)
		})
	}
}

func TestWrongStreams(t *testing.T) {
	for _, s := range []string{"", "vov", "ftp://x/y", "http://", "http:///a", "file:///etc/passwd", "http://x\n", "https://" + strings.Repeat("x", 1024)} {
		_, err := parseStream(s)
		assert.Error(t, err, s)
	}
}

func TestNotADocument(t *testing.T) {
	for name, doc := range map[string]string{
		"nothing": "", "null": "null", "a list": "[]", "a word": "plan", "cut off": `{"v":1,"items":[`, "two": `{"v":1,"items":[]}{}`,
		"text behind": `{"v":1,"items":[]} x`, "not UTF-8": "{\"v\":1,\"items\":[],\"x\":\"\xff\"}", "deep": strings.Repeat("[", 20000),
	} {
		_, err := ParsePlan([]byte(doc))
		assert.ErrorIs(t, err, ErrInvalid, name)
		_, err = ParseAir([]byte(doc))
		assert.ErrorIs(t, err, ErrInvalid, name)
	}
	_, err := ParsePlan([]byte(strings.Repeat(" ", MaxDocument+1)))
	assert.ErrorIs(t, err, ErrTooLarge)
	assert.ErrorContains(t, err, "at most 262144")
}

func TestMarkOfAnEditorIsSkipped(t *testing.T) {
	_, err := ParsePlan([]byte("\xef\xbb\xbf" + `{"v":1,"items":[]}`))
	assert.NoError(t, err)
}

func TestAllMistakesAtOnceButNotWithoutEnd(t *testing.T) {
	_, err := ParsePlan([]byte(`{"v":1,"zone":"x","items":[{"id":"a","level":"high"},{"start":1}]}`))
	for _, path := range []string{"zone", "items[0].level", "items[0].start", "items[0].media", "items[1].id", "items[1].start", "items[1].media"} {
		assert.ErrorContains(t, err, path+": ")
	}
	_, err = ParsePlan([]byte(`{"v":1,"items":[` + strings.Repeat("{},", 999) + `{}]}`))
	require.Error(t, err)
	assert.Equal(t, maxProblems, strings.Count(err.Error(), "allowed: "))
}

func TestUnknownMembersAreIgnoredAndNamed(t *testing.T) {
	p, err := ParsePlan([]byte(`{"v":1,"colour":1,"policy":{"windows":[{"from":"05:00","to":"06:00","until":1}],"quiet":2},
		"items":[{"id":"a","start":"2026-11-22T05:30:00","Repeat":2,"media":[{"file":"a","codec":"x"}]}]}`))
	require.NoError(t, err)
	assert.Equal(t, []string{"colour", "items[0].Repeat", "items[0].media[0].codec", "policy.quiet", "policy.windows[0].until"}, p.Unknown)
}

// TestPlanRoundTrip: a plan written by Go is read as it was, for the central
// side makes its documents so.
func TestPlanRoundTrip(t *testing.T) {
	for name, doc := range map[string]string{
		"the example": morningPlan, "empty": `{"v":1,"items":[]}`, "file": `{"v":1,"items":[{"id":"a","start":"2026-11-22T05:30:00","media":[{"file":"a.mp3"}]}]}`,
		"no late": `{"v":1,"items":[{"id":"a","start":"2026-11-22T05:30:00","late":"PT0S","class":"emergency","media":[{"file":"a.mp3"}]}]}`,
	} {
		want, err := ParsePlan([]byte(doc))
		require.NoError(t, err, name)
		b, err := json.Marshal(want)
		require.NoError(t, err, name)
		got, err := ParsePlan(b)
		require.NoError(t, err, "%s: %s", name, b)
		assert.Equal(t, want, got, name)
	}
}

func TestWordsOfDocuments(t *testing.T) {
	for c, word := range map[fmt.Stringer]string{
		Normal: "normal", Priority: "priority", Emergency: "emergency", Class(9): "class(9)",
		Resume: "resume", Restart: "restart", Skip: "skip", AfterCut(9): "after_cut(9)",
		NoTone: "none", Chime: "chime", Attention: "attention", Siren: "siren", Tone(9): "tone(9)",
		Weekday(time.Sunday): "SU", Weekday(time.Saturday): "SA", Weekday(-1): "weekday(-1)",
	} {
		assert.Equal(t, word, c.String())
	}
	var c Class
	assert.ErrorContains(t, c.UnmarshalText([]byte("loud")), `class "loud" is not allowed; allowed: "normal"`)
	var a AfterCut
	assert.ErrorContains(t, a.UnmarshalText([]byte("x")), `allowed: "resume"`)
	var tone Tone
	assert.ErrorContains(t, tone.UnmarshalText([]byte("x")), `allowed: "none"`)
	var w Weekday
	assert.ErrorContains(t, w.UnmarshalText([]byte("mo")), `allowed: "MO"`)
	require.NoError(t, w.UnmarshalText([]byte("WE")))
	assert.Equal(t, Weekday(time.Wednesday), w)
}
