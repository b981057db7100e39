package jsondoc

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// Integer reports whether n is written without fraction or exponent.
func (n Number) Integer() bool { return !strings.ContainsAny(string(n), ".eE") }

// Float is n as a double; too large a value is infinite.
func (n Number) Float() float64 {
	f, _ := strconv.ParseFloat(string(n), 64)
	return f
}

// Int64 is n truncated to an integer, if that fits.
func (n Number) Int64() (int64, bool) {
	if i, err := strconv.ParseInt(string(n), 10, 64); err == nil {
		return i, true
	}
	f := n.Float()
	if math.IsNaN(f) || f < math.MinInt64 || f >= math.MaxInt64 {
		return 0, false
	}
	return int64(f), true
}

// maxScale bounds the exponents that are computed with exactly. Beyond it a number is compared by its double.
const maxScale = 10_000

// Decimal is n as an unscaled integer and Java's scale (the value is unscaled × 10^-scale), as in new BigDecimal(n).
func (n Number) Decimal() (unscaled *big.Int, scale int, ok bool) {
	mantissa, exponent := string(n), 0
	if i := strings.IndexAny(mantissa, "eE"); i >= 0 {
		e, err := strconv.Atoi(strings.TrimPrefix(mantissa[i+1:], "+"))
		if err != nil || e > maxScale || e < -maxScale {
			return nil, 0, false
		}
		mantissa, exponent = mantissa[:i], e
	}
	if i := strings.IndexByte(mantissa, '.'); i >= 0 {
		scale = len(mantissa) - i - 1
		mantissa = mantissa[:i] + mantissa[i+1:]
	}
	unscaled, ok = new(big.Int).SetString(mantissa, 10)
	return unscaled, scale - exponent, ok
}

// Compare orders two numbers by value.
func (n Number) Compare(m Number) int {
	if n == m {
		return 0
	}
	a, as, aok := n.Decimal()
	b, bs, bok := m.Decimal()
	if !aok || !bok {
		fa, fb := n.Float(), m.Float()
		switch {
		case fa < fb:
			return -1
		case fa > fb:
			return 1
		}
		return 0
	}
	switch {
	case as < bs:
		a = new(big.Int).Mul(a, pow10(bs-as))
	case as > bs:
		b = new(big.Int).Mul(b, pow10(as-bs))
	}
	return a.Cmp(b)
}

func pow10(n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}
