package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"reflect"
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

// Lagging is what a fault is whose effect shows late: only an answer that has come tells that it came late.
type Lagging interface {
	// Lag is how long after its injection the effect can be measured, where everything else takes no time. It is 0 for
	// parameters that are not valid.
	Lag(params json.RawMessage) time.Duration
}

// ErrGone says that a lease ran out, or that nothing was injected under that ID.
var ErrGone = errors.New("the fault is not injected (any more)")

// World is what faults act on: one environment.
type World interface {
	Stubs() Control[StubFault]
	Links() Control[LinkFault]
	Services() Control[ServiceFault]
}

// Control carries faults of one sort out on the targets of an environment, each under an ID and a lease, and tells what
// they do. Whoever implements it drops a fault whose lease has run out.
type Control[F any] interface {
	// SetFault starts the effect; the same ID again replaces the first.
	SetFault(ctx context.Context, target, id string, f F, lease time.Duration) error
	// RenewFault makes the lease end that long from now; ErrGone where it has ended already.
	RenewFault(ctx context.Context, target, id string, lease time.Duration) error
	// AwaitFault blocks until the effect was measured.
	AwaitFault(ctx context.Context, target, id string) (Effect, error)
	// ClearFault ends the effect, also one that another process has started, and tells what it did.
	ClearFault(ctx context.Context, target, id string, f F) (Effect, error)
}

// kind is a fault that a Control carries out: kinds differ in their parameters and in how they tell their effect.
type kind[F any] struct {
	name    string
	undo    Undo
	control func(World) Control[F]
	parse   func(json.RawMessage) (F, error)
	tell    func(F, Effect) string // nil: as the Control tells it
}

func (k kind[F]) Kind() string { return k.name }
func (k kind[F]) Undo() Undo   { return k.undo }

func (k kind[F]) Validate(params json.RawMessage) error {
	_, err := k.parse(params)
	return err
}

func (k kind[F]) Lag(params json.RawMessage) time.Duration {
	f, err := k.parse(params)
	if late, ok := any(f).(interface{ lag() time.Duration }); ok && err == nil {
		return late.lag()
	}
	return 0
}

func (k kind[F]) Inject(ctx context.Context, w World, in Injection) error {
	f, err := k.parse(in.Params)
	if err != nil {
		return err
	}
	return k.control(w).SetFault(ctx, in.Target, in.ID, f, in.Lease)
}

func (k kind[F]) Renew(ctx context.Context, w World, in Injection) error {
	return k.control(w).RenewFault(ctx, in.Target, in.ID, in.Lease)
}

func (k kind[F]) Await(ctx context.Context, w World, in Injection) (Effect, error) {
	f, err := k.parse(in.Params)
	if err != nil {
		return Effect{}, err
	}
	e, err := k.control(w).AwaitFault(ctx, in.Target, in.ID)
	return k.told(f, e), err
}

func (k kind[F]) Revert(ctx context.Context, w World, in Injection) (Effect, error) {
	f, err := k.parse(in.Params)
	if err != nil {
		return Effect{}, err
	}
	e, err := k.control(w).ClearFault(ctx, in.Target, in.ID, f)
	return k.told(f, e), err
}

func (k kind[F]) told(f F, e Effect) Effect {
	if k.tell != nil {
		e.Summary = k.tell(f, e)
	}
	return e
}

// Registry maps kinds to faults. Composition roots build it; there is no global one.
type Registry map[string]Fault

// Builtin returns the faults that come with envd.
func Builtin() Registry {
	r := Registry{}
	for _, f := range []Fault{
		StubLatency(), StubOutage(),
		LinkLatency(), LinkBandwidth(), LinkReset(), LinkTimeout(), LinkBlackhole(), LinkSlicer(), NetworkPartition(),
		ServiceKill(), ServiceStop(), ServicePause(), ServiceRestart(), ServiceLimit(), NetworkDisconnect(),
	} {
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
		return &ParameterError{Known: keysOf(reflect.TypeOf(v).Elem()), err: err}
	}
	return nil
}

// ParameterError says that parameters could not be read, and which there are.
type ParameterError struct {
	Known []string
	err   error
}

func (e *ParameterError) Error() string { return "fault parameters: " + e.err.Error() }
func (e *ParameterError) Unwrap() error { return e.err }

// Parameters are the names that the fault's kind knows.
func (e *ParameterError) Parameters() []string { return e.Known }

// keysOf are a struct's keys in JSON, those of embedded structs too.
func keysOf(t reflect.Type) (keys []string) {
	for f := range t.Fields() {
		if f.Anonymous {
			keys = append(keys, keysOf(f.Type)...)
			continue
		}
		keys = append(keys, f.Tag.Get("json"))
	}
	return keys
}
