package gateway

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/envd-dev/envd/chaos"
	"github.com/envd-dev/envd/envd/internal/link"
	"github.com/envd-dev/envd/stubs"
)

// maxBody bounds a control request: a stub with all its response files.
const maxBody = 256 << 20

// statusError is an error with its HTTP status.
type statusError struct {
	status int
	error
}

func failure(status int, format string, args ...any) error {
	return &statusError{status, fmt.Errorf(format, args...)}
}

// control is the gateway's HTTP API: the same on every runtime.
func (g *Gateway) control() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, f func(http.ResponseWriter, *http.Request) error) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			if err := f(w, r); err != nil {
				status := http.StatusInternalServerError
				if se := (*statusError)(nil); errors.As(err, &se) {
					status = se.status
				}
				_ = writeJSON(w, status, problem{err.Error()})
			}
		})
	}
	// Until the gateway is claimed it serves nothing but the claim; from then on every request needs the token.
	owned := func(f func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
		return func(w http.ResponseWriter, r *http.Request) error {
			token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
			if want := g.token(); want == "" || subtle.ConstantTimeCompare([]byte(token), []byte(want)) != 1 {
				return failure(http.StatusUnauthorized, "the environment's token is missing or wrong")
			}
			return f(w, r)
		}
	}
	handle("PUT /v1/environment", g.putEnvironment)
	handle("PUT /v1/stubs/{host}", owned(g.putStub))
	handle("/v1/stubs/{host}/__admin/", owned(g.of((*stub).serveAdmin)))
	handle("PUT /v1/stubs/{host}/faults/{id}", owned(g.of((*stub).putFault)))
	handle("POST /v1/stubs/{host}/faults/{id}/renew", owned(g.of((*stub).renewFault)))
	handle("GET /v1/stubs/{host}/faults/{id}/effect", owned(g.of((*stub).awaitFault)))
	handle("DELETE /v1/stubs/{host}/faults/{id}", owned(g.of((*stub).deleteFault)))
	handle("PUT /v1/links/{target}", owned(g.putLink))
	handle("PUT /v1/links/{target}/faults/{id}", owned(g.putLinkFault))
	handle("POST /v1/links/{target}/faults/{id}/renew", owned(g.renewLinkFault))
	handle("GET /v1/links/{target}/faults/{id}/effect", owned(g.awaitLinkFault))
	handle("DELETE /v1/links/{target}/faults/{id}", owned(g.deleteLinkFault))
	handle("GET /v1/served", owned(g.streamServed))
	handle("DELETE /v1/served", owned(g.endServed))
	handle("GET /v1/report", owned(func(w http.ResponseWriter, _ *http.Request) error {
		return writeJSON(w, http.StatusOK, g.report())
	}))
	handle("GET /v1/metrics", owned(g.writeMetrics))
	return mux
}

func (g *Gateway) putEnvironment(w http.ResponseWriter, r *http.Request) error {
	var c EnvironmentConfig
	if err := readJSON(r, &c); err != nil {
		return err
	}
	if c.Token == "" {
		return failure(http.StatusBadRequest, "a token is needed")
	}
	ca, err := ParseCA(c.CACert, c.CAKey)
	if err != nil {
		return failure(http.StatusBadRequest, "%w", err)
	}
	if !g.claim(c, ca) {
		return failure(http.StatusConflict, "the gateway belongs to an environment already")
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (g *Gateway) putStub(w http.ResponseWriter, r *http.Request) error {
	var c StubConfig
	if err := readJSON(r, &c); err != nil {
		return err
	}
	if err := g.addStub(r.Context(), r.PathValue("host"), c); err != nil {
		return failure(http.StatusUnprocessableEntity, "%w", err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// writeMetrics answers a scrape of all stubs at once, each under its hostname.
func (g *Gateway) writeMetrics(w http.ResponseWriter, _ *http.Request) error {
	g.mu.Lock()
	engines := make(map[string]*stubs.Server, len(g.stubs))
	for host, s := range g.stubs {
		engines[host] = s.engine
	}
	g.mu.Unlock()
	w.Header().Set("Content-Type", stubs.MetricsContentType)
	_ = stubs.WriteMetrics(w, engines) // fails only if the caller has gone
	return nil
}

// of looks up the stub that a request names.
func (g *Gateway) of(f func(*stub, http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		s, err := g.stub(r.PathValue("host"))
		if err != nil {
			return err
		}
		return f(s, w, r)
	}
}

// serveAdmin hands /v1/stubs/HOST/__admin/… to that stub's own admin API.
func (s *stub) serveAdmin(w http.ResponseWriter, r *http.Request) error {
	prefix := "/v1/stubs/" + r.PathValue("host")
	r.Host = s.host
	r.RequestURI = strings.TrimPrefix(r.RequestURI, prefix)
	http.StripPrefix(prefix, s.admin).ServeHTTP(w, r)
	return nil
}

func (s *stub) putFault(w http.ResponseWriter, r *http.Request) error {
	var c FaultConfig[chaos.StubFault]
	if err := readJSON(r, &c); err != nil {
		return err
	}
	if c.Lease <= 0 {
		return failure(http.StatusBadRequest, "a fault needs a lease")
	}
	if err := s.setFault(r.PathValue("id"), c); err != nil {
		return failure(http.StatusUnprocessableEntity, "%w", err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *stub) renewFault(w http.ResponseWriter, r *http.Request) error {
	var c FaultConfig[chaos.StubFault]
	if err := readJSON(r, &c); err != nil {
		return err
	}
	if err := s.engine.RenewOverride(r.PathValue("id"), time.Now().Add(c.Lease)); err != nil {
		return gone(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// awaitFault answers once the fault has affected a request.
func (s *stub) awaitFault(w http.ResponseWriter, r *http.Request) error {
	e, err := s.engine.AwaitOverride(r.Context(), r.PathValue("id"))
	if err != nil {
		return gone(err)
	}
	return writeJSON(w, http.StatusOK, effect(e))
}

// deleteFault ends a fault and answers with what it did. It is no error if the fault has ended already.
func (s *stub) deleteFault(w http.ResponseWriter, r *http.Request) error {
	e, err := s.engine.ClearOverride(r.PathValue("id"))
	if err != nil && !errors.Is(err, stubs.ErrNoOverride) {
		return err
	}
	return writeJSON(w, http.StatusOK, effect(e))
}

// gone gives the error about a fault that does not exist (any more) a status of its own.
func gone(err error) error {
	if errors.Is(err, stubs.ErrNoOverride) || errors.Is(err, link.ErrGone) {
		return failure(http.StatusGone, "%w", err)
	}
	return err
}

// streamServed writes a line of JSON for every request served from now on, until endServed is called or the caller leaves.
func (g *Gateway) streamServed(w http.ResponseWriter, r *http.Request) error {
	feed, leave := g.journal.subscribe()
	defer leave()
	flush := http.NewResponseController(w).Flush
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.WriteHeader(http.StatusOK)
	if err := flush(); err != nil {
		return nil // the caller has left
	}
	enc := json.NewEncoder(w)
	for {
		select {
		case <-r.Context().Done():
			return nil
		case <-g.stopping:
			return nil
		case served, more := <-feed:
			if !more {
				return nil
			}
			if enc.Encode(served) != nil {
				return nil
			}
			if len(feed) == 0 && flush() != nil {
				return nil
			}
		}
	}
}

// endServed ends all streams after the requests that were served so far.
func (g *Gateway) endServed(w http.ResponseWriter, _ *http.Request) error {
	g.journal.end()
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func readJSON(r *http.Request, v any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return failure(http.StatusBadRequest, "request body: %w", err)
	}
	return nil
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// This fails only if the caller has gone.
	_ = json.NewEncoder(w).Encode(v)
	return nil
}
