package template

import (
	"slices"
	"strings"
)

type mapKind uint8

const (
	hashMap      mapKind = iota // iterates in the order of java.util.HashMap
	linkedMap                   // iterates in the order of insertion
	headerMap                   // TreeMap ordered and looked up without regard to case
	jsonMap                     // a map that jsonPath found: prints as JSON
	templateMap                 // request.path of a stub with a path template
	parameterMap                // the stub's parameters
)

// Map is a Java map from strings, in the order in which it iterates.
type Map struct {
	kind    mapKind
	entries []entry
	index   map[string]int
	path    string // templateMap only
}

const mapScanLimit = 8

func newMap(kind mapKind, size int) *Map { return &Map{kind: kind, entries: make([]entry, 0, size)} }

func (m *Map) find(key string) int {
	if m.kind == headerMap {
		return slices.IndexFunc(m.entries, func(e entry) bool { return strings.EqualFold(e.key, key) })
	}
	if m.index != nil {
		if i, ok := m.index[key]; ok {
			return i
		}
		return -1
	}
	for i := range m.entries {
		if m.entries[i].key == key {
			return i
		}
	}
	return -1
}

func (m *Map) get(key string) any {
	if i := m.find(key); i >= 0 {
		return m.entries[i].value
	}
	return nil
}

func (m *Map) put(key string, value any) {
	if i := m.find(key); i >= 0 {
		m.entries[i].value = value
		return
	}
	m.entries = append(m.entries, entry{key, value})
	if m.index != nil {
		m.index[key] = len(m.entries) - 1
	} else if len(m.entries) > mapScanLimit && m.kind != headerMap {
		m.reindex()
	}
}

func (m *Map) reindex() {
	m.index = make(map[string]int, 2*len(m.entries))
	for i := range m.entries {
		m.index[m.entries[i].key] = i
	}
}

// order puts the entries of a hash or tree map into their Java order. It is called once, when the map is complete.
func (m *Map) order() {
	switch m.kind {
	case hashMap:
		hashOrder(m.entries)
	case headerMap:
		slices.SortStableFunc(m.entries, func(a, b entry) int { return compareFold(a.key, b.key) })
	default:
		return
	}
	if m.index != nil {
		m.reindex()
	}
}

// compareFold orders names without regard to ASCII case.
func compareFold(a, b string) int {
	for i := 0; i < len(a) && i < len(b); i++ {
		if x, y := lowerByte(a[i]), lowerByte(b[i]); x != y {
			return int(x) - int(y)
		}
	}
	return len(a) - len(b)
}

func lowerByte(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// hashOrder sorts entries as a java.util.HashMap that they were put into one by one iterates them.
func hashOrder(entries []entry) {
	if len(entries) < 2 {
		return
	}
	size := uint32(16)
	for len(entries) > int(size)*3/4 {
		size *= 2
	}
	bucket := func(e entry) uint32 {
		h := uint32(javaHash(e.key))
		return (h ^ h>>16) & (size - 1)
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return int(bucket(a)) - int(bucket(b)) })
}

// javaHash is String.hashCode.
func javaHash(s string) int32 {
	var h int32
	for _, r := range s {
		if r >= 0x10000 {
			r -= 0x10000
			h = 31*h + (0xD800 + r>>10)
			h = 31*h + (0xDC00 + r&0x3FF)
			continue
		}
		h = 31*h + r
	}
	return h
}
