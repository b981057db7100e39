package gateway

import (
	"fmt"
	"strings"

	"github.com/envd-dev/envd/stubs"
)

// strictness returns the mappings that answered no request, and the first different requests that no mapping answered, each
// with the nearest mapping and why that did not match. Unlike the admin API, the engine knows of all hits, even those that
// its journal has dropped.
func (s *stub) strictness() (unused, examples []string) {
	for _, m := range s.engine.Unused() {
		unused = append(unused, named(m))
	}
	seen := map[string]bool{}
	for _, u := range s.engine.Unmatched() {
		request := u.Method + " " + u.URL
		if seen[request] {
			continue
		}
		seen[request] = true
		if near, ok := s.engine.Nearest(u); ok {
			request += fmt.Sprintf(" (nearest: %s: %s)", named(near.Stub), strings.Join(near.Reasons, "; "))
		}
		if examples = append(examples, request); len(examples) == maxExamples {
			break
		}
	}
	return unused, examples
}

// named returns a mapping's name, or else its method and URL, or its ID, with the file that it came from.
func named(m stubs.StubInfo) string {
	label := m.ID
	switch {
	case m.Name != "":
		label = m.Name
	case m.URL != "":
		label = m.Method + " " + m.URL
	}
	if m.File != "" {
		label += ", mapping " + m.File
	}
	return label
}
