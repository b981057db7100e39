package envd

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Series selects from what a service tells of itself the time series of one name that have all of the labels.
type Series struct {
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels,omitempty"`
}

// String writes it as a condition does: http_requests_total{code="500"}.
func (s *Series) String() string {
	if len(s.Labels) == 0 {
		return s.Name
	}
	pairs := make([]string, 0, len(s.Labels))
	for _, name := range slices.Sorted(maps.Keys(s.Labels)) {
		pairs = append(pairs, name+"="+strconv.Quote(s.Labels[name]))
	}
	return s.Name + "{" + strings.Join(pairs, ",") + "}"
}

// Selects reports whether the series of that name, as [Scrape] writes it, is one of those.
func (s *Series) Selects(name string) bool {
	rest, ok := s.cut(name)
	if !ok || len(s.Labels) == 0 {
		return ok
	}
	found := 0
	rest = strings.TrimPrefix(rest, "{")
	for rest != "" && rest != "}" {
		label, quoted, ok := strings.Cut(rest, "=")
		if !ok {
			return false
		}
		quoted, err := strconv.QuotedPrefix(quoted)
		if err != nil {
			return false
		}
		rest = strings.TrimPrefix(rest[len(label)+1+len(quoted):], ",")
		value, err := strconv.Unquote(quoted)
		if want, asked := s.Labels[label]; asked && err == nil && want == value {
			found++
		}
	}
	return found == len(s.Labels)
}

// Names reports whether the series has the name, whatever its labels.
func (s *Series) Names(name string) bool {
	_, ok := s.cut(name)
	return ok
}

// cut returns the labels of a series of that name.
func (s *Series) cut(name string) (labels string, ok bool) {
	labels, ok = strings.CutPrefix(name, s.Name)
	return labels, ok && (labels == "" || labels[0] == '{')
}
