package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing/fstest"
	"time"

	"github.com/envd-dev/envd/chaos"
	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/stubs"
)

// maxExamples bounds how many unmatched requests a report shows.
const maxExamples = 5

// stub is one simulated dependency under its production hostname. Every request goes through engine, which counts it and
// carries out the faults; admin answers WireMock's admin API.
type stub struct {
	host   string
	engine *stubs.Server
	admin  http.Handler
	stop   func() error
}

// newStub makes a stub from its mappings and response files.
func newStub(ctx context.Context, host string, c StubConfig, journal *journal) (*stub, error) {
	if c.Engine == envd.EngineWireMock {
		return newWireMock(ctx, host, c, journal)
	}
	files := fstest.MapFS{} // a file system in memory; it needs nothing of package testing
	for name, content := range c.Files {
		files["__files/"+name] = &fstest.MapFile{Data: content}
	}
	sources := make([]stubs.Source, len(c.Mappings))
	for i, m := range c.Mappings {
		sources[i] = stubs.Source{Name: m.Name, Document: m.Document}
	}
	engine, err := stubs.New(stubs.Options{Mappings: sources, FS: files, Seed: c.Seed, OnServed: journal.record(host)})
	if err != nil {
		if engine != nil {
			err = errors.Join(err, engine.Close())
		}
		return nil, err
	}
	return &stub{host: host, engine: engine, admin: engine, stop: engine.Close}, nil
}

// serve answers a request for the stub's hostname. The admin API is there too, as with WireMock.
func (s *stub) serve(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/__admin") {
		s.admin.ServeHTTP(w, r)
		return
	}
	s.engine.ServeHTTP(w, r)
}

// setFault has the engine carry out a fault until the lease ends.
func (s *stub) setFault(id string, c FaultConfig[chaos.StubFault]) error {
	f := c.Fault
	o := stubs.Override{
		ID: id, Status: f.Status, Share: f.Share, Until: time.Now().Add(c.Lease),
		Delay: stubs.Delay{
			Fixed: f.Delay.Fixed, Median: f.Delay.Median, Sigma: f.Delay.Sigma, Lower: f.Delay.Lower, Upper: f.Delay.Upper,
		},
	}
	switch {
	case f.Reset:
		o.Outage = stubs.OutageReset
	case f.Hang:
		o.Outage = stubs.OutageHang
	case f.Status != 0:
		o.Outage = stubs.OutageStatus
	}
	return s.engine.SetOverride(o)
}

// effect converts what a fault did to chaos.Effect.
func effect(e stubs.Effect) chaos.Effect {
	return chaos.Effect{Affected: int64(e.Affected), Total: int64(e.Requests), Delay: e.Delay}
}

// summary returns the counters, the unused mappings, and examples of unmatched requests.
func (s *stub) summary() envd.StubSummary {
	stats := s.engine.Stats()
	sum := envd.StubSummary{
		Host: s.host, Requests: int64(stats.Requests), Matched: int64(stats.Matched),
		Unmatched: int64(stats.Unmatched), Faulted: int64(stats.Faults),
	}
	if s.admin == http.Handler(s.engine) {
		sum.Unused, sum.Examples = s.strictness()
		return sum
	}
	s.matches(&sum)
	var unused struct {
		Mappings []struct {
			ID      string
			Name    string
			Request map[string]any
		}
	}
	if s.ask("/__admin/mappings/unmatched", &unused) == nil {
		for _, m := range unused.Mappings {
			sum.Unused = append(sum.Unused, label(m.Name, m.ID, m.Request))
		}
	}
	if sum.Unmatched > 0 {
		sum.Examples = s.examples()
	}
	return sum
}

// examples returns the first unmatched requests, each with the nearest mapping.
func (s *stub) examples() []string {
	var near struct {
		NearMisses []struct {
			Request     struct{ Method, URL string }
			StubMapping struct {
				ID, Name string
				Request  map[string]any
			}
		}
	}
	if s.ask("/__admin/requests/unmatched/near-misses", &near) != nil {
		return nil
	}
	var out []string
	seen := map[string]bool{}
	for _, m := range near.NearMisses {
		request := m.Request.Method + " " + m.Request.URL
		if seen[request] {
			continue
		}
		seen[request] = true
		out = append(out, fmt.Sprintf("%s (nearest: %s)", request, label(m.StubMapping.Name, m.StubMapping.ID, m.StubMapping.Request)))
		if len(out) == maxExamples {
			break
		}
	}
	return out
}

// label returns a mapping's name, or else its method and URL, or its ID.
func label(name, id string, request map[string]any) string {
	if name != "" {
		return name
	}
	for _, key := range []string{"url", "urlPath", "urlPattern", "urlPathPattern", "urlPathTemplate"} {
		if url, ok := request[key].(string); ok {
			method, _ := request["method"].(string)
			if method == "" {
				method = "ANY"
			}
			return method + " " + url
		}
	}
	return id
}

// ask gets a document of the admin API.
func (s *stub) ask(path string, out any) error {
	req, err := http.NewRequest(http.MethodGet, "http://"+s.host+path, nil)
	if err != nil {
		return err
	}
	req.RequestURI, req.RemoteAddr = path, "127.0.0.1:0"
	answer := &buffer{header: http.Header{}, status: http.StatusOK}
	s.admin.ServeHTTP(answer, req)
	if answer.status != http.StatusOK {
		return fmt.Errorf("%s: status %d", path, answer.status)
	}
	return json.Unmarshal(answer.body.Bytes(), out)
}

// buffer is a response kept in memory.
type buffer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (b *buffer) Header() http.Header         { return b.header }
func (b *buffer) WriteHeader(status int)      { b.status = status }
func (b *buffer) Write(p []byte) (int, error) { return b.body.Write(p) }
