// Package webhook sends the requests that a stub asks for once it has been served.
package webhook

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/javaset"
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/proxy"
	"github.com/envd-dev/envd/stubs/internal/template"
)

// listenerName is how stubs name this kind of listener.
const listenerName = "webhook"

const defaultConcurrency = 10

// Options configure a Runner.
type Options struct {
	Client    *proxy.Client
	Templates *template.Engine // nil sends everything as it is written
	Random    mapping.Random
	Log       *slog.Logger
	// Concurrency bounds the webhooks under way; 0 is 10.
	Concurrency int
	// BodyLimit cuts the response bodies that sub-events keep; 0 keeps them whole, negative none of them.
	BodyLimit int
}

// Runner sends webhooks. It is safe for concurrent use.
type Runner struct {
	options Options
	slots   chan struct{}
	ctx     context.Context
	cancel  context.CancelFunc

	mu      sync.Mutex
	waiting int   // webhooks that are not sent yet
	bytes   int64 // that they hold
}

// What waits to be sent is bounded: stubs are served faster than slow targets answer, and delays may be long.
const (
	maxWaiting = 10_000
	maxBytes   = 64 << 20
)

// New makes a runner.
func New(o Options) *Runner {
	if o.Concurrency <= 0 {
		o.Concurrency = defaultConcurrency
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &Runner{options: o, slots: make(chan struct{}, o.Concurrency), ctx: ctx, cancel: cancel}
}

// Close gives up webhooks that wait or are under way.
func (r *Runner) Close() { r.cancel() }

// AfterServe starts the webhooks of the stub that was served. What becomes of them is told by sub-events of ev.
func (r *Runner) AfterServe(ev *event.ServeEvent) {
	for _, list := range [][]mapping.ServeAction{ev.Stub.PostServeActions, ev.Stub.ServeEventListeners} {
		for _, action := range list {
			if action.Name != listenerName {
				r.options.Log.Warn("no extension was found", "name", action.Name, "stub", ev.Stub.ID)
				continue
			}
			if action.Phases == nil || slices.Contains(action.Phases, "AFTER_COMPLETE") {
				r.trigger(ev, action.Parameters)
			}
		}
	}
}

// trigger renders the webhook at once, as the stub's response was, and sends it after its delay.
func (r *Runner) trigger(ev *event.ServeEvent, parameters *jsondoc.Object) {
	hook, err := r.define(ev, parameters)
	if err != nil {
		r.options.Log.Error("webhook cannot be sent", "stub", ev.Stub.ID, "error", err)
		ev.AddSubEvent("ERROR", time.Now(), message("Exception thrown while configuring webhook: "+strings.TrimSuffix(err.Error(), "\n")))
		return
	}
	ev.AddSubEvent("WEBHOOK_REQUEST", time.Now(), hook.logged(time.Now()))
	size := int64(len(hook.url) + len(hook.body) + len(ev.Request.Body))
	if !r.enqueue(size) {
		r.fail(ev, fmt.Sprintf("Webhook %s %s was not sent: too many wait to be sent already", hook.method, hook.url))
		return
	}
	go func() {
		ready := r.wait(hook.delay)
		r.dequeue(size)
		if ready {
			r.send(ev, hook)
		}
	}()
}

// enqueue takes a place among the webhooks that wait, if there is one.
func (r *Runner) enqueue(size int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.waiting == maxWaiting || r.waiting > 0 && r.bytes+size > maxBytes {
		return false
	}
	r.waiting++
	r.bytes += size
	return true
}

func (r *Runner) dequeue(size int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting--
	r.bytes -= size
}

// wait sleeps for d and takes a slot.
func (r *Runner) wait(d time.Duration) bool {
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.ctx.Done():
			return false
		}
	}
	select {
	case r.slots <- struct{}{}:
		return true
	case <-r.ctx.Done():
		return false
	}
}

func (r *Runner) send(ev *event.ServeEvent, hook *definition) {
	defer func() { <-r.slots }()
	resp, err := r.options.Client.Do(r.ctx, &proxy.Request{Method: hook.method, URL: hook.url, Host: hook.host(), Header: hook.httpHeader(),
		Order: hook.order(), Body: hook.payload()})
	switch {
	case errors.Is(err, proxy.ErrDenied):
		stub := ev.Stub.Name
		if stub == "" {
			stub = ev.Stub.ID
		}
		r.fail(ev, fmt.Sprintf("The target webhook address %s specified by stub %s is denied in WireMock's configuration.", hook.url, stub))
	case err != nil:
		r.fail(ev, fmt.Sprintf("Failed to fire webhook %s %s: %s", hook.method, hook.url, proxy.Explain(hook.url, err)))
	default:
		r.options.Log.Info("webhook sent", "method", hook.method, "url", hook.url, "status", resp.Status)
		ev.AddSubEvent("WEBHOOK_RESPONSE", time.Now(), loggedResponse(resp, r.options.BodyLimit))
	}
}

func (r *Runner) fail(ev *event.ServeEvent, text string) {
	r.options.Log.Error(text)
	ev.AddSubEvent("ERROR", time.Now(), message(text))
}

func message(text string) *jsondoc.Object {
	o := &jsondoc.Object{}
	o.Set("message", text)
	return o
}

// hasEntity are the methods whose webhooks carry their body.
func hasEntity(method string) bool {
	return method == http.MethodPut || method == http.MethodPost || method == http.MethodPatch
}

func (d *definition) payload() []byte {
	if d.body == nil || !hasEntity(d.method) {
		return nil
	}
	return d.body
}

// logged is the request as WireMock's journal shows it.
func (d *definition) logged(now time.Time) *jsondoc.Object {
	o := &jsondoc.Object{}
	u, err := url.Parse(d.url)
	if err != nil { // define has parsed it before
		return o
	}
	_, target, _ := strings.Cut(d.url, "://")
	if i := strings.IndexAny(target, "/?#"); i >= 0 {
		target = target[i:] // as it is written, fragment and all
	}
	q := &event.Request{URL: target, Scheme: u.Scheme, Body: d.payload(), Header: d.httpHeader()}
	o.Set("url", target)
	o.Set("absoluteUrl", d.url)
	o.Set("method", d.method)
	o.Set("headers", headerObject(d.headers))
	o.Set("browserProxyRequest", false)
	o.Set("loggedDate", jsondoc.Number(strconv.FormatInt(now.UnixMilli(), 10)))
	if q.Body != nil {
		o.Set("bodyAsBase64", base64.StdEncoding.EncodeToString(q.Body))
		o.Set("body", string(q.Body))
	}
	o.Set("scheme", u.Scheme)
	o.Set("host", u.Hostname())
	o.Set("port", jsondoc.Number(port(u)))
	o.Set("loggedDateString", now.UTC().Format("2006-01-02T15:04:05.999Z07:00"))
	o.Set("queryParams", paramObject(q.Query()))
	o.Set("formParams", &jsondoc.Object{})
	return o
}

func port(u *url.URL) string {
	switch p := u.Port(); {
	case p != "":
		return p
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

func paramObject(params event.Params) *jsondoc.Object {
	o := &jsondoc.Object{}
	for _, p := range params {
		one := &jsondoc.Object{}
		one.Set("key", p.Name)
		values := make([]any, len(p.Values))
		for i, v := range p.Values {
			values[i] = v
		}
		one.Set("values", values)
		o.Set(p.Name, one)
	}
	return o
}

func headerObject(headers []mapping.Header) *jsondoc.Object {
	o := &jsondoc.Object{}
	for _, h := range headers {
		if len(h.Values) == 1 {
			o.Set(h.Name, h.Values[0])
			continue
		}
		values := make([]any, len(h.Values))
		for i, v := range h.Values {
			values[i] = v
		}
		o.Set(h.Name, values)
	}
	return o
}

func loggedResponse(resp *proxy.Response, limit int) *jsondoc.Object {
	o := &jsondoc.Object{}
	o.Set("status", jsondoc.Number(strconv.Itoa(resp.Status)))
	var headers []mapping.Header
	for _, name := range javaset.Order(slices.Sorted(maps.Keys(resp.Header))) {
		headers = append(headers, mapping.Header{Name: name, Values: resp.Header[name]})
	}
	o.Set("headers", headerObject(headers))
	body := resp.Body
	if limit != 0 {
		body = body[:min(max(limit, 0), len(body))]
	}
	o.Set("bodyAsBase64", base64.StdEncoding.EncodeToString(body))
	o.Set("body", string(body))
	return o
}
