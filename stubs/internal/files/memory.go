package files

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync"
)

// Memory keeps written files in memory, over an optional read-only file system. The zero value is empty.
type Memory struct {
	Base fs.FS // may be nil
	// Limit bounds the names and contents of what was written, in bytes; 0 is DefaultLimit, negative no limit.
	Limit int64

	mu      sync.RWMutex
	written map[string][]byte // nil content: removed from Base
	size    int64             // of written
}

// DefaultLimit is how much a Memory holds that is told no limit.
const DefaultLimit = 256 << 20

// fileOverhead is what the bookkeeping of a file takes beside its name and content, roughly.
const fileOverhead = 128

func weigh(name string, data []byte) int64 { return int64(len(name)+len(data)) + fileOverhead }

// put makes data the content of a file, nil for one that is removed. The store is locked.
func (m *Memory) put(name string, data []byte) error {
	size := m.size + weigh(name, data)
	if old, ok := m.written[name]; ok {
		size -= weigh(name, old)
	}
	limit := m.Limit
	if limit == 0 {
		limit = DefaultLimit
	}
	if data != nil && limit > 0 && size > limit && size > m.size {
		return fmt.Errorf("write %s: %w: at most %d bytes of files in memory", name, ErrFull, limit)
	}
	if m.written == nil {
		m.written = map[string][]byte{}
	}
	m.written[name], m.size = data, size
	return nil
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
	return m.put(n, append(make([]byte, 0, len(data)), data...))
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
	if m.Base != nil {
		if _, err := fs.Stat(m.Base, n); err == nil {
			return m.put(n, nil)
		}
	}
	if old, ok := m.written[n]; ok {
		delete(m.written, n)
		m.size -= weigh(n, old)
	}
	return nil
}
