package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"time"
)

// Undo says how a fault's effect ends if nobody reverts it.
type Undo string

const (
	KernelTied   Undo = "kernel_tied"  // the kernel ends it with the process that holds it
	KernelTimed  Undo = "kernel_timed" // the kernel ends it at a time set beforehand
	Leashed      Undo = "leashed"      // the process that carries it out ends it when the lease runs out
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
	Total    int64         `json:"total"`    // all requests or connections since it was injected
	Delay    time.Duration `json:"delay"`    // mean added delay of the affected
	Summary  string        `json:"summary"`  // for people
}

// Fault is one kind of injected failure. Implementations hold no state: all of it is in the Injection and the World.
type Fault interface {
	// Kind is what specs call the fault, for example "stub.latency".
	Kind() string
	// Undo says how its effect ends if nobody reverts it.
	Undo() Undo
	// Validate decodes params strictly; its errors name the parameter, what is wrong and what would be right.
	Validate(params json.RawMessage) error
	// Inject starts the effect under in.Lease. Injecting the same ID twice replaces the first.
	Inject(ctx context.Context, w World, in Injection) error
	// Await blocks until the effect was measured at least once, or ctx is done.
	Await(ctx context.Context, w World, in Injection) (Effect, error)
	// Renew extends the lease to in.Lease from now. It returns ErrGone if the effect has ended already.
	Renew(ctx context.Context, w World, in Injection) error
	// Revert ends the effect and returns all that it did. It is no error if there is nothing to revert.
	Revert(ctx context.Context, w World, in Injection) (Effect, error)
}

// Lagging is a fault whose effect cannot be measured at once: a delay shows only when the first delayed answer has come.
type Lagging interface {
	// Lag returns how long after its injection the effect can be measured, if everything else takes no time. It is 0 for
	// invalid parameters.
	Lag(params json.RawMessage) time.Duration
}

// ErrGone means that the lease has run out, or that nothing was injected under that ID.
var ErrGone = errors.New("the fault is not injected (any more)")

// World is what faults act on: one environment.
type World interface {
	Stubs() Control[StubFault]
	Links() Control[LinkFault]
	Services() Control[ServiceFault]
}

// Control carries out faults of one sort on the targets of an environment, each under an ID and a lease, and reports their
// effects. An implementation must end a fault whose lease has run out.
type Control[F any] interface {
	// SetFault starts the effect. A second call with the same ID replaces the first.
	SetFault(ctx context.Context, target, id string, f F, lease time.Duration) error
	// RenewFault extends the lease to that long from now. It returns ErrGone if the effect has ended already.
	RenewFault(ctx context.Context, target, id string, lease time.Duration) error
	// AwaitFault blocks until the effect was measured.
	AwaitFault(ctx context.Context, target, id string) (Effect, error)
	// ClearFault ends the effect, even if another process has started it, and returns what it did.
	ClearFault(ctx context.Context, target, id string, f F) (Effect, error)
}

// kind is a fault that a Control carries out. Kinds differ in their parameters and in how they describe their effect.
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

// Registry maps kinds to faults. There is no global one: each composition root builds its own.
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

// decode reads params into v and refuses unknown keys.
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

// ParameterError is the error of parameters that could not be read. It knows which ones exist.
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
