// Package dispatch starts runners, follows them, and finds them again after a restart. A runner is a process of its own:
// nothing here keeps it alive, and the end of this process, even by SIGKILL, does not touch it. What a runner does is read
// from its run directory; requests to it go through its control API.
package dispatch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/envd-dev/envd/envd"
	v1 "github.com/envd-dev/envd/envd/api/v1"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/launch"
	"github.com/envd-dev/envd/envd/internal/runner"
	"github.com/envd-dev/envd/envd/internal/store"
)

// ErrTooMany means that as many environments are up as may be.
var ErrTooMany = errors.New("every place for an environment is taken")

// ErrEnded means that a run or environment has ended, so that it takes no requests any more.
var ErrEnded = errors.New("it has ended")

// ErrNotReady means that a runner cannot take requests yet.
var ErrNotReady = errors.New("it is not up yet")

// Config is all that a Dispatcher needs.
type Config struct {
	RunsDir         string // one directory in it for each run
	Exe             string // the envd binary
	Env             []string
	Store           *store.Store
	MaxRuns         int // how many may be going on at once; more wait
	MaxEnvironments int // how many may be up at once; more are refused
	// Load reads a spec as the runner will; runtime replaces the spec's own unless it is empty. Its error may be
	// spec.Diagnostics.
	Load func(path, runtime string) (*envd.Spec, error)
	Keep time.Duration // how long the evidence of a run is kept after its end; 0: for ever
	// Collect removes abandoned environments from where they live. May be nil.
	Collect func(context.Context) error
	// Clear removes what a run has left whose runner died without finishing. May be nil.
	Clear func(ctx context.Context, id string) error
	Log   *slog.Logger
}

// Dispatcher manages the daemon's runners.
type Dispatcher struct {
	Config

	ctx     context.Context
	stop    context.CancelFunc
	work    sync.WaitGroup
	watch   *watcher
	kick    chan struct{} // the queue may have something to start
	admit   sync.Mutex    // held while an environment is admitted, so that the limit holds
	mu      sync.Mutex
	live    map[string]*live         // runners being followed, by ID
	waiting map[string]chan struct{} // closed when a run moves; "" for any record
}

// live is a runner being followed.
type live struct {
	kind     store.Kind
	wake     chan struct{} // run.json changed
	canceled atomic.Bool   // it was asked to end before it listened
}

// New adopts the runners that exist, and starts what is queued.
func New(ctx context.Context, cfg Config) (*Dispatcher, error) {
	if err := os.MkdirAll(cfg.RunsDir, 0o755); err != nil {
		return nil, err
	}
	d := &Dispatcher{Config: cfg, kick: make(chan struct{}, 1), live: map[string]*live{}, waiting: map[string]chan struct{}{}}
	d.ctx, d.stop = context.WithCancel(context.WithoutCancel(ctx))
	d.watch = d.newWatcher()
	if err := d.adopt(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	d.work.Go(d.serveQueue)
	d.kicked()
	if d.Keep > 0 {
		d.work.Go(d.prune)
	}
	if d.Collect != nil {
		d.work.Go(d.collect)
	}
	return d, nil
}

// Close stops following runners, which go on.
func (d *Dispatcher) Close() error {
	d.stop()
	err := d.watch.close()
	d.work.Wait()
	return err
}

// Stopping is closed when Close begins.
func (d *Dispatcher) Stopping() <-chan struct{} { return d.ctx.Done() }

// Submission is a run or an environment to start.
type Submission struct {
	Kind    store.Kind
	Spec    string // path
	Bundle  string // directory to remove after the end; empty if Spec is the user's own file
	Runtime string // instead of the spec's
	TTL     time.Duration
}

// Submit checks the spec and queues the run, or starts the environment.
func (d *Dispatcher) Submit(ctx context.Context, s Submission) (store.Record, error) {
	sp, err := d.Load(s.Spec, s.Runtime)
	if err != nil {
		return store.Record{}, err
	}
	ctx = context.WithoutCancel(ctx) // from here on it is both recorded and started, or neither
	id := launch.NewID(sp.Name)
	r := store.Record{
		ID: id, Kind: s.Kind, Name: sp.Name, Runtime: sp.Environment.Runtime, Spec: sp.File, Bundle: s.Bundle, TTL: s.TTL, Override: s.Runtime != "",
		Dir: filepath.Join(d.RunsDir, id), Status: v1.Queued, Created: time.Now().UTC(),
	}
	if r.Kind == store.Up {
		return d.admitEnvironment(ctx, r)
	}
	if err := d.Store.Insert(ctx, r); err != nil {
		return r, err
	}
	d.fire(r.ID)
	d.kicked()
	return r, nil
}

// admitEnvironment starts an environment unless too many are up.
func (d *Dispatcher) admitEnvironment(ctx context.Context, r store.Record) (store.Record, error) {
	d.admit.Lock()
	defer d.admit.Unlock()
	active, err := d.Store.Active(ctx)
	if err != nil {
		return r, err
	}
	n := 0
	for _, a := range active {
		if a.Kind == store.Up {
			n++
		}
	}
	if n >= d.MaxEnvironments {
		return r, fmt.Errorf("%w: %d of %d", ErrTooMany, n, d.MaxEnvironments)
	}
	r.Status = v1.Starting
	if err := d.Store.Insert(ctx, r); err != nil {
		return r, err
	}
	return d.start(r), nil
}

// Get returns a record of that kind.
func (d *Dispatcher) Get(ctx context.Context, kind store.Kind, id string) (store.Record, error) {
	r, err := d.Store.Get(ctx, id)
	if err == nil && r.Kind != kind {
		err = fmt.Errorf("%w: %s", store.ErrNotFound, id)
	}
	return r, err
}

// End asks a run or environment to tear down and end, or takes a run off the queue. It returns before that is done.
func (d *Dispatcher) End(ctx context.Context, id string) error {
	was, err := d.Store.Unqueue(ctx, id, time.Now())
	if err != nil {
		return err
	}
	if was {
		d.fire(id)
		r, err := d.Store.Get(ctx, id)
		return errors.Join(err, d.discardBundle(r))
	}
	// Between the claim and the start of its process a runner cannot be asked anything.
	r, err := d.Wait(ctx, id, func(r store.Record) bool { return r.PID != 0 || r.Status.Ended() })
	if err != nil {
		return err
	}
	if r.Status.Ended() {
		return fmt.Errorf("%s: %w", id, ErrEnded)
	}
	if c, err := d.Control(r); err == nil {
		defer c.Close()
		if err := c.Down(ctx); !errors.Is(err, runner.ErrGone) {
			return err
		}
	}
	d.mu.Lock()
	if l := d.live[id]; l != nil {
		l.canceled.Store(true)
	}
	d.mu.Unlock()
	return interrupt(r.PID)
}

// Control connects to the runner of a record. The caller closes the client.
func (d *Dispatcher) Control(r store.Record) (*runner.Client, error) {
	address, err := d.ControlAddress(r)
	if err != nil {
		return nil, err
	}
	return runner.Connect(address), nil
}

// ControlAddress is where the runner of a record listens, as run.json gives it.
func (d *Dispatcher) ControlAddress(r store.Record) (string, error) {
	if r.Status.Ended() {
		return "", fmt.Errorf("%s: %w", r.ID, ErrEnded)
	}
	meta, err := d.Meta(r)
	switch {
	case errors.Is(err, os.ErrNotExist) || err == nil && meta.Control == "":
		return "", fmt.Errorf("%s: %w", r.ID, ErrNotReady)
	case err != nil:
		return "", err
	}
	return meta.Control, nil
}

// Meta reads the record's run.json.
func (d *Dispatcher) Meta(r store.Record) (evidence.Meta, error) {
	dir, err := evidence.Open(r.Dir)
	if err != nil {
		return evidence.Meta{}, err
	}
	return dir.Meta()
}

// save writes a record. A store that fails must not stop the following of a runner: it is logged.
func (d *Dispatcher) save(r store.Record) {
	if err := d.Store.Update(context.WithoutCancel(d.ctx), r); err != nil {
		d.Log.Error("cannot store the state of a run", "id", r.ID, "status", r.Status, "error", err)
	}
	d.fire(r.ID)
}

func (d *Dispatcher) discardBundle(r store.Record) error {
	if r.Bundle == "" {
		return nil
	}
	return os.RemoveAll(r.Bundle)
}
