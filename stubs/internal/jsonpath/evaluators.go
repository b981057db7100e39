package jsonpath

import (
	"errors"
	"strings"
	"unicode/utf16"

	"github.com/envd-dev/envd/stubs/internal/javaregex"
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

type evaluator func(left, right node) (bool, error)

// evaluatorOf is the relational operator called op, nil if there is none. ALL, TYPE, MATCHES and EXISTS want operands
// that only Java code can make: as text they are accepted and never hold.
func evaluatorOf(op string) evaluator {
	switch op {
	case "==":
		return equal
	case "!=":
		return negate(equal)
	case "===":
		return identical
	case "!==":
		return negate(identical)
	case "<":
		return ordered(func(c int) bool { return c < 0 })
	case "<=":
		return ordered(func(c int) bool { return c <= 0 })
	case ">":
		return ordered(func(c int) bool { return c > 0 })
	case ">=":
		return ordered(func(c int) bool { return c >= 0 })
	case "=~":
		return matches
	case "IN":
		return in
	case "NIN":
		return negate(in)
	case "SUBSETOF":
		return subsetOf
	case "ANYOF":
		return func(left, right node) (bool, error) {
			ok, err := anyOf(left, right)
			return ok, ignoreNoList(err)
		}
	case "NONEOF":
		return noneOf
	case "CONTAINS":
		return contains
	case "SIZE":
		return size
	case "EMPTY":
		return empty
	case "EXISTS":
		return existsLiteral
	case "ALL":
		return unfit("value list")
	case "TYPE":
		return unfit("class")
	case "MATCHES":
		return unfit("predicate")
	}
	return nil
}

func unfit(what string) evaluator {
	return func(_, _ node) (bool, error) { return false, invalidf("Expected %s node", what) }
}

func negate(e evaluator) evaluator {
	return func(left, right node) (bool, error) {
		ok, err := e(left, right)
		return !ok && err == nil, err
	}
}

func equal(left, right node) (bool, error) {
	l, lok := left.(*jsonNode)
	r, rok := right.(*jsonNode)
	if !lok || !rok {
		return left.equals(right)
	}
	if r.err != nil {
		return false, r.err
	}
	return l == r || l.literal == "" && sameValue(l.value, r.value), nil
}

func identical(left, right node) (bool, error) {
	if kind(left) != kind(right) {
		return false, nil
	}
	return equal(left, right)
}

func kind(n node) int {
	switch n.(type) {
	case nullNode:
		return 1
	case boolNode:
		return 2
	case stringNode:
		return 3
	case numberNode:
		return 4
	case *jsonNode:
		return 5
	case *patternNode:
		return 6
	case *pathNode:
		return 7
	}
	return 0
}

func ordered(holds func(int) bool) evaluator {
	return func(left, right node) (bool, error) {
		switch l := left.(type) {
		case numberNode:
			if r, ok := right.(numberNode); ok {
				return holds(jsondoc.Number(l).Compare(jsondoc.Number(r))), nil
			}
		case stringNode:
			if r, ok := right.(stringNode); ok {
				return holds(compareUTF16(string(l), string(r))), nil
			}
		}
		return false, nil
	}
}

// compareUTF16 is String.compareTo: by UTF-16 units, which differs from bytes beyond the basic plane.
func compareUTF16(a, b string) int {
	x, y := utf16.Encode([]rune(a)), utf16.Encode([]rune(b))
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return int(x[i]) - int(y[i])
		}
	}
	return len(x) - len(y)
}

func matches(left, right node) (bool, error) {
	pattern, leftIs := left.(*patternNode)
	value := right
	if p, ok := right.(*patternNode); ok {
		if leftIs {
			return false, nil
		}
		pattern, value = p, left
	} else if !leftIs {
		return false, nil
	}
	if j, ok := value.(*jsonNode); ok {
		list, isList, err := j.list()
		if err != nil {
			return false, err
		}
		if isList {
			for _, n := range list {
				if matchesNode(pattern.re, n) {
					return true, nil
				}
			}
			return false, nil
		}
	}
	return matchesNode(pattern.re, value), nil
}

func matchesNode(re *javaregex.Regexp, n node) bool {
	switch t := n.(type) {
	case stringNode:
		return re.MatchString(string(t))
	case numberNode:
		return re.MatchString(bigDecimalString(jsondoc.Number(t)))
	case boolNode:
		if t {
			return re.MatchString("true")
		}
		return re.MatchString("false")
	}
	return re.MatchString("")
}

var errNoList = errors.New("no list")

// asList is the node as a list. errNoList says that it is JSON of another kind, which makes a relation false.
func asList(n node) (listNode, error) {
	j, ok := n.(*jsonNode)
	if !ok {
		return nil, invalidf("Expected value list node")
	}
	list, isList, err := j.list()
	if err == nil && !isList {
		err = errNoList
	}
	return list, err
}

func in(left, right node) (bool, error) {
	list, err := asList(right)
	if err != nil {
		return false, ignoreNoList(err)
	}
	return list.contains(left)
}

func ignoreNoList(err error) error {
	if errors.Is(err, errNoList) {
		return nil
	}
	return err
}

func bothLists(left, right node) (l, r listNode, err error) {
	if r, err = asList(right); err != nil {
		return nil, nil, err
	}
	l, err = asList(left)
	return l, r, err
}

func subsetOf(left, right node) (bool, error) {
	l, r, err := bothLists(left, right)
	if err != nil {
		return false, ignoreNoList(err)
	}
	for _, n := range l {
		if ok, err := r.contains(n); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

func anyOf(left, right node) (bool, error) {
	l, r, err := bothLists(left, right)
	if err != nil {
		return false, err
	}
	for _, n := range l {
		if ok, err := r.contains(n); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// noneOf is no plain opposite of anyOf: between what is no list neither holds.
func noneOf(left, right node) (bool, error) {
	ok, err := anyOf(left, right)
	return !ok && err == nil, ignoreNoList(err)
}

func contains(left, right node) (bool, error) {
	if l, ok := left.(stringNode); ok {
		r, ok := right.(stringNode)
		return ok && strings.Contains(string(l), string(r)), nil
	}
	if _, ok := left.(*jsonNode); !ok {
		return false, nil
	}
	list, err := asList(left)
	if err != nil {
		return false, ignoreNoList(err)
	}
	return list.contains(right)
}

func size(left, right node) (bool, error) {
	n, ok := right.(numberNode)
	if !ok {
		return false, nil
	}
	want, _ := jsondoc.Number(n).Int64()
	switch l := left.(type) {
	case stringNode:
		return int64(jsondoc.UTF16Len(string(l))) == int64(int32(want)), nil
	case *jsonNode:
		length := -1
		if list, ok := l.value.([]any); ok {
			length = len(list)
		}
		return int64(length) == int64(int32(want)), l.err
	}
	return false, nil
}

func empty(left, right node) (bool, error) {
	isEmpty := false
	switch l := left.(type) {
	case stringNode:
		isEmpty = l == ""
	case *jsonNode:
		switch t := l.value.(type) {
		case []any:
			isEmpty = len(t) == 0
		case *Object: // Jayway casts the object to a list, and fails
			return false, errors.New("class java.util.LinkedHashMap cannot be cast to class java.util.Collection")
		}
		if l.err != nil {
			return false, l.err
		}
	default:
		return false, nil
	}
	want, ok := right.(boolNode)
	if !ok {
		return false, invalidf("Expected boolean node")
	}
	return isEmpty == bool(want), nil
}

func existsLiteral(left, right node) (bool, error) {
	l, lok := left.(boolNode)
	r, rok := right.(boolNode)
	if !lok && !rok {
		return false, errors.New("Failed to evaluate exists expression") // Jayway's words
	}
	if !lok || !rok {
		return false, invalidf("Expected boolean node")
	}
	return l == r, nil
}
