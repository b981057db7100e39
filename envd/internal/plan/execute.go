package plan

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/envd-dev/envd/envd"
)

// EventKind says what happened to an operation.
type EventKind string

const (
	Started   EventKind = "started" // observed before the operation has any effect
	Succeeded EventKind = "succeeded"
	Failed    EventKind = "failed"
	Cancelled EventKind = "cancelled" // it was under way when another one failed or the run was given up
	Skipped   EventKind = "skipped"   // it was never started
)

// Event is one step of a plan's execution.
type Event struct {
	Operation envd.Operation
	Kind      EventKind
	Err       error // of failed and cancelled; of skipped, why
}

// ErrSkipped is the error of operations that were never started.
var ErrSkipped = errors.New("skipped")

// Execute carries out a plan. Operations start as soon as everything they depend on has succeeded, independent ones in
// parallel. The first failure cancels operations under way, and the rest is skipped. observe is called before and after each
// operation, one call at a time, from the goroutine that called Execute.
//
// The error joins the failures, each with the name of its operation, or is the cause of ctx's end. Execute returns when no
// operation is running any more.
func Execute(ctx context.Context, p *Plan, do func(context.Context, envd.Operation) error, observe func(Event)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	e := &execution{plan: p, do: do, observe: observe, done: make(chan result), state: make([]progress, len(p.Operations))}
	defer e.running.Wait()

	for active := e.startReady(ctx); active > 0; active += e.startReady(ctx) {
		r := <-e.done
		active--
		e.finish(ctx, r)
		if r.err != nil {
			cancel()
		}
	}
	return e.conclude(ctx)
}

// progress is how far an operation has come.
type progress int

const (
	pending progress = iota
	running
	succeeded
	failed
)

// result is an operation's end.
type result struct {
	index int
	err   error
}

// execution is the state of one Execute, touched by its own goroutine only; the operations' goroutines send to done.
type execution struct {
	plan    *Plan
	do      func(context.Context, envd.Operation) error
	observe func(Event)
	done    chan result
	running sync.WaitGroup
	state   []progress
	errs    []error
}

// startReady starts the operations whose dependencies have all succeeded, and returns their number.
func (e *execution) startReady(ctx context.Context) (started int) {
	if ctx.Err() != nil {
		return 0
	}
	succeededIDs := make(map[string]bool, len(e.plan.Operations))
	for i, op := range e.plan.Operations {
		succeededIDs[op.ID] = e.state[i] == succeeded
	}
	for i, op := range e.plan.Operations {
		if e.state[i] != pending || !released(op, succeededIDs) {
			continue
		}
		e.state[i] = running
		e.observe(Event{Operation: op, Kind: Started})
		e.running.Go(func() { e.done <- result{i, e.do(ctx, op)} })
		started++
	}
	return started
}

func released(op envd.Operation, succeeded map[string]bool) bool {
	for _, d := range op.DependsOn {
		if !succeeded[d] {
			return false
		}
	}
	return true
}

// finish records an operation's end. An operation that returns the context's own error after the context has ended did not
// fail: it was cancelled.
func (e *execution) finish(ctx context.Context, r result) {
	op := e.plan.Operations[r.index]
	switch {
	case r.err == nil:
		e.state[r.index] = succeeded
		e.observe(Event{Operation: op, Kind: Succeeded})
	case ctx.Err() != nil && errors.Is(r.err, ctx.Err()):
		e.state[r.index] = failed
		e.observe(Event{Operation: op, Kind: Cancelled, Err: r.err})
	default:
		e.state[r.index] = failed
		e.errs = append(e.errs, fmt.Errorf("%s: %w", op.ID, r.err))
		e.observe(Event{Operation: op, Kind: Failed, Err: r.err})
	}
}

// conclude marks the operations that were never started, and returns the error of the whole execution.
func (e *execution) conclude(ctx context.Context) error {
	unfinished, skipped := 0, 0
	for i, op := range e.plan.Operations {
		if e.state[i] != succeeded {
			unfinished++
		}
		if e.state[i] == pending {
			skipped++
			e.observe(Event{Operation: op, Kind: Skipped, Err: ErrSkipped})
		}
	}
	if len(e.errs) > 0 {
		return errors.Join(e.errs...)
	}
	if err := context.Cause(ctx); err != nil && unfinished > 0 {
		return err
	}
	if skipped > 0 {
		return fmt.Errorf("%d operations wait for something that is not planned", skipped)
	}
	return nil
}
