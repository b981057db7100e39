package dispatch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/envd-dev/envd/envd"
	v1 "github.com/envd-dev/envd/envd/api/v1"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/store"
)

// track keeps the record up to date with run.json until the runner's process has ended.
func (d *Dispatcher) track(r store.Record, l *live, cmd *exec.Cmd) {
	exited := make(chan error, 1)
	go func() { exited <- waitExit(d.ctx, r.PID) }()
	for {
		if d.refresh(&r) {
			d.save(r)
		}
		select {
		case <-l.wake:
		case err := <-exited:
			if d.ctx.Err() != nil {
				return
			}
			if err != nil {
				d.Log.Error("cannot wait for a runner", "id", r.ID, "pid", r.PID, "error", err)
			}
			d.settle(r, exitCode(cmd), l.canceled.Load())
			return
		}
	}
}

// exitCode reaps a child that has ended. It returns nil if the process was not a child, or was ended by a signal.
func exitCode(cmd *exec.Cmd) *int {
	if cmd == nil {
		return nil
	}
	if err := cmd.Wait(); err != nil && cmd.ProcessState == nil {
		return nil
	}
	if code := cmd.ProcessState.ExitCode(); code >= 0 {
		return &code
	}
	return nil
}

// refresh reads run.json and reports whether the record changed. Until its process has ended, a run that says that it has
// finished counts as tearing down, because it may still be writing its last files.
func (d *Dispatcher) refresh(r *store.Record) bool {
	meta, err := d.Meta(*r)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			d.Log.Warn("cannot read a run", "id", r.ID, "error", err)
		}
		return false
	}
	before := *r
	r.Status, r.Stage = v1.Status(meta.Status), meta.Stage
	if meta.Status == evidence.Finished {
		r.Status, r.Stage = v1.TearingDown, ""
	}
	take(r, meta)
	return *r != before
}

// take copies fields of run.json into a record. An exit code that has not changed stays the same pointer, so that records
// can be compared.
func take(r *store.Record, meta evidence.Meta) {
	r.Started, r.Ended, r.Expires, r.Outcome, r.Message = meta.Started, meta.Ended, meta.Expires, meta.Outcome, meta.Message
	if code := meta.ExitCode; code != nil && (r.ExitCode == nil || *r.ExitCode != *code) {
		r.ExitCode = code
	}
}

// settle records the end of a run. code is the exit code if it is known. canceled means that the run was asked to end before
// it listened, perhaps before it began.
func (d *Dispatcher) settle(r store.Record, code *int, canceled bool) {
	meta, err := d.Meta(r)
	if err == nil {
		take(&r, meta)
	}
	if r.ExitCode == nil {
		r.ExitCode = code
	}
	if r.Ended.IsZero() {
		r.Ended = time.Now().UTC()
	}
	r.Stage = ""
	switch {
	case err == nil && meta.Status == evidence.Finished:
		r.Status = v1.Finished
	case canceled && errors.Is(err, fs.ErrNotExist):
		r.Status = v1.Canceled
	case code != nil: // it gave up before it began, and printed why
		r.Status, r.Outcome = v1.Finished, envd.Errored
	default:
		r.Status, r.Outcome = v1.Lost, envd.Errored
		r.Message = "its runner ended without finishing; it is not started again"
	}
	if r.Message == "" && r.Outcome == envd.Errored {
		r.Message = why(r.Dir)
	}
	if err := d.discardBundle(r); err != nil {
		d.Log.Warn("cannot remove an uploaded spec", "id", r.ID, "dir", r.Bundle, "error", err)
	}
	d.save(r)
	d.clear(r)
	d.Log.Info("ended", "id", r.ID, "status", r.Status, "outcome", r.Outcome)
}

// why returns the main reason why a run went wrong: the verdict's first or, without a verdict, the runner's last output.
func why(path string) string {
	if dir, err := evidence.Open(path); err == nil {
		if v, err := dir.Verdict(); err == nil && len(v.Reasons) > 0 {
			return v.Reasons[0]
		}
	}
	return lastWords(path)
}

// lastWords returns the last output of a runner.
func lastWords(dir string) string {
	const most, lines = 2 << 10, 12
	b, err := os.ReadFile(filepath.Join(dir, evidence.RunnerLog))
	if err != nil {
		return fmt.Sprintf("it printed nothing (%v)", err)
	}
	b = b[max(0, len(b)-most):]
	all := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
