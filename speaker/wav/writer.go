package wav

import (
	"fmt"
	"io"

	"loa/speaker/sample"
)

// Writer writes one file. The dither starts from a fixed seed, so the same
// frames give the same bytes. After an error the frames that had not reached
// the file are dropped, the file still ends where its header says, and writing
// may go on. Not for use by two goroutines at a time.
type Writer struct {
	w      io.WriteSeeker
	format Format
	limit  int64
	dither sample.Dither
	buf    []byte // of converted frames, at most 100 ms
	frames int64  // that the file has, with those of Skip, without buf
	solid  int64  // frames up to the last one that was really written
}

// NewWriter writes the header of a file without sound to w, which the caller
// closes after Close.
func NewWriter(w io.WriteSeeker, f Format) (*Writer, error) {
	out, err := newWriter(w, f, rf64Limit)
	if err != nil {
		return nil, err
	}
	return out, out.Flush()
}

func newWriter(w io.WriteSeeker, f Format, limit int64) (*Writer, error) {
	if err := f.Validate(); err != nil {
		return nil, err
	}
	tenth := int64(f.Rate/10) * f.block()
	return &Writer{w: w, format: f, limit: limit, buf: make([]byte, 0, tenth)}, nil
}

// Frames is how many frames were taken, Skip's with them.
func (w *Writer) Frames() int64 { return w.frames + int64(len(w.buf))/w.format.block() }

// WriteFloat takes interleaved frames of full scale +-1, any number of them;
// len(frames) must be a multiple of the channels. They are in the file, and in
// its header, after Flush or Close at the latest.
func (w *Writer) WriteFloat(frames []float32) error {
	if len(frames)%w.format.Channels != 0 {
		return fmt.Errorf("%d samples are no whole frames of %d channels", len(frames), w.format.Channels)
	}
	for len(frames) > 0 {
		n := min(len(frames), (cap(w.buf)-len(w.buf))/bytes16)
		at := len(w.buf)
		w.buf = w.buf[:at+n*bytes16]
		w.dither.S16(w.buf[at:], frames[:n])
		frames = frames[n:]
		if len(w.buf) == cap(w.buf) {
			if err := w.writeOut(); err != nil {
				return err
			}
		}
	}
	return nil
}

// Skip takes n frames of digital silence. Nothing is written for them: on a
// file system that knows holes they take no space, however many they are.
func (w *Writer) Skip(n int64) error {
	if n < 0 {
		return fmt.Errorf("skip of %d frames: allowed are 0 and more", n)
	}
	if err := w.writeOut(); err != nil {
		return err
	}
	w.frames += n
	return nil
}

// Flush writes what was taken, then the header that counts it.
func (w *Writer) Flush() error {
	if err := w.writeOut(); err != nil {
		return err
	}
	if w.frames > w.solid {
		// A hole at the end needs one real frame to be part of the file.
		w.frames--
		if err := w.writeAt(w.offset(), make([]byte, w.format.block())); err != nil {
			w.frames++
			return err
		}
		w.frames++
		w.solid = w.frames
	}
	return w.writeAt(0, header(w.format, w.frames, w.limit))
}

// Close flushes. It does not close what NewWriter was given.
func (w *Writer) Close() error { return w.Flush() }

// offset is where the next frame goes.
func (w *Writer) offset() int64 { return headerSize + w.frames*w.format.block() }

func (w *Writer) writeOut() error {
	b := w.buf
	w.buf = w.buf[:0]
	if len(b) == 0 {
		return nil
	}
	if err := w.writeAt(w.offset(), b); err != nil {
		return err
	}
	w.frames += int64(len(b)) / w.format.block()
	w.solid = w.frames
	return nil
}

func (w *Writer) writeAt(offset int64, b []byte) error {
	if _, err := w.w.Seek(offset, io.SeekStart); err != nil {
		return err
	}
	_, err := w.w.Write(b)
	return err
}
