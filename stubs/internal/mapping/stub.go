// Package mapping is WireMock's mapping model: stub mappings with their request patterns and response definitions,
// global settings, read strictly from JSON and printed back as WireMock 3.13 prints them.
package mapping

import (
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

// DefaultPriority ranks a stub that gives no priority; lower numbers win.
const DefaultPriority = 5

// Started is the state that every scenario begins in.
const Started = "Started"

// StubMapping says which requests are answered how. It is immutable once stored.
type StubMapping struct {
	ID                    string // UUID, lower case
	Name                  string
	Persistent            *bool
	Priority              *int
	Request               *RequestPattern
	Response              *ResponseDefinition
	ScenarioName          string
	RequiredScenarioState string
	NewScenarioState      string
	Metadata              *jsondoc.Object // nil when not given
	PostServeActions      []ServeAction
	ServeEventListeners   []ServeAction
	// File is the slash-separated path, below the mappings directory, that the stub was loaded from or saved to.
	File string
	// Source is the name of the file or other document that the stub was read from.
	Source string
	// SharedFile says that File has several mappings, so that this one cannot be written back.
	SharedFile bool
	// InsertionIndex orders mappings that were saved by a server; 0 when not given.
	InsertionIndex int64
	// Extension is the block of features that WireMock does not have; nil for a plain WireMock mapping.
	Extension *Extension
	// Script is what the extensions of the stub and of its response come to when served; nil for a plain WireMock mapping.
	// It is set before the stub becomes visible.
	Script any

	empty emptied
}

// ServeAction is an entry of serveEventListeners or postServeActions: a webhook, in practice.
type ServeAction struct {
	Name       string   // "" when not given
	Phases     []string // requestPhases; nil when not given (and always nil for postServeActions)
	Parameters *jsondoc.Object
}

// Rank is the stub's priority with the default filled in.
func (s *StubMapping) Rank() int {
	if s.Priority == nil {
		return DefaultPriority
	}
	return *s.Priority
}

// InScenario reports whether serving the stub depends on or changes the state of a scenario, whose name may be empty.
func (s *StubMapping) InScenario() bool { return s.ScenarioName != "" || s.empty.has("scenarioName") }

// RequiresState reports whether the stub matches in one state of its scenario only; the state may be named "".
func (s *StubMapping) RequiresState() bool {
	return s.RequiredScenarioState != "" || s.empty.has("requiredScenarioState")
}

// SetsState reports whether serving the stub puts its scenario into a state; the state may be named "".
func (s *StubMapping) SetsState() bool {
	return s.NewScenarioState != "" || s.empty.has("newScenarioState")
}

// HasName reports whether the stub was given a name, be it an empty one.
func (s *StubMapping) HasName() bool { return s.Name != "" || s.empty.has("name") }

// ShouldPersist reports whether the stub asks to be written to the mappings directory.
func (s *StubMapping) ShouldPersist() bool { return s.Persistent != nil && *s.Persistent }

// emptied remembers which string fields were given as "": those are printed back although they equal the zero value.
type emptied []string

func (e emptied) has(name string) bool {
	for _, n := range e {
		if n == name {
			return true
		}
	}
	return false
}
