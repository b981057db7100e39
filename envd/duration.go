package envd

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Duration is a time.Duration that reads Go's notation and days ("1m30s", "7d"), and writes Go's, in YAML and JSON.
type Duration time.Duration

// Std returns d as the standard library's type.
func (d Duration) Std() time.Duration { return time.Duration(d) }

func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText writes Go's notation.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what ParseDuration does.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := ParseDuration(string(b))
	if err != nil {
		return err
	}
	*d = Duration(v)
	return nil
}

// DurationError says why a text is not a duration (Message) and what to write instead (Help).
type DurationError struct{ Message, Help string }

func (e *DurationError) Error() string { return e.Message + ": " + e.Help }

var (
	days       = regexp.MustCompile(`(\d+\.?\d*|\.\d+)d`)
	bareNumber = regexp.MustCompile(`^[+-]?(\d+\.?\d*|\.\d+)$`)
)

// ParseDuration reads Go's notation and days of 24 hours: 250ms, 1h30m, 7d. A bare number is refused, because its unit would
// be a guess. The error is a *DurationError.
func ParseDuration(text string) (time.Duration, error) {
	hours := days.ReplaceAllStringFunc(text, func(day string) string {
		n, err := strconv.ParseFloat(strings.TrimSuffix(day, "d"), 64)
		if err != nil {
			return day
		}
		return strconv.FormatFloat(24*n, 'f', -1, 64) + "h"
	})
	v, err := time.ParseDuration(hours)
	switch {
	case err == nil:
		return v, nil
	case bareNumber.MatchString(text):
		return 0, &DurationError{fmt.Sprintf("%q has no unit", text), fmt.Sprintf("write %ss, or %sms, %sm", text, text, text)}
	}
	return 0, &DurationError{fmt.Sprintf("%q is not a duration", text), "write for example 250ms, 10s, 1h30m or 7d"}
}
