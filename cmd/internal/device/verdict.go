package device

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"loa"
	"loa/speaker"
	"loa/speaker/sniff"
)

// Refusal is why a file cannot be played: a stable word for reports, "" when it
// can.
type Refusal string

// The refusals.
const (
	Accepted          Refusal = ""
	RefusedEmpty      Refusal = "empty"        // no byte
	RefusedTags       Refusal = "tags-only"    // titles and pictures, no sound
	RefusedTagLength  Refusal = "tag-too-long" // a tag that says it is longer than the file
	RefusedZeros      Refusal = "zeros"        // nothing but zeros, or so many of them that it was given up
	RefusedContent    Refusal = "not-sound"    // something else, see Verdict.Found
	RefusedCodec      Refusal = "codec"        // sound or video of a kind that is not played, see Verdict.Found
	RefusedForm       Refusal = "unsupported"  // a codec that is played, in a form that is not
	RefusedSize       Refusal = "too-large"    // over loa.MaxMediaLen
	RefusedSilent     Refusal = "no-sound"     // not one frame of sound can be decoded
	RefusedScant      Refusal = "too-little"   // a moment of sound: by accident, or what is left of a file
	RefusedUnreadable Refusal = "unreadable"   // the file itself cannot be read
)

// Verdict is what the device makes of one file of sound before it plays it:
// when it comes into the cache, in speakerd check and in loactl audio check.
type Verdict struct {
	Sound   speaker.SoundInfo // what was found out, also of some refused files
	Refusal Refusal
	Found   sniff.Content // what it is instead; the zero Content when nothing is known
	Size    int64         // bytes of the file
	Tag     int64         // bytes that the tags at its start say they have
	Zeros   int64         // bytes of zeros at the start, behind the tags, of a file refused for them; looked for in mostZeros
	Tail    int64         // bytes of zeros at the end of a file that was read to it
	Err     error         // the decoder's own words, nil when Refusal says all
}

// Judge looks at a file of size bytes as the device does before it accepts it.
// It reads all of a file that can be played, but does not decode it, and stops
// early at one that is no sound; at most loa.MaxMediaLen bytes are read twice.
// open is called up to two times and what it returns is closed.
func Judge(size int64, open func() (io.ReadCloser, error)) Verdict {
	v := Verdict{Size: size}
	if size == 0 {
		v.Refusal = RefusedEmpty
		return v
	}
	if size > loa.MaxMediaLen {
		v.name(open)
		if v.Refusal == RefusedForm || v.Found.Kind == sniff.Unknown && v.Refusal == RefusedContent {
			v.Refusal = RefusedSize
		}
		return v
	}
	t := &tail{}
	v.Sound, v.Err = speaker.Probe(func() (io.ReadCloser, error) {
		f, err := open()
		t.ReadCloser = f
		return t, err
	})
	v.Tail = t.zeros
	switch {
	case v.Err == nil && scant(v.Sound):
		v.nameScant(open)
	case v.Err == nil && v.Sound.Frames > 0:
	case v.Err == nil:
		v.Refusal = RefusedSilent
	case errors.Is(v.Err, speaker.ErrNotAudio), errors.Is(v.Err, speaker.ErrUnsupported):
		v.name(open)
	default:
		v.Refusal = RefusedUnreadable
	}
	v.unknow()
	return v
}

// tail counts the zeros that a file ends with, while it is read.
type tail struct {
	io.ReadCloser
	zeros int64 // at the end of what was read
}

// Read reads and counts.
func (t *tail) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	switch rest := len(bytes.TrimRight(p[:n], "\x00")); rest {
	case 0:
		t.zeros += int64(n)
	default:
		t.zeros = int64(n - rest)
	}
	return n, err
}

// leastTail is more zeros, in bytes, than any frame has of its own.
const leastTail = 4096

// Unfinished is how many bytes at the end of a file that is played are zeros in
// place of sound, as a download leaves them that made room for the whole and was
// never finished; 0 for none. Zeros in a WAV are silence.
func (v Verdict) Unfinished() int64 {
	if n := min(v.Tail, v.Sound.Damage); n >= leastTail && v.Sound.Codec != speaker.WAV {
		return n
	}
	return 0
}

// What is nothing to speak of. A chime is shorter than a second, but whole; a
// picture beside it in a tag is no damage.
const (
	scantWhole   = 100 * time.Millisecond // of a file without damage too
	scantDamaged = time.Second            // of one that is
	scantPart    = 100                    // times as much damage as sound
)

// scant is true for sound that is there by accident, as in the bytes of a film,
// or is all that a broken file has left.
func scant(s speaker.SoundInfo) bool {
	if s.Frames == 0 || s.Duration >= scantDamaged {
		return false
	}
	sound := int64(s.Duration.Seconds() * float64(s.BitRate) / 8)
	return s.Duration < scantWhole || s.Damage > scantPart*sound
}

// nameScant refuses a file with a moment of sound by what else it is, if that
// is known.
func (v *Verdict) nameScant(open func() (io.ReadCloser, error)) {
	head, err := v.head(open)
	if err != nil {
		v.Refusal, v.Err = RefusedUnreadable, err
		return
	}
	v.Refusal, v.Found = RefusedScant, sniff.Of(head)
	switch {
	case decodable[v.Found.Format], v.Found.Kind == sniff.Unknown:
	case v.Found.Kind == sniff.Sound, v.Found.Kind == sniff.Video:
		v.Refusal = RefusedCodec
	default:
		v.Refusal = RefusedContent
	}
}

// unknow takes back what the search for sound noted of a file that proved to
// hold none: what is no sound has no codec and no damage.
func (v *Verdict) unknow() {
	switch v.Refusal {
	case Accepted, RefusedUnreadable, RefusedScant:
	case RefusedForm, RefusedSilent:
		v.Sound.Damage, v.Sound.BadFrames = 0, 0
	default:
		v.Sound = speaker.SoundInfo{}
	}
}

// Playable is true when the device accepts the file.
func (v Verdict) Playable() bool { return v.Refusal == Accepted }

// headBytes is how much of a refused file is looked at to name it.
const headBytes = 64 << 10

// name says why a file is refused by what it is.
func (v *Verdict) name(open func() (io.ReadCloser, error)) {
	head, err := v.head(open)
	switch {
	case err != nil:
		v.Refusal, v.Err = RefusedUnreadable, err
		return
	case v.Tag > v.Size:
		v.Refusal = RefusedTagLength
		return
	case v.Zeros > headBytes:
		v.Refusal = RefusedZeros
		return
	case tagsOnly(head, v.Tag > 0):
		v.Refusal = RefusedTags
		return
	case v.Zeros > 0:
		v.Refusal = RefusedZeros
		return
	}
	v.Found = sniff.Of(head)
	switch {
	case decodable[v.Found.Format] && errors.Is(v.Err, speaker.ErrNotAudio):
		v.Refusal = RefusedSilent
	case decodable[v.Found.Format]:
		v.Refusal = RefusedForm
	case v.Found.Kind == sniff.Sound, v.Found.Kind == sniff.Video:
		v.Refusal = RefusedCodec
	case v.Found.Kind == sniff.Unknown && errors.Is(v.Err, speaker.ErrUnsupported):
		v.Refusal = RefusedForm
	default:
		v.Refusal = RefusedContent
	}
}

// decodable are the formats that are played in their usual form.
var decodable = map[string]bool{"Opus": true, "WAV": true}

// tagsOnly is true when what follows a tag, or stands alone, is no more than
// padding or a tag of the kinds that stand at the end.
func tagsOnly(head []byte, behindTag bool) bool {
	rest := bytes.Trim(head, "\x00")
	switch {
	case len(rest) == 0:
		return behindTag
	case bytes.HasPrefix(rest, []byte("TAG")):
		return len(rest) <= id3v1Bytes
	}
	return bytes.HasPrefix(rest, []byte("APETAGEX"))
}

const (
	id3v1Bytes = 128 // of the tag at the end, which begins with "TAG"
	id3Header  = 10  // of the tags at the start
	mostTags   = 100 // that are looked past
)

// head is the beginning of the file behind its ID3v2 tags, which it measures.
func (v *Verdict) head(open func() (io.ReadCloser, error)) ([]byte, error) {
	f, err := open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, headBytes)
	for range mostTags {
		begin, _ := r.Peek(id3Header)
		n := sniff.TagBytes(begin)
		if n == 0 {
			break
		}
		if v.Tag += n; v.Tag > v.Size {
			return nil, nil
		}
		if _, err := io.CopyN(io.Discard, r, n); err != nil {
			return nil, err
		}
	}
	head, err := r.Peek(headBytes)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if len(bytes.TrimLeft(head, "\x00")) > 0 || err != nil {
		return head, err
	}
	head = bytes.Clone(head)
	v.Zeros = leading(r)
	return head, nil
}

// mostZeros is how many zeros are read at the start of a file, in bytes, to say
// how many there are.
const mostZeros = 512 << 10

// leading counts the zeros that r begins with, mostZeros or a little more at most.
func leading(r io.Reader) (zeros int64) {
	for buf := make([]byte, 4096); zeros < mostZeros; {
		n, err := r.Read(buf)
		rest := len(bytes.TrimLeft(buf[:n], "\x00"))
		zeros += int64(n - rest)
		if rest > 0 || err != nil {
			break
		}
	}
	return zeros
}

// AllZeros is true when a file that was refused for its zeros is known to hold
// nothing else, ManyZeros when nothing else was found as far as it was looked at.
func (v Verdict) AllZeros() bool { return v.Zeros >= v.Size-v.Tag }

// ManyZeros is explained at AllZeros.
func (v Verdict) ManyZeros() bool { return v.Zeros >= mostZeros }

func (v Verdict) zerosReason() string {
	switch {
	case v.AllZeros():
		return "it holds nothing but zeros: a copy or download that was never finished"
	case v.ManyZeros():
		return fmt.Sprintf("it holds nothing but zeros in its first %d KiB: a copy or download that was never finished", v.Zeros>>10)
	}
	return fmt.Sprintf("it begins with %d KiB of zeros: a copy or download that went wrong", v.Zeros>>10)
}

// Reason says in one line why the file is refused, "" when it is not.
func (v Verdict) Reason() string {
	switch v.Refusal {
	case Accepted:
		return ""
	case RefusedEmpty:
		return "the file is empty"
	case RefusedTags:
		return "it holds only tags (title, picture), no sound"
	case RefusedTagLength:
		return fmt.Sprintf("the tag at its start says it has %d bytes, the whole file only %d: the file was cut short or the tag is wrong", v.Tag, v.Size)
	case RefusedZeros:
		return v.zerosReason()
	case RefusedContent:
		return v.elsewise()
	case RefusedCodec:
		return v.Found.Format + " is not played; allowed: " + Playables
	case RefusedForm:
		if form := v.Form(); strings.Contains(form, " channels") {
			return form + " is not played; allowed: one or two channels"
		}
		return v.Form() + " is not played; allowed: " + Playables
	case RefusedSize:
		return fmt.Sprintf("%.0f MiB are too large; allowed: at most %d MiB", float64(v.Size)/(1<<20), loa.MaxMediaLen>>20)
	case RefusedSilent:
		return "no sound can be decoded in it"
	case RefusedScant:
		return fmt.Sprintf("it holds only %.2f s of sound in %d bytes", v.Sound.Duration.Seconds(), v.Size)
	}
	return v.Err.Error()
}

// Form is what the decoder found and does not play, out of its error: "found
// MPEG-1 Layer I, 44100 Hz; can be played: ...".
func (v Verdict) Form() string {
	if v.Err == nil {
		return v.Found.Format
	}
	text := v.Err.Error()
	if _, found, ok := strings.Cut(text, "found "); ok {
		text, _, _ = strings.Cut(found, ";")
	}
	return text
}

// Playables are the formats that are played, for people.
const Playables = "MP3, Opus (.opus) and WAV"

// elsewise says what a file is instead of sound.
func (v Verdict) elsewise() string {
	names := map[sniff.Kind]string{
		sniff.Picture: "a picture", sniff.Document: "a document", sniff.Archive: "an archive", sniff.Program: "a program",
		sniff.Database: "a database", sniff.Page: "a web page", sniff.Playlist: "a playlist", sniff.Text: "text",
	}
	name, ok := names[v.Found.Kind]
	switch {
	case !ok:
		return "no sound was found in it"
	case v.Found.Format != "":
		name += " (" + v.Found.Format + ")"
	}
	return "it is no sound but " + name
}

// Damage says in one line what of a file that is played is lost, "" when
// nothing is known to be. Only decoding finds all of it.
func (v Verdict) Damage() string {
	var parts []string
	unfinished := v.Unfinished()
	if n := v.Sound.Damage - unfinished; n > 0 {
		parts = append(parts, fmt.Sprintf("%d bytes are damaged and left out", n))
	}
	if unfinished > 0 {
		parts = append(parts, fmt.Sprintf("the last %d bytes are zeros: the copy or download did not finish", unfinished))
	}
	if v.Sound.BadFrames > 0 {
		parts = append(parts, fmt.Sprintf("%d frames are concealed", v.Sound.BadFrames))
	}
	if lacks := v.Sound.Missing; lacks > 0 {
		parts = append(parts, fmt.Sprintf("the last %s are missing", lacks.Round(10*time.Millisecond)))
	}
	if v.Sound.NoEnd {
		parts = append(parts, "its end is not marked, perhaps it was cut short")
	}
	return strings.Join(parts, ", ")
}

// String says in words what the file holds.
func (v Verdict) String() string {
	s := v.Sound
	text := fmt.Sprintf("%s, %d Hz, %d ch, %s", s.Codec, s.Rate, s.Channels, s.Duration.Round(100*time.Millisecond))
	if d := v.Damage(); d != "" {
		text += "; " + d
	}
	return text
}
