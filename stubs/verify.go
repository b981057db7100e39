package stubs

import (
	"errors"
	"fmt"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/catalog"
	"github.com/envd-dev/envd/stubs/internal/diff"
	"github.com/envd-dev/envd/stubs/internal/requestmatch"
)

// The errors that [Server.Verify] wraps.
var (
	ErrUnused    = errors.New("stub was not used")
	ErrUnmatched = errors.New("no stub matched")
)

// NearMiss is the stub that a request came nearest to, and why it did not match.
type NearMiss struct {
	Stub     StubInfo
	Distance float64 // WireMock's: 0 is a match, 1 nothing alike
	// Reasons are the parts that differ, each with what is wanted and what came; of a stub with a script also what its
	// state or its sequence has against the request.
	Reasons []string
}

func (n NearMiss) String() string {
	return n.Stub.String() + ": " + strings.Join(n.Reasons, "; ")
}

// String names the stub for people: by its name, or its method and URL, and the file it came from.
func (i StubInfo) String() string {
	label := i.Name
	if label == "" {
		label = strings.TrimSpace(i.Method + " " + i.URL)
	}
	if i.File != "" {
		label += " (" + i.File + ")"
	}
	return label
}

// Verify fails when a stub was never used or a request matched none: its error joins one that wraps [ErrUnused] or
// [ErrUnmatched] for each stub and, up to a hundred, each different request. It is nil when all went as foreseen.
func (s *Server) Verify() error {
	var errs []error
	for _, stub := range s.Unused() {
		errs = append(errs, fmt.Errorf("%w: %s", ErrUnused, stub))
	}
	const most = 100
	seen := map[string]int{}
	var order []UnmatchedRequest
	for _, u := range s.Unmatched() {
		key := u.Method + " " + u.URL
		if seen[key]++; seen[key] == 1 && len(order) < most {
			order = append(order, u)
		}
	}
	for _, u := range order {
		errs = append(errs, u.failure(seen[u.Method+" "+u.URL], s))
	}
	kept := 0
	for _, n := range seen {
		kept += n
	}
	if more := int(s.Stats().Unmatched) - kept; more > 0 || len(seen) > len(order) {
		errs = append(errs, fmt.Errorf("%w: %d requests in all", ErrUnmatched, s.Stats().Unmatched))
	}
	return errors.Join(errs...)
}

func (u UnmatchedRequest) failure(times int, s *Server) error {
	text := u.Method + " " + u.URL
	if times > 1 {
		text += fmt.Sprintf(" (%d times)", times)
	}
	if near, ok := s.Nearest(u); ok {
		text += "; nearest is " + near.String()
	}
	return fmt.Errorf("%w: %s", ErrUnmatched, text)
}

// Nearest finds the stub, of those there are now, that an unmatched request came nearest to; false when there is none.
// It compares with every stub: with thousands of them ask for few requests.
func (s *Server) Nearest(u UnmatchedRequest) (NearMiss, bool) {
	if u.request == nil {
		return NearMiss{}, false
	}
	v := requestmatch.NewView(u.request)
	found, near := s.nearest(&v, 1)
	if len(found) == 0 {
		return NearMiss{}, false
	}
	return s.compare(found[0], near[0].Distance, &v), true
}

func (s *Server) compare(stub *catalog.Stub, distance float64, v *requestmatch.View) NearMiss {
	state := ""
	if stub.Scenario != nil {
		state = stub.Scenario.State()
	}
	reasons := diff.Reasons(stub.StubMapping, state, v)
	if sc := scriptOf(stub); sc != nil {
		if why := sc.Refusal(&s.state, sessionOf(sc, stub, v)); why != "" {
			reasons = append(reasons, why)
		}
	}
	return NearMiss{Stub: infos([]*catalog.Stub{stub})[0], Distance: distance, Reasons: reasons}
}

// hint are lines at the end of the page on an unmatched request: the nearest stub with the reasons. Strict servers have
// them, and stubs with a script, of whose state the columns above show nothing.
func (s *Server) hint(stub *catalog.Stub, distance float64, v *requestmatch.View) string {
	if !s.options.Strict && stub.Script == nil {
		return ""
	}
	near := s.compare(stub, distance, v)
	var b strings.Builder
	fmt.Fprintf(&b, "\nNearest stub: %s\n", near.Stub)
	for _, r := range near.Reasons {
		fmt.Fprintf(&b, "  - %s\n", strings.ReplaceAll(r, "\n", " "))
	}
	return b.String()
}
