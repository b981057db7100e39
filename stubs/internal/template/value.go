package template

import (
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

// safeString is text that is not escaped, whatever the engine's setting (Handlebars.SafeString).
type safeString string

// entry is a name and a value.
type entry struct {
	key   string
	value any
}

type listKind uint8

const (
	arrayList    listKind = iota
	immutableOf           // List.of(): the empty array helper
	listOrSingle          // a header, query parameter or cookie: prints its first value, indexes from the end below 0
	urlPath               // request.path: prints the path
	jsonList              // a list that jsonPath found: prints as JSON
	keySet                // also values and entrySet
)

// List is a Java list by its kind.
type List struct {
	kind  listKind
	items []any
	path  string // urlPath only
}

func newList(items ...any) *List { return &List{items: items} }

func singleOf(values []string) *List {
	if len(values) == 1 { // nearly always: one allocation for both
		l := &struct {
			List
			one [1]any
		}{List{kind: listOrSingle}, [1]any{values[0]}}
		l.items = l.one[:]
		return &l.List
	}
	l := &List{kind: listOrSingle, items: make([]any, len(values))}
	for i, v := range values {
		l.items[i] = v
	}
	return l
}

// at gives the item at a position; ListOrSingle counts positions below 0 from the last but one, as WireMock does.
func (l *List) at(i int) (any, bool) {
	if i < 0 && l.kind == listOrSingle {
		i += len(l.items) - 1
	}
	if i < 0 || i >= len(l.items) {
		return nil, false
	}
	return l.items[i], true
}

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

func isIterable(v any) bool {
	switch v := v.(type) {
	case *List:
		return true
	case *Map:
		return v.kind == templateMap
	}
	return false
}

// isEmpty is Handlebars.Utils.isEmpty: null, "", an empty list, false and 0 are; a map never is.
func isEmpty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case safeString:
		return v == ""
	case bool:
		return !v
	case *List:
		return len(v.items) == 0
	case *Map:
		return v.kind == templateMap && len(pathItems(v.path)) == 0
	}
	if f, ok := doubleValue(v); ok {
		return f == 0
	}
	return false
}

// doubleValue is Number.doubleValue; false says that v is no number.
func doubleValue(v any) (float64, bool) {
	switch v := v.(type) {
	case int32:
		return float64(v), true
	case int64:
		return float64(v), true
	case float64:
		return v, true
	case *big.Int:
		f, _ := new(big.Float).SetInt(v).Float64()
		return f, true
	case Decimal:
		return v.Float64(), true
	}
	return 0, false
}

// intValue is Number.intValue; false says that v is no number.
func intValue(v any) (int32, bool) {
	switch v := v.(type) {
	case int32:
		return v, true
	case int64:
		return int32(v), true
	case float64:
		return saturate(v), true
	case *big.Int:
		return int32(new(big.Int).And(v, big.NewInt(0xFFFFFFFF)).Uint64()), true
	case Decimal:
		i := v.Integer()
		return int32(new(big.Int).And(i, big.NewInt(0xFFFFFFFF)).Uint64()), true
	}
	return 0, false
}

func saturate(f float64) int32 {
	switch {
	case f != f:
		return 0
	case f >= 1<<31-1:
		return 1<<31 - 1
	case f <= -1<<31:
		return -1 << 31
	}
	return int32(f)
}

// toString is String.valueOf.
func toString(v any) string {
	s, err := stringValue(v)
	if err != nil {
		return ""
	}
	return s
}

// stringer is a value that prints itself, perhaps badly.
type stringer interface {
	text() (string, error)
}

// stringValue is Object.toString; a date with a bad pattern or a node that cannot be printed throws.
func stringValue(v any) (string, error) {
	switch v := v.(type) {
	case nil, null:
		return "null", nil
	case string:
		return v, nil
	case safeString:
		return string(v), nil
	case bool:
		return strconv.FormatBool(v), nil
	case int32:
		return strconv.Itoa(int(v)), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		return jsondoc.FormatDouble(v), nil
	case *big.Int:
		return v.String(), nil
	case Decimal:
		return v.String(), nil
	case stringer:
		return v.text()
	}
	return "", nil
}

func (l *List) text() (string, error) {
	switch l.kind {
	case listOrSingle:
		if len(l.items) == 0 {
			return "", nil
		}
		return stringValue(l.items[0])
	case urlPath:
		return l.path, nil
	case jsonList:
		return compactJSON(l), nil
	}
	var b strings.Builder
	b.WriteByte('[')
	for i, item := range l.items {
		if i > 0 {
			b.WriteString(", ")
		}
		s, err := stringValue(item)
		if err != nil {
			return "", err
		}
		b.WriteString(s)
	}
	b.WriteByte(']')
	return b.String(), nil
}

func (m *Map) text() (string, error) {
	switch m.kind {
	case templateMap:
		return m.path, nil
	case jsonMap:
		return prettyJSON(m)
	}
	var b strings.Builder
	b.WriteByte('{')
	for i, e := range m.entries {
		if i > 0 {
			b.WriteString(", ")
		}
		s, err := stringValue(e.value)
		if err != nil {
			return "", err
		}
		b.WriteString(e.key + "=" + s)
	}
	b.WriteByte('}')
	return b.String(), nil
}

// equal is Objects.equals.
func equal(a, b any) bool {
	switch a := a.(type) {
	case nil:
		return b == nil
	case *List:
		b, ok := b.(*List)
		return ok && slices.EqualFunc(a.items, b.items, equal)
	case *Map:
		b, ok := b.(*Map)
		if !ok || len(a.entries) != len(b.entries) {
			return false
		}
		for _, e := range a.entries {
			i := b.find(e.key)
			if i < 0 || !equal(e.value, b.entries[i].value) {
				return false
			}
		}
		return true
	case *big.Int:
		b, ok := b.(*big.Int)
		return ok && a.Cmp(b) == 0
	case Decimal:
		b, ok := b.(Decimal)
		return ok && a.scale == b.scale && a.unscaled.Cmp(b.unscaled) == 0
	case Date:
		b, ok := b.(Date)
		return ok && a.time.Equal(b.time)
	}
	return a == b
}
