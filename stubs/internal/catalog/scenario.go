package catalog

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf16"

	"github.com/envd-dev/envd/stubs/internal/javaset"
	"github.com/envd-dev/envd/stubs/internal/mapping"
)

// Errors of setting a scenario's state.
var (
	ErrNoScenario = errors.New("no such scenario")
	ErrNoState    = errors.New("no such state")
)

// Scenario is a state machine that the stubs which name it share.
type Scenario struct {
	name  string
	mu    sync.Mutex
	state string
	stubs []*Stub
}

// Serve checks that the scenario is in the state that the mapping requires and moves it to the mapping's new state: one
// step, so that of concurrent requests only one sees each transition. It reports whether the mapping may be served.
func (s *Scenario) Serve(m *mapping.StubMapping) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.RequiresState() && m.RequiredScenarioState != s.state {
		return false
	}
	if m.SetsState() {
		s.state = m.NewScenarioState
	}
	return true
}

// Name is the scenario's name.
func (s *Scenario) Name() string { return s.name }

// State is the scenario's state now.
func (s *Scenario) State() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// Stubs are the stubs of the scenario, oldest first.
func (s *Scenario) Stubs() []*Stub {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.stubs)
}

// PossibleStates are the states that the scenario's stubs name, in the order in which WireMock tells them. Started is one
// of them only when a stub requires or sets it.
func (s *Scenario) PossibleStates() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.possible()
}

func (s *Scenario) possible() []string {
	states := []string{}
	name := func(state string, named bool) {
		if named && !slices.Contains(states, state) {
			states = append(states, state)
		}
	}
	for _, m := range s.stubs {
		name(m.RequiredScenarioState, m.RequiresState())
	}
	for _, m := range s.stubs {
		name(m.NewScenarioState, m.SetsState())
	}
	return javaset.Order(states)
}

// Scenarios are the scenarios of one server. A scenario lives as long as a stub names it.
type Scenarios struct {
	mu     sync.Mutex
	byName map[string]*Scenario
}

// join makes the stub a member of the scenario that it names; the first member makes the scenario.
func (c *Scenarios) join(stub *Stub) {
	if !stub.InScenario() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byName == nil {
		c.byName = map[string]*Scenario{}
	}
	s := c.byName[stub.ScenarioName]
	if s == nil {
		s = &Scenario{name: stub.ScenarioName, state: mapping.Started}
		c.byName[stub.ScenarioName] = s
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stubs = append(s.stubs, stub)
	stub.Scenario = s
}

func (c *Scenarios) release(s *Stub) {
	if s.Scenario == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s.Scenario.mu.Lock()
	defer s.Scenario.mu.Unlock()
	if i := slices.Index(s.Scenario.stubs, s); i >= 0 {
		s.Scenario.stubs = slices.Delete(s.Scenario.stubs, i, i+1)
	}
	if len(s.Scenario.stubs) == 0 && c.byName[s.Scenario.name] == s.Scenario {
		delete(c.byName, s.Scenario.name)
	}
}

// All returns the scenarios in the order of WireMock's, which is that of a Java hash map.
func (c *Scenarios) All() []*Scenario {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]*Scenario, 0, len(c.byName))
	for _, s := range c.byName {
		out = append(out, s)
	}
	buckets := uint32(16)
	for len(out)*4 >= int(buckets)*3 {
		buckets *= 2
	}
	slices.SortFunc(out, func(a, b *Scenario) int {
		return cmp.Or(cmp.Compare(bucket(a.name, buckets), bucket(b.name, buckets)), cmp.Compare(a.name, b.name))
	})
	return out
}

// bucket is the slot of a key in a java.util.concurrent.ConcurrentHashMap.
func bucket(key string, buckets uint32) uint32 {
	var h uint32
	for _, unit := range utf16.Encode([]rune(key)) {
		h = 31*h + uint32(unit)
	}
	return (h ^ h>>16) & (buckets - 1)
}

// Has reports whether there is a scenario called name.
func (c *Scenarios) Has(name string) bool {
	_, err := c.get(name)
	return err == nil
}

// Reset puts every scenario back to Started.
func (c *Scenarios) Reset() {
	for _, s := range c.All() {
		s.mu.Lock()
		s.state = mapping.Started
		s.mu.Unlock()
	}
}

// ResetOne puts the scenario called name back to Started. The error wraps ErrNoScenario.
func (c *Scenarios) ResetOne(name string) error {
	s, err := c.get(name)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = mapping.Started
	return nil
}

func (c *Scenarios) get(name string) (*Scenario, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.byName[name]; s != nil {
		return s, nil
	}
	return nil, fmt.Errorf("scenario %s: %w", name, ErrNoScenario)
}

// Set puts the scenario called name into a state that one of its stubs names. The error wraps ErrNoScenario or ErrNoState.
func (c *Scenarios) Set(name, state string) error {
	s, err := c.get(name)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if states := s.possible(); !slices.Contains(states, state) {
		return fmt.Errorf("scenario %s has states %s: %w", name, strings.Join(states, ", "), ErrNoState)
	}
	s.state = state
	return nil
}
