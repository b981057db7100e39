package compose

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/tree"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/envd-dev/envd/envd/spec"
)

// settle reports the findings that hold for the merged project, and drops the others: a later file may have taken them back
// (!reset), the service may not be enabled, or a stub may replace it.
func (r *reader) settle() {
	for _, f := range r.findings {
		if r.stands(f) {
			r.found = append(r.found, f.Diagnostic)
		}
	}
}

func (r *reader) stands(f finding) bool {
	if len(f.path) == 0 || f.path[0] == "include" {
		return true
	}
	if len(f.path) > 1 && !r.lives(f.path[0], f.path[1]) {
		return false
	}
	at := any(r.model)
	for _, part := range f.path {
		mapping, ok := at.(map[string]any)
		if !ok || part == tree.PathMatchList {
			return true // entries of a list cannot be told apart
		}
		if at, ok = mapping[part]; !ok {
			return false
		}
	}
	switch at.(type) {
	case map[string]any, []any:
		return true
	}
	return f.value == "" || f.value == fmt.Sprint(at)
}

// lives reports whether an entry of a section (services, volumes, …) is part of the environment.
func (r *reader) lives(section, name string) bool {
	switch section {
	case "services":
		_, enabled := r.project.Services[name]
		return enabled && !slices.Contains(r.Replaced, name)
	case "volumes", "networks", "secrets", "configs":
		return slices.ContainsFunc(slices.Collect(maps.Values(r.project.Services)), func(s types.ServiceConfig) bool {
			return !slices.Contains(r.Replaced, s.Name) && slices.Contains(usedBy(s)[section], name)
		})
	}
	return true
}

var (
	inModel  = regexp.MustCompile(`\b(services|networks|volumes|secrets|configs|name)((\.[^\s:.]+)*)`)
	inSource = regexp.MustCompile(`^(validating|failed to parse) \S+: `)
	ofOne    = regexp.MustCompile(`service "([^"]+)"`)
)

// explain turns an error of compose-go into a diagnostic, at the place that the error names.
func (r *reader) explain(err error) spec.Diagnostic {
	message := strings.ReplaceAll(inSource.ReplaceAllString(err.Error(), ""), "a array", "a list")
	path := []string{"services"}
	if m := inModel.FindString(message); m != "" {
		path = strings.Split(m, ".")
	} else if m := ofOne.FindStringSubmatch(message); m != nil {
		path = append(path, m[1])
	}
	return r.at(spec.RuleWrongType, message, "see https://docs.docker.com/reference/compose-file/", path...)
}
