package template

import (
	"maps"
	"slices"
)

// SetState adds the variables state, a map, and session, which only stubs with a script have.
func (m *Model) SetState(session string, values map[string]string) {
	state := newMap(linkedMap, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		state.put(name, values[name])
	}
	m.root.put("session", session)
	m.root.put("state", state)
	m.root.order()
}
