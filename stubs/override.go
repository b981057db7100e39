package stubs

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Override is a fault that the hosting program injects into a server's answers. A delay may be combined with an outage,
// which then happens after the delay. Admin requests are never touched.
type Override struct {
	ID     string // names the override; several may be active at once
	Delay  Delay
	Outage Outage
	Status int       // for OutageStatus: answered with an empty body instead of the stub's response
	Share  float64   // of the requests that it touches, in (0, 1]
	Until  time.Time // end of the lease: from then on the server has dropped the override
}

// Outage is how an override makes a request fail.
type Outage uint8

// The outages.
const (
	NoOutage     Outage = iota
	OutageReset         // the connection is closed with a TCP reset (HTTP/2: the stream is reset)
	OutageHang          // nothing is answered until the override ends, then the connection is reset
	OutageStatus        // Override.Status is answered
)

// Delay draws latencies: a fixed one, or log-normal (Median, Sigma), or uniform (Lower..Upper). The zero value is none.
type Delay struct {
	Fixed        time.Duration
	Median       time.Duration
	Sigma        float64
	Lower, Upper time.Duration
}

// Effect is what an override did so far, as measured by the server.
type Effect struct {
	Requests uint64        // that came while it was active
	Affected uint64        // of them
	Delay    time.Duration // mean of the delays really added to affected requests
}

// ErrNoOverride is the error of renewing, asking for or clearing an override that does not exist or whose lease has ended.
var ErrNoOverride = errors.New("no such override")

type override struct {
	Override
	until    atomic.Int64 // Unix nanoseconds
	ended    chan struct{}
	touched  chan struct{} // closed when the first request was touched
	first    sync.Once
	requests atomic.Uint64
	affected atomic.Uint64
	delayed  atomic.Int64 // sum of measured delays
}

// overrides is the set of active overrides. Serving reads it without a lock; nil means none.
type overrides struct {
	mu     sync.Mutex
	active atomic.Pointer[[]*override]
}

// SetOverride starts an override, or replaces the one with the same ID.
func (s *Server) SetOverride(o Override) error {
	if err := o.validate(s.clock()); err != nil {
		return err
	}
	n := &override{Override: o, ended: make(chan struct{}), touched: make(chan struct{})}
	n.until.Store(o.Until.UnixNano())
	s.overrides.replace(o.ID, n)
	return nil
}

// RenewOverride extends the lease of an active override.
func (s *Server) RenewOverride(id string, until time.Time) error {
	o := s.overrides.find(id, s.clock())
	if o == nil {
		return fmt.Errorf("renew %q: %w", id, ErrNoOverride)
	}
	o.until.Store(until.UnixNano())
	return nil
}

// OverrideEffect says what an active override has done so far.
func (s *Server) OverrideEffect(id string) (Effect, error) {
	o := s.overrides.find(id, s.clock())
	if o == nil {
		return Effect{}, fmt.Errorf("effect of %q: %w", id, ErrNoOverride)
	}
	return o.effect(), nil
}

// AwaitOverride waits until the override has touched a request: its delay has passed, or its outage has begun. It returns
// what the override did so far; ErrNoOverride when it ended, or was replaced, before it touched any.
func (s *Server) AwaitOverride(ctx context.Context, id string) (Effect, error) {
	o := s.overrides.find(id, s.clock())
	if o == nil {
		return Effect{}, fmt.Errorf("await %q: %w", id, ErrNoOverride)
	}
	for {
		left := time.Duration(o.until.Load() - s.clock().UnixNano())
		timer := time.NewTimer(max(left, 0))
		select {
		case <-o.touched:
			timer.Stop()
			return o.effect(), nil
		case <-ctx.Done():
			timer.Stop()
			return o.effect(), ctx.Err()
		case <-o.ended:
		case <-timer.C:
			if s.overrides.find(id, s.clock()) == o {
				continue // the lease was renewed meanwhile
			}
		}
		timer.Stop()
		return o.effect(), fmt.Errorf("await %q: %w", id, ErrNoOverride)
	}
}

// ClearOverride ends an override at once: requests that it delays or holds are let go. It returns what the override did.
func (s *Server) ClearOverride(id string) (Effect, error) {
	o := s.overrides.replace(id, nil)
	if o == nil {
		return Effect{}, fmt.Errorf("clear %q: %w", id, ErrNoOverride)
	}
	return o.effect(), nil
}

// ClearOverrides ends all overrides.
func (s *Server) ClearOverrides() {
	for _, o := range s.overrides.load() {
		s.overrides.replace(o.ID, nil)
	}
}

func (o Override) validate(now time.Time) error {
	switch {
	case o.Share <= 0 || o.Share > 1 || math.IsNaN(o.Share):
		return fmt.Errorf("override %q: share %v is outside (0, 1]", o.ID, o.Share)
	case !o.Until.After(now):
		return fmt.Errorf("override %q: the lease ended at %s", o.ID, o.Until.Format(time.RFC3339))
	case o.Outage == OutageStatus && (o.Status < 100 || o.Status > 999):
		return fmt.Errorf("override %q: %d is no HTTP status", o.ID, o.Status)
	case o.Outage > OutageStatus:
		return fmt.Errorf("override %q: unknown outage %d", o.ID, o.Outage)
	case o.Outage == NoOutage && o.Delay == Delay{}:
		return fmt.Errorf("override %q has neither delay nor outage", o.ID)
	case o.Delay.Fixed < 0 || o.Delay.Median < 0 || o.Delay.Sigma < 0 || o.Delay.Lower < 0 || o.Delay.Upper < o.Delay.Lower:
		return fmt.Errorf("override %q: the delay is negative or its bounds are reversed", o.ID)
	}
	return nil
}

func (o *override) effect() Effect {
	e := Effect{Requests: o.requests.Load(), Affected: o.affected.Load()}
	if e.Affected > 0 {
		e.Delay = time.Duration(o.delayed.Load() / int64(e.Affected))
	}
	return e
}

func (o *overrides) load() []*override {
	if p := o.active.Load(); p != nil {
		return *p
	}
	return nil
}

func (o *overrides) find(id string, now time.Time) *override {
	for _, a := range o.load() {
		if a.ID == id && a.until.Load() > now.UnixNano() {
			return a
		}
	}
	return nil
}

// replace puts next (nil: nothing) in the place of the override called id and returns the one that was there.
func (o *overrides) replace(id string, next *override) (old *override) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var list []*override
	for _, a := range o.load() {
		if a.ID == id {
			old = a
			continue
		}
		list = append(list, a)
	}
	if next != nil {
		list = append(list, next)
	}
	if list == nil {
		o.active.Store(nil)
	} else {
		o.active.Store(&list)
	}
	if old != nil {
		close(old.ended)
	}
	return old
}

// drop removes an override whose lease has ended; it does nothing to one that was replaced meanwhile.
func (o *overrides) drop(gone *override) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var list []*override
	for _, a := range o.load() {
		if a != gone {
			list = append(list, a)
		}
	}
	if len(list) == len(o.load()) {
		return
	}
	if list == nil {
		o.active.Store(nil)
	} else {
		o.active.Store(&list)
	}
	close(gone.ended)
}

// disturbance is what the active overrides did to one request.
type disturbance struct {
	FaultID string
	Delay   time.Duration // measured
	Status  int           // answered instead of the stub's response; 0 when the connection was broken or served normally
	Ended   bool          // the request is over: nothing more may be written
	Reset   bool          // its connection is to be reset
}

// disturb carries out the active overrides on one request.
func (s *Server) disturb(w http.ResponseWriter, r *http.Request) (d disturbance) {
	for _, o := range s.overrides.load() {
		if o.until.Load() <= s.clock().UnixNano() {
			s.overrides.drop(o)
			continue
		}
		o.requests.Add(1)
		if o.Share < 1 && s.random.Float64() >= o.Share {
			continue
		}
		d.FaultID = o.ID
		if wait := o.Delay.draw(s.random); wait > 0 {
			began := time.Now()
			o.wait(r.Context(), wait, s.clock)
			took := time.Since(began)
			o.delayed.Add(int64(took))
			d.Delay += took
		}
		o.affected.Add(1) // once its delay was measured, so that the mean is of whole delays
		o.first.Do(func() { close(o.touched) })
		switch o.Outage {
		case OutageHang:
			o.wait(r.Context(), 1<<62, s.clock)
			d.Ended, d.Reset = true, true
		case OutageReset:
			d.Ended, d.Reset = true, true
		case OutageStatus:
			d.Ended, d.Status = true, o.Status
			w.WriteHeader(o.Status)
		}
		if d.Ended {
			return d
		}
	}
	return d
}

// wait sleeps for d, or until the override or the request ends, whichever is first.
func (o *override) wait(ctx context.Context, d time.Duration, clock func() time.Time) {
	for d > 0 {
		left := time.Duration(o.until.Load() - clock().UnixNano())
		if left <= 0 {
			return
		}
		step := min(d, left)
		timer := time.NewTimer(step)
		select {
		case <-timer.C:
			d -= step
		case <-o.ended:
			timer.Stop()
			return
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

func (d Delay) draw(rnd *random) time.Duration {
	switch {
	case d.Fixed > 0:
		return d.Fixed
	case d.Median > 0:
		return time.Duration(math.Exp(rnd.NormFloat64()*d.Sigma) * float64(d.Median))
	case d.Upper > d.Lower:
		return d.Lower + time.Duration(rnd.Float64()*float64(d.Upper-d.Lower))
	}
	return d.Lower
}
