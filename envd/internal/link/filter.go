package link

import (
	"math"
	"math/rand/v2"
	"time"
)

// piece is data on its way, or an end of it.
type piece struct {
	data []byte
	end  ending
	read time.Time // when it came in
	due  time.Time // it is not delivered before
	by   []*stage  // what changed it, or its time
}

type ending int

const (
	open  ending = iota
	eof          // no more data comes; the other direction goes on
	cut          // close the connection
	reset        // close it with a RST
)

// filter is what a toxic does to one direction of one connection.
type filter interface {
	// start tells what will happen although no data comes, if anything. It is called again when toxics were changed.
	start(now time.Time) (piece, bool)
	// pass hands on what becomes of a piece. Times never go back from one piece to the next.
	pass(p piece, next func(piece))
}

// dataOnly is the start of filters that wait for data.
type dataOnly struct{}

func (dataOnly) start(time.Time) (piece, bool) { return piece{}, false }

func millis(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// latency holds every piece up: by base ± jitter, uniform, or by a log-normal time.
type latency struct {
	dataOnly
	base, jitter, median time.Duration
	sigma                float64
	last                 time.Time
}

func (f *latency) pass(p piece, next func(piece)) {
	if p.end == open {
		p.due = p.due.Add(f.draw())
	}
	p.due = later(p.due, f.last)
	f.last = p.due
	next(p)
}

func (f *latency) draw() time.Duration {
	if f.median > 0 {
		return time.Duration(float64(f.median) * math.Exp(f.sigma*rand.NormFloat64()))
	}
	return max(0, f.base+time.Duration(float64(f.jitter)*(2*rand.Float64()-1)))
}

// bandwidth lets rate bytes through a second, a tenth of a second's worth at a time.
type bandwidth struct {
	dataOnly
	rate float64
	free time.Time // when the line has taken what came before
}

func (f *bandwidth) pass(p piece, next func(piece)) {
	f.free = later(f.free, p.due)
	if f.rate <= 0 {
		next(p)
		return
	}
	if p.end != open {
		p.due = f.free
		next(p)
		return
	}
	most := max(1, int(f.rate/10))
	for rest := p.data; len(rest) > 0; {
		n := min(most, len(rest))
		f.free = f.free.Add(time.Duration(float64(n) / f.rate * float64(time.Second)))
		part := p
		part.data, part.due = rest[:n], f.free
		rest = rest[n:]
		next(part)
	}
}

// slowClose holds the end of the data up.
type slowClose struct{ delay time.Duration }

func (slowClose) start(time.Time) (piece, bool) { return piece{}, false }

func (f slowClose) pass(p piece, next func(piece)) {
	if p.end == eof {
		p.due = p.due.Add(f.delay)
	}
	next(p)
}

// timeout drops everything, and closes the connection some time after it began, unless that is 0.
type timeout struct {
	after time.Duration
	at    time.Time
}

func (f *timeout) start(now time.Time) (piece, bool) {
	if f.at.IsZero() {
		f.at = now.Add(f.after)
	}
	return piece{end: cut, read: now, due: f.at}, f.after > 0
}

func (f *timeout) pass(piece, func(piece)) {}

// resetPeer breaks the connection some time after the first data, which is lost.
type resetPeer struct {
	dataOnly
	after time.Duration
	begun bool
}

func (f *resetPeer) pass(p piece, next func(piece)) {
	switch {
	case f.begun:
		return
	case p.end != open: // nothing to lose: the connection ends by itself
		next(p)
		return
	}
	f.begun = true
	p.data, p.end, p.due = nil, reset, p.due.Add(f.after)
	next(p)
}

// slicer cuts data into pieces of size ± variation bytes, each a pause after the one before.
type slicer struct {
	dataOnly
	size, variation int
	pause           time.Duration
}

func (f slicer) pass(p piece, next func(piece)) {
	if p.end != open {
		next(p)
		return
	}
	for rest := p.data; len(rest) > 0; {
		n := max(1, f.size)
		if f.variation > 0 {
			n = max(1, f.size-f.variation+rand.IntN(2*f.variation+1))
		}
		n = min(n, len(rest))
		part := p
		part.data = rest[:n]
		rest = rest[n:]
		next(part)
		p.due = p.due.Add(f.pause)
	}
}

// limitData closes the connection after so many bytes.
type limitData struct {
	dataOnly
	left int64
}

func (f *limitData) pass(p piece, next func(piece)) {
	if p.end != open || int64(len(p.data)) < f.left {
		f.left -= int64(len(p.data))
		next(p)
		return
	}
	if f.left > 0 {
		part := p
		part.data = p.data[:f.left]
		next(part)
	}
	f.left = 0
	p.data, p.end = nil, cut
	next(p)
}
