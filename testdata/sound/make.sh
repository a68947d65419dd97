#!/bin/sh
# Makes the sound files of this folder anew. Needs espeak-ng 1.51, sox 14.4,
# lame 3.100, ffmpeg and mpg123 (Debian packages). Encoders of other versions
# give other bytes; the tests ask for none in particular.
set -eu
cd "$(dirname "$0")"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

espeak-ng -v vi -s 170 -w "$tmp/say.wav" "Xin chào bà con"
pcm() { # name rate channels: under a second of speech, in stereo beside a tone
	sox -V1 -D "$tmp/say.wav" -r "$2" -c 1 "$tmp/m.wav" trim 0 0.7 norm -3
	if [ "$3" = 2 ]; then
		sox -V1 -D -n -r "$2" -c 1 "$tmp/s.wav" synth 0.7 sine 440 norm -9
		sox -V1 -D -M "$tmp/m.wav" "$tmp/s.wav" "$1"
	else
		cp "$tmp/m.wav" "$1"
	fi
}
encode() { # file rate channels lame-options
	file=$1 rate=$2 channels=$3
	shift 3
	pcm "$tmp/in.wav" "$rate" "$channels"
	lame --quiet "$@" "$tmp/in.wav" "$file"
}
# What a decoder must yield: the number of samples, then every 63rd of them, by
# mpg123, which trims encoder delay and padding.
reference() {
	mpg123 -q -s --no-resync -e s16 "$1" | od -An -v -t d2 -w2 |
		awk 'NR%63==1 {print $1} END {print "samples", NR}' >"${1%.mp3}.ref"
}

# Played.
encode mono44-cbr48.mp3 44100 1 -m m -b 48 --cbr --resample 44.1
encode mono44-crc.mp3 44100 1 -m m -b 64 --cbr -p
encode mono48-cbr64.mp3 48000 1 -m m -b 64 --cbr
encode mono32-cbr32.mp3 32000 1 -m m -b 32 --cbr --resample 32
encode stereo44-vbr.mp3 44100 2 -m j -V 6
encode stereo48-cbr96.mp3 48000 2 -m s -b 96 --cbr --resample 48
encode mono44-notag.mp3 44100 1 -m m -b 48 --cbr --resample 44.1 -t
encode mono44-tags.mp3 44100 1 -m m -b 48 --cbr --resample 44.1 --add-id3v2 --tt "Bản tin thử" --ta loa
encode mpeg2-24k.mp3 24000 1 -m m -b 48 --cbr
encode mpeg2-22k.mp3 22050 1 -m m -b 32 --cbr
encode mpeg25-11k.mp3 11025 1 -m m -b 16 --cbr
encode free.mp3 44100 1 -m m --freeformat -b 330
for f in *.mp3; do reference "$f"; done
pcm "$tmp/in.wav" 44100 1
ffmpeg -v error -y -i "$tmp/in.wav" -c:a mp2 -b:a 64k layer2.mp2

# Refused. Nothing here encodes Layer I: 40 empty frames of 32 kbit/s at 32 kHz.
for _ in $(seq 40); do printf '\377\377\030\300'; head -c 44 /dev/zero; done >layer1.mp1
pcm "$tmp/in.wav" 44100 1
ffmpeg -v error -y -i "$tmp/in.wav" -t 0.2 -c:a aac -b:a 32k aac.aac

# Opus in Ogg: each mode of the codec, mono and stereo.
opus() { # file channels ffmpeg-options
	file=$1 channels=$2
	shift 2
	pcm "$tmp/in.wav" 48000 "$channels"
	ffmpeg -v error -y -bitexact -i "$tmp/in.wav" -c:a libopus "$@" -page_duration 200000 "$file"
	ffmpeg -v error -c:a libopus -i "$file" -f s16le - | od -An -v -t d2 -w2 |
		awk 'NR%63==1 {print $1} END {print "samples", NR}' >"${file%.opus}.ref"
}
opus silk-12k.opus 1 -b:a 12k -application voip
opus hybrid-24k.opus 1 -b:a 24k -application voip -frame_duration 60
opus celt-48k.opus 2 -b:a 48k -application audio

# WAV of other codings than 16-bit PCM.
pcm "$tmp/in.wav" 8000 1
ffmpeg -v error -y -bitexact -i "$tmp/in.wav" -c:a pcm_alaw alaw.wav
ffmpeg -v error -y -bitexact -i mono32-cbr32.mp3 -c:a copy mp3.wav
ffmpeg -v error -y -bitexact -i "$tmp/in.wav" -c:a adpcm_ima_wav adpcm.wav
