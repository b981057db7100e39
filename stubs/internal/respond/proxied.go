package respond

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/javaset"
	"github.com/envd-dev/envd/stubs/internal/javauri"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/proxy"
)

// fetch makes ev.Response from the target of proxyBaseUrl.
func (r *Responder) fetch(ctx context.Context, ev *event.ServeEvent, def *mapping.ResponseDefinition) {
	if problem := unusableBase(def.ProxyBaseURL); problem != "" {
		errorPage(ev, problem)
		return
	}
	path := strings.TrimPrefix(ev.Request.URL, def.ProxyURLPrefixToRemove)
	host := r.options.ProxyHost
	if host == "" {
		if u, err := url.Parse(def.ProxyBaseURL); err == nil {
			host = u.Host
		}
	}
	r.exchange(ctx, ev, def, &proxy.Request{URL: def.ProxyBaseURL + path, Host: host})
}

// unusableBase is what WireMock throws on a base URL that is no URI or names no host, "" for all others.
func unusableBase(base string) string {
	if err := javauri.Failure(base); err != nil {
		return err.Error()
	}
	_, host, _ := strings.Cut(base, "//")
	if host == "" || host[0] == '/' {
		return "java.lang.NullPointerException"
	}
	return ""
}

// forward makes ev.Response from the target that the browser named.
func (r *Responder) forward(ctx context.Context, ev *event.ServeEvent) {
	r.exchange(ctx, ev, ev.Definition, &proxy.Request{URL: ev.Request.AbsoluteURL(), Forward: true})
}

func (r *Responder) exchange(ctx context.Context, ev *event.ServeEvent, def *mapping.ResponseDefinition, q *proxy.Request) {
	in := ev.Request
	q.Method = in.Method
	if r.options.PreserveHost {
		q.Host = in.Header.Get("Host")
	}
	r.setRequestHeader(q, in, def)
	q.Chunked = chunkedRequest(in)
	if len(in.Body) > 0 || in.Values("Content-Length") != nil || q.Chunked {
		q.Body = in.Body
		if q.Body == nil {
			q.Body = []byte{}
		}
	}
	resp, err := r.options.Proxy.Do(ctx, q)
	if err != nil {
		ev.Response = proxyFailure(q.URL, err)
		return
	}
	ev.Response = event.Response{
		Status: resp.Status, Message: resp.Message, Body: resp.Body, Proxied: true,
		Header: r.responseHeader(resp.Header, def),
	}
}

// chunkedRequest reports whether the client sent its body in chunks, and so the server does.
func chunkedRequest(in *event.Request) bool {
	if te := in.Values("Transfer-Encoding"); len(te) > 0 {
		return te[0] == "chunked"
	}
	for _, f := range in.Fields() { // net/http takes the header away
		if strings.EqualFold(f.Name, "Transfer-Encoding") {
			return strings.EqualFold(f.Value, "chunked")
		}
	}
	return false
}

// setRequestHeader passes on the client's header without what is to be removed and with what is to be added.
func (r *Responder) setRequestHeader(q *proxy.Request, in *event.Request, def *mapping.ResponseDefinition) {
	q.Header, q.Order = http.Header{}, javaset.Order(in.HeaderNames())
	for _, name := range q.Order {
		lower := strings.ToLower(name)
		if slices.Contains(def.RemoveProxyRequestHeaders, lower) {
			continue
		}
		values := in.Values(name)
		if lower == "accept-encoding" && r.options.Encodings != nil {
			if values = supported(values, r.options.Encodings); len(values) == 0 {
				continue
			}
		}
		q.Header[name] = values
	}
	for _, add := range def.AdditionalProxyRequestHeaders {
		if len(add.Values) == 0 {
			continue
		}
		if strings.EqualFold(add.Name, "Host") {
			q.Host = add.Values[0]
			continue
		}
		name := add.Name
		for known := range q.Header {
			if strings.EqualFold(known, name) {
				name = known
			}
		}
		q.Header[name] = append(slices.Clip(q.Header[name]), add.Values[0])
		q.Order = append(q.Order, name)
	}
}

// supported keeps the encodings that may be passed on, in one value.
func supported(values, encodings []string) []string {
	var kept []string
	for _, line := range values {
		for item := range strings.SplitSeq(line, ",") {
			item = strings.TrimSpace(item)
			name, _, _ := strings.Cut(item, ";")
			if slices.ContainsFunc(encodings, func(e string) bool { return strings.EqualFold(e, strings.TrimSpace(name)) }) {
				kept = append(kept, item)
			}
		}
	}
	if len(kept) == 0 {
		return nil
	}
	return []string{strings.Join(kept, ",")}
}

// responseHeader is the target's header without what belongs to its connection, and with the definition's own.
func (r *Responder) responseHeader(from http.Header, def *mapping.ResponseDefinition) http.Header {
	list := make([]mapping.Header, 0, len(from)+len(def.Headers))
	for name, values := range from {
		lower := strings.ToLower(name)
		if lower != "transfer-encoding" && lower != "connection" && !(r.options.StubCORS && strings.HasPrefix(lower, "access-control")) {
			list = append(list, mapping.Header{Name: name, Values: values})
		}
	}
	return headerMap(append(list, def.Headers...))
}

func proxyFailure(target string, err error) event.Response {
	if errors.Is(err, proxy.ErrDenied) {
		return event.Response{Status: http.StatusInternalServerError, Header: http.Header{"Content-Type": {"text/plain"}},
			Body: []byte("The target proxy address is denied in WireMock's configuration.")}
	}
	kind := "Network"
	if proxy.IsTLS(err) {
		kind = "SSL"
	}
	return event.Response{Status: http.StatusInternalServerError, Header: http.Header{},
		Body: []byte(kind + " failure trying to make a proxied request from WireMock to " + target + "\r\n" + proxy.Explain(target, err))}
}
