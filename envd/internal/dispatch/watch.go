package dispatch

import (
	"context"
	"path/filepath"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/envd-dev/envd/envd/internal/evidence"
)

// pollStep is how often to look at run directories if the system cannot notify of changes.
const pollStep = 250 * time.Millisecond

// watcher notifies the dispatcher of changes in run directories.
type watcher struct {
	d      *Dispatcher
	notify *fsnotify.Watcher // nil: polling
	done   sync.WaitGroup
}

func (d *Dispatcher) newWatcher() *watcher {
	w := &watcher{d: d}
	notify, err := fsnotify.NewWatcher()
	if err == nil {
		if err = notify.Add(d.RunsDir); err == nil {
			w.notify = notify
			w.done.Go(w.listen)
			return w
		}
		notify.Close() // the reason why it is of no use is logged below
	}
	d.Log.Warn("this system cannot watch files: run directories are polled", "error", err)
	w.done.Go(w.poll)
	return w
}

func (w *watcher) close() (err error) {
	if w.notify != nil {
		err = w.notify.Close()
	}
	w.done.Wait()
	return err
}

// add begins to watch a run directory. If that is impossible, it is read only when its runner ends.
func (w *watcher) add(dir string) {
	if w.notify == nil {
		return
	}
	if err := w.notify.Add(dir); err != nil {
		w.d.Log.Warn("cannot watch a run directory", "dir", dir, "error", err)
	}
}

func (w *watcher) remove(dir string) {
	if w.notify != nil {
		_ = w.notify.Remove(dir) // it may have been removed with its directory
	}
}

func (w *watcher) listen() {
	for {
		select {
		case e, ok := <-w.notify.Events:
			if !ok {
				return
			}
			w.changed(e)
		case err, ok := <-w.notify.Errors:
			if !ok {
				return
			}
			w.d.Log.Warn("some changes of run directories were missed", "error", err)
			w.d.wakeAll()
		}
	}
}

func (w *watcher) changed(e fsnotify.Event) {
	dir, name := filepath.Split(e.Name)
	dir = filepath.Clean(dir)
	if dir == filepath.Clean(w.d.RunsDir) {
		if e.Has(fsnotify.Create) {
			w.appeared(e.Name)
		}
		return
	}
	if name == evidence.MetaFile && !w.d.wake(filepath.Base(dir)) {
		w.appeared(dir)
	}
	w.d.fire(filepath.Base(dir))
}

// appeared registers a run directory that this daemon did not make.
func (w *watcher) appeared(dir string) {
	w.d.mu.Lock()
	known := w.d.live[filepath.Base(dir)] != nil
	w.d.mu.Unlock()
	if known {
		return
	}
	w.add(dir)
	if err := w.d.register(context.WithoutCancel(w.d.ctx), dir); err != nil {
		w.d.Log.Warn("cannot take a run in", "dir", dir, "error", err)
	}
}

func (w *watcher) poll() {
	tick := time.NewTicker(pollStep)
	defer tick.Stop()
	for {
		select {
		case <-w.d.ctx.Done():
			return
		case <-tick.C:
			w.d.wakeAll()
		}
	}
}

// wake makes the follower of a run read run.json, and returns false if nobody follows it.
func (d *Dispatcher) wake(id string) bool {
	d.mu.Lock()
	l := d.live[id]
	d.mu.Unlock()
	if l == nil {
		return false
	}
	select {
	case l.wake <- struct{}{}:
	default: // it has not yet read since the last wake
	}
	return true
}

func (d *Dispatcher) wakeAll() {
	d.mu.Lock()
	ids := make([]string, 0, len(d.live))
	for id := range d.live {
		ids = append(ids, id)
	}
	d.mu.Unlock()
	for _, id := range ids {
		d.wake(id)
		d.fire(id)
	}
}
