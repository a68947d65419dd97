package loa

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const floodAir = `{"v":1,"aud":"vn/tien-giang","seq":7,"iat":"2026-11-22T03:00:00Z",
 "items":[{"id":"lu","class":"emergency","level":1,"title":"Cảnh báo lũ","tone":"siren","end":"2026-11-22T05:00:00Z","media":[{"sha256":"` + digestA + `","inline":"AAEC"}]},
          {"id":"chu-tich","class":"priority","begin":"2026-11-22T03:10:00+07:00","end":"2026-11-22T12:00:00+07:00","live":{"sdp":"v=0","tls":"nguon.example:8444"}},
          {"id":"dien-tap","class":"emergency","test":true,"tone":"attention","repeat":2,"gap":"PT0S","end":"2026-11-22T05:00:00Z"}],
 "silence":[{"id":"im","from":"2026-11-22T03:00:00Z","until":"2026-11-23T03:00:00Z","max_class":"priority","level":3}]}`

func TestAirIsReadWhole(t *testing.T) {
	a, err := ParseAir([]byte(floodAir))
	require.NoError(t, err)
	require.Len(t, a.Items, 3)
	flood, live, drill := a.Items[0], a.Items[1], a.Items[2]
	assert.Equal(t, Siren, flood.Tone)
	assert.Equal(t, 0, flood.Repeat, "until its end")
	assert.Equal(t, emergencyGap, flood.Gap, "the emergency cadence")
	assert.Equal(t, []byte{0, 1, 2}, flood.Media[0].Inline)
	assert.True(t, flood.Begin.IsZero(), "at once")
	assert.Equal(t, &Live{SDP: "v=0", TLS: "nguon.example:8444"}, live.Live)
	assert.Equal(t, 1, live.Repeat)
	assert.Equal(t, Duration(0), live.Gap)
	assert.True(t, drill.Test)
	assert.Equal(t, Duration(0), drill.Gap, "as it says")
	assert.Equal(t, Priority, a.Silence[0].MaxClass)
	assert.Empty(t, a.Unknown)
}

func TestAirMayBeEmpty(t *testing.T) {
	a, err := ParseAir([]byte(`{"v":1}`))
	require.NoError(t, err)
	assert.Empty(t, a.Items)
}

// onAir makes a document of one good item with one member set to a value.
func onAir(member, value string) string {
	item := map[string]json.RawMessage{"id": []byte(`"a"`), "tone": []byte(`"siren"`), "end": []byte(`"2026-11-22T05:00:00Z"`)}
	if value == "" {
		delete(item, member)
	} else {
		item[member] = []byte(value)
	}
	b, err := json.Marshal(map[string]any{"v": 1, "iat": "2026-11-22T03:00:00Z", "items": []any{item}})
	if err != nil {
		panic(err)
	}
	return string(b)
}

func silent(members string) string { return `{"v":1,"silence":[{"id":"s",` + members + `}]}` }

func TestAirRefusals(t *testing.T) {
	const media = `[{"sha256":"` + digestA + `"}]`
	big := base64.StdEncoding.EncodeToString(make([]byte, MaxInline+1))
	half := base64.StdEncoding.EncodeToString(make([]byte, MaxInline/2+1))
	for _, r := range []refusal{
		{"no version", `{}`, "v", "missing", "1, the only version"},
		{"no end", onAir("end", ""), "items[0].end", "missing", "RFC 3339"},
		{"end without zone", onAir("end", `"2026-11-22T05:00:00"`), "items[0].end", "2026-11-22T05:00:00", "RFC 3339"},
		{"end too far", onAir("end", `"2026-11-23T03:00:01Z"`), "items[0].end", "2026-11-23T03:00:01Z", "24 h after iat"},
		{"end before begin", onAir("begin", `"2026-11-22T05:00:00Z"`), "items[0].end", "05:00:00", "after begin"},
		{"too long without iat", strings.Replace(onAir("begin", `"2026-11-21T04:59:59Z"`), `"iat":"2026-11-22T03:00:00Z",`, "", 1), "items[0].end", "05:00:00", "24 h after begin"},
		{"begin in words", onAir("begin", `"now"`), "items[0].begin", `"now"`, "RFC 3339"},
		{"unknown tone", onAir("tone", `"bell"`), "items[0].tone", `"bell"`, `"siren"`},
		{"nothing to hear", onAir("tone", ""), "items[0].tone", "none", "neither media nor live"},
		{"empty media are nothing to hear", strings.Replace(onAir("media", `[]`), `"tone":"siren"`, `"tone":"none"`, 1), "items[0].tone", "none", "neither media nor live"},
		{"test in words", onAir("test", `"yes"`), "items[0].test", `"yes"`, "true or false"},
		{"live and media", strings.Replace(onAir("live", `{"sdp":"v=0"}`), `"tone"`, `"media":`+media+`,"tone"`, 1), "items[0].live", "an object", "not both"},
		{"live without SDP", onAir("live", `{}`), "items[0].live.sdp", "missing", "16384 bytes"},
		{"live in words", onAir("live", `"v=0"`), "items[0].live", `"v=0"`, "an object"},
		{"a file of the device", onAir("media", `[{"file":"a.mp3"}]`), "items[0].media[0].file", "a.mp3", "sha256 only"},
		{"inline that is no base64", onAir("media", `[{"sha256":"`+digestA+`","inline":"%%"}]`), "items[0].media[0].inline", "%%", "base64"},
		{"inline too large", onAir("media", `[{"sha256":"`+digestA+`","inline":"`+big+`"}]`), "items[0].media[0].inline", "AAAA", "65536 bytes"},
		{"inline too large in all", onAir("media", `[{"sha256":"`+digestA+`","inline":"`+half+`"},{"sha256":"`+digestA+`","inline":"`+half+`"}]`), "items", "65538 bytes", "at most 65536"},
		{"silence without end", silent(`"from":"2026-11-22T03:00:00Z"`), "silence[0].until", "missing", "RFC 3339"},
		{"silence without beginning", silent(`"until":"2026-11-22T03:00:00Z"`), "silence[0].from", "missing", "RFC 3339"},
		{"silence too long", silent(`"from":"2026-11-22T03:00:00Z","until":"2026-11-23T03:00:01Z"`), "silence[0].until", "03:00:01", "at most 24 h later"},
		{"silence backwards", silent(`"from":"2026-11-22T03:00:00Z","until":"2026-11-22T03:00:00Z"`), "silence[0].until", "03:00:00", "after from"},
		{"silence of no class", silent(`"from":"2026-11-22T03:00:00Z","until":"2026-11-22T04:00:00Z","max_class":"all"`), "silence[0].max_class", `"all"`, `"emergency"`},
		{"silence of no name", `{"v":1,"silence":[{"from":"2026-11-22T03:00:00Z","until":"2026-11-22T04:00:00Z"}]}`, "silence[0].id", "missing", "1 to 64 bytes"},
	} {
		t.Run(r.name, func(t *testing.T) {
			a, err := ParseAir([]byte(r.doc))
			assert.Nil(t, a)
			r.check(t, err)
		})
	}
}

func TestAirOfExactlyADay(t *testing.T) {
	_, err := ParseAir([]byte(onAir("end", `"2026-11-23T03:00:00Z"`)))
	assert.NoError(t, err)
	_, err = ParseAir([]byte(onAir("end", `"2026-11-23T10:00:00+07:00"`)))
	assert.NoError(t, err, "the moment counts, not how it is written")
}

func TestInlineUpToItsLimit(t *testing.T) {
	whole := base64.StdEncoding.EncodeToString(make([]byte, MaxInline))
	a, err := ParseAir([]byte(onAir("media", `[{"sha256":"`+digestA+`","inline":"`+whole+`"}]`)))
	require.NoError(t, err)
	assert.Len(t, a.Items[0].Media[0].Inline, MaxInline)
}

func TestAirRoundTrip(t *testing.T) {
	for name, doc := range map[string]string{
		"flood": floodAir, "empty": `{"v":1,"items":[]}`, "no gap": onAir("gap", `"PT0S"`), "fractions": onAir("begin", `"2026-11-22T04:00:00.25+07:00"`),
		"emergency": strings.Replace(onAir("class", `"emergency"`), `"tone"`, `"gap":"PT0S","tone"`, 1),
	} {
		want, err := ParseAir([]byte(doc))
		require.NoError(t, err, name)
		b, err := json.Marshal(want)
		require.NoError(t, err, name)
		got, err := ParseAir(b)
		require.NoError(t, err, "%s: %s", name, b)
		assert.Equal(t, want, got, name)
		assert.True(t, want.Iat.Equal(got.Iat))
	}
}

func TestUnknownMembersOnAir(t *testing.T) {
	a, err := ParseAir([]byte(`{"v":1,"items":[{"id":"a","tone":"siren","end":"2026-11-22T05:00:00Z","ends":"x"}],
		"silence":[{"id":"s","from":"2026-11-22T03:00:00Z","until":"2026-11-22T04:00:00Z","class":"normal"}]}`))
	require.NoError(t, err)
	assert.Equal(t, []string{"items[0].ends", "silence[0].class"}, a.Unknown)
	assert.Equal(t, time.Hour, a.Silence[0].Until.Sub(a.Silence[0].From))
}
