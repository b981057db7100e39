package gateway

import (
	"fmt"
	"strings"

	"github.com/envd-dev/envd/stubs"
)

// strictness names the mappings that answered nothing, and the first different requests that none answered, each with the
// mapping that came nearest and why that did not match. Other than the admin API the engine knows of every hit, also of
// those that its journal has forgotten.
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

// named is a mapping's name for people, or its method and URL, or its ID, with the file that it came from.
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
