package record

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"golang.org/x/text/encoding/htmlindex"

	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/javaset"
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/requestmatch"
)

// draft is a stub in the making, as the JSON that it will be read from.
type draft struct {
	id, name          string
	path              string // decoded
	request, response *jsondoc.Object
	state             [3]string // scenario, required state, new state
}

// drafts makes stubs of the events that the spec asks for, newest first.
func (r *Recorder) drafts(events []*event.ServeEvent, spec *mapping.RecordSpec) ([]*draft, error) {
	var out []*draft
	groups := map[string][]*draft{} // by request pattern
	var order []string
	for _, e := range events {
		if !takes(spec, e) {
			continue
		}
		d, body := r.draft(e, spec)
		key := jsondoc.Compact(d.request)
		if len(groups[key]) > 0 && !spec.RepeatsAsScenario {
			continue
		}
		if len(groups[key]) == 0 {
			order = append(order, key)
		}
		groups[key] = append(groups[key], d)
		if err := r.setBody(d, e, body, spec); err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	n := 0
	for _, key := range order {
		if group := groups[key]; len(group) > 1 {
			n++
			intoScenario(n, group)
		}
	}
	return out, nil
}

// takes reports whether a spec's filters let an event pass.
func takes(s *mapping.RecordSpec, e *event.ServeEvent) bool {
	if !proxied(e) && !s.NonProxied {
		return false
	}
	if s.Filter != nil {
		view := requestmatch.NewView(e.Request)
		if !requestmatch.Exact(s.Filter, &view) {
			return false
		}
	}
	return s.IDs == nil || slices.Contains(s.IDs, e.Request.ID.String())
}

// proxied reports whether a request was to be proxied; that the target did not answer makes no difference.
func proxied(e *event.ServeEvent) bool {
	if e.Response.Proxied || e.Forwarded {
		return true
	}
	def := e.Served()
	return def != nil && def.ProxyBaseURL != ""
}

// intoScenario makes a group of stubs for the same request answer one after the other, the oldest first.
func intoScenario(n int, group []*draft) {
	name := fmt.Sprintf("scenario-%d-%s", n, strings.Join(strings.FieldsFunc(group[0].path, func(c rune) bool { return c == '/' }), "-"))
	for i, d := range slices.Backward(group) {
		count := len(group) - i // from 1
		d.state = [3]string{name, mapping.Started, ""}
		if count > 1 {
			d.state[1] = name + "-" + strconv.Itoa(count)
		}
		if count < len(group) {
			d.state[2] = name + "-" + strconv.Itoa(count+1)
		}
	}
}

func (r *Recorder) draft(e *event.ServeEvent, spec *mapping.RecordSpec) (*draft, []byte) {
	d := &draft{id: r.host.NewID().String(), path: decodedPath(e.Request.URL)}
	d.name = sanitizeURL(d.path)
	d.request = requestOf(e.Request, spec)
	d.response = jsondoc.Make("status", jsondoc.Number(strconv.Itoa(e.Response.Status)))
	if !e.Answered() && !e.Response.Proxied { // the journal does not keep the page that explains why nothing matched
		return d, nil
	}
	return d, decompressed(&e.Response)
}

// requestOf is the pattern that recorded stubs match with.
func requestOf(q *event.Request, spec *mapping.RecordSpec) *jsondoc.Object {
	o := &jsondoc.Object{}
	query := q.Query()
	if len(query) == 0 {
		o.Set("url", q.URL)
	} else {
		o.Set("urlPath", q.Path())
	}
	o.Set("method", q.Method)
	headers := &jsondoc.Object{}
	for _, h := range spec.CaptureHeaders {
		values := q.Values(h.Name)
		if len(values) == 0 {
			continue
		}
		p := jsondoc.Make("equalTo", values[0])
		if h.CaseInsensitive != nil {
			p.Set("caseInsensitive", *h.CaseInsensitive)
		}
		headers.Set(h.Name, p)
	}
	if headers.Len() > 0 {
		o.Set("headers", headers)
	}
	if len(query) > 0 {
		params := &jsondoc.Object{}
		for _, p := range query {
			params.Set(p.Name, jsondoc.Make("hasExactly", jsondoc.List(p.Values, func(v string) any { return jsondoc.Make("equalTo", v) })))
		}
		o.Set("queryParameters", params)
	}
	if len(q.Body) > 0 {
		o.Set("bodyPatterns", []any{bodyPattern(q, spec.Body)})
	}
	return o
}

func bodyPattern(q *event.Request, m mapping.RecordedBody) *jsondoc.Object {
	kind := m.Kind
	media, _, _ := strings.Cut(q.ContentType(), ";")
	media = strings.TrimSpace(media)
	if kind == "auto" {
		kind = "equalTo"
		switch {
		case media == "":
		case strings.Contains(media, "json"):
			kind = "equalToJson"
		case strings.Contains(media, "xml"):
			kind = "equalToXml"
		case media == "multipart/form-data":
			return jsondoc.Make("anything", "anything")
		case !isText(media):
			return jsondoc.Make("binaryEqualTo", base64.StdEncoding.EncodeToString(q.Body))
		}
	}
	p := jsondoc.Make(kind, event.Decode(q.Body, q.ContentType()))
	option := func(name string, given *bool, withAuto bool) {
		switch {
		case given != nil:
			p.Set(name, *given)
		case m.Kind == "auto":
			p.Set(name, withAuto)
		}
	}
	switch kind {
	case "equalTo":
		option("caseInsensitive", m.CaseInsensitive, false)
	case "equalToJson":
		option("ignoreArrayOrder", m.IgnoreArrayOrder, true)
		option("ignoreExtraElements", m.IgnoreExtraElements, true)
	}
	return p
}

// isText tells text from binary data by its media type.
func isText(media string) bool {
	for _, part := range []string{"text", "json", "xml", "html", "yaml", "csv", "x-www-form-urlencoded"} {
		if strings.Contains(media, part) {
			return true
		}
	}
	return false
}

func contentType(h http.Header) string {
	for name, values := range h {
		if strings.EqualFold(name, "Content-Type") && len(values) > 0 {
			return values[0]
		}
	}
	return ""
}

const maxDecompressed = 256 << 20

// decompressed is a response's body without its gzip encoding; one that cannot be undone stays.
func decompressed(resp *event.Response) []byte {
	for name, values := range resp.Header {
		if !strings.EqualFold(name, "Content-Encoding") || !slices.Contains(values, "gzip") {
			continue
		}
		z, err := gzip.NewReader(bytes.NewReader(resp.Body))
		if err != nil {
			return resp.Body
		}
		plain, err := io.ReadAll(io.LimitReader(z, maxDecompressed))
		if err != nil {
			return resp.Body
		}
		return plain
	}
	return resp.Body
}

// setBody puts the body and the headers of a response into the draft, or the body into a file when it is large.
func (r *Recorder) setBody(d *draft, e *event.ServeEvent, body []byte, spec *mapping.RecordSpec) error {
	media := contentType(e.Response.Header)
	asText := isText(media)
	switch {
	case len(body) == 0:
	case asText:
		content := decodeText(body, media)
		if int64(len(utf16.Encode([]rune(content)))) > spec.ExtractText {
			return r.extract(d, e, []byte(content), media)
		}
		d.response.Set("body", content)
	case int64(len(body)) > spec.ExtractBinary:
		return r.extract(d, e, body, media)
	default:
		d.response.Set("base64Body", base64.StdEncoding.EncodeToString(body))
	}
	d.setHeaders(e)
	return nil
}

func (r *Recorder) extract(d *draft, e *event.ServeEvent, body []byte, media string) error {
	name := d.fileName(extension(e.Request.Path(), media, body))
	if err := r.host.Files().Write(name, body); err != nil {
		return fmt.Errorf("extract body of %s: %w", e.Request.URL, err)
	}
	d.response.Set("bodyFileName", name)
	d.setHeaders(e)
	return nil
}

// setHeaders keeps the headers that do not depend on how the response was transferred.
func (d *draft) setHeaders(e *event.ServeEvent) {
	if !e.Answered() && !e.Response.Proxied {
		return
	}
	headers := &jsondoc.Object{}
	for _, name := range javaset.Order(slices.Sorted(maps.Keys(e.Response.Header))) {
		switch strings.ToLower(name) {
		case "content-encoding", "content-length", "transfer-encoding":
			continue
		}
		values := e.Response.Header[name]
		switch len(values) {
		case 0:
		case 1:
			headers.Set(name, values[0])
		default:
			headers.Set(name, jsondoc.List(values, func(v string) any { return v }))
		}
	}
	if headers.Len() > 0 {
		d.response.Set("headers", headers)
	}
}

// decodeText reads text in the charset that its media type names; UTF-8 otherwise.
func decodeText(body []byte, media string) string {
	if _, params, err := mime.ParseMediaType(media); err == nil && params["charset"] != "" {
		if enc, err := htmlindex.Get(params["charset"]); err == nil {
			if out, err := enc.NewDecoder().Bytes(body); err == nil {
				return string(out)
			}
		}
	}
	return strings.ToValidUTF8(string(body), "\uFFFD")
}

// stub reads the draft as a mapping.
func (d *draft) stub(persist bool) (*mapping.StubMapping, error) {
	o := jsondoc.Make("id", d.id, "name", d.name, "request", d.request, "response", d.response)
	if persist {
		o.Set("persistent", true)
	}
	for i, field := range []string{"scenarioName", "requiredScenarioState", "newScenarioState"} {
		if d.state[i] != "" {
			o.Set(field, d.state[i])
		}
	}
	stub, err := mapping.FromValue(o, "")
	if e, ok := errors.AsType[*mapping.Error](err); ok { // no document of the client's is at fault
		own := *e
		own.Pointer = mapping.NoPointer
		if reason, _, isXML := strings.Cut(own.Detail, "; line "); isXML { // a body that is not the XML that it says it is
			own.Code, own.Pointer, own.Title = 50, "", reason
		}
		return nil, &own
	}
	return stub, err
}

// proxyAll is the stub that proxies everything to target.
func proxyAll(target string) (*mapping.StubMapping, error) {
	return mapping.FromValue(jsondoc.Make(
		"request", jsondoc.Make("method", mapping.AnyMethod),
		"response", jsondoc.Make("status", jsondoc.Number("200"), "proxyBaseUrl", target),
	), "")
}
