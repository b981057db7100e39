package chaos

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Planned is a fault with its place on a timeline.
type Planned struct {
	Name  string
	Fault Fault
	Injection
	At  time.Duration // after the timeline's start
	For time.Duration // from injection to revert
}

// EventName names a step in a fault's course.
type EventName string

const (
	Injected EventName = "injected"
	Active   EventName = "active" // its effect was measured
	Reverted EventName = "reverted"
	Failed   EventName = "failed" // it could not be injected, was lost, or could not be reverted
)

// Event is one step of a fault's course.
type Event struct {
	Time   time.Time
	Fault  *Planned
	Name   EventName
	Effect Effect // of active and reverted
	Err    error  // of failed
}

const (
	defaultLease  = 3 * time.Second
	revertTimeout = 30 * time.Second // enough for services that take time to start again
)

// Play injects every planned fault at its time, keeps its lease alive and reverts it at its end. When ctx ends it
// reverts what is injected and returns; the reverts have their own bounded time. Every step is handed to observe, one
// call at a time. The error joins all failures.
func Play(ctx context.Context, w World, faults []Planned, observe func(Event)) error {
	var (
		wg     sync.WaitGroup
		mu     sync.Mutex
		failed []error
	)
	emit := func(p *Planned, at time.Time, name EventName, e Effect, err error) {
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			err = fmt.Errorf("fault %s (%s on %s): %w", p.Name, p.Fault.Kind(), p.Target, err)
			failed = append(failed, err)
		}
		observe(Event{Time: at, Fault: p, Name: name, Effect: e, Err: err})
	}
	start := time.Now()
	for i := range faults {
		wg.Add(1)
		go func(p *Planned) {
			defer wg.Done()
			play(ctx, w, p, start, func(at time.Time, n EventName, e Effect, err error) { emit(p, at, n, e, err) })
		}(&faults[i])
	}
	wg.Wait()
	return errors.Join(failed...)
}

// play leads one fault through its course.
func play(ctx context.Context, w World, p *Planned, start time.Time, emit func(time.Time, EventName, Effect, error)) {
	if !until(ctx, start.Add(p.At)) {
		return
	}
	if p.Lease == 0 {
		p.Lease = defaultLease
	}
	begin := time.Now() // it may act before Inject returns
	if err := p.Fault.Inject(ctx, w, p.Injection); err != nil {
		emit(time.Now(), Failed, Effect{}, fmt.Errorf("inject: %w", err))
		return
	}
	emit(begin, Injected, Effect{}, nil)

	lost := hold(ctx, w, p, emit)

	// The revert must happen even though ctx may have ended.
	rctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), revertTimeout)
	defer cancel()
	e, err := p.Fault.Revert(rctx, w, p.Injection)
	switch {
	case err != nil:
		emit(time.Now(), Failed, e, fmt.Errorf("revert: %w", err))
	case lost != nil:
		emit(time.Now(), Failed, e, lost)
	default:
		emit(time.Now(), Reverted, e, nil)
	}
}

// hold renews the lease until the fault's time is over and reports its first measured effect on the way.
func hold(ctx context.Context, w World, p *Planned, emit func(time.Time, EventName, Effect, error)) (lost error) {
	ctx, cancel := context.WithTimeout(ctx, p.For)
	defer cancel()
	measured := make(chan struct{})
	go func() {
		defer close(measured)
		if e, err := p.Fault.Await(ctx, w, p.Injection); err == nil {
			emit(time.Now(), Active, e, nil)
		}
	}()
	defer func() { cancel(); <-measured }()

	renew := time.NewTicker(p.Lease / 3)
	defer renew.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-renew.C:
			if err := p.Fault.Renew(ctx, w, p.Injection); err != nil && ctx.Err() == nil {
				return fmt.Errorf("renew: %w", err)
			}
		}
	}
}

// until waits for t, and returns false if ctx ends first.
func until(ctx context.Context, t time.Time) bool {
	timer := time.NewTimer(time.Until(t))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
