package stubs

import (
	"context"
	"net/http"
	"time"

	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/mapping"
)

// responder makes responses from definitions and sends them.
type responder interface {
	// Prepare compiles what the definition needs when served. It is called before the stub becomes visible.
	Prepare(def *mapping.ResponseDefinition) error
	// Write fills ev.Response, calls ready once before anything is sent or waited for, and sends.
	Write(ctx context.Context, w http.ResponseWriter, r *http.Request, ev *event.ServeEvent, def *mapping.ResponseDefinition, ready func())
	// AfterServe starts the stub's webhooks.
	AfterServe(ev *event.ServeEvent)
}

func newResponder(*Server) responder { return plainResponder{} }

// plainResponder sends definitions as they are.
type plainResponder struct{}

func (plainResponder) Prepare(*mapping.ResponseDefinition) error { return nil }

func (plainResponder) Write(_ context.Context, w http.ResponseWriter, r *http.Request, ev *event.ServeEvent, def *mapping.ResponseDefinition, ready func()) {
	h := w.Header()
	for _, f := range def.Headers {
		h[http.CanonicalHeaderKey(f.Name)] = f.Values
	}
	if ev.Stub != nil {
		h.Set("Matched-Stub-Id", ev.Stub.ID)
		if ev.Stub.Name != "" {
			h.Set("Matched-Stub-Name", ev.Stub.Name)
		}
	}
	ev.Response = event.Response{Status: def.Status, Header: h, Body: def.Body}
	ready()
	if def.FixedDelayMilliseconds != nil {
		timer := time.NewTimer(time.Duration(*def.FixedDelayMilliseconds) * time.Millisecond)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			return
		}
	}
	w.WriteHeader(def.Status)
	_, _ = w.Write(def.Body) // the client may be gone
}

func (plainResponder) AfterServe(*event.ServeEvent) {}
