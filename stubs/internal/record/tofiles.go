package record

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"

	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/files"
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/requestmatch"
)

// ToFiles records every proxied request as it is served: a mapping file and a body file each, which a server started
// later loads. It is WireMock's older way of recording, the flag --record-mappings.
type ToFiles struct {
	Mappings, Bodies files.Store
	// MatchHeaders are the request headers that recorded mappings match on.
	MatchHeaders []string
	// ServeEvents is the journal: a request like one in there is not recorded again.
	ServeEvents func() []*event.ServeEvent

	mu sync.Mutex
}

// Served records an event that is in the journal already.
func (f *ToFiles) Served(e *event.ServeEvent) error {
	if !e.Response.Proxied {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	pattern := f.pattern(e.Request)
	known, err := f.known(pattern)
	if err != nil || known {
		return err
	}
	id := fileID()
	body := decompressed(&e.Response)
	bodyFile := uniqueName("body", e.Request.URL, id, extension(e.Request.Path(), contentType(e.Response.Header), body))
	d := &draft{response: jsondoc.Make("status", int64(e.Response.Status), "bodyFileName", bodyFile)}
	d.setHeaders(e)
	key := uuid.UUID(md5.Sum([]byte(id))) // Java's UUID.nameUUIDFromBytes
	key[6], key[8] = key[6]&0x0f|0x30, key[8]&0x3f|0x80
	doc := jsondoc.Make("id", key.String(), "request", pattern, "response", d.response, "uuid", key.String())
	if err := f.Bodies.Write(bodyFile, body); err != nil {
		return fmt.Errorf("record body of %s: %w", e.Request.URL, err)
	}
	if err := f.Mappings.Write(uniqueName("mapping", e.Request.URL, id, "json"), jsondoc.AppendPretty(nil, doc)); err != nil {
		return fmt.Errorf("record mapping of %s: %w", e.Request.URL, err)
	}
	return nil
}

// known reports whether the pattern fits more requests than the one that it was made from.
func (f *ToFiles) known(pattern *jsondoc.Object) (bool, error) {
	p, err := mapping.RequestFromValue(pattern, "")
	if err != nil {
		return false, err
	}
	count := 0
	for _, e := range f.ServeEvents() {
		view := requestmatch.NewView(e.Request)
		if requestmatch.Exact(p, &view) {
			if count++; count > 1 {
				return true, nil
			}
		}
	}
	return false, nil
}

func (f *ToFiles) pattern(q *event.Request) *jsondoc.Object {
	o := jsondoc.Make("url", q.URL, "method", q.Method)
	headers := &jsondoc.Object{}
	for _, name := range q.HeaderNames() {
		if f.matched(name) {
			headers.Set(name, jsondoc.Make("equalTo", q.Values(name)[0]))
		}
	}
	if headers.Len() > 0 {
		o.Set("headers", headers)
	}
	if parts, err := q.Parts(); err == nil && len(parts) > 0 {
		o.Set("multipartPatterns", jsondoc.List(parts, func(p event.Part) any { return f.part(p) }))
		return o
	}
	if len(q.Body) == 0 {
		return o
	}
	body := jsondoc.Make("equalTo", string(q.Body))
	switch media := q.ContentType(); {
	case strings.Contains(media, "json"):
		body = jsondoc.Make("equalToJson", string(q.Body), "ignoreArrayOrder", true, "ignoreExtraElements", true)
	case strings.Contains(media, "xml"):
		body = jsondoc.Make("equalToXml", string(q.Body))
	}
	o.Set("bodyPatterns", []any{body})
	return o
}

func (f *ToFiles) matched(name string) bool {
	return slices.ContainsFunc(f.MatchHeaders, func(h string) bool { return strings.EqualFold(h, name) })
}

func (f *ToFiles) part(p event.Part) *jsondoc.Object {
	headers := jsondoc.Make("Content-Disposition", jsondoc.Make("contains", `name="`+p.Name+`"`))
	for _, name := range slices.Sorted(maps.Keys(p.Header)) {
		if f.matched(name) {
			headers.Set(name, jsondoc.Make("equalTo", p.Header.Get(name)))
		}
	}
	media := p.Header.Get("Content-Type")
	body := jsondoc.Make("binaryEqualTo", base64.StdEncoding.EncodeToString(p.Body))
	switch {
	case media == "", strings.Contains(media, "text"):
		body = jsondoc.Make("equalTo", string(p.Body))
	case strings.Contains(media, "json"):
		body = jsondoc.Make("equalToJson", string(p.Body), "ignoreArrayOrder", true, "ignoreExtraElements", true)
	case strings.Contains(media, "xml"):
		body = jsondoc.Make("equalToXml", string(p.Body))
	}
	return jsondoc.Make("name", p.Name, "matchingType", "ALL", "headers", headers, "bodyPatterns", []any{body})
}

const (
	idLength     = 5
	idAlphabet   = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	longestParts = 150
)

// fileID tells the files of requests with the same path apart.
func fileID() string {
	return string(bytes.Map(func(rune) rune { return rune(idAlphabet[rand.IntN(len(idAlphabet))]) }, make([]byte, idLength)))
}

// uniqueName is a file name for a request's URL: "/a/b?c=d" gives "body-a-b-x7Fq2.json".
func uniqueName(kind, requestURL, id, extension string) string {
	path := decodedPath(requestURL)
	parts := strings.Join(strings.FieldsFunc(path, func(c rune) bool { return c == '/' }), "-")
	if strings.TrimSpace(parts) == "" {
		parts = "(root)"
	} else {
		parts = strings.Map(func(c rune) rune {
			if strings.ContainsRune(`,~:/?#[]@!$&'()*+;=`, c) {
				return '_'
			}
			return c
		}, parts)
	}
	if long := []rune(parts); len(long) > longestParts {
		parts = string(long[:longestParts])
	}
	return kind + "-" + parts + "-" + id + "." + extension
}
