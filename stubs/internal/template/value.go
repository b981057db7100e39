package template

import (
	"math/big"
	"slices"
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
