package adminview

import (
	"encoding/base64"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/javaset"
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/match"
	"github.com/envd-dev/envd/stubs/internal/requestmatch"
)

// unmatchedStub is what WireMock shows as the stub of a request that matched none.
const unmatchedStub = "f1f3e4f6-5c8e-4f7c-9a53-0f5b0f5a6d11"

// ServeEvent is WireMock's ServeEvent. limit cuts the response body; 0 shows it whole, negative nothing of it.
func ServeEvent(e *event.ServeEvent, limit int) *jsondoc.Object {
	definition := unmatchedDefinition()
	if e.Answered() {
		definition = e.Served().Value()
	}
	o := jsondoc.Make(
		"id", e.Request.ID.String(),
		"request", Request(e.Request),
		"responseDefinition", definition,
		"response", response(&e.Response, e.Answered(), limit),
		"wasMatched", e.Answered(),
		"timing", timing(&e.Timing),
		"subEvents", jsondoc.List(subEvents(e), subEvent),
	)
	switch {
	case e.Matched():
		o.Set("stubMapping", e.Stub.Value())
	case !e.Forwarded:
		o.Set("stubMapping", unmatched())
	}
	return o
}

func unmatchedDefinition() *jsondoc.Object {
	return jsondoc.Make("status", http.StatusNotFound, "fromConfiguredStub", false)
}

func unmatched() *jsondoc.Object {
	return jsondoc.Make("id", unmatchedStub, "request", jsondoc.Make("method", mapping.AnyMethod),
		"response", unmatchedDefinition(), "uuid", unmatchedStub)
}

// response is the response as logged; of an unmatched request WireMock logs only the status.
func response(r *event.Response, matched bool, limit int) *jsondoc.Object {
	o, body := jsondoc.Make("status", r.Status), r.Body
	if !matched {
		body = nil
	} else if len(r.Header) > 0 {
		o.Set("headers", responseHeaders(r.Header, r.Proxied))
	}
	if limit != 0 {
		body = body[:min(max(limit, 0), len(body))]
	}
	o.Set("bodyAsBase64", base64.StdEncoding.EncodeToString(body))
	if r.Fault != "" {
		o.Set("fault", string(r.Fault))
	}
	o.Set("body", Text([]byte(event.Decode(body, contentType(r.Header)))))
	return o
}

// contentType is the content type of a response, whose headers keep the spelling that they were given.
func contentType(h http.Header) string {
	for name, values := range h {
		if strings.EqualFold(name, "Content-Type") && len(values) > 0 {
			return values[0]
		}
	}
	return ""
}

func responseHeaders(h http.Header, proxied bool) *jsondoc.Object {
	names := slices.Sorted(maps.Keys(h))
	if proxied { // WireMock has kept a target's headers in a hash table
		names = javaset.Order(names)
	}
	o := &jsondoc.Object{}
	for _, n := range names {
		o.Set(n, oneOrMany(h[n]))
	}
	return o
}

func timing(t *event.Timing) *jsondoc.Object {
	added, process, send := t.AddedDelay().Milliseconds(), t.Process().Milliseconds(), t.Send().Milliseconds()
	return jsondoc.Make("addedDelay", added, "processTime", process, "responseSendTime", send,
		"serveTime", process+send, "totalTime", process+send+added)
}

// subEvents are those of the event. That an unmatched request was not matched, and why, is not kept twice: the report is
// the response's body.
func subEvents(e *event.ServeEvent) []event.SubEvent {
	list := append(findings(e), e.SubEvents()...)
	if e.Answered() {
		return list
	}
	return append(list, event.SubEvent{Type: "REQUEST_NOT_MATCHED", Offset: e.Timing.Process(), Data: jsondoc.Make(
		"status", http.StatusNotFound, "contentType", "text/plain", "report", Text(e.Response.Body))})
}

// findings are what the stubs that were tried before noted, each once.
func findings(e *event.ServeEvent) []event.SubEvent {
	var all []match.Finding
	v := requestmatch.NewView(e.Request)
	for _, stub := range e.Passed {
		all = append(all, requestmatch.Findings(stub.Request, &v)...)
	}
	return Findings(all)
}

// Findings are findings as sub-events, those that say the same as one.
func Findings(all []match.Finding) []event.SubEvent {
	var out []event.SubEvent
	for _, f := range all {
		s := event.SubEvent{Type: "WARNING", Offset: -1, Data: jsondoc.Make("message", f.Message)}
		if f.Syntax != nil {
			s = event.SubEvent{Type: "JSON_ERROR", Offset: -1, Data: mapping.AsError(f.Syntax, mapping.NoPointer).Value()}
		}
		if !slices.ContainsFunc(out, func(have event.SubEvent) bool { return reflect.DeepEqual(have, s) }) {
			out = append(out, s)
		}
	}
	return out
}

// MatchResult is the distance of a request from a stub, with what was found out on the way.
func MatchResult(distance float64, found []match.Finding) *jsondoc.Object {
	return jsondoc.Make("subEvents", jsondoc.List(Findings(found), subEvent), "diffDescriptions", []any{}, "distance", distance)
}

// untimed are the types of sub-event that WireMock prints no offset of.
var untimed = []string{"ERROR", "INFO", "WARNING"}

func subEvent(e event.SubEvent) any {
	o := jsondoc.Make("type", e.Type)
	if e.Offset >= 0 && !slices.Contains(untimed, e.Type) {
		o.Set("timeOffsetNanos", e.Offset.Nanoseconds())
	}
	o.Set("data", e.Data)
	return o
}
