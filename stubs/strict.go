package stubs

import (
	"cmp"
	"time"

	"github.com/envd-dev/envd/stubs/internal/catalog"
	"github.com/envd-dev/envd/stubs/internal/event"
)

// StubInfo names a stub and says how often it answered.
type StubInfo struct {
	ID, Name string
	Method   string // as in the mapping; "ANY" when it gives none
	URL      string // the URL, path, pattern or template of the mapping; "" when it gives none
	File     string // below the mappings directory, or the name of its Source; "" when the stub came by the admin API
	Hits     uint64
}

// UnmatchedRequest is a request that no stub answered, with the reason.
type UnmatchedRequest struct {
	Time        time.Time
	Method, URL string
	Host        string
	// Explanation compares the request with the stub that came nearest, in two columns.
	Explanation string

	request *event.Request
}

// Stubs lists the server's stubs in the order in which they are tried.
func (s *Server) Stubs() []StubInfo {
	s.expire(s.clock())
	return infos(s.catalog.All())
}

// Unused lists the stubs that have answered no request since they were stored. Unlike GET /__admin/mappings/unmatched it
// does not depend on what the journal still remembers.
func (s *Server) Unused() []StubInfo {
	s.expire(s.clock())
	var out []*catalog.Stub
	for _, stub := range s.catalog.All() {
		if stub.Hits.Load() == 0 {
			out = append(out, stub)
		}
	}
	return infos(out)
}

func infos(stubs []*catalog.Stub) []StubInfo {
	out := make([]StubInfo, len(stubs))
	for i, s := range stubs {
		out[i] = StubInfo{ID: s.ID, Name: s.Name, Method: s.Request.Method, URL: s.Request.URL.Expected, File: cmp.Or(s.File, s.Source), Hits: s.Hits.Load()}
	}
	return out
}

// Unmatched lists the requests in the journal that no stub answered, oldest first. Stats().Unmatched counts them all, also
// those that the journal's bounds have dropped.
func (s *Server) Unmatched() []UnmatchedRequest {
	var out []UnmatchedRequest
	events := s.journal.All()
	for i := len(events) - 1; i >= 0; i-- {
		e := events[i]
		if e.Answered() {
			continue
		}
		out = append(out, UnmatchedRequest{
			Time: e.Request.Received, Method: e.Request.Method, URL: e.Request.URL, Host: e.Request.Host,
			Explanation: string(e.Response.Body), request: e.Request,
		})
	}
	return out
}
