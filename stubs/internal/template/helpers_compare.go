package template

import (
	"math/big"
	"strings"
	"unicode/utf16"
)

// choose is how the conditions answer: a block renders a branch, an expression gives true, false or the values of yes and no.
func (o *options) choose(result bool) (any, error) {
	if o.section() {
		if result {
			return nil, o.body(o.scope)
		}
		return nil, o.otherwise(o.scope)
	}
	if v := o.option(ternary(result, "yes", "no")); v != nil {
		return v, nil
	}
	return result, nil
}

func looselyEqual(a, b any) bool {
	if equal(a, b) {
		return true
	}
	x, ok1 := doubleValue(a)
	y, ok2 := doubleValue(b)
	return ok1 && ok2 && x == y
}

func helpEq(o *options) (any, error) { return o.choose(looselyEqual(o.context, o.param(0))) }

func helpNeq(o *options) (any, error) { return o.choose(!looselyEqual(o.context, o.param(0))) }

func helpAnd(o *options) (any, error) {
	result := !isEmpty(o.context)
	for i := 0; result && i < len(o.params); i++ {
		result = !isEmpty(o.params[i])
	}
	return o.choose(result)
}

func helpOr(o *options) (any, error) {
	result := !isEmpty(o.context)
	for i := 0; !result && i < len(o.params); i++ {
		result = !isEmpty(o.params[i])
	}
	return o.choose(result)
}

func helpNot(o *options) (any, error) { return o.choose(isEmpty(o.context)) }

func comparison(holds func(int) bool) helper {
	return func(o *options) (any, error) {
		c, err := compare(o.context, o.param(0))
		if err != nil {
			return nil, err
		}
		return o.choose(holds(c))
	}
}

// compare is Comparable.compareTo for two of a class, and by double for two numbers of different classes.
func compare(a, b any) (int, error) {
	for _, v := range [...]any{a, b} {
		if !isComparable(v) {
			return 0, illegalArgument("Not a comparable: %s", toString(v))
		}
	}
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok {
			return compareText(x, y), nil
		}
	case bool:
		if y, ok := b.(bool); ok {
			return ternary(x == y, 0, ternary(x, 1, -1)), nil
		}
	case Date:
		if y, ok := b.(Date); ok {
			return x.time.Compare(y.time), nil
		}
	case *big.Int:
		if y, ok := b.(*big.Int); ok {
			return x.Cmp(y), nil
		}
	case Decimal:
		if y, ok := b.(Decimal); ok {
			return x.subtract(y).unscaled.Sign(), nil
		}
	}
	x, ok1 := doubleValue(a)
	y, ok2 := doubleValue(b)
	if ok1 && ok2 {
		return ternary(x < y, -1, ternary(x > y, 1, 0)), nil
	}
	if _, ok := a.(Date); ok {
		return 0, castError(b, "java.util.Date")
	}
	return 0, castError(b, className(a))
}

func isComparable(v any) bool {
	switch v.(type) {
	case string, bool, Date:
		return true
	}
	_, ok := doubleValue(v)
	return ok
}

// compareText is String.compareTo: by UTF-16 units, then by length; its sign is what counts.
func compareText(a, b string) int {
	if isASCII(a) && isASCII(b) {
		return strings.Compare(a, b)
	}
	x, y := utf16.Encode([]rune(a)), utf16.Encode([]rune(b))
	for i := 0; i < len(x) && i < len(y); i++ {
		if x[i] != y[i] {
			return int(x[i]) - int(y[i])
		}
	}
	return len(x) - len(y)
}

// parity calls choose with whether the context is even; what is no number gives nothing.
func (o *options) parity(choose func(even bool) any) (any, error) {
	i, ok := intValue(o.context)
	if !ok {
		return nil, nil
	}
	v := choose(i%2 == 0)
	if _, isText := v.(string); v != nil && !isText {
		return nil, castError(v, "java.lang.CharSequence")
	}
	return v, nil
}

func (o *options) paramOr(i int, missing any) any {
	if v := o.param(i); v != nil {
		return v
	}
	return missing
}

func helpIsEven(o *options) (any, error) {
	return o.parity(func(even bool) any {
		if even {
			return o.paramOr(0, "even")
		}
		return nil
	})
}

func helpIsOdd(o *options) (any, error) {
	return o.parity(func(even bool) any {
		if even {
			return nil
		}
		return o.paramOr(0, "odd")
	})
}

func helpStripes(o *options) (any, error) {
	return o.parity(func(even bool) any {
		if even {
			return o.paramOr(0, "even")
		}
		return o.paramOr(1, "odd")
	})
}
