package envd

import (
	"fmt"
	"time"
)

// Duration is a time.Duration that reads and writes Go's notation ("1m30s") in YAML and JSON.
type Duration time.Duration

// Std returns d as the standard library's type.
func (d Duration) Std() time.Duration { return time.Duration(d) }

func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText writes Go's notation.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads Go's notation; a bare number is refused, because its unit would be a guess.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf("%q is not a duration such as 250ms, 10s or 1h30m", b)
	}
	*d = Duration(v)
	return nil
}
