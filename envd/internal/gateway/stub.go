package gateway

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/envd-dev/envd/envd"
)

// matchedStubID is the header by which WireMock and the built-in engine name the mapping that answered.
const matchedStubID = "Matched-Stub-Id"

// maxExamples bounds how many unmatched requests a report shows.
const maxExamples = 5

// stub is one simulated dependency: an engine behind the faults that act on it, with its counters.
type stub struct {
	host   string
	server http.Handler // speaks WireMock's admin API below /__admin
	stop   func()
	faults faultSet

	requests, matched, unmatched, faulted atomic.Int64
}

// serve answers one request: the fault that acts on it first, then the engine.
func (s *stub) serve(w http.ResponseWriter, r *http.Request, g *Gateway) {
	start := time.Now()
	served := Served{Time: start, Host: s.host, Method: r.Method, Path: r.URL.RequestURI()}
	s.requests.Add(1)
	rec := &recorder{ResponseWriter: w}
	f, delay := s.faults.draw()
	if f != nil {
		served.Fault = f.id
		s.faulted.Add(1)
	}
	defer func() {
		served.Status, served.Duration = rec.status, time.Since(start)
		g.journal.publish(served)
	}()
	if delay > 0 && !pause(r, delay) {
		return // the client gave up; it felt the delay nevertheless
	}
	if f != nil {
		s.faults.touch(f, time.Since(start))
		if f.outage(rec, r, g.stopping) {
			return
		}
	}
	s.server.ServeHTTP(rec, r)
	served.Mapping = rec.Header().Get(matchedStubID)
	if served.Matched = served.Mapping != ""; served.Matched {
		s.matched.Add(1)
	} else {
		s.unmatched.Add(1)
	}
}

// pause waits for d; false when the client left first.
func pause(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// summary tells the counters, the mappings that nothing asked for, and what nearly matched.
func (s *stub) summary() envd.StubSummary {
	sum := envd.StubSummary{
		Host: s.host, Requests: s.requests.Load(), Matched: s.matched.Load(),
		Unmatched: s.unmatched.Load(), Faulted: s.faulted.Load(),
	}
	var unused struct {
		Mappings []struct {
			ID      string
			Name    string
			Request map[string]any
		}
	}
	if s.admin("/__admin/mappings/unmatched", &unused) == nil {
		for _, m := range unused.Mappings {
			sum.Unused = append(sum.Unused, label(m.Name, m.ID, m.Request))
		}
	}
	if sum.Unmatched > 0 {
		sum.Examples = s.examples()
	}
	return sum
}

// examples tells the first unmatched requests, each with the mapping that came nearest.
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
	if s.admin("/__admin/requests/unmatched/near-misses", &near) != nil {
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

// label names a mapping for people: its name, or its method and URL, or its ID.
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

// admin asks the engine's own admin API.
func (s *stub) admin(path string, out any) error {
	req, err := http.NewRequest(http.MethodGet, "http://"+s.host+path, nil)
	if err != nil {
		return err
	}
	req.RequestURI, req.RemoteAddr = path, "127.0.0.1:0"
	answer := &buffer{header: http.Header{}, status: http.StatusOK}
	s.server.ServeHTTP(answer, req)
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

func (s *stub) close() { s.stop() }

// recorder notes the status that went out. It passes Hijack and Flush through, for engines that break connections.
type recorder struct {
	http.ResponseWriter
	status int // 0: hijacked, or nothing was written
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= 200 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) Flush() { _ = http.NewResponseController(r.ResponseWriter).Flush() }

func (r *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(r.ResponseWriter).Hijack()
}
