package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"loa/speaker"
	"loa/speaker/wav"
)

// soundFiles writes each stretch of sound into a WAV file of its own, and a
// row about it into sound.csv.
type soundFiles struct {
	dir    string
	table  *os.File
	csv    *csv.Writer
	file   *os.File
	w      *wav.Writer
	began  time.Duration
	frames int64
	format speaker.Format
	count  int
	total  time.Duration
}

func newSoundFiles(dir string) (*soundFiles, error) {
	f, err := os.Create(filepath.Join(dir, "sound.csv"))
	if err != nil {
		return nil, err
	}
	s := &soundFiles{dir: dir, table: f, csv: csv.NewWriter(f)}
	return s, s.csv.Write([]string{"t_ns", "frames", "rate", "channels", "file"})
}

// add takes the next sound, which begins at the given time; more says that the
// stretch goes on after it.
func (s *soundFiles) add(at time.Duration, f speaker.Format, frames []float32, more bool) error {
	if s.w == nil && len(frames) > 0 {
		if err := s.begin(at, f); err != nil {
			return err
		}
	}
	if len(frames) > 0 {
		if err := s.w.WriteFloat(frames); err != nil {
			return fmt.Errorf("write sound: %w", err)
		}
		s.frames += int64(len(frames) / f.Channels)
	}
	if !more {
		return s.end()
	}
	return nil
}

func (s *soundFiles) begin(at time.Duration, f speaker.Format) (err error) {
	s.count++
	s.began, s.frames, s.format = at, 0, f
	if s.file, err = os.Create(filepath.Join(s.dir, s.name())); err != nil {
		return err
	}
	s.w, err = wav.NewWriter(s.file, wav.Format{Rate: f.Rate, Channels: f.Channels})
	return err
}

func (s *soundFiles) name() string { return fmt.Sprintf("sound-%04d.wav", s.count) }

func (s *soundFiles) end() error {
	if s.w == nil {
		return nil
	}
	if err := s.w.Close(); err != nil {
		return fmt.Errorf("write sound: %w", err)
	}
	s.w = nil
	s.total += time.Duration(float64(s.frames) / float64(s.format.Rate) * 1e9)
	row := []string{strconv.FormatInt(s.began.Nanoseconds(), 10), strconv.FormatInt(s.frames, 10),
		strconv.Itoa(s.format.Rate), strconv.Itoa(s.format.Channels), s.name()}
	if err := s.csv.Write(row); err != nil {
		return err
	}
	return s.file.Close()
}

func (s *soundFiles) close() error {
	err := s.end()
	s.csv.Flush()
	if err == nil {
		err = s.csv.Error()
	}
	if cerr := s.table.Close(); err == nil {
		err = cerr
	}
	return err
}
