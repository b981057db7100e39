package spec

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/invopop/jsonschema"

	"github.com/envd-dev/envd/envd"
)

// duration is a time span as envd.ParseDuration reads it, and never negative.
type duration time.Duration

func (d *duration) UnmarshalText(b []byte) error {
	v, err := envd.ParseDuration(string(b))
	if wrong := (*envd.DurationError)(nil); errors.As(err, &wrong) {
		return mistake{ruleBadDuration, wrong.Message, wrong.Help}
	}
	if v < 0 {
		return mistake{ruleBadDuration, fmt.Sprintf("%q is negative", b), "write for example 250ms, 10s or 1h30m"}
	}
	*d = duration(v)
	return nil
}

var (
	number     = regexp.MustCompile(`^[+-]?(\d+|\d*\.\d+)$`)
	rateForm   = regexp.MustCompile(`^(\d+|\d*\.\d+) ?/ ?(s|m|h)$`)
	cpuForm    = regexp.MustCompile(`^(\d+)m$|^(\d+|\d*\.\d+)$`)
	sizeForm   = regexp.MustCompile(`^(\d+|\d*\.\d+)(Ki|Mi|Gi|Ti|k|M|G|T)?$`)
	octalForm  = regexp.MustCompile(`^(0o?)?[0-7]{1,4}$`)
	perSeconds = map[string]float64{"s": 1, "m": 60, "h": 3600}
	sizeUnits  = map[string]float64{"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40}
)

// rate is a number of iterations per second, written with its unit of time: 100/s, 90/m.
type rate float64

func (r *rate) UnmarshalText(b []byte) error {
	m := rateForm.FindSubmatch(b)
	if m == nil {
		help := "write for example 100/s or 90/m"
		if number.Match(b) {
			help = fmt.Sprintf("write %s/s", b)
		}
		return mistake{ruleBadRate, fmt.Sprintf("%q is not a rate", b), help}
	}
	v, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil || v <= 0 {
		return mistake{ruleBadRate, fmt.Sprintf("%q is not a rate above 0", b), "write for example 100/s or 90/m"}
	}
	*r = rate(v / perSeconds[string(m[2])])
	return nil
}

// cpu is processor time in thousandths of a core: 500m, 2, 0.5.
type cpu int64

func (c *cpu) UnmarshalText(b []byte) error {
	m := cpuForm.FindSubmatch(b)
	bad := mistake{ruleBadSize, fmt.Sprintf("%q is not an amount of processor time", b), "write for example 500m (half a core) or 2"}
	if m == nil {
		return bad
	}
	scale, text := 1.0, m[1]
	if len(text) == 0 {
		scale, text = 1000, m[2]
	}
	v, err := strconv.ParseFloat(string(text), 64)
	if err != nil || v*scale < 1 || v*scale > 1e9 {
		return bad
	}
	*c = cpu(v * scale)
	return nil
}

// size is a number of bytes: 256Mi, 1G, 4096.
type size int64

func (s *size) UnmarshalText(b []byte) error {
	m := sizeForm.FindSubmatch(b)
	bad := mistake{ruleBadSize, fmt.Sprintf("%q is not a size", b), "write for example 256Mi or 1G"}
	if m == nil {
		return bad
	}
	v, err := strconv.ParseFloat(string(m[1]), 64)
	if v *= sizeUnits[string(m[2])]; err != nil || v < 1 || v > 1<<62 {
		return bad
	}
	*s = size(v)
	return nil
}

// mode is permission bits, always read as octal: 0600, "0600", 600.
type mode uint32

func (m *mode) UnmarshalText(b []byte) error {
	if !octalForm.Match(b) {
		return mistake{ruleBadMode, fmt.Sprintf("%q is not a file mode", b), `write for example "0644" or "0600"`}
	}
	digits := string(b)
	if len(digits) > 1 && digits[1] == 'o' {
		digits = digits[2:]
	}
	v, err := strconv.ParseUint(digits, 8, 32)
	*m = mode(v)
	return err
}

func (duration) schema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: `^([0-9.]+(ns|us|µs|ms|s|m|h|d))+$|^0$`, Examples: []any{"250ms", "10s", "1h30m"}}
}

func (rate) schema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: rateForm.String(), Examples: []any{"100/s", "90/m"}}
}

func (cpu) schema() *jsonschema.Schema {
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{{Type: "string", Pattern: cpuForm.String()}, {Type: "number"}}, Examples: []any{"500m", 2}}
}

func (size) schema() *jsonschema.Schema {
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{{Type: "string", Pattern: sizeForm.String()}, {Type: "integer"}}, Examples: []any{"256Mi"}}
}

func (mode) schema() *jsonschema.Schema {
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{{Type: "string", Pattern: octalForm.String()}, {Type: "integer"}}, Examples: []any{"0600"}}
}
