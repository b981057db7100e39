// Package quantity writes measured numbers the way people read them: "5.003 s", "1,812", "0.42%", "99.8/s".
package quantity

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// digits is how many significant digits a measured value gets: more than a histogram can honestly give, enough to
// tell neighbours apart.
const digits = 4

// A Format writes v with so many significant digits.
type Format func(v float64, digits int) string

// Millis writes milliseconds, from a second on as seconds: 1812.4 → "1.812 s".
func Millis(ms float64) string { return MillisFormat(ms, digits) }

// MillisFormat is Millis as a Format.
func MillisFormat(ms float64, digits int) string {
	if math.Abs(ms) >= 1000 {
		return significant(ms/1000, digits) + " s"
	}
	return significant(ms, digits) + " ms"
}

// Percent writes a ratio of 0..1: 0.0042 → "0.42%".
func Percent(ratio float64) string { return PercentFormat(ratio, digits) }

// PercentFormat is Percent as a Format.
func PercentFormat(ratio float64, digits int) string { return significant(ratio*100, digits) + "%" }

// Rate writes a number per second: 99.8 → "99.8/s".
func Rate(v float64) string { return RateFormat(v, digits) }

// RateFormat is Rate as a Format.
func RateFormat(v float64, digits int) string { return significant(v, digits) + "/s" }

// Count writes an integer with thousands separated: 1812 → "1,812".
func Count(n int64) string { return humanize.Comma(n) }

// CountFormat is Count as a Format; a fraction in v shows.
func CountFormat(v float64, digits int) string {
	if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
		return Count(int64(v))
	}
	return significant(v, max(digits, 6))
}

// Bytes writes an amount of memory: 64 MiB.
func Bytes(n int64) string { return humanize.IBytes(uint64(n)) }

// Plural writes a count with its noun: (1, "request") → "1 request", (1812, "request") → "1,812 requests".
func Plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Count(n) + " " + noun + "s"
}

// Span writes a stretch of time: 1.9 s, 45 s, 2 min 5 s, 3 h 20 min.
func Span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return MillisFormat(float64(d)/float64(time.Millisecond), 3)
	case d < time.Hour:
		return pair(int64(d.Round(time.Second)/time.Second), 60, " min", " s")
	}
	return pair(int64(d.Round(time.Minute)/time.Minute), 60, " h", " min")
}

func pair(n, per int64, big, small string) string {
	s := strconv.FormatInt(n/per, 10) + big
	if n%per != 0 {
		s += " " + strconv.FormatInt(n%per, 10) + small
	}
	return s
}

// Apart writes two values of one kind. Different values never look the same, so that no message reads
// "500 ms, limit 500 ms" where 500.02 ms broke it.
func Apart(f Format, a, b float64) (string, string) {
	n := digits
	sa, sb := f(a, n), f(b, n)
	for ; a != b && sa == sb && n < 17; n++ {
		sa, sb = f(a, n), f(b, n)
	}
	return sa, sb
}

// significant writes v with n significant digits, without exponent and without trailing zeros; digits before the
// decimal point are never dropped.
func significant(v float64, n int) string {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	decimals := max(0, n-1-int(math.Floor(math.Log10(math.Abs(v)))))
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}
