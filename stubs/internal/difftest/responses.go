package difftest

import (
	"encoding/base64"
	"maps"
)

// response is a response definition. What takes time takes little: times are not compared.
func (b *caseBuilder) response() map[string]any {
	r := map[string]any{}
	if !b.sometimes(4) {
		r["status"] = pick[any](b.Generator, 200, 201, 202, 204, 301, 304, 400, 404, 422, 500, 503, 599, 0, -1, "201", 299, 420)
	}
	if b.sometimes(5) {
		r["statusMessage"] = pick(b.Generator, "", "Fine", "Not so fine", "é", "  ")
	}
	b.responseBody(r)
	if b.sometimes(2) {
		h := b.responseHeaders()
		if r["status"] == 204 || r["status"] == 304 { // Jetty fails on a length there
			delete(h, "Content-Length")
		}
		r["headers"] = h
	}
	if b.sometimes(10) {
		maps.Copy(r, pick(b.Generator,
			map[string]any{"fixedDelayMilliseconds": 1},
			map[string]any{"delayDistribution": map[string]any{"type": "uniform", "lower": 1, "upper": 1}},
			map[string]any{"delayDistribution": map[string]any{"type": "fixed", "milliseconds": 1}},
			map[string]any{"delayDistribution": map[string]any{"type": "lognormal", "median": 1, "sigma": 0}},
			map[string]any{"delayDistribution": map[string]any{"type": "nope"}},
			map[string]any{"fixedDelayMilliseconds": "1"},
		))
	}
	if b.sometimes(24) {
		for _, k := range []string{"jsonBody", "base64Body", "bodyFileName", "transformers"} {
			delete(r, k)
		}
		r["body"], r["chunkedDribbleDelay"] = "hello world", map[string]any{"numberOfChunks": 1 + b.IntN(3), "totalDuration": 2}
	}
	if b.sometimes(16) {
		r["fault"] = pick(b.Generator, "EMPTY_RESPONSE", "CONNECTION_RESET_BY_PEER", "MALFORMED_RESPONSE_CHUNK", "RANDOM_DATA_THEN_CLOSE", "NOPE")
	}
	if b.sometimes(30) {
		maps.Copy(r, pick(b.Generator,
			map[string]any{"nope": 1}, map[string]any{"fromConfiguredStub": true}, map[string]any{"headers": "x"}, map[string]any{"body": []any{1}},
			map[string]any{"status": "x"}, map[string]any{"transformers": "x"}, map[string]any{"base64Body": "%"}, map[string]any{"bodyFileName": 7},
		))
	}
	return r
}

func (b *caseBuilder) responseBody(r map[string]any) {
	switch b.IntN(9) {
	case 0:
		r["body"] = pick(b.Generator, "hello", "", "é\n", "{\"a\": 1}", "{{request.url}}")
	case 1:
		r["jsonBody"] = b.document(3)
	case 2:
		r["base64Body"] = base64.StdEncoding.EncodeToString([]byte(b.word()))
	case 3:
		name := pick(b.Generator, "a.txt", "b.json", "dir/c.xml")
		r["bodyFileName"] = name
		if !b.sometimes(4) {
			b.files[name] = pick(b.Generator, "text of the file", "{{request.path}} of the file", "<a/>")
		}
		b.templated(r, 3)
	case 4, 5, 6:
		r["body"] = b.templateText()
		b.templated(r, 1)
	case 7:
		r["jsonBody"] = map[string]any{"t": b.templateText(), b.key(): b.scalar()}
		b.templated(r, 1)
	}
}

// templated lets the response be a template, once in n times.
func (b *caseBuilder) templated(r map[string]any, n int) {
	if !b.sometimes(n) {
		return
	}
	r["transformers"] = []any{"response-template"}
	if b.sometimes(2) {
		r["transformerParameters"] = map[string]any{"p": b.document(2), "name": pick(b.Generator, "a", "", "my name"), "disableBodyFileTemplating": b.sometimes(2)}
	}
	if b.sometimes(4) {
		r["headers"] = map[string]any{"X-Made": b.templateText()}
	}
}

func (b *caseBuilder) responseHeaders() map[string]any {
	h := map[string]any{}
	for range 1 + b.IntN(3) {
		switch b.IntN(7) {
		case 0:
			h["Content-Type"] = pick(b.Generator, "text/plain", "application/json", "text/html; charset=iso-8859-1", "nonsense")
		case 1:
			h["X-Many"] = []any{"one", "two"}
		case 2:
			h["x-lower"] = pick[any](b.Generator, "v", "", " v ", "é", 1, true, nil, []any{}, []any{"v"})
		case 3:
			h["Set-Cookie"] = pick[any](b.Generator, "a=b", []any{"a=b; Path=/", "c=d"})
		case 4:
			h["Location"] = pick(b.Generator, "/x", "http://other.example/y")
		case 5:
			h["Cache-Control"] = "no-cache, no-store"
		case 6:
			b.framing(h)
		}
	}
	return h
}

// framing sets headers that say how the body is sent. A wrong length would spoil a connection that is kept.
func (b *caseBuilder) framing(h map[string]any) {
	if b.sometimes(4) {
		h["Transfer-Encoding"] = "chunked"
	} else {
		h["Content-Length"] = pick(b.Generator, "0", "3", "5", "40")
	}
	for i := range b.requests {
		b.requests[i].Headers = append(b.requests[i].Headers, [2]string{"Connection", "close"})
	}
}
