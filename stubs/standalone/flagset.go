package standalone

import (
	"fmt"
	"slices"
	"strings"
)

// arity says whether a flag takes a value.
type arity int

const (
	alone    arity = iota // --verbose
	required              // --port 8080
	optional              // --permitted-system-keys [a.*,b.*]
)

// flagSpec is one flag of WireMock's standalone jar.
type flagSpec struct {
	name  string
	arity arity
	help  string
	def   string // what the jar does without the flag, printed by --help
	many  bool   // may be given more than once
	// jvm says why the flag can have no effect outside a Java virtual machine; fatal, that going on without it would
	// serve something else than what was asked for.
	jvm   string
	fatal bool
}

// values holds what was given, by flag name; a flag without a value is present with none.
type values map[string][]string

func (v values) has(name string) bool { _, ok := v[name]; return ok }

// get is the flag's value, or def where it was not given or given without one.
func (v values) get(name, def string) string {
	if got := v[name]; len(got) > 0 {
		return got[0]
	}
	return def
}

// list is every value of the flag, split at commas.
func (v values) list(name string) []string {
	var out []string
	for _, one := range v[name] {
		for _, part := range strings.Split(one, ",") {
			if part = strings.TrimSpace(part); part != "" {
				out = append(out, part)
			}
		}
	}
	return out
}

// parseFlags reads args the way the jar's option parser does: --name value, --name=value, unambiguous beginnings of a
// name, one dash or two. Everything that is wrong is reported at once.
func parseFlags(specs []flagSpec, args []string) (values, []error) {
	got, errs := values{}, []error(nil)
	for i := 0; i < len(args); i++ {
		token := args[i]
		if token == "--" {
			break
		}
		name, value, hasValue := strings.Cut(strings.TrimLeft(token, "-"), "=")
		if !strings.HasPrefix(token, "-") || name == "" {
			errs = append(errs, fmt.Errorf("argument %q is not a flag", token))
			continue
		}
		spec, err := lookup(specs, name)
		if err != nil {
			errs = append(errs, err)
			if !hasValue && i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") {
				i++ // its value, in all likelihood
			}
			continue
		}
		switch {
		case spec.arity == alone && hasValue && value != "true":
			errs = append(errs, fmt.Errorf("flag --%s takes no value, not even %q: leave the flag out to switch it off", spec.name, value))
			continue
		case spec.arity == required && !hasValue:
			if i++; i == len(args) {
				errs = append(errs, fmt.Errorf("flag --%s needs a value", spec.name))
				continue
			}
			value, hasValue = args[i], true
		case spec.arity == optional && !hasValue && i+1 < len(args) && !strings.HasPrefix(args[i+1], "-"):
			i++
			value, hasValue = args[i], true
		}
		if got.has(spec.name) && spec.arity != alone && !spec.many {
			errs = append(errs, fmt.Errorf("flag --%s is given twice", spec.name))
			continue
		}
		if hasValue && spec.arity != alone {
			got[spec.name] = append(got[spec.name], value)
		} else if !got.has(spec.name) {
			got[spec.name] = nil
		}
	}
	return got, errs
}

// lookup finds a flag by its name or by an unambiguous beginning of it.
func lookup(specs []flagSpec, name string) (*flagSpec, error) {
	var found []*flagSpec
	for i := range specs {
		if specs[i].name == name {
			return &specs[i], nil
		}
		if strings.HasPrefix(specs[i].name, name) {
			found = append(found, &specs[i])
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		if near := nearest(specs, name); near != "" {
			return nil, fmt.Errorf("flag --%s is unknown: did you mean --%s?", name, near)
		}
		return nil, fmt.Errorf("flag --%s is unknown: envd wiremock --help lists them", name)
	}
	names := make([]string, len(found))
	for i, f := range found {
		names[i] = "--" + f.name
	}
	return nil, fmt.Errorf("flag --%s could be %s", name, strings.Join(names, " or "))
}

// nearest is the flag that is closest to name, if any is close.
func nearest(specs []flagSpec, name string) string {
	best, bestAt := "", len(name)/3+2
	for _, s := range specs {
		if d := editDistance(s.name, name); d < bestAt {
			best, bestAt = s.name, d
		}
	}
	return best
}

// editDistance is Levenshtein's distance between a and b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next := min(row[j+1]+1, row[j]+1, diagonal+cost)
			diagonal, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}

const helpColumn = 40

// helpText lists the flags in two columns, as the jar does.
func helpText(specs []flagSpec) string {
	var b strings.Builder
	b.WriteString("Serves stubs like WireMock's standalone jar, with its flags.\n\n")
	fmt.Fprintf(&b, "%-*s%s\n", helpColumn, "Option", "Description")
	fmt.Fprintf(&b, "%-*s%s\n", helpColumn, "------", "-----------")
	for _, s := range slices.SortedFunc(slices.Values(specs), func(a, b flagSpec) int { return strings.Compare(a.name, b.name) }) {
		left := "--" + s.name
		switch s.arity {
		case required:
			left += " <String>"
		case optional:
			left += " [String]"
		}
		text := s.help
		if s.def != "" {
			text += " (default: " + s.def + ")"
		}
		if s.jvm != "" {
			text += " Not here: " + s.jvm + "."
		}
		for i, line := range wrap(text, 100-helpColumn) {
			if i > 0 {
				left = ""
			} else if len(left) >= helpColumn {
				fmt.Fprintln(&b, left)
				left = ""
			}
			fmt.Fprintf(&b, "%-*s%s\n", helpColumn, left, line)
		}
	}
	return b.String()
}

// wrap breaks text at spaces so that no line is longer than width.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
