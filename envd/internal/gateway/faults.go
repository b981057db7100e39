package gateway

import (
	"context"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/envd-dev/envd/chaos"
)

// faultSet holds the faults that act on one stub. Each lives under a lease: at its end the set drops it by itself, so
// that no fault outlives the process that injected it.
type faultSet struct {
	mu     sync.Mutex
	active []*fault
}

type fault struct {
	id      string
	spec    chaos.StubFault
	expires time.Time
	touched chan struct{} // closed at its first effect
	gone    chan struct{} // closed when it ended

	total, affected int64
	delayed         time.Duration // sum over the affected
}

func (s *faultSet) set(id string, c FaultConfig) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(func(f *fault) bool { return f.id == id })
	s.active = append(s.active, &fault{
		id: id, spec: c.Fault, expires: time.Now().Add(c.Lease),
		touched: make(chan struct{}), gone: make(chan struct{}),
	})
}

func (s *faultSet) renew(id string, lease time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.find(id)
	if f == nil {
		return false
	}
	f.expires = time.Now().Add(lease)
	return true
}

// await blocks until the fault touched a request, ended, or ctx did.
func (s *faultSet) await(ctx context.Context, id string) (chaos.Effect, error) {
	s.mu.Lock()
	f := s.find(id)
	s.mu.Unlock()
	if f == nil {
		return chaos.Effect{}, chaos.ErrGone
	}
	select {
	case <-f.touched:
	case <-f.gone:
		return chaos.Effect{}, chaos.ErrGone
	case <-ctx.Done():
		return chaos.Effect{}, ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return f.effect(), nil
}

// clear ends the fault and says what it did; the zero Effect where there is none.
func (s *faultSet) clear(id string) chaos.Effect {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.find(id)
	if f == nil {
		return chaos.Effect{}
	}
	s.drop(func(o *fault) bool { return o == f })
	return f.effect()
}

// draw decides what acts on the request that is about to be served: the fault, or nil, and its delay.
func (s *faultSet) draw() (*fault, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.active) == 0 {
		return nil, 0
	}
	s.expire()
	var chosen *fault
	for _, f := range s.active {
		f.total++
		if chosen == nil && (f.spec.Share >= 1 || rand.Float64() < f.spec.Share) {
			chosen = f
		}
	}
	if chosen == nil {
		return nil, 0
	}
	return chosen, sample(chosen.spec.Delay)
}

// touch counts a request on which the fault had its effect.
func (s *faultSet) touch(f *fault, delay time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.affected++
	f.delayed += delay
	if f.affected == 1 {
		close(f.touched)
	}
}

func (s *faultSet) find(id string) *fault {
	s.expire()
	for _, f := range s.active {
		if f.id == id {
			return f
		}
	}
	return nil
}

func (s *faultSet) expire() {
	now := time.Now()
	s.drop(func(f *fault) bool { return now.After(f.expires) })
}

func (s *faultSet) drop(which func(*fault) bool) {
	kept := s.active[:0]
	for _, f := range s.active {
		if which(f) {
			close(f.gone)
			continue
		}
		kept = append(kept, f)
	}
	clear(s.active[len(kept):])
	s.active = kept
}

func (f *fault) effect() chaos.Effect {
	e := chaos.Effect{Affected: f.affected, Total: f.total}
	if f.affected > 0 {
		e.Delay = f.delayed / time.Duration(f.affected)
	}
	return e
}

// sample draws a delay. The log-normal is WireMock's: median · e^(sigma · N(0,1)).
func sample(d chaos.Distribution) time.Duration {
	switch {
	case d.Median > 0:
		return time.Duration(float64(d.Median) * math.Exp(rand.NormFloat64()*d.Sigma))
	case d.Upper > 0:
		return d.Lower + time.Duration(rand.Float64()*float64(d.Upper-d.Lower))
	}
	return d.Fixed
}

// outage breaks the answer as the fault says; false where the fault only delays.
func (f *fault) outage(w http.ResponseWriter, r *http.Request, stopping <-chan struct{}) bool {
	switch {
	case f.spec.Reset:
		reset(w)
	case f.spec.Hang:
		select {
		case <-r.Context().Done():
		case <-f.gone:
		case <-stopping:
		}
		reset(w)
	case f.spec.Status > 0:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(f.spec.Status)
		_, _ = w.Write([]byte("envd: injected outage " + f.id + "\n")) // the client may have gone
	default:
		return false
	}
	return true
}

// reset breaks the connection with a TCP RST (RFC 9293, section 3.5.2), or the HTTP/2 stream with RST_STREAM.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2: net/http turns this into RST_STREAM
	}
	if under, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = under.NetConn() // below TLS, so that no close_notify goes out
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // a connection that is gone already needs no reset
	}
	conn.Close()
}
