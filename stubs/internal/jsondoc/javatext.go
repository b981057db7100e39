package jsondoc

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Plain is BigDecimal.toPlainString, as Jackson prints the numbers that it has read: every digit that was given, no exponent.
func (n Number) Plain() string {
	text, exponent := string(n), 0
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		e, err := strconv.Atoi(text[i+1:])
		if err != nil || e > maxScale || e < -maxScale {
			return text
		}
		text, exponent = text[:i], e
	}
	digits, negative := strings.CutPrefix(text, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	if exponent != 0 || whole == "0" && fraction != "" {
		whole, fraction = shift(whole, fraction, exponent)
	}
	if fraction != "" {
		whole += "." + fraction
	}
	if negative && strings.Trim(whole, "0.") != "" {
		return "-" + whole
	}
	return whole
}

// shift moves the decimal point to the right, or for a negative n to the left.
func shift(whole, fraction string, n int) (string, string) {
	all, point := whole+fraction, len(whole)+n
	if point <= 0 {
		all, point = strings.Repeat("0", 1-point)+all, 1
	}
	if len(all) < point {
		all += strings.Repeat("0", point-len(all))
	}
	whole, fraction = strings.TrimLeft(all[:point], "0"), all[point:]
	if whole == "" {
		whole = "0"
	}
	return whole, fraction
}

// DecimalText is BigDecimal.toString of unscaled × 10^-scale: with an exponent when the scale is negative or the number
// very small.
func DecimalText(unscaled *big.Int, scale int) string {
	digits := new(big.Int).Abs(unscaled).String()
	sign := ""
	if unscaled.Sign() < 0 {
		sign = "-"
	}
	exponent := len(digits) - 1 - scale
	if scale >= 0 && exponent >= -6 {
		if scale == 0 {
			return sign + digits
		}
		if pad := scale - len(digits) + 1; pad > 0 {
			digits = strings.Repeat("0", pad) + digits
		}
		return sign + digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	}
	if len(digits) > 1 {
		digits = digits[:1] + "." + digits[1:]
	}
	switch {
	case exponent > 0:
		return sign + digits + "E+" + strconv.Itoa(exponent)
	case exponent < 0:
		return sign + digits + "E" + strconv.Itoa(exponent)
	}
	return sign + digits
}

// FormatDouble is Java's Double.toString.
func FormatDouble(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == 0:
		if math.Signbit(f) {
			return "-0.0"
		}
		return "0.0"
	}
	if a := math.Abs(f); a >= 1e-3 && a < 1e7 {
		s := strconv.FormatFloat(f, 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	s := strconv.FormatFloat(f, 'E', -1, 64)
	mantissa, exponent, _ := strings.Cut(s, "E")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	e, _ := strconv.Atoi(exponent)
	return mantissa + "E" + strconv.Itoa(e)
}

// UTF16Len is String.length.
func UTF16Len(s string) int {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			n := i
			for _, r := range s[i:] {
				n += utf16.RuneLen(r)
			}
			return n
		}
	}
	return len(s)
}
