package template

import (
	"math/big"
)

func helpMath(o *options) (any, error) {
	if len(o.params) != 2 {
		return mistake("All maths functions require two operands and an operator as parameters e.g. 3 '+' 2"), nil
	}
	left, err := toDecimal(o.context)
	if err != nil {
		return nil, err
	}
	if o.params[0] == nil {
		return nil, nullPointer("Object.toString()", "options.params[0]")
	}
	right, err := toDecimal(o.params[1])
	if err != nil {
		return nil, err
	}
	switch operator := toString(o.params[0]); operator {
	case "+":
		return primitive(left.add(right)), nil
	case "-":
		return primitive(left.subtract(right)), nil
	case "*", "x":
		return primitive(left.multiply(right)), nil
	case "/":
		if right.unscaled.Sign() == 0 {
			return nil, throw("ArithmeticException", "%s", "/ by zero")
		}
		return primitive(left.divide(right)), nil
	case "%":
		if right.unscaled.Sign() == 0 {
			return nil, throw("ArithmeticException", "%s", ternary(left.unscaled.Sign() == 0, "Division undefined", "Division by zero"))
		}
		return primitive(left.remainder(right)), nil
	default:
		return mistake(operator + " is not a valid mathematical operator"), nil
	}
}

// toDecimal takes what is no number for 0.
func toDecimal(v any) (Decimal, error) {
	switch v := v.(type) {
	case nil:
		return Decimal{}, nullPointer("Object.toString()", "value")
	case Decimal:
		return v, nil
	case int32:
		return decimalOf(int64(v)), nil
	case int64:
		return decimalOf(v), nil
	case *big.Int:
		return Decimal{v, 0}, nil
	}
	d, ok := parseDecimal(toString(v))
	if !ok {
		return decimalOf(0), nil
	}
	return d, nil
}

// primitive is the number as an Integer, a Long or, if it has a scale, a Double.
func primitive(d Decimal) any {
	if d.scale != 0 {
		return d.Float64()
	}
	low := new(big.Int).And(d.unscaled, new(big.Int).SetUint64(1<<64-1)).Uint64()
	if i := int64(low); i != int64(int32(i)) {
		return i
	} else {
		return int32(i)
	}
}
