package sniff

import (
	"bytes"
	"slices"
	"unicode/utf8"
)

// Kind is the sort of thing that a file holds.
type Kind string

// The kinds that are told apart.
const (
	Unknown  Kind = ""
	Sound    Kind = "sound"
	Video    Kind = "video"
	Picture  Kind = "picture"
	Document Kind = "document"
	Archive  Kind = "archive"
	Program  Kind = "program"
	Database Kind = "database"
	Page     Kind = "page" // of the web: what a download that went wrong often leaves
	Playlist Kind = "playlist"
	Text     Kind = "text"
)

// Content is what a file holds: a kind and the usual name of the format, "" when
// there is none. The zero Content is something unknown, perhaps MPEG audio.
type Content struct {
	Kind   Kind
	Format string
}

// Of names what a file holds that begins with head: a few KiB of it, or all. 64
// bytes do for all sound and most else; documents are told from archives, and
// transport streams and text from the unknown, by more. A tag is not looked past,
// see TagBytes.
func Of(head []byte) Content {
	for _, s := range signatures {
		if s.fits(head) {
			return s.Content
		}
	}
	if len(head) >= 2 && head[0] == 0xff && head[1]&0xf6 == 0xf0 {
		return aac // ADTS: the sync word of MPEG audio with layer 0 (ISO/IEC 14496-3, 1.A.2.2)
	}
	return textOf(head)
}

// All returns each Content that Of may return, but for the zero one.
func All() (all []Content) {
	for _, s := range signatures {
		if !slices.Contains(all, s.Content) {
			all = append(all, s.Content)
		}
	}
	return append(all, html, svg, text)
}

var (
	aac  = Content{Sound, "AAC"}
	html = Content{Page, "HTML"}
	svg  = Content{Picture, "SVG"}
	text = Content{Kind: Text}
)

// fits tells whether head begins so; a question mark stands for any byte.
func (s signature) fits(head []byte) bool {
	if len(head) < s.at+len(s.magic) {
		return false
	}
	for i := range len(s.magic) {
		if c := s.magic[i]; c != '?' && c != head[s.at+i] {
			return false
		}
	}
	return s.also == "" || bytes.Contains(head, []byte(s.also))
}

// textOf tells a web page from other text.
func textOf(head []byte) Content {
	if c, ok := markup(bytes.ToLower(bytes.TrimLeft(narrow(head), " \t\r\n"))); ok {
		return c
	}
	b := head
	for range utf8.UTFMax - 1 { // the last letter may be cut
		if n := len(b); n > 0 && !utf8.Valid(b) {
			b = b[:n-1]
		}
	}
	if len(b) < min(len(head), 4) || len(b) == 0 || !utf8.Valid(b) || bytes.ContainsFunc(b, control) {
		return Content{}
	}
	start := bytes.ToLower(bytes.TrimLeft(b, "\ufeff \t\r\n"))
	if c, ok := markup(start); ok {
		return c
	}
	for _, s := range playlists {
		if bytes.HasPrefix(start, bytes.ToLower([]byte(s.magic))) {
			return s.Content
		}
	}
	return text
}

// pages are how web pages begin, also those that a server put together badly.
var pages = []string{"<!doctype html", "<html", "<head", "<body", "<script", "<meta", "<title", "<style", "<div", "<center", "<iframe"}

// markup tells web pages from pictures that are text; start is in small letters.
func markup(start []byte) (c Content, ok bool) {
	for _, p := range pages {
		if bytes.HasPrefix(start, []byte(p)) {
			return html, true
		}
	}
	if bytes.HasPrefix(start, []byte("<svg")) {
		return svg, true
	}
	if !bytes.HasPrefix(start, []byte("<?xml")) && !bytes.HasPrefix(start, []byte("<!--")) {
		return c, false
	}
	switch { // a page may hold pictures
	case bytes.Contains(start, []byte("<html")):
		return html, true
	case bytes.Contains(start, []byte("<svg")):
		return svg, true
	}
	return c, false
}

// narrow is the beginning of text in UTF-16 with a byte order mark, as long as it
// is ASCII: enough to know a web page.
func narrow(head []byte) (b []byte) {
	var low int
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		low = 1
	default:
		return nil
	}
	for i := 2; i+1 < len(head) && head[i+1-low] == 0; i += 2 {
		b = append(b, head[i+low])
	}
	return b
}

// control is true for what no text holds.
func control(r rune) bool { return r < ' ' && r != '\n' && r != '\r' && r != '\t' && r != '\f' }

// TagBytes is the length of the ID3v2 tag that head begins with, with header and
// footer, 0 when there is none. It takes 10 bytes (ID3v2.4 structure, 3.1 and
// 3.4). More may be said than the file has.
func TagBytes(head []byte) int64 {
	if len(head) < 10 || string(head[:3]) != "ID3" || head[3] == 0xff || head[4] == 0xff ||
		(head[6]|head[7]|head[8]|head[9])&0x80 != 0 {
		return 0
	}
	n := 10 + int64(head[6])<<21 + int64(head[7])<<14 + int64(head[8])<<7 + int64(head[9])
	const footerPresent = 0x10
	if head[5]&footerPresent != 0 {
		n += 10
	}
	return n
}
