package link

import (
	"sync"
	"time"
)

// Effect is what toxics were seen to do.
type Effect struct {
	Affected int64         // connections on which they acted
	Total    int64         // connections with data in their direction since they were added
	Held     time.Duration // mean time from a piece's arrival to its delivery, of the pieces that were held up
}

// meter counts what the toxics of one fault do. Only what has happened counts: a piece that is late has been written.
type meter struct {
	mu     sync.Mutex
	effect Effect
	held   time.Duration
	pieces int64
	acted  chan struct{} // closed at the first effect
}

func newMeter() *meter { return &meter{acted: make(chan struct{})} }

// mark is what a connection has of a meter.
type mark struct{ seen, hit bool }

// saw counts a connection with data.
func (m *meter) saw(k *mark) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !k.seen {
		k.seen = true
		m.effect.Total++
	}
}

// hit counts a connection that is affected, and how long a piece was held up (0 where it was not delivered).
func (m *meter) hit(k *mark, held time.Duration) {
	m.saw(k)
	m.mu.Lock()
	defer m.mu.Unlock()
	if held > 0 {
		m.held += held
		m.pieces++
	}
	if !k.hit {
		k.hit = true
		if m.effect.Affected++; m.effect.Affected == 1 {
			close(m.acted)
		}
	}
}

func (m *meter) read() Effect {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.effect
	if m.pieces > 0 {
		e.Held = m.held / time.Duration(m.pieces)
	}
	return e
}
