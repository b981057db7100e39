package dispatch

import (
	"context"
	"errors"
	"path/filepath"

	v1 "github.com/envd-dev/envd/envd/api/v1"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/store"
)

// adopt finds the runners that an earlier daemon started, and those that no daemon started. A run that was claimed from the
// queue and has no runner any more has ended in the meantime: it is not started a second time.
func (d *Dispatcher) adopt(ctx context.Context) error {
	active, err := d.Store.Active(ctx)
	if err != nil {
		return err
	}
	for _, r := range active {
		if r.Status != v1.Queued {
			d.takeUp(r)
		}
	}
	dirs, err := evidence.List(d.RunsDir)
	for _, dir := range dirs {
		err = errors.Join(err, d.register(ctx, dir.Path()))
	}
	return err
}

// takeUp follows the runner of a record, or settles the record if there is none.
func (d *Dispatcher) takeUp(r store.Record) {
	pid, ok := d.findRunner(r)
	if !ok {
		d.settle(r, nil, false)
		return
	}
	if r.PID != pid {
		r.PID = pid
		d.save(r)
	}
	d.Log.Info("adopted", "id", r.ID, "kind", r.Kind, "pid", pid)
	d.follow(r, d.enlist(r), nil)
}

// findRunner returns the process of a record's runner: the one that listens on its control address or, before it does, the one
// whose arguments name the run. A PID alone proves nothing, because it may belong to another process by now.
func (d *Dispatcher) findRunner(r store.Record) (pid int, ok bool) {
	if meta, err := d.Meta(r); err == nil && meta.Control != "" {
		if pid, ok := listenerOf(meta.Control, meta.PID); ok {
			return pid, true
		}
	}
	return processNaming(r.ID, r.PID)
}

// register adds a run that no daemon started, such as one of `envd run` in a shell, unless it is known already.
func (d *Dispatcher) register(ctx context.Context, path string) error {
	id := filepath.Base(path)
	if _, err := d.Store.Get(ctx, id); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	dir, err := evidence.Open(path)
	if err != nil {
		return nil // it has not begun yet; the watcher will see its run.json
	}
	meta, err := dir.Meta()
	if err != nil || meta.ID != id {
		d.Log.Warn("not a run of this envd", "dir", path, "error", err)
		return nil
	}
	r := store.Record{
		ID: id, Kind: store.Kind(meta.Kind), Name: meta.Name, Runtime: meta.Runtime, Spec: meta.SpecFile, Dir: path,
		PID: meta.PID, Status: v1.Starting, Created: meta.Started, Started: meta.Started,
	}
	if err := d.Store.Insert(ctx, r); err != nil {
		return err
	}
	d.takeUp(r)
	return nil
}
