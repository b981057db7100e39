package respond

import (
	"context"
	"errors"
	"fmt"
	"html"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/template"
)

const transformer = "response-template"

// prepared is what a definition needs when served, compiled once.
type prepared struct {
	templates *templates // nil where the definition is taken as it is written
	headers   atomic.Pointer[stubHeaders]
}

// stubHeaders are the headers of a definition without templates, together with those that name the stub.
type stubHeaders struct {
	id, name string
	header   http.Header
}

// Prepare compiles the definition's templates. As with WireMock a mistake in a template shows when it is served.
func (r *Responder) Prepare(def *mapping.ResponseDefinition) error {
	p := &prepared{}
	if r.options.Templates != nil && (r.options.GlobalTemplating || def.HasTransformer(transformer)) {
		p.templates = r.compile(def)
	}
	def.Prepared = p
	return nil
}

// render makes ev.Response and returns the definition that it was made from.
func (r *Responder) render(ctx context.Context, ev *event.ServeEvent, def *mapping.ResponseDefinition) *mapping.ResponseDefinition {
	if def == nil {
		ev.Definition, ev.Forwarded = &mapping.ResponseDefinition{Status: http.StatusOK}, true
		r.forward(ctx, ev)
		return ev.Definition
	}
	p, _ := def.Prepared.(*prepared)
	switch {
	case p == nil || p.templates == nil:
	case p.templates.constant:
		if err := template.Unusable(ev.Request); err != nil {
			return r.renderError(ev, err)
		}
	default:
		rendered, err := p.templates.render(ctx, r, ev, def)
		if err != nil {
			return r.renderError(ev, err)
		}
		def, p = rendered, nil
		ev.Definition = def
	}
	if def.ProxyBaseURL != "" {
		r.fetch(ctx, ev, def)
		return def
	}
	body := def.Body
	if def.BodyFromFile() {
		var err error
		if body, err = r.readFile(def.BodyFileName); err != nil {
			errorPage(ev, err.Error())
			return def
		}
	}
	header := headersOf(ev.Stub, def, p)
	if length := header["Content-Length"]; len(length) > 0 {
		if _, err := strconv.ParseInt(length[0], 10, 64); err != nil {
			errorPage(ev, "java.lang.NumberFormatException: For input string: "+strconv.Quote(length[0]))
			return def
		}
	}
	ev.Response = event.Response{
		Status: statusOf(def), Message: def.StatusMessage, Header: header, Body: body, Fault: def.Fault,
	}
	return def
}

// readFile reads a body file. Absolute names are refused, as WireMock refuses them, although they could not lead out.
func (r *Responder) readFile(name string) ([]byte, error) {
	if strings.HasPrefix(name, "/") {
		return nil, fmt.Errorf("access to file %s is not permitted: an absolute path might be specified", name)
	}
	return r.options.Files.Read(name)
}

func statusOf(def *mapping.ResponseDefinition) int {
	if def.Status <= 0 {
		return http.StatusOK
	}
	return def.Status
}

// headersOf builds the headers of a response, or takes those built before for the same stub: they never change then.
func headersOf(stub *mapping.StubMapping, def *mapping.ResponseDefinition, p *prepared) http.Header {
	if stub == nil {
		return headerMap(def.Headers)
	}
	if p != nil {
		if known := p.headers.Load(); known != nil && known.id == stub.ID && known.name == stub.Name {
			return known.header
		}
	}
	h := headerMap(def.Headers)
	addHeader(h, "Matched-Stub-Id", stub.ID)
	if stub.HasName() {
		addHeader(h, "Matched-Stub-Name", ascii(stub.Name))
	}
	if p != nil {
		p.headers.Store(&stubHeaders{stub.ID, stub.Name, h})
	}
	return h
}

// headerMap keeps the names' spelling; a name that comes again, however it is spelled, adds values.
func headerMap(list []mapping.Header) http.Header {
	h := make(http.Header, len(list)+2)
	for _, f := range list {
		addHeader(h, f.Name, f.Values...)
	}
	return h
}

func addHeader(h http.Header, name string, values ...string) {
	for known := range h {
		if strings.EqualFold(known, name) {
			name = known
		}
	}
	h[name] = append(slices.Clip(h[name]), values...)
}

// renderError answers for a template that could not be rendered: with the message, as WireMock does.
func (r *Responder) renderError(ev *event.ServeEvent, err error) *mapping.ResponseDefinition {
	var unusable *template.CompileError
	if errors.As(err, &unusable) || errors.As(err, new(*fileError)) {
		errorPage(ev, err.Error())
		return &mapping.ResponseDefinition{Status: http.StatusInternalServerError}
	}
	data := &jsondoc.Object{}
	data.Set("message", err.Error())
	ev.AddSubEvent("ERROR", time.Now(), data)
	def := &mapping.ResponseDefinition{
		Status: http.StatusInternalServerError, BodyKind: mapping.TextBody, Body: []byte(err.Error()),
		Headers: []mapping.Header{{Name: "Content-Type", Values: []string{"text/plain"}, Single: true}},
	}
	ev.Definition = def
	ev.Response = event.Response{Status: def.Status, Header: headersOf(ev.Stub, def, nil), Body: def.Body}
	return def
}

// fileError is the failure to read a body file.
type fileError struct{ err error }

func (e *fileError) Error() string { return e.err.Error() }

func (e *fileError) Unwrap() error { return e.err }

// errorPage answers as WireMock's HTTP server does when it could not make a response at all.
func errorPage(ev *event.ServeEvent, message string) {
	text := html.EscapeString(message)
	body := fmt.Sprintf(`<html>
<head>
<meta http-equiv="Content-Type" content="text/html;charset=ISO-8859-1"/>
<title>Error 500 %s</title>
</head>
<body><h2>HTTP ERROR 500 %s</h2>
<table>
<tr><th>URI:</th><td>%s</td></tr>
<tr><th>STATUS:</th><td>500</td></tr>
<tr><th>MESSAGE:</th><td>%s</td></tr>
</table>

</body>
</html>
`, text, text, html.EscapeString(ev.Request.Path()), text)
	ev.Response = event.Response{Status: http.StatusInternalServerError, Failed: true, Body: []byte(body), Header: http.Header{
		"Cache-Control": {"must-revalidate,no-cache,no-store"}, "Content-Type": {"text/html;charset=ISO-8859-1"}, "Connection": {"close"},
	}}
}

// ascii is Java's US_ASCII encoding of s: what it cannot hold becomes a question mark.
func ascii(s string) string {
	return strings.Map(func(c rune) rune {
		if c > 0x7F {
			return '?'
		}
		return c
	}, s)
}
