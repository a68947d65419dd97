package speaker

// segment is a stretch of a track's sound that was rendered without a hole and
// has not left the device, or not all of it.
type segment struct {
	from Frame
	n    Frame
	sum  float64 // of the squares of all samples
	peak float32
}

// segments is the way of a track's sound from Fill to the horn: what was
// rendered at which frame. It is a queue as long as a card's.
type segments struct {
	buf        [segmentSlots]segment
	head, tail uint32

	left int64   // frames of the segments that left whole
	sum  float64 // of their squares
	peak float32
}

// segmentSlots is 640 ms of periods of 10 ms: far more than a card may queue.
const segmentSlots = 64

// push appends s. When the queue is full, which no card should bring about, its
// oldest stretch counts as left.
func (q *segments) push(s segment) {
	if q.tail-q.head == segmentSlots {
		q.pop()
	}
	q.buf[q.tail%segmentSlots] = s
	q.tail++
}

func (q *segments) pop() {
	s := q.buf[q.head%segmentSlots]
	q.head++
	q.left += int64(s.n)
	q.sum += s.sum
	q.peak = max(q.peak, s.peak)
}

// leave takes out what lies before frame at and returns how many frames of the
// track have left in all, those of a half-left stretch among them.
func (q *segments) leave(at Frame) (frames int64) {
	for q.head != q.tail {
		s := q.buf[q.head%segmentSlots]
		if s.from+s.n > at {
			return q.left + int64(max(at-s.from, 0))
		}
		q.pop()
	}
	return q.left
}
