package speaker

import "fmt"

const (
	minRate, maxRate = 8000, 192000 // Hz
	maxChannels      = 8

	// maxPPM is how far steer may bend the ratio.
	maxPPM = 1000
	// fineBits splits one step of the exact ratio, so that parts per million
	// can be added to it.
	fineBits = 32
	// historyBlock is how many input frames are taken at once.
	historyBlock = 1024
)

// resampler changes the sampling rate of interleaved sound with a polyphase
// filter (see filterBank) whose delay is taken out again: frame 0 of the output
// lies on frame 0 of the input. Between equal rates, unsteered, it copies bit
// for bit. process, flush and steer allocate nothing.
type resampler struct {
	in, out  int // rates divided by their greatest common divisor
	channels int
	bank     *filterBank

	step, one uint64 // what one output frame and one input frame add to phase
	steered   bool   // the ratio was bent at some time

	// The next output frame lies on input frame pos + phase/one.
	pos   int64
	phase uint64

	hist  []float32 // input frames base to base+n
	base  int64
	n     int
	total int64 // input frames taken; what hist holds beyond is silence
}

// newResampler changes from in to out Hz, 8000 to 192000 each, for 1 to 8
// channels. bank is filterBank of the same rates.
func newResampler(bank *filterBank, channels int) (*resampler, error) {
	if channels < 1 || channels > maxChannels {
		return nil, fmt.Errorf("resample %d channels: 1 to %d are allowed", channels, maxChannels)
	}
	r := &resampler{in: bank.in, out: bank.out, channels: channels, bank: bank}
	r.one = uint64(r.out) << fineBits
	// Room for a block beside the taps keeps the moving of history rare.
	r.hist = make([]float32, (2*bank.half+historyBlock)*channels)
	r.reset()
	return r, nil
}

// reset forgets all sound and the steering; the next input frame is frame 0.
func (r *resampler) reset() {
	r.step, r.steered = uint64(r.in)<<fineBits, false
	r.pos, r.phase, r.total = 0, 0, 0
	r.silence()
}

// silence puts zeros in the place of all input before total.
func (r *resampler) silence() {
	r.base = r.pos - int64(r.bank.half) + 1
	r.n = int(r.total - r.base)
	clear(r.hist)
}

// steer makes the output shorter by ppm parts per million (longer when it is
// negative), from the next output frame on, without a jump. It is clamped to
// +-1000.
func (r *resampler) steer(ppm float64) {
	ppm = min(max(ppm, -maxPPM), maxPPM)
	r.step = uint64(float64(uint64(r.in)<<fineBits) * (1 + ppm*1e-6))
	r.steered = r.steered || ppm != 0
}

// bypass is true while output frames are input frames.
func (r *resampler) bypass() bool { return r.in == r.out && !r.steered }

// process reads from src and writes to dst and returns how many frames it took
// and gave. It stops when src is used up or dst is full; what it did not take
// must be given again. The last output frames await input that is still to come:
// see flush.
func (r *resampler) process(dst, src []float32) (took, gave int) {
	room, have := len(dst)/r.channels, len(src)/r.channels
	if r.bypass() {
		n := min(room, have)
		copy(dst, src[:n*r.channels])
		r.remember(src[:n*r.channels], n)
		return n, n
	}
	for {
		gave += r.emit(dst[gave*r.channels:], room-gave)
		if took == have || gave == room {
			return took, gave
		}
		n := r.take(src[took*r.channels:], have-took)
		r.total += int64(n)
		took += n
	}
}

// flush writes the output frames that await input, as if silence followed, and
// returns how many; 0 when the output is complete. Unsteered that makes exactly
// round(input * out / in) frames in all. Then only reset may follow.
func (r *resampler) flush(dst []float32) (gave int) {
	if r.bypass() {
		return 0
	}
	room := min(len(dst)/r.channels, r.left())
	for gave < room {
		gave += r.emit(dst[gave*r.channels:], room-gave)
		if gave < room {
			r.take(nil, historyBlock)
		}
	}
	return gave
}

// left is how many output frames still lie within the input taken: those whose
// centre is half a step or more before its end, as rounding asks. After process
// that is a filter's length at most, so the product cannot overflow.
func (r *resampler) left() int {
	ahead := (r.total-r.pos)*int64(r.one) - int64(r.phase) - int64(r.step/2)
	if ahead < 0 {
		return 0
	}
	return int(ahead/int64(r.step)) + 1
}

// drop passes over n input frames as if they had been processed and their
// output thrown away; it returns how many output frames that was. What follows
// is exact again after the filter's length. Unsteered only.
func (r *resampler) drop(n int64) (passed int64) {
	r.total += n
	if r.bypass() {
		r.pos = r.total
		r.silence()
		return n
	}
	end := r.total - int64(r.bank.half)
	if end > r.pos {
		cycles := (end - r.pos) / int64(r.in)
		r.pos += cycles * int64(r.in)
		passed = cycles * int64(r.out)
		for r.pos < end {
			r.advance()
			passed++
		}
	}
	r.silence()
	return passed
}

// advance moves on by one output frame.
func (r *resampler) advance() {
	r.phase += r.step
	if r.phase >= r.one {
		r.pos += int64(r.phase / r.one)
		r.phase %= r.one
	}
}

// take appends n frames of src, or of silence when it is nil, as far as there
// is room, and forgets what no output frame needs any more.
func (r *resampler) take(src []float32, n int) int {
	c := r.channels
	if old := int(r.pos - int64(r.bank.half) + 1 - r.base); old > 0 {
		copy(r.hist, r.hist[old*c:r.n*c])
		r.base += int64(old)
		r.n -= old
	}
	n = min(n, len(r.hist)/c-r.n)
	to := r.hist[r.n*c : (r.n+n)*c]
	if src == nil {
		clear(to)
	} else {
		copy(to, src)
	}
	r.n += n
	return n
}

// remember keeps the history going while nothing is filtered, so that steering
// can begin at any time.
func (r *resampler) remember(src []float32, n int) {
	r.total += int64(n)
	r.pos = r.total
	keep := r.bank.half - 1
	if m := min(n, keep); m > 0 {
		c := r.channels
		copy(r.hist, r.hist[m*c:keep*c])
		copy(r.hist[(keep-m)*c:keep*c], src[(n-m)*c:])
	}
	r.base, r.n = r.pos-int64(keep), keep
}

// emit writes up to room output frames, as far as the input reaches.
func (r *resampler) emit(dst []float32, room int) (gave int) {
	half, end := int64(r.bank.half), r.base+int64(r.n)
	for gave < room && r.pos+half < end {
		from := int(r.pos-half+1-r.base) * r.channels
		x := r.hist[from : from+r.bank.taps*r.channels]
		r.frame(dst[gave*r.channels:], x)
		r.advance()
		gave++
	}
	return gave
}

// frame filters one output frame out of taps input frames.
func (r *resampler) frame(dst, x []float32) {
	if r.phase == 0 && r.bank.passes {
		copy(dst[:r.channels], x[(r.bank.half-1)*r.channels:])
		return
	}
	h, next, mix := r.bank.at(r.phase)
	r.dot(dst, h, x)
	if mix == 0 {
		return
	}
	var other [maxChannels]float32
	r.dot(other[:], next, x)
	for ch := range dst[:r.channels] {
		dst[ch] += mix * (other[ch] - dst[ch])
	}
}

// dot writes, for each channel, the sum of h[i] times frame i of x.
func (r *resampler) dot(dst, h, x []float32) {
	switch r.channels {
	case 1:
		dst[0] = dotMono(h, x)
	case 2:
		dst[0], dst[1] = dotStereo(h, x)
	default:
		for ch := range dst[:r.channels] {
			dst[ch] = dotMany(h, x, ch, r.channels)
		}
	}
}

// dotMono is the sum of h[i]*x[i]. Four sums hide the latency of the
// floating-point unit and keep the rounding error down; eight gain nothing.
func dotMono(h, x []float32) float32 {
	var a, b, c, d float32
	for len(h) >= 4 && len(x) >= 4 {
		a += h[0] * x[0]
		b += h[1] * x[1]
		c += h[2] * x[2]
		d += h[3] * x[3]
		h, x = h[4:], x[4:]
	}
	x = x[:len(h)]
	for k, v := range h {
		a += v * x[k]
	}
	return (a + b) + (c + d)
}

// dotStereo is dotMono of the left and of the right samples of x: each
// coefficient is loaded once for both.
func dotStereo(h, x []float32) (left, right float32) {
	var a, b, c, d float32
	for len(h) >= 4 && len(x) >= 8 {
		h4, x8 := h[:4], x[:8]
		h0, h1, h2, h3 := h4[0], h4[1], h4[2], h4[3]
		a += h0 * x8[0]
		b += h0 * x8[1]
		c += h1 * x8[2]
		d += h1 * x8[3]
		a += h2 * x8[4]
		b += h2 * x8[5]
		c += h3 * x8[6]
		d += h3 * x8[7]
		h, x = h[4:], x[8:]
	}
	x = x[:2*len(h)]
	for k, v := range h {
		a += v * x[2*k]
		b += v * x[2*k+1]
	}
	return a + c, b + d
}

// dotMany is dotMono of channel ch of stride.
func dotMany(h, x []float32, ch, stride int) float32 {
	var a, b float32
	i := ch
	for ; len(h) >= 2 && i+stride < len(x); h = h[2:] {
		a += h[0] * x[i]
		b += h[1] * x[i+stride]
		i += 2 * stride
	}
	for k := range h {
		a += h[k] * x[i]
		i += stride
	}
	return a + b
}
