package runner

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/plan"
)

// recorder writes a run's observations and journal as they happen, and notifies whoever watches.
type recorder struct {
	observations *evidence.Log
	journal      *evidence.Log
	notify       func(Notice)

	mu sync.Mutex // one notice at a time
}

func newRecorder(dir *evidence.Dir, notify func(Notice)) (*recorder, error) {
	observations, err := dir.OpenLog(evidence.ObservationsFile)
	if err != nil {
		return nil, err
	}
	journal, err := dir.OpenLog(evidence.JournalFile)
	if err != nil {
		return nil, errors.Join(err, observations.Close())
	}
	return &recorder{observations: observations, journal: journal, notify: notify}, nil
}

// observe appends one observation. If the disk is full, the run fails when it closes, and keeps what was gathered so far.
func (r *recorder) observe(o envd.Observation) {
	if o.Time.IsZero() {
		o.Time = time.Now().UTC()
	}
	_ = r.observations.Append(o) // the log keeps its first error for close
	r.tell(Notice{Time: o.Time, Observation: &o})
}

func (r *recorder) tell(n Notice) {
	if r.notify == nil {
		return
	}
	if n.Time.IsZero() {
		n.Time = time.Now()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notify(n)
}

// entry is one line of the journal: an operation before and after it was carried out.
type entry struct {
	Time      time.Time `json:"time"`
	Operation string    `json:"operation"`
	Event     string    `json:"event"`
	Error     string    `json:"error,omitempty"`
}

// operation journals one event of the plan's execution.
func (r *recorder) operation(e plan.Event) {
	line := entry{Time: time.Now().UTC(), Operation: e.Operation.ID, Event: string(e.Kind)}
	if e.Err != nil {
		line.Error = e.Err.Error()
	}
	_ = r.journal.Append(line) // the log keeps its first error for close
	r.tell(Notice{Time: line.Time, Step: e.Operation.ID, Text: line.Event, Event: e.Kind, Failed: e.Err != nil})
}

// UnderWay reads from a run's journal which operations have started and not ended, and when they started.
func UnderWay(dir *evidence.Dir) (map[string]time.Time, error) {
	journal, err := os.ReadFile(dir.Path(evidence.JournalFile))
	if err != nil {
		return nil, err
	}
	open := map[string]time.Time{}
	for line := range bytes.Lines(journal) {
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			break // the last line, which is being written
		}
		if plan.EventKind(e.Event) == plan.Started {
			open[e.Operation] = e.Time
		} else {
			delete(open, e.Operation)
		}
	}
	return open, nil
}

func (r *recorder) close() error {
	if err := errors.Join(r.observations.Close(), r.journal.Close()); err != nil {
		return fmt.Errorf("the run could not be recorded: %w", err)
	}
	return nil
}
