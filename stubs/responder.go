package stubs

import (
	"context"
	"log/slog"
	"net/http"
	"os"

	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/record"
	"github.com/envd-dev/envd/stubs/internal/respond"
	"github.com/envd-dev/envd/stubs/internal/template"
	"github.com/envd-dev/envd/stubs/internal/webhook"
)

// responder makes responses from definitions and sends them.
type responder interface {
	// Prepare compiles what the definition needs when served. It is called before the stub becomes visible.
	Prepare(def *mapping.ResponseDefinition) error
	// Forwards reports whether a request without a stub goes to the target that a browser named: Write without a definition.
	Forwards(q *event.Request) bool
	// Write fills ev.Response, calls ready once before anything is sent or waited for, and sends.
	Write(ctx context.Context, w http.ResponseWriter, r *http.Request, ev *event.ServeEvent, def *mapping.ResponseDefinition, ready func())
	// AfterServe starts the stub's webhooks.
	AfterServe(ev *event.ServeEvent)
	// Recorder answers the admin routes of recordings.
	Recorder() http.Handler
	// Close gives up webhooks under way.
	Close()
}

// newResponder wires rendering, proxying and webhooks to the server's files and settings.
func (s *Server) newResponder() (responder, error) {
	o := s.options.ResponseOptions
	if o.Proxy.NoPassThrough {
		settings := *s.settings.Load()
		settings.ProxyPassThrough = false
		s.settings.Store(&settings)
	}
	client, err := o.Proxy.client()
	if err != nil {
		return nil, err
	}
	engine, err := s.newTemplates()
	if err != nil {
		return nil, err
	}
	s.templates = engine
	responses := respond.Options{
		Files: s.bodies, Settings: s.settings.Load, Random: s.random,
		Templates: engine, GlobalTemplating: o.GlobalTemplating,
		Chunked: o.Chunked, NoGzip: o.NoGzip, StubCORS: o.StubCORS,
		Proxy: client, PreserveHost: o.Proxy.PreserveHost, ProxyHost: o.Proxy.HostHeader, Encodings: o.Proxy.Encodings,
		Forward: o.Proxy.Browser, Log: s.log,
	}
	if o.NoTemplating {
		responses.Templates = nil
	}
	hooks := webhook.New(webhook.Options{
		Client: client, Templates: engine, Random: s.random, Log: s.log,
		Concurrency: o.Webhooks, BodyLimit: s.options.Journal.ResponseBodyLimit,
	})
	a := answers{Responder: respond.New(responses), Runner: hooks, recorder: record.New(recorded{s})}
	if o.RecordMappings {
		a.toFiles = &record.ToFiles{Mappings: s.mappings, Bodies: s.bodies, MatchHeaders: o.MatchHeaders, ServeEvents: s.journal.All}
		a.log = s.log
	}
	return a, nil
}

// answers are the responses, what follows them and what is made from them.
type answers struct {
	*respond.Responder
	*webhook.Runner
	recorder *record.Recorder
	toFiles  *record.ToFiles // nil when not every request is recorded
	log      *slog.Logger
}

// Write sends a response and records the request when the options say so.
func (a answers) Write(ctx context.Context, w http.ResponseWriter, r *http.Request, ev *event.ServeEvent, def *mapping.ResponseDefinition, ready func()) {
	a.Responder.Write(ctx, w, r, ev, def, ready)
	if a.toFiles == nil {
		return
	}
	if err := a.toFiles.Served(ev); err != nil {
		a.log.Error("request was not recorded", "url", ev.Request.URL, "error", err)
	}
}

func (a answers) Recorder() http.Handler { return a.recorder }

// newTemplates makes the engine of responses and webhooks.
func (s *Server) newTemplates() (*template.Engine, error) {
	hostname, err := os.Hostname()
	if err != nil {
		hostname = "localhost"
	}
	return template.New(template.Options{
		PermittedSystemKeys: s.options.PermittedSystemKeys, Environment: os.LookupEnv, Hostname: hostname,
		Now: s.clock, MaxCacheEntries: s.options.TemplateCache,
		Rand: s.options.templateSource(), Log: func(_, message string) { s.log.Info(message) },
	})
}
