package template

import "sync"

// memo remembers what was made of a text, up to a limit; then it starts anew. It is safe for concurrent use.
type memo[V any] struct {
	limit int // below 1: nothing is remembered
	mu    sync.RWMutex
	made  map[string]V
}

// get gives what make makes of key. Failures are not remembered.
func (m *memo[V]) get(key string, make func(string) (V, error)) (V, error) {
	m.mu.RLock()
	v, ok := m.made[key]
	m.mu.RUnlock()
	if ok {
		return v, nil
	}
	v, err := make(key)
	if err != nil || m.limit < 1 {
		return v, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.made == nil || len(m.made) >= m.limit {
		m.made = map[string]V{}
	}
	m.made[key] = v
	return v, nil
}
