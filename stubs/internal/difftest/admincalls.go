package difftest

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/match"
)

// adminCall is a call of the admin API that says what the requests left behind, or changes it.
func (b *caseBuilder) adminCall(mappings []map[string]any) Request {
	g := b.Generator
	id := fmt.Sprint(mappings[g.IntN(len(mappings))]["id"])
	if g.sometimes(6) {
		id = pick(g, "00000000-0000-4000-8000-999999999999", "nonsense", "")
	}
	get := func(path string) Request { return Request{Method: "GET", Target: "/__admin" + path} }
	del := func(path string) Request { return Request{Method: "DELETE", Target: "/__admin" + path} }
	post := func(path string, body any) Request {
		return Request{Method: "POST", Target: "/__admin" + path, Body: marshal(body)}
	}
	put := func(path string, body any) Request {
		return Request{Method: "PUT", Target: "/__admin" + path, Body: marshal(body)}
	}
	switch g.IntN(26) {
	case 0, 1:
		return get("/requests" + pick(g, "", "", "?limit=1", "?limit=0", "?unmatched=true", "?matchingStub="+id, "?since=2020-01-01T00:00:00Z", "?since=2120-01-01T00:00:00Z", "?limit=x", "?since=x", "?unmatched=x", "?limit=-1"))
	case 2, 3:
		return post("/requests/count", b.asked())
	case 4, 5:
		return post("/requests/find", b.asked())
	case 6:
		return post("/requests/remove", b.asked())
	case 7:
		return get("/requests/unmatched")
	case 8:
		return get("/requests/unmatched/near-misses")
	case 9, 10:
		return post("/near-misses/request-pattern", b.asked())
	case 11:
		return post("/near-misses/request", b.logged())
	case 12:
		return get(pick(g, "/mappings", "", "/", "/mappings?limit=1", "/mappings?offset=1", "/mappings?limit=1&offset=1", "/mappings?limit=x", "/mappings?limit=-1", "/mappings?offset=9"))
	case 13:
		return pick(g, get("/mappings/unmatched"), del("/mappings/unmatched"))
	case 14:
		return post("/mappings/find-by-metadata", b.metadataPattern())
	case 15:
		return post(pick(g, "/mappings/remove-by-metadata", "/requests/remove-by-metadata"), b.metadataPattern())
	case 16:
		m := maps.Clone(mappings[0])
		if m["scenarioName"] != nil { // which would keep what was removed or edited
			return get("/scenarios")
		}
		if g.sometimes(2) {
			delete(m, "id")
		}
		return post(pick(g, "/mappings/remove", "/mappings/edit"), m)
	case 17:
		m := maps.Clone(mappings[0])
		m["response"] = b.response()
		if m["scenarioName"] != nil {
			return del("/mappings/" + id)
		}
		return pick(g, put("/mappings/"+id, m), get("/mappings/"+id), del("/mappings/"+id))
	case 18:
		imported := map[string]any{"id": "00000000-0000-4000-8000-888888888888", "request": map[string]any{"url": "/imported"}}
		body := map[string]any{"mappings": []any{mappings[0], imported}}
		if mappings[0]["scenarioName"] != nil { // which would keep what the import edits
			body["mappings"] = []any{imported}
		}
		if g.sometimes(2) {
			body["importOptions"] = map[string]any{"duplicatePolicy": pick(g, "OVERWRITE", "IGNORE", "NOPE"), "deleteAllNotInImport": g.sometimes(2)}
		}
		return post("/mappings/import", body)
	case 19, 20:
		return pick(g, get("/scenarios"), get("/scenarios"), post("/scenarios/reset", map[string]any{}), put("/scenarios/s/state", map[string]any{"state": pick(g, "Started", "two", "nope")}),
			Request{Method: "PUT", Target: "/__admin/scenarios/s/state"}, put("/scenarios/nope/state", map[string]any{"state": "two"}))
	case 21:
		if !b.settled && g.sometimes(3) {
			return Request{Method: "PATCH", Target: "/__admin/settings/extended", Body: `{"extended":{"a":1,"b":null}}`}
		}
		b.settled = true // and there is nothing to extend, which WireMock runs into
		return pick(g, get("/settings"), put("/settings", b.settings()), post("/settings", b.settings()))
	case 22:
		return post("/recordings/snapshot", b.recordSpec(id))
	case 23:
		return get(pick(g, "/files", "/files/a.txt", "/files/nope", "/recordings/status", "/health", "/version", "/nope", "/requests/"+id, "/mappings/x/y"))
	case 24:
		return pick(g, del("/requests"), del("/requests/"+id), del("/mappings"), post("/reset", nil), post("/mappings/reset", nil), del("/scenarios"), post("/requests/reset", nil))
	}
	r := post(pick(g, "/requests/count", "/requests/find", "/mappings", "/mappings/import", "/settings", "/near-misses/request", "/near-misses/request-pattern", "/mappings/find-by-metadata", "/recordings/snapshot", "/requests/remove"), nil)
	r.Body = pick(g, "", "{", `{"nope":1}`, `{"url":1}`, `{"method":null}`, "null", "{} x", "[]", "[{}]", "1", `"x"`, "true", "[1]", "1.5", `{"urlPath":"/a","url":"/b"}`, `{"bodyPatterns":{}}`)
	return r
}

// asked is a request pattern to ask the journal for: that of the case, part of it, or another one.
func (b *caseBuilder) asked() map[string]any {
	switch b.IntN(4) {
	case 0:
		return b.request
	case 1:
		return b.wider()
	case 2:
		p := map[string]any{"method": pick(b.Generator, "ANY", "POST", "GET")}
		p[pick(b.Generator, "urlPathPattern", "urlPattern")] = pick(b.Generator, ".*", b.target+".*", "/nope")
		return p
	}
	other := &caseBuilder{Generator: b.Generator, request: map[string]any{}, files: map[string]string{}, target: b.target, requests: make([]Request, 1)}
	pick(b.Generator, other.body, other.header, other.query, other.cookie, other.form, other.multipart, other.auth, other.address, other.url)()
	return other.request
}

// logged is a request as a client would describe it.
func (b *caseBuilder) logged() map[string]any {
	r := b.requests[b.IntN(len(b.requests))]
	if !strings.HasPrefix(r.Target, "/") || strings.Contains(r.Target, "%zz") || strings.HasSuffix(r.Target, "%") { // which is an error of another kind
		r.Target = "/x"
	}
	l := map[string]any{"url": r.Target, "method": r.Method, "absoluteUrl": "http://" + host + r.Target}
	if b.sometimes(2) {
		l["body"] = r.Body
	}
	if b.sometimes(3) {
		l["headers"] = map[string]any{"X-Test": pick[any](b.Generator, "abc", []any{"a", "b"})}
	}
	if b.sometimes(10) {
		delete(l, pick(b.Generator, "url", "method", "absoluteUrl"))
	}
	return l
}

func (b *caseBuilder) metadataPattern() map[string]any {
	if b.sometimes(2) {
		return map[string]any{"matchesJsonPath": "$." + pick(b.Generator, "a", "b", "id", "a.b")}
	}
	p := pick(b.Generator, b.jsonPath(0).json, b.equalToJSON(0).json, b.text(0).json, map[string]any{"equalToJson": map[string]any{"a": 1}, "ignoreExtraElements": true})
	delete(p, "actualFormat") // of which one that is bad is told at other times
	if _, err := match.Parse(json.RawMessage(marshal(p)), "", match.StringValue); err != nil {
		return b.metadataPattern() // a bad regex or path is a reason that is told here, and 500 with WireMock
	}
	return p
}

func (b *caseBuilder) settings() map[string]any {
	return pick(b.Generator, map[string]any{}, map[string]any{"fixedDelay": 1}, map[string]any{"fixedDelay": b.misfit()},
		map[string]any{"settings": b.misfit()}, map[string]any{"proxyPassThrough": b.misfit()}, map[string]any{"settings": map[string]any{"proxyPassThrough": b.misfit(), "extended": b.misfit()}}, map[string]any{"delayDistribution": map[string]any{"type": "uniform", "lower": 0, "upper": 1}},
		map[string]any{"extended": map[string]any{"a": b.document(1)}}, map[string]any{"proxyPassThrough": false}, map[string]any{"nope": 1})
}

// misfit is a value that fits few members.
func (b *caseBuilder) misfit() any {
	return pick[any](b.Generator, nil, "", "x", "true", "7", 1, 1.5, true, []any{}, []any{1}, []any{"x"}, map[string]any{}, map[string]any{"nope": 1},
		map[string]any{"X-Test": 1}, map[string]any{"matcher": "equalToXml", "ignoreArrayOrder": true}, map[string]any{"textSizeThreshold": "x"}, map[string]any{"ids": []any{"x"}})
}

func (b *caseBuilder) recordSpec(id string) map[string]any {
	filters := map[string]any{"allowNonProxied": true}
	if b.sometimes(3) {
		filters["method"] = "POST"
	}
	if b.sometimes(4) {
		filters["urlPathPattern"] = b.target + "/[a-z]+"
	}
	if b.sometimes(12) {
		filters["ids"] = []any{id}
	}
	s := map[string]any{"filters": filters, "persist": false}
	if b.sometimes(3) {
		s["captureHeaders"] = map[string]any{"X-Test": map[string]any{"caseInsensitive": b.sometimes(2)}}
	}
	if b.sometimes(2) {
		s["requestBodyPattern"] = pick(b.Generator, map[string]any{"matcher": "auto"}, map[string]any{"matcher": "equalTo", "caseInsensitive": true},
			map[string]any{"matcher": "equalToJson", "ignoreArrayOrder": false}, map[string]any{"matcher": "equalToXml"}, map[string]any{"matcher": "nope"})
	}
	if b.sometimes(3) {
		s["repeatsAsScenarios"] = b.sometimes(2)
	}
	if b.sometimes(4) {
		s["outputFormat"] = pick(b.Generator, "IDS", "FULL", "ids", "nope")
	}
	if b.sometimes(8) {
		s["transformers"] = []any{"nope"}
	}
	if b.sometimes(4) {
		s[pick(b.Generator, "filters", "persist", "captureHeaders", "requestBodyPattern", "repeatsAsScenarios", "outputFormat", "transformers",
			"transformerParameters", "extractBodyCriteria", "targetBaseUrl", "nope")] = b.misfit()
	}
	return s
}
