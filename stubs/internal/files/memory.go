package files

import (
	"io/fs"
	"maps"
	"slices"
	"sync"
)

// Memory keeps written files in memory, over an optional read-only file system. The zero value is empty.
type Memory struct {
	Base fs.FS // may be nil

	mu      sync.RWMutex
	written map[string][]byte // nil content: removed from Base
}

// Read implements [Store].
func (m *Memory) Read(name string) ([]byte, error) {
	n, err := clean("read", name)
	if err != nil {
		return nil, err
	}
	m.mu.RLock()
	data, ok := m.written[n]
	m.mu.RUnlock()
	switch {
	case data != nil:
		return data, nil
	case ok || m.Base == nil:
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
	}
	return fs.ReadFile(m.Base, n)
}

// List implements [Store].
func (m *Memory) List() ([]string, error) {
	names := map[string]bool{}
	if m.Base != nil {
		base, err := list(m.Base)
		if err != nil {
			return nil, err
		}
		for _, n := range base {
			names[n] = true
		}
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	for n, data := range m.written {
		if data == nil {
			delete(names, n)
		} else {
			names[n] = true
		}
	}
	return slices.Sorted(maps.Keys(names)), nil
}

// Write implements [Store].
func (m *Memory) Write(name string, data []byte) error {
	n, err := clean("write", name)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.written == nil {
		m.written = map[string][]byte{}
	}
	m.written[n] = append(make([]byte, 0, len(data)), data...)
	return nil
}

// Remove implements [Store].
func (m *Memory) Remove(name string) error {
	if _, err := m.Read(name); err != nil {
		return err
	}
	n, err := clean("remove", name)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.written == nil {
		m.written = map[string][]byte{}
	}
	if m.Base == nil {
		delete(m.written, n)
	} else {
		m.written[n] = nil
	}
	return nil
}
