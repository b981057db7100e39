package envd

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Series selects, among the metrics that a service exposes, the time series that have the name and all of the labels.
type Series struct {
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels,omitempty"`
}

// String returns the selector as conditions have it: http_requests_total{code="500"}.
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

// Selects reports whether s selects the series called name, written as in [Scrape].Values.
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

// Names reports whether the series called name has the name that s selects, whatever its labels.
func (s *Series) Names(name string) bool {
	_, ok := s.cut(name)
	return ok
}

// cut splits s.Name off a series' name and returns the labels behind it.
func (s *Series) cut(name string) (labels string, ok bool) {
	labels, ok = strings.CutPrefix(name, s.Name)
	return labels, ok && (labels == "" || labels[0] == '{')
}
