package stubs

import (
	"bytes"
	"errors"
	"net/http"
	"path"
	"strings"

	"github.com/google/uuid"

	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/wire"
)

// adminCall is one request to the admin API.
type adminCall struct {
	*Server
	w    http.ResponseWriter
	r    *http.Request
	body []byte
	arg  string // what stands for {…} or ** in the route's path
}

// route is one admin route. In pattern {} stands for one path segment and ** for the rest of the path.
type route struct {
	method, pattern string
	handle          func(*adminCall)
}

// routes are WireMock's admin routes; of several that fit the first counts.
func routes() []route {
	return []route{
		{"GET", "/", (*adminCall).listMappings},
		{"GET", "", (*adminCall).redirectToRoot},
		{"POST", "/reset", (*adminCall).resetAll},
		{"GET", "/mappings", (*adminCall).listMappings},
		{"POST", "/mappings", (*adminCall).createMapping},
		{"DELETE", "/mappings", (*adminCall).deleteMappings},
		{"POST", "/mappings/edit", (*adminCall).editMappingOld},
		{"POST", "/mappings/save", (*adminCall).saveMappings},
		{"POST", "/mappings/reset", (*adminCall).resetMappings},
		{"GET", "/mappings/unmatched", journaled((*adminCall).listUnusedMappings)},
		{"DELETE", "/mappings/unmatched", journaled((*adminCall).deleteUnusedMappings)},
		{"POST", "/mappings/remove", (*adminCall).removeMapping},
		{"POST", "/mappings/find-by-metadata", (*adminCall).findMappingsByMetadata},
		{"POST", "/mappings/remove-by-metadata", (*adminCall).removeMappingsByMetadata},
		{"POST", "/mappings/import", (*adminCall).importMappings},
		{"GET", "/mappings/{}", (*adminCall).getMapping},
		{"PUT", "/mappings/{}", (*adminCall).editMapping},
		{"DELETE", "/mappings/{}", (*adminCall).deleteMapping},
		{"GET", "/files", (*adminCall).listFiles},
		{"GET", "/files/**", (*adminCall).getFile},
		{"PUT", "/files/**", (*adminCall).putFile},
		{"DELETE", "/files/**", (*adminCall).deleteFile},
		{"GET", "/scenarios", (*adminCall).listScenarios},
		{"POST", "/scenarios/reset", (*adminCall).resetScenarios},
		{"PUT", "/scenarios/{}/state", (*adminCall).setScenarioState},
		{"GET", "/requests", journaled((*adminCall).listRequests)},
		{"DELETE", "/requests", (*adminCall).clearRequests},
		{"POST", "/requests/count", (*adminCall).countRequests},
		{"POST", "/requests/find", (*adminCall).findRequests},
		{"GET", "/requests/unmatched", (*adminCall).listUnmatchedRequests},
		{"GET", "/requests/unmatched/near-misses", journaled((*adminCall).nearMissesOfUnmatched)},
		{"POST", "/requests/remove", journaled((*adminCall).removeRequests)},
		{"POST", "/requests/remove-by-metadata", journaled((*adminCall).removeRequestsByMetadata)},
		{"GET", "/requests/{}", journaled((*adminCall).getRequest)},
		{"DELETE", "/requests/{}", (*adminCall).deleteRequest},
		{"POST", "/near-misses/request", (*adminCall).nearMissesOfRequest},
		{"POST", "/near-misses/request-pattern", journaled((*adminCall).nearMissesOfPattern)},
		{"GET", "/settings", (*adminCall).getSettings},
		{"PUT", "/settings", (*adminCall).putSettings},
		{"POST", "/settings", (*adminCall).putSettings},
		{"PATCH", "/settings/extended", (*adminCall).patchExtendedSettings},
		{"POST", "/shutdown", (*adminCall).shutdown},
		{"GET", "/docs", (*adminCall).docsIndex},
		{"GET", "/docs/swagger", (*adminCall).openAPI},
		{"GET", "/swagger-ui", (*adminCall).apiPage},
		{"GET", "/swagger-ui/**", (*adminCall).apiPage},
		{"GET", "/certs/wiremock-ca.crt", (*adminCall).authority},
		{"GET", "/health", (*adminCall).health},
		{"GET", "/version", (*adminCall).version},
		{"GET", "/metrics", (*adminCall).metrics}, // this and what follows is not WireMock's
		{"GET", "/state", (*adminCall).listState},
		{"DELETE", "/state", (*adminCall).resetState},
	}
}

// fit reports whether path fits the route's pattern, and what its variable part is.
func (t *route) fit(path string) (arg string, ok bool) {
	before, after, variable := strings.Cut(t.pattern, "{}")
	if variable {
		rest, ok := strings.CutPrefix(path, before)
		if !ok {
			return "", false
		}
		arg, ok = strings.CutSuffix(rest, after)
		return arg, ok && arg != "" && !strings.Contains(arg, "/")
	}
	if before, rest := strings.CutSuffix(t.pattern, "**"); rest {
		return strings.CutPrefix(path, before)
	}
	return "", t.pattern == path
}

// adminPath is the part of an escaped request path below the admin prefix. A path that only pretends to be below it
// ("/__admin/../secret") is not.
func adminPath(escaped string) (string, bool) {
	rest, ok := strings.CutPrefix(escaped, adminPrefix)
	if !ok || rest != "" && rest[0] != '/' {
		return "", false
	}
	if strings.Contains(rest, "..") || strings.Contains(rest, "%2") || strings.Contains(rest, "%5") {
		plain := strings.NewReplacer("%2e", ".", "%2E", ".", "%2f", "/", "%2F", "/", "%5c", "/", "%5C", "/").Replace(escaped)
		if clean := path.Clean(plain); clean != adminPrefix && !strings.HasPrefix(clean, adminPrefix+"/") {
			return "", false
		}
	}
	return rest, true
}

func (s *Server) serveAdmin(w http.ResponseWriter, r *http.Request, path string) {
	s.expire(s.clock())
	if h := s.adminExtension(path); h != nil {
		if s.options.Journal.Disabled && (path == "/recordings/start" || path == "/recordings/snapshot") {
			sendFailure(w, r, errNoJournal)
			return
		}
		h.ServeHTTP(w, r)
		return
	}
	for _, t := range routes() {
		arg, ok := t.fit(path)
		if !ok || t.method != r.Method && path != "" { // the redirect to the root answers every method
			continue
		}
		body, err := readBody(r, s.options.MaxRequestBody)
		if err != nil {
			refuse(w, err)
			return
		}
		if ct := r.Header.Get("Content-Type"); strings.HasPrefix(ct, "application/json") {
			body = []byte(event.Decode(body, ct))
		}
		t.handle(&adminCall{Server: s, w: w, r: r, body: body, arg: arg})
		return
	}
	w.WriteHeader(http.StatusNotFound)
}

// json answers with a value.
func (c *adminCall) json(status int, v any) {
	c.w.Header().Set("Content-Type", "application/json")
	c.w.WriteHeader(status)
	_, _ = c.w.Write(jsondoc.AppendPretty(nil, v)) // the client may be gone
}

// done answers 200 with an empty object.
func (c *adminCall) done() {
	c.w.Header().Set("Content-Type", "application/json")
	_, _ = c.w.Write([]byte("{}"))
}

// empty answers with a status and nothing else.
func (c *adminCall) empty(status int) { c.w.WriteHeader(status) }

// refuse answers with an error in WireMock's shape: 422 unless status says otherwise.
func (c *adminCall) refuse(status int, err error) {
	e, ok := errors.AsType[*mapping.Error](err)
	if !ok {
		e = &mapping.Error{Code: 50, Title: err.Error()}
	}
	c.json(status, e.Value())
}

// fail answers as WireMock does where it runs into a null: with 500.
func (c *adminCall) fail(message string) {
	c.thrown(errors.New("java.lang.NullPointerException: " + message))
}

// thrown answers with what WireMock's own code would throw.
func (c *adminCall) thrown(err error) {
	switch c.r.Method {
	case http.MethodGet, http.MethodPost, http.MethodHead:
		sendFailure(c.w, c.r, err)
	default: // for which Jetty has no page; of stubs WireMock makes its own
		if conn := wire.FromContext(c.r.Context()); conn != nil && c.r.ProtoMajor == 1 {
			conn.SetHead(jettyFailure, "")
		}
		c.w.Header()["Date"] = nil
		c.w.Header().Set("Connection", "close")
		c.empty(http.StatusInternalServerError)
	}
}

// isNull reports whether the body is JSON's null, or nothing where JSON is expected.
func (c *adminCall) isNull() bool { return string(bytes.TrimSpace(c.body)) == "null" }

func (c *adminCall) invalid(err error) { c.refuse(http.StatusUnprocessableEntity, err) }

// id reads the route's variable part as a UUID, and answers 400 when it is none.
func (c *adminCall) id() (uuid.UUID, bool) {
	id, err := uuid.Parse(c.arg)
	if err != nil {
		c.refuse(http.StatusBadRequest, &mapping.Error{Code: 10, Title: c.arg + " is not a valid UUID"})
		return id, false
	}
	return id, true
}
