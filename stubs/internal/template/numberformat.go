package template

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
)

func timeOfMillis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// rounding is a java.math.RoundingMode.
type rounding string

const (
	halfUp   rounding = "HALF_UP"
	halfEven rounding = "HALF_EVEN"
)

var roundings = map[string]bool{"UP": true, "DOWN": true, "CEILING": true, "FLOOR": true, "HALF_UP": true, "HALF_DOWN": true, "HALF_EVEN": true, "UNNECESSARY": true}

// setScale rounds or extends d to a number of fraction digits.
func setScale(d Decimal, scale int32, mode rounding) Decimal {
	if scale >= d.scale {
		return Decimal{new(big.Int).Mul(d.unscaled, pow10(scale-d.scale)), scale}
	}
	den := pow10(d.scale - scale)
	q, rem := new(big.Int).QuoRem(d.unscaled, den, new(big.Int))
	if rem.Sign() != 0 && mode.away(d.unscaled.Sign(), new(big.Int).Lsh(new(big.Int).Abs(rem), 1).Cmp(den), q.Bit(0) == 1) {
		q.Add(q, big.NewInt(int64(d.unscaled.Sign())))
	}
	return Decimal{q, scale}
}

// away reports whether to round away from zero, given the sign, how the rest compares to one half, and whether the last
// digit kept is odd.
func (m rounding) away(sign, half int, odd bool) bool {
	switch m {
	case "UP":
		return true
	case "DOWN":
		return false
	case "CEILING":
		return sign > 0
	case "FLOOR":
		return sign < 0
	case "HALF_UP":
		return half >= 0
	case "HALF_DOWN":
		return half > 0
	}
	return half > 0 || half == 0 && odd
}

// decimalFormat is java.text.DecimalFormat.
type decimalFormat struct {
	symbols                          symbols
	prefix, suffix                   string
	negativePrefix, negativeSuffix   string
	multiplier                       int32 // as a power of ten: 2 for percent
	grouping                         int   // 0: none
	minInt, maxInt, minFrac, maxFrac int
	rounding                         rounding
	exponentDigits                   int // 0: no exponent
}

func (f *decimalFormat) format(v any) (string, error) {
	if x, ok := v.(float64); ok && (math.IsNaN(x) || math.IsInf(x, 0)) {
		if math.IsNaN(x) {
			return "NaN", nil
		}
		return ternary(x < 0, f.negativePrefix+"∞"+f.negativeSuffix, f.prefix+"∞"+f.suffix), nil
	}
	abs, err := f.scaled(v)
	if err != nil {
		return "", err
	}
	x, isDouble := v.(float64)
	negative := abs.unscaled.Sign() < 0 || isDouble && math.Signbit(x)
	if f.rounding == "UNNECESSARY" && abs.scale > int32(f.maxFrac) {
		if r := setScale(abs, int32(f.maxFrac), "DOWN"); r.subtract(abs).unscaled.Sign() != 0 {
			return "", throw("ArithmeticException", "Rounding needed with the rounding mode being set to RoundingMode.UNNECESSARY")
		}
	}
	if f.exponentDigits > 0 {
		return f.scientific(abs, negative), nil
	}
	text := setScale(abs, int32(f.maxFrac), f.rounding)
	text.unscaled.Abs(text.unscaled)
	body := f.digits(text.Plain())
	if negative {
		return f.negativePrefix + body + f.negativeSuffix, nil
	}
	return f.prefix + body + f.suffix, nil
}

// scaled is the number times the multiplier. A Double that has to be rounded counts with all the digits of its binary
// value, so that 2.345, which is a little more, becomes 2.35.
func (f *decimalFormat) scaled(v any) (Decimal, error) {
	x, ok := v.(float64)
	if !ok {
		d, err := toDecimal(v)
		return Decimal{new(big.Int).Set(orZero(d.unscaled)), d.scale - f.multiplier}, err
	}
	x *= math.Pow10(int(f.multiplier))
	d, _ := parseDecimal(strconv.FormatFloat(x, 'e', -1, 64)) // always a number
	if d.scale > int32(f.maxFrac) && f.exponentDigits == 0 {
		return exactDecimal(x), nil
	}
	return d, nil
}

func orZero(i *big.Int) *big.Int {
	if i == nil {
		return new(big.Int)
	}
	return i
}

// exactDecimal is new BigDecimal(double).
func exactDecimal(x float64) Decimal {
	fraction, exponent := math.Frexp(x)
	mantissa := big.NewInt(int64(fraction * (1 << 53)))
	if exponent -= 53; exponent >= 0 {
		return Decimal{mantissa.Lsh(mantissa, uint(exponent)), 0}
	}
	five := new(big.Int).Exp(big.NewInt(5), big.NewInt(int64(-exponent)), nil)
	return Decimal{mantissa.Mul(mantissa, five), int32(-exponent)}
}

// digits lays out the digits of a plain number.
func (f *decimalFormat) digits(plain string) string {
	whole, fraction, _ := strings.Cut(plain, ".")
	whole = strings.TrimLeft(whole, "0")
	if missing := f.minInt - len(whole); missing > 0 {
		whole = strings.Repeat("0", missing) + whole
	}
	if f.maxInt >= 0 && len(whole) > f.maxInt {
		whole = whole[len(whole)-f.maxInt:]
	}
	for len(fraction) > f.minFrac && strings.HasSuffix(fraction, "0") {
		fraction = fraction[:len(fraction)-1]
	}
	if whole == "" && fraction == "" {
		whole = "0"
	}
	if f.grouping > 0 {
		whole = f.symbols.groupDigits(whole, f.grouping)
	}
	if fraction == "" {
		return whole
	}
	return whole + f.symbols.decimal + fraction
}

func (f *decimalFormat) scientific(d Decimal, negative bool) string {
	d.unscaled.Abs(d.unscaled)
	exponent, significant := 0, max(f.maxInt, 1)+f.maxFrac
	if d.unscaled.Sign() != 0 {
		length := len(d.unscaled.String())
		d = setScale(d, d.scale-int32(length-significant), f.rounding)
		exponent = len(d.unscaled.String()) - int(d.scale) - max(f.minInt, 1)
		if f.maxInt > f.minInt && f.maxInt > 1 { // the exponent is a multiple of the digits in front
			exponent = len(d.unscaled.String()) - int(d.scale) - 1
			exponent -= ((exponent % f.maxInt) + f.maxInt) % f.maxInt
		}
	}
	mantissa := Decimal{d.unscaled, d.scale + int32(exponent)}
	sign := ""
	if exponent < 0 {
		sign, exponent = "-", -exponent
	}
	body := f.digits(mantissa.Plain()) + "E" + sign + pad(exponent, f.exponentDigits)
	if negative {
		return f.negativePrefix + body + f.negativeSuffix
	}
	return f.prefix + body + f.suffix
}

// parseDecimalFormat reads a pattern such as "#,##0.00;(#)".
func parseDecimalFormat(pattern string, s symbols) (*decimalFormat, error) {
	positive, negative, both := cutPattern(pattern)
	f := &decimalFormat{symbols: s, rounding: halfEven, maxInt: -1}
	prefix, number, suffix := splitPattern(positive)
	if _, _, third := cutPattern(negative); third || both && number == "" {
		return nil, illegalArgument("Unquoted special character ';' in pattern \"%s\"", pattern)
	}
	if strings.Count(number, ".") > 1 {
		return nil, illegalArgument("Multiple decimal separators in pattern \"%s\"", pattern)
	}
	whole, fraction, point := strings.Cut(number, ".")
	if i := strings.IndexByte(fraction, 'E'); i >= 0 {
		f.exponentDigits = len(fraction) - i - 1
		fraction = fraction[:i]
	} else if i := strings.IndexByte(whole, 'E'); i >= 0 {
		f.exponentDigits = len(whole) - i - 1
		whole = whole[:i]
	}
	if i := strings.LastIndexByte(whole, ','); i >= 0 {
		f.grouping = len(whole) - i - 1
		whole = strings.ReplaceAll(whole, ",", "")
	}
	if i := strings.IndexByte(whole, '0'); i >= 0 && strings.Contains(whole[i:], "#") || strings.Contains(fraction, "#0") {
		return nil, illegalArgument("Unexpected '0' in pattern \"%s\"", pattern)
	}
	f.minInt = strings.Count(whole, "0")
	f.minFrac, f.maxFrac = strings.Count(fraction, "0"), len(fraction)
	if f.exponentDigits > 0 {
		f.maxInt = len(whole)
	}
	if point && f.minInt+f.minFrac == 0 { // a pattern of # alone still has one digit beside its point
		if whole != "" {
			f.minInt = 1
		} else if f.maxFrac > 0 {
			f.minFrac = 1
		}
	}
	if strings.ContainsAny(prefix+suffix, "%") {
		f.multiplier = 2
	} else if strings.Contains(prefix+suffix, "‰") {
		f.multiplier = 3
	}
	f.prefix, f.suffix = s.affix(prefix), s.affix(suffix)
	f.negativePrefix, f.negativeSuffix = s.minus+f.prefix, f.suffix
	if both {
		if p, _, q := splitPattern(negative); p != prefix || q != suffix { // one that says nothing new does not count
			f.negativePrefix, f.negativeSuffix = s.affix(p), s.affix(q)
		}
	}
	return f, nil
}

// cutPattern cuts a pattern at its first ; outside quotes, into the one for positive numbers and the one for negative.
func cutPattern(s string) (positive, negative string, both bool) {
	quotedText := false
	for i := range len(s) {
		switch {
		case s[i] == '\'':
			quotedText = !quotedText
		case s[i] == ';' && !quotedText:
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

// splitPattern cuts a pattern into what is before the number, the number and what is after it; quotes are resolved.
func splitPattern(s string) (prefix, number, suffix string) {
	start := strings.IndexAny(s, "#0,.")
	if start < 0 {
		return s, "", ""
	}
	end := start
	for end < len(s) && (strings.IndexByte("#0,.", s[end]) >= 0 || s[end] == 'E' && end+1 < len(s) && s[end+1] == '0') {
		end++
	}
	return s[:start], s[start:end], s[end:]
}
