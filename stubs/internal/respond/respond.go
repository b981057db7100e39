// Package respond turns response definitions into responses: it renders templates, reads body files, fetches proxied
// responses, waits delays and writes bytes, broken ones included.
package respond

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/files"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/proxy"
	"github.com/envd-dev/envd/stubs/internal/template"
)

// ChunkedEncoding says which HTTP/1.1 responses use Transfer-Encoding: chunked.
type ChunkedEncoding uint8

// The policies of WireMock's flag use-chunked-encoding.
const (
	ChunkedAlways ChunkedEncoding = iota
	ChunkedNever
	ChunkedBodyFile
)

// Options configure a Responder.
type Options struct {
	Files    files.Store // __files
	Settings func() *mapping.Settings
	Random   mapping.Random

	Templates *template.Engine // nil renders no templates
	// GlobalTemplating renders every definition, not only those that name the transformer.
	GlobalTemplating bool

	Chunked ChunkedEncoding
	NoGzip  bool

	Proxy *proxy.Client
	// PreserveHost sends the client's Host header to proxy targets; otherwise ProxyHost, or the target's own if "".
	PreserveHost bool
	ProxyHost    string
	// Encodings are the Accept-Encoding values that are passed on to proxy targets; nil passes all.
	Encodings []string
	// Forward serves browsers that use the server as their proxy.
	Forward bool
	// StubCORS keeps the CORS headers of proxy targets from the client, which gets the server's own.
	StubCORS bool

	Log *slog.Logger
}

// Responder makes and sends responses. It is safe for concurrent use.
type Responder struct{ options Options }

// New makes a responder.
func New(o Options) *Responder { return &Responder{o} }

// Forwards reports whether a request that no stub matched goes to the target that the browser named. Write is then
// called without a definition.
func (r *Responder) Forwards(q *event.Request) bool {
	return r.options.Forward && q.BrowserProxy && r.options.Settings().ProxyPassThrough
}

// Write fills ev.Response (and ev.Definition where rendering changed the definition), calls ready exactly once when that
// is done and before anything is waited for or sent, waits the delay, and sends. A nil def forwards the request to the
// target that the browser named.
func (r *Responder) Write(ctx context.Context, w http.ResponseWriter, req *http.Request, ev *event.ServeEvent, def *mapping.ResponseDefinition, ready func()) {
	start := time.Now()
	def = r.render(ctx, ev, def)
	proxied := ev.Response.Proxied
	var delay time.Duration
	if proxied || ev.Stub != nil {
		if delay = r.delay(def); delay > 0 {
			ev.Timing.SetAddedDelay(delay)
		}
	}
	rendered := time.Now()
	ev.Timing.SetProcess(rendered.Sub(start))
	ready()
	if delay > 0 {
		if proxied { // the delay comes on top of the target's own latency
			start = rendered
		}
		if !sleepUntil(ctx, start.Add(delay)) {
			return // the client is gone
		}
	}
	sending := time.Now()
	if ev.Response.Fault != "" {
		r.breakConnection(ctx, w, req, ev.Response.Fault)
	} else {
		r.send(ctx, w, req, ev, def)
	}
	ev.Timing.SetSend(time.Since(sending))
}

// delay draws what the definition asks for, or the settings where it does not. Fixed and random delays add up.
func (r *Responder) delay(def *mapping.ResponseDefinition) time.Duration {
	s := r.options.Settings()
	fixed, random := s.FixedDelay, s.DelayDistribution
	if def.FixedDelayMilliseconds != nil {
		fixed = def.FixedDelayMilliseconds
	}
	if def.DelayDistribution != nil {
		random = def.DelayDistribution
	}
	var d time.Duration
	if fixed != nil {
		d = time.Duration(*fixed) * time.Millisecond
	}
	if random != nil {
		d += random.Sample(r.options.Random)
	}
	return d
}
