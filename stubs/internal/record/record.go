// Package record makes stub mappings from requests that were served: recordings with a target, and snapshots of the
// journal, as WireMock's /__admin/recordings does.
package record

import (
	"errors"
	"slices"
	"sync"

	"github.com/google/uuid"

	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/files"
	"github.com/envd-dev/envd/stubs/internal/javauri"
	"github.com/envd-dev/envd/stubs/internal/mapping"
)

// Host is the server whose requests are recorded.
type Host interface {
	// ServeEvents is the journal, newest first.
	ServeEvents() []*event.ServeEvent
	// AddStub stores a mapping, and its file when it is persistent.
	AddStub(*mapping.StubMapping) error
	RemoveStub(id string)
	// Files is where response bodies are extracted to.
	Files() files.Store
	NewID() uuid.UUID
}

// Status is the state of a Recorder.
type Status string

// The states, as the admin API names them.
const (
	NeverStarted Status = "NeverStarted"
	Recording    Status = "Recording"
	Stopped      Status = "Stopped"
)

// ErrNotRecording is the error of stopping a recording that is not under way.
var ErrNotRecording = errors.New("not currently recording")

// Recorder is the recording of one server. It is safe for concurrent use.
type Recorder struct {
	host Host

	mu      sync.Mutex
	status  Status
	spec    *mapping.RecordSpec
	proxyID string    // of the stub that proxies to the target
	since   uuid.UUID // of the newest request before the start
}

// New makes a recorder.
func New(host Host) *Recorder { return &Recorder{host: host, status: NeverStarted} }

// Status is the recorder's state.
func (r *Recorder) Status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status
}

// Start begins a recording; with a target, everything that no newer stub answers is proxied there. A recording that is
// under way goes on.
func (r *Recorder) Start(spec *mapping.RecordSpec) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.status == Recording {
		return nil
	}
	r.spec, r.proxyID, r.since = spec, "", uuid.UUID{}
	if spec.Target != "" {
		stub, err := proxyAll(spec.Target)
		if err != nil {
			return err
		}
		stub.ID = r.host.NewID().String()
		if err := r.host.AddStub(stub); err != nil {
			return err
		}
		r.proxyID = stub.ID
	}
	if events := r.host.ServeEvents(); len(events) > 0 {
		r.since = events[0].Request.ID
	}
	r.status = Recording
	return nil
}

// Stop ends the recording and stores the stubs that it gives. The error is ErrNotRecording when there is none.
func (r *Recorder) Stop() (*Snapshot, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.status != Recording {
		return nil, ErrNotRecording
	}
	r.status = Stopped
	if r.proxyID != "" {
		r.host.RemoveStub(r.proxyID)
	}
	events := r.host.ServeEvents()
	if i := slices.IndexFunc(events, func(e *event.ServeEvent) bool { return e.Request.ID == r.since }); i >= 0 {
		events = events[:i]
	}
	return r.take(events, r.spec)
}

// Snapshot stores stubs made from the whole journal.
func (r *Recorder) Snapshot(spec *mapping.RecordSpec) (*Snapshot, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.take(r.host.ServeEvents(), spec)
}

// Snapshot is the stubs that a recording gave, those of the newest requests first.
type Snapshot struct {
	Stubs   []*mapping.StubMapping
	IDsOnly bool
}

func (r *Recorder) take(events []*event.ServeEvent, spec *mapping.RecordSpec) (*Snapshot, error) {
	drafts, err := r.drafts(events, spec)
	if err != nil {
		return nil, err
	}
	out := &Snapshot{IDsOnly: spec.IDsOnly, Stubs: make([]*mapping.StubMapping, 0, len(drafts))}
	for _, d := range drafts {
		stub, err := d.stub(spec.Persist)
		if err != nil {
			return nil, err
		}
		out.Stubs = append(out.Stubs, stub)
	}
	for _, e := range events {
		if !takes(spec, e) {
			continue
		}
		if err := javauri.Failure(e.Request.URL); err != nil {
			return nil, err
		}
	}
	for _, stub := range out.Stubs {
		if err := r.host.AddStub(stub); err != nil {
			return nil, err
		}
	}
	return out, nil
}
