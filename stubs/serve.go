package stubs

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/envd-dev/envd/stubs/internal/catalog"
	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/match"
	"github.com/envd-dev/envd/stubs/internal/requestmatch"
)

// exchange is all that one stubbed request needs, in one allocation.
type exchange struct {
	event.ServeEvent
	request event.Request
	view    requestmatch.View
	host    [1]string
	failure error                       // of WireMock's code while it tried the stubs
	answer  *mapping.ResponseDefinition // that the stub's script chose; nil is the stub's own
}

// serveStub answers one request from the stubs: overrides first, then match, journal, respond.
func (s *Server) serveStub(w http.ResponseWriter, r *http.Request) {
	received := s.clock()
	began := time.Now()
	s.expire(received)
	var d disturbance
	if s.overrides.active.Load() != nil {
		d = s.disturb(w, r)
	}
	served := Served{Time: received, Method: r.Method, FaultID: d.FaultID, Delay: d.Delay, Status: d.Status, Outage: d.Ended}
	if d.Ended {
		served.Host, served.Path = hostOnly(r.Host), r.URL.EscapedPath()
		s.finish(&served, began)
		if d.Reset {
			resetConnection(w, r)
		}
		return
	}
	x := &exchange{}
	err := s.read(x, r, received)
	if err != nil && !errors.Is(err, errNotGzip) {
		refuse(w, err)
		return
	}
	if err == nil {
		err = unreadable(&x.view)
	}
	if err != nil {
		x.Response.Status = http.StatusInternalServerError
		sendFailure(w, r, err)
		return
	}
	x.ServeEvent.Request = &x.request
	stub := s.find(x)
	served.Host, served.Path = x.request.Host, x.view.Path()
	if stub != nil {
		stub.Hits.Add(1)
		x.Stub = stub.StubMapping
		served.Matched, served.StubID, served.StubName = true, stub.ID, stub.Name
	}
	defer func() { // also where a fault ends the request by a panic, net/http's way to break an HTTP/2 stream
		x.State = nil // the journal need not keep what was known at every request
		served.Status, served.Bytes = x.Response.Status, len(x.Response.Body)
		served.asked = x.Timing.AddedDelay()
		if x.Response.Fault != "" {
			served.Status = 0
			s.counters.broken.Add(1)
		}
		s.finish(&served, began)
	}()
	s.respond(w, r, x)
}

func (s *Server) finish(v *Served, began time.Time) {
	v.Duration = time.Since(began)
	s.counters.count(v)
	if s.options.OnServed != nil {
		s.options.OnServed(*v)
	}
}

// maxPassed bounds what an event remembers of the stubs that were tried in vain.
const maxPassed = 64

// find returns the first stub in order that the request fits and whose script and scenario allow it.
func (s *Server) find(x *exchange) *catalog.Stub {
	v := &x.view
	candidates := s.catalog.Candidates(v.Request.URL, v.Path())
	for stub := candidates.Next(); stub != nil; stub = candidates.Next() {
		if stub.Risk == match.Risky && x.fails(stub) {
			return nil
		}
		if requestmatch.Exact(stub.Request, v) {
			if s.enter(stub, x) {
				return stub
			}
			continue
		}
		if stub.Risk == match.RareRisk && x.fails(stub) {
			return nil
		}
		if stub.Notes && len(x.Passed) < maxPassed {
			x.Passed = append(x.Passed, stub.StubMapping)
		}
	}
	return nil
}

// fails notes what WireMock throws where it tries the stub; it tries no others then.
func (x *exchange) fails(stub *catalog.Stub) bool {
	if x.failure == nil {
		x.failure = requestFailure(stub.Request, &x.view, match.Fitting)
	}
	return x.failure != nil
}

// enter takes the steps that serving a request from the stub means, if it may.
func (s *Server) enter(stub *catalog.Stub, x *exchange) bool {
	if stub.Script != nil {
		return s.play(stub, x)
	}
	return stub.Scenario == nil || stub.Scenario.Serve(stub.StubMapping)
}

// read takes the request in, body and all.
func (s *Server) read(x *exchange, r *http.Request, received time.Time) error {
	body, err := readBody(r, s.options.MaxRequestBody)
	if err == nil {
		body, err = unzipped(body, claimsGzip(r.Header), s.options.MaxRequestBody)
	}
	if err != nil {
		return err
	}
	q := &x.request
	q.ID = s.newID()
	q.Received, q.Method, q.Protocol, q.Body = received, strings.ToUpper(r.Method), r.Proto, body
	q.URL, q.BrowserProxy = target(r)
	q.BrowserProxy = q.BrowserProxy && s.options.Proxy.Browser
	q.Scheme = "http"
	canonicalize(r.Header)
	if len(r.TransferEncoding) > 0 { // which net/http takes out of the headers
		r.Header["Transfer-Encoding"] = r.TransferEncoding
	}
	if r.TLS != nil {
		q.Scheme = "https"
	}
	q.Host, q.Port = splitHost(r.Host, q.Scheme)
	if q.ClientIP = r.Header.Get("X-Forwarded-For"); q.ClientIP == "" {
		q.ClientIP = hostOnly(r.RemoteAddr)
	}
	q.Head = event.TakeHead(r.Context())
	x.host[0] = r.Host
	q.Header = r.Header
	q.Header["Host"] = x.host[:]
	x.view = requestmatch.NewView(q)
	return nil
}

// newID draws a version 4 UUID.
func (s *Server) newID() (id uuid.UUID) {
	a, b := s.random.pair()
	for i := range 8 {
		id[i], id[8+i] = byte(a>>(8*i)), byte(b>>(8*i))
	}
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id
}

// respond makes and sends the response: the stub's, or the page that says why none matched.
func (s *Server) respond(w http.ResponseWriter, r *http.Request, x *exchange) {
	ready := func() {
		if !x.Response.Failed {
			s.journal.Add(&x.ServeEvent)
		}
	}
	if x.Stub != nil {
		answer := x.Stub.Response
		if x.answer != nil {
			answer, x.Definition = x.answer, x.answer
		}
		s.responder.Write(r.Context(), w, r, &x.ServeEvent, answer, ready)
		if len(x.Stub.ServeEventListeners)+len(x.Stub.PostServeActions) > 0 {
			s.responder.AfterServe(&x.ServeEvent)
		}
		return
	}
	if x.failure == nil && s.responder.Forwards(x.ServeEvent.Request) {
		s.responder.Write(r.Context(), w, r, &x.ServeEvent, nil, ready)
		return
	}
	if x.failure == nil && s.mayFail() { // WireMock makes its page before it looks for a file
		x.Definition, x.failure = s.unmatched(&x.view)
	}
	if x.failure == nil && s.serveFile(w, r, x) {
		return
	}
	if x.failure == nil && x.Definition == nil {
		x.Definition, x.failure = s.unmatched(&x.view)
	}
	if x.failure != nil { // of such a request no event is kept
		x.Response.Status = http.StatusInternalServerError
		sendFailure(w, r, x.failure)
		return
	}
	s.responder.Write(r.Context(), w, r, &x.ServeEvent, x.Definition, ready)
}
