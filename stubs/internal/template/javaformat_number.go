package template

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

func integerOf(v any) (*big.Int, bool) {
	switch v := v.(type) {
	case int32:
		return big.NewInt(int64(v)), true
	case int64:
		return big.NewInt(v), true
	case *big.Int:
		return v, true
	}
	return nil, false
}

func (s *formatSpec) integer(i *big.Int) string {
	if s.conversion == 'd' {
		return s.signed(new(big.Int).Abs(i).String(), i.Sign() < 0)
	}
	if i.Sign() < 0 { // two's complement of an int or long
		bits := uint(32)
		if !i.IsInt64() || i.Int64() < math.MinInt32 {
			bits = 64
		}
		i = new(big.Int).Add(i, new(big.Int).Lsh(big.NewInt(1), bits))
	}
	text, prefix := i.Text(16), "0x"
	if s.conversion == 'o' {
		text, prefix = i.Text(8), "0"
	}
	if s.has('#') {
		text = prefix + text
	}
	if s.has('0') && len(text) < s.width {
		text = strings.Repeat("0", s.width-len(text)) + text
	}
	return text
}

// signed adds grouping, sign and leading zeros to the digits of a decimal number.
func (s *formatSpec) signed(digits string, negative bool) string {
	whole, fraction, point := strings.Cut(digits, ".")
	if s.has(',') {
		whole = group(whole, 3, ",")
	}
	if point {
		whole += "." + fraction
	}
	before, after := "", ""
	switch {
	case negative && s.has('('):
		before, after = "(", ")"
	case negative:
		before = "-"
	case s.has('+'):
		before = "+"
	case s.has(' '):
		before = " "
	}
	if missing := s.width - len(before) - len(whole) - len(after); s.has('0') && missing > 0 {
		whole = strings.Repeat("0", missing) + whole
	}
	return before + whole + after
}

func group(digits string, size int, separator string) string {
	for i := len(digits) - size; i > 0; i -= size {
		digits = digits[:i] + separator + digits[i:]
	}
	return digits
}

func (s *formatSpec) float(arg any) (string, bool) {
	d, isDecimal := arg.(Decimal)
	f, ok := arg.(float64)
	if !ok && !isDecimal || isDecimal && s.conversion == 'a' {
		return "", false
	}
	if !isDecimal {
		switch {
		case math.IsNaN(f):
			return "NaN", true
		case math.IsInf(f, 0):
			text := s.signed("", f < 0)
			return strings.ReplaceAll(strings.TrimRight(text, "0"), ")", "") + "Infinity" + ternary(f < 0 && s.has('('), ")", ""), true
		}
		if s.conversion == 'a' {
			return strings.Replace(strconv.FormatFloat(f, 'x', -1, 64), "p+0", "p", 1), true
		}
		var fine bool
		if d, fine = parseDecimal(strconv.FormatFloat(f, 'e', -1, 64)); !fine {
			return "", false
		}
	} else {
		f = d.Float64()
	}
	precision := ternary(s.precision < 0, 6, s.precision)
	negative := d.unscaled.Sign() < 0 || f == 0 && math.Signbit(f)
	abs := Decimal{new(big.Int).Abs(d.unscaled), d.scale}
	switch s.conversion {
	case 'e':
		return s.signed(scientific(abs, precision), negative), true
	case 'g':
		return s.signed(general(abs, max(precision, 1)), negative), true
	}
	return s.signed(setScale(abs, int32(precision), halfUp).Plain(), negative), true
}

func scientific(d Decimal, precision int) string {
	digits := d.unscaled.String()
	exponent := 0
	if d.unscaled.Sign() != 0 {
		exponent = len(digits) - 1 - int(d.scale)
		rounded := setScale(Decimal{d.unscaled, int32(len(digits) - 1)}, int32(precision), halfUp)
		digits = rounded.Plain()
		if strings.HasPrefix(digits, "10") {
			digits = setScale(Decimal{big.NewInt(1), 0}, int32(precision), halfUp).Plain()
			exponent++
		}
	} else {
		digits = setScale(d, int32(precision), halfUp).Plain()
	}
	sign := "+"
	if exponent < 0 {
		sign, exponent = "-", -exponent
	}
	return digits + "e" + sign + pad(exponent, 2)
}

func general(d Decimal, precision int) string {
	if d.unscaled.Sign() == 0 {
		return setScale(d, int32(precision-1), halfUp).Plain()
	}
	exponent := len(d.unscaled.String()) - 1 - int(d.scale)
	if exponent >= -4 && exponent < precision {
		return setScale(d, int32(precision-1-exponent), halfUp).Plain()
	}
	return scientific(d, precision-1)
}
