package template

import (
	"math/big"
	"strconv"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

// Decimal is java.math.BigDecimal: unscaled × 10^-scale.
type Decimal struct {
	unscaled *big.Int
	scale    int32
}

// maxExponent bounds what a number in a template may make us write out.
const maxExponent = 100_000

// parseDecimal reads a number as new BigDecimal(String) does.
func parseDecimal(s string) (Decimal, bool) {
	mantissa, exponent := s, int64(0)
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		e, err := strconv.ParseInt(s[i+1:], 10, 32)
		if err != nil {
			return Decimal{}, false
		}
		mantissa, exponent = s[:i], e
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := whole + fraction
	if strings.TrimLeft(digits, "+-") == "" || strings.ContainsAny(fraction, "+-_") || strings.Contains(whole, "_") {
		return Decimal{}, false
	}
	unscaled, ok := new(big.Int).SetString(digits, 10)
	scale := int64(len(fraction)) - exponent
	if !ok || scale > maxExponent || scale < -maxExponent {
		return Decimal{}, false
	}
	return Decimal{unscaled, int32(scale)}, true
}

func decimalOf(i int64) Decimal { return Decimal{big.NewInt(i), 0} }

func pow10(n int32) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}

// align gives the unscaled values of both at the larger scale.
func align(a, b Decimal) (x, y *big.Int, scale int32) {
	switch {
	case a.scale > b.scale:
		return a.unscaled, new(big.Int).Mul(b.unscaled, pow10(a.scale-b.scale)), a.scale
	case a.scale < b.scale:
		return new(big.Int).Mul(a.unscaled, pow10(b.scale-a.scale)), b.unscaled, b.scale
	}
	return a.unscaled, b.unscaled, a.scale
}

func (d Decimal) add(o Decimal) Decimal {
	x, y, scale := align(d, o)
	return Decimal{new(big.Int).Add(x, y), scale}
}

func (d Decimal) subtract(o Decimal) Decimal {
	x, y, scale := align(d, o)
	return Decimal{new(big.Int).Sub(x, y), scale}
}

func (d Decimal) multiply(o Decimal) Decimal {
	return Decimal{new(big.Int).Mul(d.unscaled, o.unscaled), d.scale + o.scale}
}

// divide keeps d's scale and rounds half up; o must not be zero.
func (d Decimal) divide(o Decimal) Decimal {
	x, y, _ := align(d, o)
	num := x
	if d.scale > 0 {
		num = new(big.Int).Mul(x, pow10(d.scale))
	} else if d.scale < 0 {
		y = new(big.Int).Mul(y, pow10(-d.scale))
	}
	return Decimal{roundHalfUp(num, y), d.scale}
}

func roundHalfUp(num, den *big.Int) *big.Int {
	q, rem := new(big.Int).QuoRem(num, den, new(big.Int))
	if rem.Abs(rem).Lsh(rem, 1).CmpAbs(den) >= 0 {
		if num.Sign() == den.Sign() {
			return q.Add(q, big.NewInt(1))
		}
		return q.Sub(q, big.NewInt(1))
	}
	return q
}

// remainder is d - o × trunc(d/o); o must not be zero. The scale follows Java: that of d minus what the quotient needs.
func (d Decimal) remainder(o Decimal) Decimal {
	x, y, scale := align(d, o)
	q := new(big.Int).Quo(x, y)
	quotient := Decimal{q, 0}
	if preferred := d.scale - o.scale; preferred > 0 {
		quotient = Decimal{new(big.Int).Mul(q, pow10(preferred)), preferred}
	} else if preferred < 0 {
		for quotient.scale > preferred && q.Sign() != 0 {
			half, rem := new(big.Int).QuoRem(quotient.unscaled, big.NewInt(10), new(big.Int))
			if rem.Sign() != 0 {
				break
			}
			quotient = Decimal{half, quotient.scale - 1}
		}
		if q.Sign() == 0 {
			quotient = Decimal{q, preferred}
		}
	}
	_ = scale
	return d.subtract(quotient.multiply(o))
}

// Integer is the value without its fraction.
func (d Decimal) Integer() *big.Int {
	if d.scale <= 0 {
		return new(big.Int).Mul(d.unscaled, pow10(-d.scale))
	}
	return new(big.Int).Quo(d.unscaled, pow10(d.scale))
}

// Float64 is BigDecimal.doubleValue.
func (d Decimal) Float64() float64 {
	f, _ := strconv.ParseFloat(d.unscaled.String()+"e"+strconv.Itoa(int(-d.scale)), 64) // out of range gives ±Inf, as in Java
	return f
}

// Plain is BigDecimal.toPlainString.
func (d Decimal) Plain() string {
	digits := new(big.Int).Abs(d.unscaled).String()
	sign := ""
	if d.unscaled.Sign() < 0 {
		sign = "-"
	}
	if d.scale <= 0 {
		if d.unscaled.Sign() == 0 {
			return "0"
		}
		return sign + digits + strings.Repeat("0", int(-d.scale))
	}
	if pad := int(d.scale) - len(digits) + 1; pad > 0 {
		digits = strings.Repeat("0", pad) + digits
	}
	point := len(digits) - int(d.scale)
	return sign + digits[:point] + "." + digits[point:]
}

// String is BigDecimal.toString.
func (d Decimal) String() string { return jsondoc.DecimalText(d.unscaled, int(d.scale)) }
