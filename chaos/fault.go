package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Undo tells how a fault's effect ends when nobody reverts it.
type Undo string

const (
	KernelTied   Undo = "kernel_tied"  // the kernel drops it with the process that holds it
	KernelTimed  Undo = "kernel_timed" // the kernel drops it at a time set beforehand
	Leashed      Undo = "leashed"      // the process that carries it out drops it when its lease runs out
	APIOwned     Undo = "api_owned"    // an outer API holds it; a sweep by label reverts it
	Irreversible Undo = "irreversible" // nothing brings the former state back (opt-in)
)

// Injection is one fault to inject: data, so that any process can renew or revert it.
type Injection struct {
	ID     string          `json:"id"` // unique in its environment
	Target string          `json:"target"`
	Params json.RawMessage `json:"params,omitempty"`
	Lease  time.Duration   `json:"lease"` // nanoseconds; the effect ends this long after the last Inject or Renew
}

// Effect is what a fault was measured to do.
type Effect struct {
	Affected int64         `json:"affected"` // requests or connections that it touched
	Total    int64         `json:"total"`    // of so many since it was injected
	Delay    time.Duration `json:"delay"`    // mean added delay of the affected
	Summary  string        `json:"summary"`  // for people
}

// Fault is one kind of injected failure. Implementations hold no state: all of it is in the Injection and the World.
type Fault interface {
	// Kind is the fault's word in a spec, for example "stub.latency".
	Kind() string
	// Undo tells how its effect ends when nobody reverts it.
	Undo() Undo
	// Validate decodes params strictly; its errors name the parameter, what is wrong and what would be right.
	Validate(params json.RawMessage) error
	// Inject starts the effect under in.Lease. Injecting the same ID twice replaces the first.
	Inject(ctx context.Context, w World, in Injection) error
	// Await blocks until the effect was measured at least once, or ctx is done.
	Await(ctx context.Context, w World, in Injection) (Effect, error)
	// Renew extends the lease to in.Lease from now; ErrGone where the effect has ended already.
	Renew(ctx context.Context, w World, in Injection) error
	// Revert ends the effect and returns what it did in all. Reverting what is not there is no error.
	Revert(ctx context.Context, w World, in Injection) (Effect, error)
}

// ErrGone says that a lease ran out, or that nothing was injected under that ID.
var ErrGone = errors.New("the fault is not injected (any more)")

// World is what faults act on: one environment.
type World interface {
	Stubs() StubControl
}

// Registry maps kinds to faults. Composition roots build it; there is no global one.
type Registry map[string]Fault

// Builtin returns the faults that come with envd.
func Builtin() Registry {
	r := Registry{}
	for _, f := range []Fault{StubLatency(), StubOutage()} {
		r[f.Kind()] = f
	}
	return r
}

// decode reads params into v and refuses what v does not know.
func decode(params json.RawMessage, v any) error {
	if len(params) == 0 {
		params = json.RawMessage("{}")
	}
	d := json.NewDecoder(bytes.NewReader(params))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("fault parameters: %w", err)
	}
	return nil
}
